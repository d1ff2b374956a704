//! Which events of both sides are read.

use crate::application::compare::input::Beginning;
use crate::application::compare::settings::Settings;

use super::both_sides::BothSides;

/// Which events of both sides are read: those in the range of the comparison, and those so near that their
/// partners may be in it. Microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ReadRange {
    /// Where the range begins, each side by its own clock.
    pub since: Option<i64>,
    until: Option<i64>,
    /// How far outside the range events are read.
    before: i64,
    after: i64,
}

/// Where an event lies that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nearness {
    Within,
    /// Outside, but so near that its partner may be within.
    Near,
}

impl ReadRange {
    /// As far outside the range as clocks may be apart.
    pub fn new(settings: &Settings) -> Self {
        let [since, until] = [settings.since, settings.until].map(|end| end.map(|at| at.timestamp_micros()));
        let near = settings.max_offset_us().saturating_add(settings.tolerance_us());
        Self { since, until, before: near, after: near }
    }

    /// Where an event of this time lies; `None` where it is not read.
    pub fn nearness(&self, at: i64) -> Option<Nearness> {
        let before = self.since.map_or(0, |since| since.saturating_sub(at));
        let after = self.until.map_or(0, |until| at.saturating_sub(until));
        match before > self.before || after > self.after {
            true => None,
            false if before > 0 || after > 0 => Some(Nearness::Near),
            false => Some(Nearness::Within),
        }
    }

    /// Whether a time is after the range.
    pub fn is_after(&self, at: i64) -> bool {
        self.until.is_some_and(|until| at > until)
    }

    /// The range by which both sides have to be read again; `None` where it held every event that may belong
    /// to the comparison. Where clocks are no farther apart than they may be, and the candidate's first event
    /// was known, nothing is read twice.
    pub fn to_read_again(self, sides: &BothSides, beginning: Beginning) -> Option<Self> {
        let first = sides.candidate.first;
        if beginning == Beginning::FirstOfCandidate && first.is_some() && first != self.since {
            return Some(Self { since: first, ..self });
        }
        let by_the_control = sides.beginning?;
        let is_cut = sides.control.out_of_range > sides.control.after_range && sides.candidate.events > 0;
        let is_reached = self.since.is_some_and(|since| since.saturating_sub(by_the_control) <= self.before);
        let is_sure = is_reached && sides.clock.report.anchors > 0;
        // What clocks that are so far apart come to cannot be told from a part of the control.
        (is_cut && !is_sure).then_some(Self { before: i64::MAX, ..self })
    }
}
