//! The clocks of both sides: how far apart they are, day by day.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::application::compare::clock::anchors::AnchorSample;
use crate::application::compare::clock::clocks_apart::ClocksApart;
use crate::application::compare::clock::drift::drift_of;
use crate::application::compare::clock::report::{ClockReport, DayClock, drift_between};
use crate::application::compare::clock::steps::{steps, without_steps};
use crate::application::compare::settings::Settings;

/// The clock of the candidate, seen from the control's.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct ClockModel {
    /// What the anchors show.
    pub report: ClockReport,
}

impl ClockModel {
    /// The model of two sides. `day_of` gives the control's local day of an instant in microseconds.
    pub fn estimate(
        control: &AnchorSample,
        candidate: &AnchorSample,
        day_of: &mut dyn FnMut(i64) -> NaiveDate,
        tolerance_us: i64,
        max_offset_us: i64,
    ) -> Self {
        Self::of_anchors(control, candidate, day_of, &|_, _| true, [tolerance_us, max_offset_us])
    }

    /// As [`estimate`](Self::estimate), of what an import brings together: whether its clocks are too far apart for
    /// that. Where they are not though the anchors of a day seem to say so, those that are farther apart than events
    /// that are one can be tell no clock.
    pub fn of_import(
        control: &AnchorSample,
        candidate: &AnchorSample,
        day_of: &mut dyn FnMut(i64) -> NaiveDate,
        settings: &Settings,
    ) -> (Self, Option<ClocksApart>) {
        let limits = [settings.tolerance_us(), settings.max_offset_us()];
        let near = settings.max_shift_us().saturating_add(settings.max_offset_us());
        let model = Self::of_anchors(control, candidate, day_of, &|_, _| true, limits);
        let mut doubtful = model.report.days_over_max_offset.clone();
        doubtful.retain(|day| model.report.days[day].anchors >= ClockReport::MIN_ANCHORS);
        if doubtful.is_empty() {
            return (model, None);
        }
        match ClocksApart::find(&model.report, control, candidate, day_of) {
            Some(apart) => (model, Some(apart)),
            None => {
                let is_near = |day: NaiveDate, offset: i64| offset.abs() <= near || !doubtful.contains(&day);
                (Self::of_anchors(control, candidate, day_of, &is_near, limits), None)
            }
        }
    }

    /// The model by those anchors that are `counted`, by their day and offset.
    fn of_anchors(
        control: &AnchorSample,
        candidate: &AnchorSample,
        day_of: &mut dyn FnMut(i64) -> NaiveDate,
        counted: &dyn Fn(NaiveDate, i64) -> bool,
        [tolerance_us, max_offset_us]: [i64; 2],
    ) -> Self {
        let threshold = control.threshold.min(candidate.threshold);
        let mut by_day: BTreeMap<NaiveDate, Vec<i64>> = BTreeMap::new();
        let mut anchors = Vec::new();
        for (content, at) in control.contents.iter().filter(|(content, _)| **content <= threshold) {
            if let (Some(at), Some(Some(other))) = (at, candidate.contents.get(content)) {
                let day = day_of(*at);
                if counted(day, other - at) {
                    by_day.entry(day).or_default().push(other - at);
                    anchors.push((*at, other - at));
                }
            }
        }
        let is_sampled = threshold < u128::MAX;
        let mut report = ClockReport::new(by_day, is_sampled, tolerance_us, max_offset_us);
        // Between two offsets within it there is no step.
        if report.spread.max_us.saturating_mul(2) > tolerance_us {
            anchors.sort_unstable();
            report.steps = steps(&anchors, tolerance_us);
            // A clock that was set does not drift by that.
            without_steps(&mut anchors, &report.steps);
            if !report.steps.is_empty() {
                let mut by_day: BTreeMap<NaiveDate, Vec<i64>> = BTreeMap::new();
                for (at, offset) in &anchors {
                    by_day.entry(day_of(*at)).or_default().push(*offset);
                }
                report.drift_us_per_day = drift_between(&by_day);
            }
            report.drift_us_per_day = report.drift_us_per_day.or_else(|| drift_of(&anchors, tolerance_us));
        }
        Self { report }
    }

    /// The offset on a day; without anchors that of the nearest day that has some, the earlier of two.
    pub fn offset_on(&self, day: NaiveDate) -> i64 {
        self.nearest(day).map_or(0, |(_, clock)| self.report.offset_of(clock))
    }

    /// Whether the clocks of a day are farther apart than they may be.
    pub fn exceeds_on(&self, day: NaiveDate) -> bool {
        let over = &self.report.days_over_max_offset;
        !over.is_empty() && self.nearest(day).is_some_and(|(day, _)| over.contains(day))
    }

    fn nearest(&self, day: NaiveDate) -> Option<(&NaiveDate, &DayClock)> {
        let before = self.report.days.range(..=day).next_back();
        let after = self.report.days.range(day..).next();
        match (before, after) {
            (Some(one), Some(other)) => Some(if day - *one.0 <= *other.0 - day { one } else { other }),
            (one, other) => one.or(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: i64 = 3_600_000_000;

    fn sample(capacity: usize, events: &[(u128, i64)]) -> AnchorSample {
        let mut sample = AnchorSample::new(capacity);
        events.iter().for_each(|&(content, at)| sample.observe(content, Some(at)));
        sample
    }

    fn day(at: i64) -> NaiveDate {
        crate::application::compare::clock::local_day_cache::instant(at).date_naive()
    }

    fn estimate(control: &AnchorSample, candidate: &AnchorSample) -> ClockModel {
        ClockModel::estimate(control, candidate, &mut day, 2_000_000, 300_000_000)
    }

    #[test]
    fn only_contents_that_occur_once_on_each_side_are_anchors() {
        let control = sample(10, &[(1, 0), (2, 0), (2, 5), (3, 0), (4, 0)]);
        let candidate = sample(10, &[(1, 7), (2, 100), (3, 200), (3, 300), (5, 0)]);
        let model = estimate(&control, &candidate);
        assert_eq!((model.report.anchors, model.report.offset_us), (1, 7));
    }

    #[test]
    fn without_anchors_the_offset_is_zero() {
        let model = estimate(&sample(10, &[(1, 0)]), &sample(10, &[(2, 9)]));
        assert_eq!((model.report.anchors, model.offset_on(day(0))), (0, 0));
        assert!(!model.exceeds_on(day(0)));
    }

    #[test]
    fn a_day_without_anchors_has_the_clock_of_the_nearest_day() {
        let at = |day: i64| day * 24 * HOUR;
        let control = sample(10, &[(1, at(0)), (2, at(4))]);
        let candidate = sample(10, &[(1, at(0) + 10), (2, at(4) + 20)]);
        let model = estimate(&control, &candidate);
        let offsets: Vec<i64> = (-1..6).map(|number| model.offset_on(day(at(number)))).collect();
        assert_eq!(offsets, [10, 10, 10, 10, 20, 20, 20]);
    }

    #[test]
    fn an_offset_that_is_too_large_is_that_of_its_day_alone() {
        let control = sample(10, &[(1, 0), (2, 24 * HOUR)]);
        let candidate = sample(10, &[(1, 3 * HOUR), (2, 24 * HOUR)]);
        let model = estimate(&control, &candidate);
        assert!(model.exceeds_on(day(0)) && !model.exceeds_on(day(24 * HOUR)));
        let hints: Vec<&str> = model.report.modes.iter().map(|mode| mode.hint.as_ref()).collect();
        assert_eq!(hints, ["none", "time zone or daylight saving time"]);
    }

    #[test]
    fn a_few_moved_events_do_not_turn_the_clock_of_their_day() {
        let control: Vec<(u128, i64)> = (0..10).map(|i| (i, if i == 9 { 24 * HOUR } else { 0 })).collect();
        let candidate: Vec<(u128, i64)> =
            control.iter().map(|(content, at)| (*content, if *at > 0 { at + HOUR } else { *at })).collect();
        let model = estimate(&sample(10, &control), &sample(10, &candidate));
        assert_eq!(model.offset_on(day(24 * HOUR)), 0);
        assert!(!model.exceeds_on(day(24 * HOUR)));
    }

    #[test]
    fn the_median_does_not_follow_a_third_of_outliers() {
        let control: Vec<(u128, i64)> = (0..100).map(|i| (i, i as i64)).collect();
        let candidate: Vec<(u128, i64)> =
            (0..100).map(|i| (i, i as i64 + if i % 3 == 0 { 60_000_000 } else { 5 })).collect();
        assert_eq!(estimate(&sample(100, &control), &sample(100, &candidate)).report.offset_us, 5);
    }

    proptest! {
        #[test]
        fn a_sample_holds_the_same_anchors_in_any_order_and_those_of_all_that_are_small_enough(
            events in proptest::collection::hash_map(any::<u128>(), 0_i64..1_000_000, 1..200)
                .prop_map(|events| events.into_iter().collect::<Vec<_>>())
                .prop_flat_map(|events| (Just(events.clone()), Just(events).prop_shuffle())),
            skew in -1000_i64..1000,
        ) {
            let (control, shuffled) = events;
            let skewed: Vec<(u128, i64)> = shuffled.iter().map(|(content, at)| (*content, at + skew)).collect();
            let one = estimate(&sample(20, &control), &sample(50, &skewed));
            let other = estimate(&sample(20, &shuffled), &sample(50, &skewed));
            prop_assert_eq!(&one, &other);
            prop_assert_eq!(one.report.sampled, control.len() > 20);
            let (first, second) = control.split_at(control.len() / 3);
            let mut parts = sample(20, first);
            parts.add(sample(20, second));
            prop_assert_eq!(&one, &estimate(&parts, &sample(50, &skewed)), "however a side was read");
            if one.report.anchors > 0 {
                prop_assert_eq!(one.report.offset_us, skew);
            }
        }
    }
}
