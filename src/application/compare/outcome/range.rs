//! Which events lie in the range of a comparison. Those near its boundary are read too, as partners of
//! events within it.

use crate::application::compare::reading::packed_event::{EventHead, PackedEvent, Side};
use crate::application::compare::rules::are_near;
use crate::application::compare::settings::Settings;

/// The range of a comparison. Times are in microseconds.
pub(crate) struct Range {
    since: Option<i64>,
    until: Option<i64>,
    tolerance: i64,
    /// Where it begins by the control's clock, where that was read off the candidate: then pairs belong to
    /// it by the candidate's time.
    beginning: Option<i64>,
}

impl Range {
    pub fn new(settings: &Settings, beginning: Option<i64>) -> Self {
        let [since, until] = [settings.since, settings.until].map(|end| end.map(|at| at.timestamp_micros()));
        Self { since, until, tolerance: settings.tolerance_us(), beginning }
    }

    pub fn is_within_tolerance(&self, one: i64, other: i64) -> bool {
        are_near(one, other, self.tolerance)
    }

    /// Whether a pair lies outside.
    pub fn excludes_pair(&self, control: &PackedEvent<'_>, candidate: &PackedEvent<'_>) -> bool {
        let since = self.since.unwrap_or(i64::MIN);
        let is_of_candidate =
            self.beginning.is_some() && control.head.at < since && candidate.head.at >= since;
        control.head.is(EventHead::NEAR_BOUNDARY) && !is_of_candidate
    }

    /// Whether an event without a partner lies outside. `corrected` is its time by the control's clock.
    pub fn excludes(&self, side: Side, event: &PackedEvent<'_>, corrected: i64) -> bool {
        let is_after = self.until.is_some_and(|until| corrected > until);
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
    /// the clocks say.
    pub fn beginning(&self, first_pair: Option<i64>) -> Option<i64> {
        let beginning = self.beginning?;
        Some(first_pair.filter(|at| self.is_within_tolerance(*at, beginning)).unwrap_or(beginning))
    }
}
