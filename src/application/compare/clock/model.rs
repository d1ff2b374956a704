//! The clocks of both sides: how far apart they are, day by day.
//!
//! Anchors are contents that occur exactly once on each side, so that nothing but the content says who
//! belongs together. Of many, a part is enough, if both sides choose the same one: each keeps the
//! contents with the smallest digests, whatever their order.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;
use foldhash::fast::RandomState;
use serde::Serialize;

/// What one side knows of possible anchors.
#[derive(Clone)]
pub(crate) struct AnchorSample {
    capacity: usize,
    /// Contents with a digest above are not looked at.
    threshold: u128,
    /// The time of each content, in microseconds; `None` where it came more than once, or nobody knows when.
    contents: HashMap<u128, Option<i64>, RandomState>,
}

impl AnchorSample {
    /// A sample of at most so many contents.
    pub fn new(capacity: usize) -> Self {
        Self { capacity, threshold: u128::MAX, contents: HashMap::default() }
    }

    /// Takes note of an event; its time is `None` where it is not sure.
    #[inline]
    pub fn observe(&mut self, content: u128, at: Option<i64>) {
        if content > self.threshold {
            return;
        }
        self.contents.entry(content).and_modify(|time| *time = None).or_insert(at);
        self.shrink();
    }

    /// Takes over what another part of the same side has shown.
    pub fn add(&mut self, other: Self) {
        self.threshold = self.threshold.min(other.threshold);
        for (content, at) in other.contents {
            self.contents.entry(content).and_modify(|time| *time = None).or_insert(at);
        }
        let threshold = self.threshold;
        self.contents.retain(|content, _| *content <= threshold);
        self.shrink();
    }

    fn shrink(&mut self) {
        while self.contents.len() > self.capacity {
            self.threshold /= 2;
            let threshold = self.threshold;
            self.contents.retain(|content, _| *content <= threshold);
        }
    }
}

/// The clock of the candidate, seen from the control's.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub(crate) struct ClockModel {
    /// How many anchors were used.
    pub anchors: u64,
    /// There were more of them.
    pub sampled: bool,
    /// The median of candidate minus control over all anchors, in microseconds; 0 where there are none.
    pub offset_us: i64,
    /// How far apart the times of a pair may be once the offset is taken off, in microseconds.
    pub tolerance_us: i64,
    /// How large an offset may be, in microseconds.
    pub max_offset_us: i64,
    /// Each day of the control that has anchors.
    pub days: BTreeMap<NaiveDate, DayClock>,
    /// Where the differences lie, if in several places.
    pub modes: Vec<Mode>,
    /// LocalDayCache whose clocks are farther apart than they may be.
    pub days_over_max_offset: BTreeSet<NaiveDate>,
}

/// The clocks on one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct DayClock {
    /// The median of candidate minus control, in microseconds; of an even number the lower one.
    pub offset_us: i64,
    pub anchors: u64,
    /// How far half of the anchors are from the median, in microseconds.
    pub p50_us: i64,
    pub p99_us: i64,
    pub max_us: i64,
}

/// Differences that lie together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Mode {
    /// Their median, in microseconds.
    pub offset_us: i64,
    /// How many of a hundred anchors they are.
    pub percent: f64,
    /// What such a difference comes from.
    pub hint: &'static str,
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
        let threshold = control.threshold.min(candidate.threshold);
        let mut by_day: BTreeMap<NaiveDate, Vec<i64>> = BTreeMap::new();
        for (content, at) in control.contents.iter().filter(|(content, _)| **content <= threshold) {
            if let (Some(at), Some(Some(other))) = (at, candidate.contents.get(content)) {
                by_day.entry(day_of(*at)).or_default().push(other - at);
            }
        }
        let mut all: Vec<i64> = by_day.values().flatten().copied().collect();
        all.sort_unstable();
        let days: BTreeMap<NaiveDate, DayClock> =
            by_day.into_iter().map(|(day, differences)| (day, DayClock::of(differences))).collect();
        let mut model = Self {
            anchors: all.len() as u64,
            sampled: threshold < u128::MAX,
            offset_us: lower_median(&all),
            tolerance_us,
            max_offset_us,
            modes: modes(&all),
            days_over_max_offset: BTreeSet::new(),
            days,
        };
        let over = model.days.iter().filter(|(_, clock)| model.offset_of(clock).abs() > max_offset_us);
        model.days_over_max_offset = over.map(|(day, _)| *day).collect();
        model
    }

    /// The offset on a day; without anchors that of the nearest day that has some, the earlier of two.
    pub fn offset_on(&self, day: NaiveDate) -> i64 {
        self.nearest(day).map_or(0, |(_, clock)| self.offset_of(clock))
    }

    /// A few events that were moved must not turn the clock of their day, where other days tell better.
    fn offset_of(&self, clock: &DayClock) -> i64 {
        const FEW: u64 = 5;
        if clock.anchors < FEW && self.anchors >= FEW { self.offset_us } else { clock.offset_us }
    }

    /// Whether the clocks of a day are farther apart than they may be.
    pub fn exceeds_on(&self, day: NaiveDate) -> bool {
        !self.days_over_max_offset.is_empty()
            && self.nearest(day).is_some_and(|(day, _)| self.days_over_max_offset.contains(day))
    }

    fn nearest(&self, day: NaiveDate) -> Option<(&NaiveDate, &DayClock)> {
        let before = self.days.range(..=day).next_back();
        let behind = self.days.range(day..).next();
        match (before, behind) {
            (Some(one), Some(other)) => Some(if day - *one.0 <= *other.0 - day { one } else { other }),
            (one, other) => one.or(other),
        }
    }
}

impl DayClock {
    fn of(mut differences: Vec<i64>) -> Self {
        differences.sort_unstable();
        let offset = lower_median(&differences);
        let mut spread: Vec<i64> = differences.iter().map(|difference| (difference - offset).abs()).collect();
        spread.sort_unstable();
        let percentile = |percent: usize| {
            let rank = (spread.len() * percent).div_ceil(100).max(1) - 1;
            spread.get(rank).copied().unwrap_or(0)
        };
        Self {
            offset_us: offset,
            anchors: differences.len() as u64,
            p50_us: percentile(50),
            p99_us: percentile(99),
            max_us: percentile(100),
        }
    }
}

fn lower_median(sorted: &[i64]) -> i64 {
    sorted.len().checked_sub(1).map_or(0, |last| sorted[last / 2])
}

/// Clusters of differences, at least ten minutes apart, of at least a twentieth of the anchors each;
/// none where there is only one.
fn modes(sorted: &[i64]) -> Vec<Mode> {
    const APART: i64 = 600_000_000;
    let clusters = sorted.chunk_by(|one, other| other - one < APART);
    let modes: Vec<Mode> = clusters
        .filter(|cluster| cluster.len() * 20 >= sorted.len())
        .map(|cluster| {
            let offset_us = lower_median(cluster);
            let percent = (cluster.len() as f64 / sorted.len() as f64 * 1000.0).round() / 10.0;
            Mode { offset_us, percent, hint: hint(offset_us) }
        })
        .collect();
    if modes.len() > 1 { modes } else { Vec::new() }
}

/// What an offset may come from: those of zones are whole quarters of an hour.
pub(crate) fn hint(offset_us: i64) -> &'static str {
    const QUARTER: i64 = 900_000_000;
    const ZONES: i64 = 26 * 3_600_000_000;
    const NEAR: i64 = 60_000_000;
    let to_quarter = (offset_us + QUARTER / 2).rem_euclid(QUARTER) - QUARTER / 2;
    if offset_us.abs() < NEAR {
        "none"
    } else if to_quarter.abs() <= NEAR && offset_us.abs() <= ZONES {
        "time zone or daylight saving time"
    } else {
        "clock"
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
        assert_eq!((model.anchors, model.offset_us), (1, 7));
    }

    #[test]
    fn without_anchors_the_offset_is_zero() {
        let model = estimate(&sample(10, &[(1, 0)]), &sample(10, &[(2, 9)]));
        assert_eq!((model.anchors, model.offset_on(day(0))), (0, 0));
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
        let hints: Vec<&str> = model.modes.iter().map(|mode| mode.hint).collect();
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
        assert_eq!(estimate(&sample(100, &control), &sample(100, &candidate)).offset_us, 5);
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
            prop_assert_eq!(one.sampled, control.len() > 20);
            let (first, second) = control.split_at(control.len() / 3);
            let mut parts = sample(20, first);
            parts.add(sample(20, second));
            prop_assert_eq!(&one, &estimate(&parts, &sample(50, &skewed)), "however a side was read");
            if one.anchors > 0 {
                prop_assert_eq!(one.offset_us, skew);
            }
        }
    }
}
