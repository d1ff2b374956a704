//! What a comparison tells of the two clocks. Offsets are candidate minus control, in microseconds.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::application::duration::rounded;
use crate::domain::event::format_timestamp;

/// The clock of the candidate, seen from the control's, by the anchors: contents that occur exactly once
/// on each side.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct ClockReport {
    /// How many anchors were used.
    pub anchors: u64,
    /// There were more of them.
    pub sampled: bool,
    /// The median offset of all anchors; 0 where there are none.
    pub offset_us: i64,
    /// How far apart the times of a pair may be once the offset is taken off, in microseconds.
    pub tolerance_us: i64,
    /// How large an offset may be, in microseconds.
    pub max_offset_us: i64,
    /// How far the anchors are from the median offset.
    pub spread: Spread,
    /// By how much the offset grows in a day, in microseconds: the median of the slopes between any two
    /// days with at least [`ClockReport::MIN_ANCHORS`] anchors, by their median offsets. With fewer than two
    /// such days that of the anchors themselves, where they lie on a line; else `None`. Without what the steps come to.
    pub drift_us_per_day: Option<i64>,
    /// When the offset became another one at once, by more than the tolerance: a clock was set. The first twenty.
    pub steps: Vec<ClockStep>,
    /// Each day of the control that has anchors.
    pub days: BTreeMap<NaiveDate, DayClock>,
    /// Where the offsets lie, if in several places.
    pub modes: Vec<OffsetMode>,
    /// The days whose clocks are farther apart than they may be.
    pub days_over_max_offset: BTreeSet<NaiveDate>,
    /// How many anchors have which offset, from the first bucket with an anchor to the last one, those
    /// without any between them included.
    ///
    /// The bounds of buckets are the same in every report: 0, and 1, 2 and 5 times each power of ten from
    /// 100 microseconds to 100,000 seconds, before and after 0. With the two that are open at one end
    /// there are at most 58.
    pub histogram: Vec<HistogramBucket>,
}

/// A moment at which the offset became another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ClockStep {
    /// When the first anchor with the new offset occurred, by the control's clock.
    pub at: DateTime<Utc>,
    /// The offset before.
    pub from_us: i64,
    /// The offset from then on.
    pub to_us: i64,
}

impl fmt::Display for ClockStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ahead = |offset: i64, is: &str| match offset {
            0 => format!("neither clock {is} ahead"),
            offset if offset < 0 => format!("the control {is} {} ahead", rounded(offset)),
            offset => format!("the candidate {is} {} ahead", rounded(offset)),
        };
        let (before, after) = (ahead(self.from_us, "was"), ahead(self.to_us, "is"));
        write!(f, "from {} on {after}; before, {before}: a clock was set", format_timestamp(self.at))
    }
}

/// The clocks on one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayClock {
    /// The median offset; of an even number the lower one.
    pub offset_us: i64,
    /// How many anchors the day has.
    pub anchors: u64,
    /// How far they are from the median offset.
    #[serde(flatten)]
    pub spread: Spread,
}

/// How far anchors are from the median offset, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Spread {
    /// Half of them at most.
    pub p50_us: i64,
    /// 99 of 100 at most.
    pub p99_us: i64,
    /// All of them at most.
    pub max_us: i64,
}

/// Offsets that lie together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OffsetMode {
    /// Their median.
    pub offset_us: i64,
    /// How many of a hundred anchors they are.
    pub percent: f64,
    /// What such an offset comes from.
    pub hint: Cow<'static, str>,
}

/// The anchors whose offset lies between two bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistogramBucket {
    /// The least offset of the bucket; `None` where it is open below.
    pub from_us: Option<i64>,
    /// The offset at which the next bucket begins; `None` where it is open above.
    pub to_us: Option<i64>,
    /// How many there are.
    pub anchors: u64,
}

impl ClockReport {
    /// With fewer anchors a day does not tell its clock: they may be events that were moved in time.
    pub const MIN_ANCHORS: u64 = 5;

    /// The report on these offsets, by the control's local days; without steps, which depend on times.
    pub(crate) fn new(
        by_day: BTreeMap<NaiveDate, Vec<i64>>,
        sampled: bool,
        tolerance_us: i64,
        max_offset_us: i64,
    ) -> Self {
        let mut all: Vec<i64> = by_day.values().flatten().copied().collect();
        all.sort_unstable();
        let days: BTreeMap<NaiveDate, DayClock> =
            by_day.into_iter().map(|(day, offsets)| (day, DayClock::new(offsets))).collect();
        let offset_us = lower_median(&all);
        let mut report = Self {
            anchors: all.len() as u64,
            sampled,
            offset_us,
            tolerance_us,
            max_offset_us,
            spread: Spread::around(offset_us, &all),
            drift_us_per_day: drift(&days),
            steps: Vec::new(),
            modes: modes(&all),
            days_over_max_offset: BTreeSet::new(),
            histogram: histogram(&all),
            days,
        };
        let over = report.days.iter().filter(|(_, clock)| report.offset_of(clock).abs() > max_offset_us);
        report.days_over_max_offset = over.map(|(day, _)| *day).collect();
        report
    }

    /// Whether the offset grows or falls by more than the tolerance over the days that have anchors.
    pub fn drifts(&self) -> bool {
        let (first, last) = (self.days.first_key_value(), self.days.last_key_value());
        let days = first.zip(last).map_or(0, |((first, _), (last, _))| (*last - *first).num_days().max(1));
        let by = self.drift_us_per_day.unwrap_or_default().saturating_mul(days);
        by.abs() > self.tolerance_us
    }

    /// The offset of a day by which its events are compared: a few events that were moved must not turn
    /// the clock of their day, where other days tell better.
    pub(crate) fn offset_of(&self, clock: &DayClock) -> i64 {
        let is_told_better = clock.anchors < Self::MIN_ANCHORS && self.anchors >= Self::MIN_ANCHORS;
        if is_told_better { self.offset_us } else { clock.offset_us }
    }
}

impl DayClock {
    fn new(mut offsets: Vec<i64>) -> Self {
        offsets.sort_unstable();
        let offset_us = lower_median(&offsets);
        Self { offset_us, anchors: offsets.len() as u64, spread: Spread::around(offset_us, &offsets) }
    }
}

impl Spread {
    fn around(median: i64, offsets: &[i64]) -> Self {
        let mut distances: Vec<i64> = offsets.iter().map(|offset| (offset - median).abs()).collect();
        distances.sort_unstable();
        let percentile = |percent: usize| {
            let rank = (distances.len() * percent).div_ceil(100).max(1) - 1;
            distances.get(rank).copied().unwrap_or(0)
        };
        Self { p50_us: percentile(50), p99_us: percentile(99), max_us: percentile(100) }
    }
}

fn lower_median(sorted: &[i64]) -> i64 {
    sorted.len().checked_sub(1).map_or(0, |last| sorted[last / 2])
}

/// The drift that offsets show, by the control's local days.
pub(crate) fn drift_between(by_day: &BTreeMap<NaiveDate, Vec<i64>>) -> Option<i64> {
    drift(&by_day.iter().map(|(day, offsets)| (*day, DayClock::new(offsets.clone()))).collect())
}

/// The slope of the days' medians by Theil and Sen: less than 29 of 100 days that are wrong do not move it.
fn drift(days: &BTreeMap<NaiveDate, DayClock>) -> Option<i64> {
    // There are half as many slopes as the square of this: of a log of many years, days at equal distances do.
    const MOST: usize = 400;
    let telling: Vec<(&NaiveDate, i64)> = days
        .iter()
        .filter(|(_, clock)| clock.anchors >= ClockReport::MIN_ANCHORS)
        .map(|(day, clock)| (day, clock.offset_us))
        .collect();
    let apart = telling.len().div_ceil(MOST).max(1);
    let chosen: Vec<_> = telling.into_iter().step_by(apart).collect();
    let mut slopes = Vec::new();
    for (number, (day, offset)) in chosen.iter().enumerate() {
        let later = &chosen[number + 1..];
        slopes.extend(later.iter().map(|(other, at)| (at - offset) / (**other - **day).num_days()));
    }
    slopes.sort_unstable();
    (!slopes.is_empty()).then(|| lower_median(&slopes))
}

/// How many of the sorted offsets are in which bucket; see [`ClockReport::histogram`].
fn histogram(sorted: &[i64]) -> Vec<HistogramBucket> {
    let (Some(first), Some(last)) = (sorted.first(), sorted.last()) else { return Vec::new() };
    let powers = (2..=10).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_i64.pow(power)));
    let after: Vec<i64> = powers.chain([10_i64.pow(11)]).collect();
    let before = after.iter().rev().map(|bound| -bound);
    let bounds: Vec<i64> = before.chain([0]).chain(after.iter().copied()).collect();
    let bucket_of = |offset: i64| bounds.partition_point(|bound| *bound <= offset);
    let mut anchors = vec![0; bounds.len() + 1];
    sorted.iter().for_each(|offset| anchors[bucket_of(*offset)] += 1);
    let bucket = |number: usize| HistogramBucket {
        from_us: number.checked_sub(1).map(|lower| bounds[lower]),
        to_us: bounds.get(number).copied(),
        anchors: anchors[number],
    };
    (bucket_of(*first)..=bucket_of(*last)).map(bucket).collect()
}

/// Clusters of offsets, at least ten minutes apart, of at least a twentieth of the anchors each;
/// none where there is only one.
fn modes(sorted: &[i64]) -> Vec<OffsetMode> {
    const APART: i64 = 600_000_000;
    let clusters = sorted.chunk_by(|one, other| other - one < APART);
    let modes: Vec<OffsetMode> = clusters
        .filter(|cluster| cluster.len() * 20 >= sorted.len())
        .map(|cluster| {
            let offset_us = lower_median(cluster);
            let percent = (cluster.len() as f64 / sorted.len() as f64 * 1000.0).round() / 10.0;
            OffsetMode { offset_us, percent, hint: hint(offset_us).into() }
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

    const MILLISECOND: i64 = 1_000;
    const SECOND: i64 = 1_000_000;

    /// A report of days with offsets, each day as far from the first one as its number says.
    fn report(days: &[(u64, &[i64])]) -> ClockReport {
        let first: NaiveDate = "2025-10-20".parse().unwrap();
        let day = |(number, offsets): &(u64, &[i64])| (first + chrono::Days::new(*number), offsets.to_vec());
        ClockReport::new(days.iter().map(day).collect(), false, 2 * SECOND, 300 * SECOND)
    }

    #[test]
    fn the_spread_is_how_far_from_the_median_half_of_the_anchors_nearly_all_and_all_are() {
        let mut offsets: Vec<i64> = (0..100).map(|number| 50 + number % 2).collect();
        offsets[7] = 9_050;
        let found = report(&[(0, &offsets)]);
        assert_eq!(found.spread, Spread { p50_us: 0, p99_us: 1, max_us: 9_000 });
        assert_eq!(found.days.values().next().unwrap().spread, found.spread);
        assert_eq!(report(&[]).spread, Spread::default());
    }

    #[test]
    fn a_clock_that_gains_two_milliseconds_a_day_drifts_by_that_though_two_of_ten_days_are_wrong() {
        let of_day = |day: u64| match day {
            3 | 8 => [-40 * SECOND; 5],
            day => [day as i64 * 2 * MILLISECOND + 7; 5],
        };
        // Two days without events among them.
        let offsets: Vec<(u64, [i64; 5])> =
            (0..12).filter(|day| ![1, 6].contains(day)).map(|day| (day, of_day(day))).collect();
        let days: Vec<(u64, &[i64])> = offsets.iter().map(|(day, of_day)| (*day, &of_day[..])).collect();
        assert_eq!(report(&days).drift_us_per_day, Some(2 * MILLISECOND));
    }

    #[test]
    fn one_day_has_no_drift_and_neither_have_days_with_a_few_anchors() {
        assert_eq!(report(&[]).drift_us_per_day, None);
        assert_eq!(report(&[(0, &[5; 9])]).drift_us_per_day, None);
        assert_eq!(report(&[(0, &[5; 9]), (1, &[900; 4])]).drift_us_per_day, None);
        assert_eq!(report(&[(0, &[5; 9]), (10, &[-95; 5])]).drift_us_per_day, Some(-10));
    }

    #[test]
    fn a_drift_of_thirty_years_is_found_without_all_pairs_of_days() {
        let offsets: Vec<[i64; 5]> = (0..11_000).map(|day| [day * 3; 5]).collect();
        let days: Vec<(u64, &[i64])> = (0..).zip(offsets.iter().map(|of_day| &of_day[..])).collect();
        assert_eq!(report(&days).drift_us_per_day, Some(3));
    }

    #[test]
    fn a_histogram_counts_each_anchor_between_fixed_bounds() {
        let found =
            report(&[(0, &[4 * MILLISECOND, 2 * MILLISECOND, 9 * MILLISECOND]), (1, &[20 * MILLISECOND])]);
        let buckets: Vec<_> =
            found.histogram.iter().map(|bucket| (bucket.from_us, bucket.to_us, bucket.anchors)).collect();
        assert_eq!(
            buckets,
            [
                (Some(2_000), Some(5_000), 2),
                (Some(5_000), Some(10_000), 1),
                (Some(10_000), Some(20_000), 0),
                (Some(20_000), Some(50_000), 1),
            ]
        );
        assert!(report(&[]).histogram.is_empty());
    }

    #[test]
    fn a_histogram_is_bounded_whatever_the_offsets() {
        let ends = [i64::MIN / 2, -1, 0, i64::MAX / 2 - 1];
        let found = report(&[(0, &ends)]).histogram;
        assert_eq!((found.len(), found.iter().map(|bucket| bucket.anchors).sum::<u64>()), (58, 4));
        assert_eq!((found[0].from_us, found[0].to_us), (None, Some(-100_000 * SECOND)));
        assert_eq!((found[57].from_us, found[57].to_us), (Some(100_000 * SECOND), None));
        assert!(found.windows(2).all(|pair| pair[0].to_us == pair[1].from_us));
    }

    #[test]
    fn the_keys_that_scripts_read_of_a_day_stand_beside_each_other() {
        let written = serde_json::to_value(report(&[(0, &[3, 4, 5])])).unwrap();
        let day = serde_json::json!({"offset_us": 4, "anchors": 3, "p50_us": 1, "p99_us": 1, "max_us": 1});
        assert_eq!(written["days"]["2025-10-20"], day);
        assert_eq!(written["drift_us_per_day"], serde_json::Value::Null);
    }
}
