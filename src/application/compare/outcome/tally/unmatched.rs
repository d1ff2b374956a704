//! Events without a partner; and which events lie outside the range.

use chrono::NaiveDate;

use super::{Listed, Tally, place, text};
use crate::application::compare::micros;
use crate::application::compare::reading::packed_event::{EventHead, PackedEvent, Side};
use crate::application::compare::report::{Cause, Class};
use crate::application::compare::settings::Settings;

/// An event without a partner.
pub(crate) struct Unmatched {
    side: Side,
    class: Class,
    day: NaiveDate,
    listed: Listed,
}

impl Tally<'_> {
    /// Counts an event without a partner. `corrected` is its time by the control's clock.
    pub fn single(&mut self, side: Side, entry: &PackedEvent<'_>, corrected: i64) {
        if self.is_outside(side, entry, corrected) {
            *self.counts.beyond.of_mut(side) += 1;
            return;
        }
        let single = self.single_of(side, entry, corrected);
        let is_about_the_beginning = side == Side::Control
            && self.beginning.is_some_and(|beginning| self.is_within_tolerance(entry.head.at, beginning));
        if is_about_the_beginning {
            self.counts.about_beginning.push(single);
        } else {
            self.count_single(single);
        }
    }

    fn single_of(&mut self, side: Side, entry: &PackedEvent<'_>, corrected: i64) -> Unmatched {
        let Settings { as_of, as_of_is_declared, settle, max_offset, .. } = self.settings;
        let settled = (*as_of - *settle).timestamp_micros();
        // An event from farther ahead than clocks may differ is not young, it is wrong.
        let young = entry.head.at > settled
            && (*as_of_is_declared || entry.head.at <= (*as_of + *max_offset).timestamp_micros());
        let class = match side {
            _ if young => Class::Pending,
            _ if entry.head.is(EventHead::SIBLING) => Class::Duplicated,
            Side::Control => Class::Missing,
            Side::Candidate => Class::Extra,
        };
        let (control, candidate) = match side {
            Side::Control => (Some(place(entry)), None),
            Side::Candidate => (None, Some(place(entry))),
        };
        let listed = Listed {
            at: entry.head.at,
            class,
            event_type: self.rank(entry),
            aggregate: text(entry.aggregate),
            cause: Cause::Real,
            ambiguous: false,
            fields: Vec::new(),
            control,
            candidate,
            elsewhere: None,
        };
        Unmatched { side, class, day: self.days.of(corrected), listed }
    }

    fn count_single(&mut self, single: Unmatched) {
        let Unmatched { side, class, day, listed } = single;
        let counts = self.counts.by.entry((day, listed.event_type)).or_default();
        match side {
            Side::Control => counts.control += 1,
            Side::Candidate => counts.candidate += 1,
        }
        *counts.of_mut(class, side) += 1;
        if class != Class::Pending {
            *self.counts.causes.entry((listed.cause, class, day, listed.event_type)).or_default() += 1;
            self.list(listed);
        }
    }

    /// Where the range begins by the control's clock, now that all pairs are known: with the first of
    /// them, where that is about as early as the clocks say. What comes before it without a partner is of
    /// the time before.
    pub fn settle_beginning(&mut self) -> Option<i64> {
        let beginning = self.beginning?;
        let first = self.counts.first_pair.filter(|at| self.is_within_tolerance(*at, beginning));
        let beginning = first.unwrap_or(beginning);
        for single in std::mem::take(&mut self.counts.about_beginning) {
            if single.listed.at < beginning {
                self.counts.beyond.control += 1;
            } else {
                self.count_single(single);
            }
        }
        Some(beginning)
    }

    pub(crate) fn is_within_tolerance(&self, one: i64, other: i64) -> bool {
        one.abs_diff(other) <= micros(self.settings.tolerance).unsigned_abs()
    }

    /// Whether a pair lies outside the range.
    pub(crate) fn is_beyond(&self, control: &PackedEvent<'_>, candidate: &PackedEvent<'_>) -> bool {
        let since = self.settings.since.map_or(i64::MIN, |since| since.timestamp_micros());
        let is_of_candidate =
            self.beginning.is_some() && control.head.at < since && candidate.head.at >= since;
        control.head.is(EventHead::NEAR_BOUNDARY) && !is_of_candidate
    }

    /// Whether an event without a partner lies outside the range.
    fn is_outside(&self, side: Side, entry: &PackedEvent<'_>, corrected: i64) -> bool {
        let Settings { since, until, .. } = self.settings;
        let is_behind = until.is_some_and(|until| corrected > until.timestamp_micros());
        match (self.beginning, side) {
            (None, _) => {
                let is_before = since.is_some_and(|since| corrected < since.timestamp_micros());
                entry.head.is(EventHead::NEAR_BOUNDARY) || is_before || is_behind
            }
            (Some(_), Side::Candidate) => entry.head.is(EventHead::NEAR_BOUNDARY) || is_behind,
            (Some(beginning), Side::Control) => {
                let is_before = entry.head.at < beginning;
                is_behind || is_before && !self.is_within_tolerance(entry.head.at, beginning)
            }
        }
    }
}
