//! Which events lie in the range of a comparison. Those near its boundary are read too, as partners of
//! events within it.

use crate::application::compare::context::Context;
use crate::application::compare::input::Beginning;
use crate::application::compare::reading::both_sides::BothSides;
use crate::application::compare::reading::packed_event::{EventHead, PackedEvent, Side};
use crate::application::compare::rules::are_near;

use super::counts::FirstInTime;

/// The range of a comparison. Times are in microseconds.
pub(crate) struct Range {
    since: Option<i64>,
    until: Option<i64>,
    tolerance: i64,
    /// Where it begins by the control's clock, where `since` is a time of the candidate's.
    beginning: Option<i64>,
    begins_with_first: bool,
}

/// Where the range begins by the control's clock, now that all pairs are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SettledBeginning {
    /// Microseconds.
    pub at: i64,
    /// The candidate's event at which the range begins has its partner there.
    pub is_paired: bool,
}

impl Range {
    pub fn new(context: &Context<'_>, sides: &BothSides) -> Self {
        Self {
            since: sides.since,
            until: context.settings.until.map(|until| until.timestamp_micros()),
            tolerance: context.settings.tolerance_us(),
            beginning: sides.beginning,
            begins_with_first: context.beginning == Beginning::FirstOfCandidate,
        }
    }

    pub fn is_within_tolerance(&self, one: i64, other: i64) -> bool {
        are_near(one, other, self.tolerance)
    }

    fn is_after(&self, at: i64) -> bool {
        self.until.is_some_and(|until| at > until)
    }

    /// Whether a pair lies outside. Where the range begins by the candidate's clock, that pair is within of
    /// which either event is.
    pub fn excludes_pair(&self, control: &PackedEvent<'_>, candidate: &PackedEvent<'_>) -> bool {
        let since = self.since.unwrap_or(i64::MIN);
        let is_before = match self.beginning {
            Some(beginning) => control.head.at < beginning && candidate.head.at < since,
            None => control.head.at < since,
        };
        is_before || self.is_after(control.head.at)
    }

    /// Whether an event without a partner lies outside. `corrected` is its time by the control's clock.
    pub fn excludes(&self, side: Side, event: &PackedEvent<'_>, corrected: i64) -> bool {
        let is_after = self.is_after(corrected);
        match (self.beginning, side) {
            (None, _) => {
                let is_before = self.since.is_some_and(|since| corrected < since);
                event.head.is(EventHead::NEAR_BOUNDARY) || is_before || is_after
            }
            (Some(_), Side::Candidate) => event.head.is(EventHead::NEAR_BOUNDARY) || is_after,
            (Some(beginning), Side::Control) => {
                let is_before = event.head.at < beginning;
                is_after || is_before && !self.is_within_tolerance(event.head.at, beginning)
            }
        }
    }

    /// Whether it shows only when all pairs are known on which side of the beginning an event of the control
    /// without a partner lies.
    pub fn is_about_beginning(&self, side: Side, event: &PackedEvent<'_>) -> bool {
        side == Side::Control
            && self.beginning.is_some_and(|beginning| self.is_within_tolerance(event.head.at, beginning))
    }

    /// Where the range begins by the control's clock: with the first pair, where that is about as early as
    /// the clocks say. Where the first event of the candidate has no partner, anything within the tolerance
    /// may be what it was meant to be. A beginning that is known is no later than the clocks say.
    pub fn settled(&self, first: Option<FirstInTime>) -> Option<SettledBeginning> {
        let beginning = self.beginning?;
        let is_paired = first.is_some_and(|first| Some(first.candidate) == self.since);
        let first = first.map(|first| first.control);
        let first_pair = first.filter(|at| self.is_within_tolerance(*at, beginning)).unwrap_or(beginning);
        let at = match self.begins_with_first {
            true if is_paired => first_pair,
            true => beginning.saturating_sub(self.tolerance),
            false => first_pair.min(beginning),
        };
        Some(SettledBeginning { at, is_paired })
    }
}
