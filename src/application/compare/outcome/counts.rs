//! What events came to, counted.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;

use crate::application::compare::reading::packed_event::Side;
use crate::application::compare::report::{Class, ClassCounts, PerSide};

/// What events came to, by the days of the control's clock and by the ranks of their types.
#[derive(Default)]
pub(crate) struct Counts {
    pub by: HashMap<(NaiveDate, u32), ClassCounts>,
    pub causes: BTreeMap<(&'static str, Class, NaiveDate, u32), u64>,
    /// Events of each side that turned out to be outside the range.
    pub beyond: PerSide,
    /// The earliest time of the control in a pair that lies within the tolerance, in microseconds.
    pub first_pair: Option<i64>,
    /// Matched pairs whose events are spelled in different ways.
    pub representation: u64,
    /// Pairs that had more than one possible partner.
    pub ambiguous: u64,
    /// Pairs that needed each ignore rule.
    pub rules: BTreeMap<(usize, NaiveDate), u64>,
}

impl Counts {
    /// Counts a pair of a class.
    pub fn pair(&mut self, class: Class, day: NaiveDate, event_type: u32) {
        let counts = self.by.entry((day, event_type)).or_default();
        counts.control += 1;
        counts.candidate += 1;
        *of_class(counts, class, Side::Control) += 1;
    }

    /// Takes note of a pair within the tolerance, at this time of the control.
    pub fn note_first_pair(&mut self, at: i64) {
        let first = self.first_pair.get_or_insert(at);
        *first = (*first).min(at);
    }

    /// Adds what another part of the same comparison counted.
    pub fn add(&mut self, other: Self) {
        for (key, from) in other.by {
            add_counts(self.by.entry(key).or_default(), &from);
        }
        for (key, count) in other.causes {
            *self.causes.entry(key).or_default() += count;
        }
        self.beyond.control += other.beyond.control;
        self.beyond.candidate += other.beyond.candidate;
        self.first_pair = self.first_pair.into_iter().chain(other.first_pair).min();
        self.representation += other.representation;
        self.ambiguous += other.ambiguous;
        for (key, count) in other.rules {
            *self.rules.entry(key).or_default() += count;
        }
    }
}

/// Adds counts to others.
pub(crate) fn add_counts(into: &mut ClassCounts, from: &ClassCounts) {
    into.control += from.control;
    into.candidate += from.candidate;
    let mut from = *from;
    for class in CLASSES {
        for side in [Side::Control, Side::Candidate] {
            // What is counted for both sides together must be added once.
            *of_class(into, class, side) += std::mem::take(of_class(&mut from, class, side));
        }
    }
}

const CLASSES: [Class; 10] = [
    Class::Matched,
    Class::Ignored,
    Class::TimeShifted,
    Class::Changed,
    Class::Retyped,
    Class::Misfiled,
    Class::Missing,
    Class::Extra,
    Class::Duplicated,
    Class::Pending,
];

/// The count of a class; where sides are counted apart, that of the side.
pub(crate) fn of_class(counts: &mut ClassCounts, class: Class, side: Side) -> &mut u64 {
    match class {
        Class::Matched => &mut counts.matched,
        Class::Ignored => &mut counts.ignored,
        Class::TimeShifted => &mut counts.time_shifted,
        Class::Changed => &mut counts.changed,
        Class::Retyped => &mut counts.retyped,
        Class::Misfiled => &mut counts.misfiled,
        Class::Missing => &mut counts.missing,
        Class::Extra => &mut counts.extra,
        Class::Duplicated => of_side(&mut counts.duplicated, side),
        Class::Pending => of_side(&mut counts.pending, side),
    }
}

pub(crate) fn of_side(counts: &mut PerSide, side: Side) -> &mut u64 {
    match side {
        Side::Control => &mut counts.control,
        Side::Candidate => &mut counts.candidate,
    }
}
