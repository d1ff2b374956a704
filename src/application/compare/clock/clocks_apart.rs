//! Clocks that are farther apart than clocks may be, and what shows it.
//!
//! Contents that occur once on each side can do so by chance: what the legacy system wrote of a task yesterday, and the
//! new one today. Such anchors lie anywhere. Those of two clocks agree, and they are a good part of what could be seen
//! from both sides. What comes again at the same time of another day agrees too, and is no clock.

use chrono::{NaiveDate, TimeDelta};

use super::anchors::AnchorSample;
use super::report::ClockReport;

/// How near anchors lie that show one clock, if the tolerance is not larger: it may gain or lose some seconds in a day.
const AGREEMENT_US: i64 = 30_000_000;
const DAY_US: i64 = 86_400_000_000;
/// Of the contents that could be seen from both sides, one of so many has to be, at that offset.
const COMMON: usize = 4;

/// Clocks that are farther apart than clocks may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClocksApart {
    /// The first day on which it shows, by the control.
    pub day: NaiveDate,
    /// Candidate minus control.
    pub offset: TimeDelta,
}

impl ClocksApart {
    /// The first day on which these samples, whose anchors came to this report, show it.
    pub(crate) fn find(
        report: &ClockReport,
        control: &AnchorSample,
        candidate: &AnchorSample,
        day_of: &mut dyn FnMut(i64) -> NaiveDate,
    ) -> Option<Self> {
        let agreement = report.tolerance_us.max(AGREEMENT_US);
        let threshold = control.threshold.min(candidate.threshold);
        let of_candidate = candidate.contents.values().flatten();
        let (first, last) = (*of_candidate.clone().min()?, *of_candidate.max()?);
        let by_day = report.days_over_max_offset.iter().filter_map(|day| Some((*day, report.days.get(day)?)));
        for (day, clock) in by_day {
            let offset = clock.offset_us;
            let is_of_another_day = (offset.abs() - DAY_US).abs() <= agreement;
            if clock.anchors < ClockReport::MIN_ANCHORS || is_of_another_day {
                continue;
            }
            let (mut agreeing, mut seen) = (0, 0);
            for (content, at) in &control.contents {
                let Some(at) = at.filter(|at| *content <= threshold && day_of(*at) == day) else { continue };
                let expected = at + offset;
                seen += usize::from((first - agreement..=last + agreement).contains(&expected));
                let found = candidate.contents.get(content).copied().flatten();
                agreeing +=
                    usize::from(found.is_some_and(|found| found.abs_diff(expected) <= agreement as u64));
            }
            let agree = agreeing >= ClockReport::MIN_ANCHORS as usize && agreeing as u64 * 2 >= clock.anchors;
            if agree && agreeing * COMMON >= seen {
                return Some(Self { day, offset: TimeDelta::microseconds(offset) });
            }
        }
        None
    }
}
