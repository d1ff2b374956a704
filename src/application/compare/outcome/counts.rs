//! What events came to, counted.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;

use crate::application::compare::input::Side;
use crate::application::compare::report::{Cause, Class, ClassCounts, PerSide};
use crate::application::compare::rules::field_set::FieldSet;

/// What events came to, by the days of the control's clock and by the ranks of their types.
#[derive(Default)]
pub(crate) struct Counts {
    pub by: HashMap<(NaiveDate, u32), ClassCounts>,
    pub causes: BTreeMap<(Cause, Class, NaiveDate, u32), u64>,
    /// Events of each side that turned out to be outside the range.
    pub beyond: PerSide,
    /// The first of the pairs within the tolerance.
    pub first_in_time: Option<FirstInTime>,
    /// Matched pairs whose events are spelled in different ways.
    pub representation: u64,
    /// The contents of some matched pairs are the same only in a reading of a local time that comes twice.
    pub same_in_a_reading: bool,
    /// Pairs that had more than one possible partner.
    pub ambiguous: u64,
    /// Pairs that needed each ignore rule.
    pub rules: BTreeMap<(usize, NaiveDate), u64>,
    /// The numbers of the one-sided fields that an event lacked and its partner had; of a declared profile.
    pub one_sided: FieldSet,
}

/// The earliest time of each side in pairs that lie within the tolerance, each by its own clock, in
/// microseconds. They may be of two pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FirstInTime {
    pub control: i64,
    pub candidate: i64,
}

impl Counts {
    /// Counts a pair of a class.
    pub fn pair(&mut self, class: Class, day: NaiveDate, event_type: u32) {
        let counts = self.by.entry((day, event_type)).or_default();
        counts.control += 1;
        counts.candidate += 1;
        *counts.of_mut(class, Side::Control) += 1;
    }

    /// Takes note of a pair within the tolerance: its times, each by its own clock.
    pub fn note_pair_in_time(&mut self, control: i64, candidate: i64) {
        let first = self.first_in_time.get_or_insert(FirstInTime { control, candidate });
        first.control = first.control.min(control);
        first.candidate = first.candidate.min(candidate);
    }

    /// Adds what another part of the same comparison counted.
    pub fn add(&mut self, other: Self) {
        for (key, from) in other.by {
            *self.by.entry(key).or_default() += from;
        }
        for (key, count) in other.causes {
            *self.causes.entry(key).or_default() += count;
        }
        self.beyond.control += other.beyond.control;
        self.beyond.candidate += other.beyond.candidate;
        if let Some(FirstInTime { control, candidate }) = other.first_in_time {
            self.note_pair_in_time(control, candidate);
        }
        self.representation += other.representation;
        self.same_in_a_reading |= other.same_in_a_reading;
        self.ambiguous += other.ambiguous;
        self.one_sided.add(&other.one_sided);
        for (key, count) in other.rules {
            *self.rules.entry(key).or_default() += count;
        }
    }
}
