//! How long dispatches took, beside what a sync of the disk takes.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::NaiveDate;

use super::{Check, Finding};
use crate::application::figures::{DamagedLine, DayFigures};
use crate::domain::counted::counted;

/// So many of the last recorded days are looked at.
const DAYS: usize = 7;
/// What a dispatch is to take at most, in microseconds, on average; and a sync.
const LIMIT: u64 = 10_000;

/// What syncs of a probe file took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncTimes {
    /// Half of them took no longer.
    pub p50: Duration,
    /// The longest.
    pub max: Duration,
    /// How many there were.
    pub count: usize,
}

impl SyncTimes {
    /// Of these times; `None` where there is none.
    pub fn of(mut times: Vec<Duration>) -> Option<Self> {
        times.sort_unstable();
        let (p50, max) = (*times.get(times.len().saturating_sub(1) / 2)?, *times.last()?);
        Some(Self { p50, max, count: times.len() })
    }

    fn in_words(&self) -> String {
        format!(
            "a sync took {} (p50), {} (max) of {}",
            ms(micros(self.p50)),
            ms(micros(self.max)),
            self.count
        )
    }

    fn is_slow(&self) -> bool {
        micros(self.p50) > LIMIT
    }
}

/// Days of which the average dispatch, or one in a hundred, took over 10 ms, or with failures of the primary side; and a disk that is slow. `place`
/// is where the syncs were measured.
pub fn dispatch_time(days: &BTreeMap<NaiveDate, DayFigures>, place: &str, sync: &SyncTimes) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (day, figures) in days.iter().rev().take(DAYS) {
        findings.extend(slow_day(*day, figures, sync));
        if figures.primary_failures > 0 {
            let detail =
                format!("the primary side could not take an event {} times", figures.primary_failures);
            let remedy = "the answers to these dispatches, on stderr or in the log of the program, say why; `status` shows both sides";
            findings.push(Finding::new(Check::DispatchTime, day.to_string(), detail, remedy));
        }
    }
    findings.push(of_disk(place, sync));
    findings
}

fn slow_day(day: NaiveDate, figures: &DayFigures, sync: &SyncTimes) -> Option<Finding> {
    let mean = figures.latencies.mean()?;
    if mean <= LIMIT && figures.over_10ms * 100 <= figures.dispatches {
        return None;
    }
    let time = |micros: Option<u64>| ms(micros.unwrap_or(0));
    let detail = format!(
        "{} of {} dispatches took over 10 ms (mean {}, p50 {}, p99 {}, max {}); {}",
        figures.over_10ms,
        figures.dispatches,
        ms(mean),
        time(figures.latencies.quantile(0.5)),
        time(figures.latencies.quantile(0.99)),
        time(figures.latencies.max()),
        sync.in_words()
    );
    let remedy = if sync.is_slow() {
        "the disk is slow: a faster one, or many events in one `dispatch -`, which stores those that wait with one sync"
    } else {
        "the disk is fast: the lines PERFORMANCE WARNING of the log tell waiting, storing and handling apart; `handlers list` shows which handlers are behind"
    };
    Some(Finding::new(Check::DispatchTime, day.to_string(), detail, remedy))
}

fn of_disk(place: &str, sync: &SyncTimes) -> Finding {
    let found = |remedy| Finding::new(Check::DispatchTime, place, sync.in_words(), remedy);
    if sync.is_slow() {
        found("each dispatch waits for a sync: a faster disk, or many events in one `dispatch -`")
    } else {
        found("nothing to do: a dispatch of 10 ms is within reach").into_note()
    }
}

/// Lines of the figures file that are none.
pub fn damaged_figures(place: &str, damage: &[DamagedLine]) -> Vec<Finding> {
    let damaged: Vec<_> = damage.iter().filter(|line| !line.is_torn).collect();
    let Some(first) = damaged.first() else { return Vec::new() };
    let detail = format!(
        "{}, the first is line {} at byte {}: {}",
        counted(damaged.len() as u64, "line is no figure", "lines are no figures"),
        first.line,
        first.offset,
        first.detail
    );
    let remedy = "nothing else is lost: the timing of the dispatches of these minutes is not known; take the lines out";
    vec![Finding::new(Check::DispatchTime, place, detail, remedy)]
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[allow(clippy::cast_precision_loss, reason = "for people, to a tenth of a millisecond")]
fn ms(micros: u64) -> String {
    format!("{:.1} ms", micros as f64 / 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::super::Severity;
    use super::*;
    use crate::application::figures::Latencies;

    fn day(micros: &[u64]) -> DayFigures {
        let mut latencies = Latencies::default();
        micros.iter().for_each(|micros| latencies.record(Duration::from_micros(*micros)));
        let over_10ms = micros.iter().filter(|micros| **micros > 10_000).count() as u64;
        DayFigures { dispatches: micros.len() as u64, over_10ms, latencies, ..DayFigures::default() }
    }

    fn found(days: Vec<DayFigures>, sync_ms: u64) -> Vec<Finding> {
        let first: NaiveDate = "2025-10-01".parse().unwrap();
        let days =
            (0..).zip(days).map(|(number, figures)| (first + chrono::Days::new(number), figures)).collect();
        let sync = SyncTimes::of(vec![Duration::from_millis(sync_ms); 20]).unwrap();
        let findings = dispatch_time(&days, "data", &sync);
        findings.into_iter().filter(|finding| finding.severity == Severity::Finding).collect()
    }

    #[test]
    fn a_day_is_slow_by_its_mean_or_by_one_dispatch_in_a_hundred() {
        let with_slow = |slow, fast| day(&[vec![12_000; slow], vec![1_000; fast]].concat());
        assert_eq!(found(vec![with_slow(1, 99)], 1), []);
        assert_eq!(found(vec![with_slow(2, 98)], 1).len(), 1);
        assert_eq!(found(vec![day(&[1_000_000; 1])], 1).len(), 1);
        assert_eq!(found(vec![DayFigures::default()], 1), [], "no dispatch is not slow");
    }

    #[test]
    fn the_remedy_of_a_slow_day_depends_on_what_a_sync_takes() {
        let slow = || vec![day(&[20_000])];
        assert!(found(slow(), 1)[0].remedy.starts_with("the disk is fast"));
        let on_slow_disk = found(slow(), 15);
        assert!(on_slow_disk[0].remedy.starts_with("the disk is slow"));
        assert!(on_slow_disk[0].detail.ends_with("a sync took 15.0 ms (p50), 15.0 ms (max) of 20"));
        assert_eq!(on_slow_disk[1].subject, "data", "the disk itself is a finding");
    }

    #[test]
    fn the_last_seven_recorded_days_are_looked_at() {
        let days = [vec![day(&[20_000])], vec![day(&[1_000]); 7]].concat();
        assert_eq!(found(days, 1), []);
    }

    #[test]
    fn failures_of_the_primary_side_are_found_also_on_a_day_without_dispatches() {
        let failed = DayFigures { primary_failures: 3, ..DayFigures::default() };
        let told = found(vec![failed], 1);
        assert!(told[0].detail.contains("could not take an event 3 times"));
    }

    #[test]
    fn half_of_the_syncs_take_no_longer_than_p50() {
        let times = [3, 1, 2, 40].map(Duration::from_millis).to_vec();
        let sync = SyncTimes::of(times).unwrap();
        assert_eq!(
            (sync.p50, sync.max, sync.count),
            (Duration::from_millis(2), Duration::from_millis(40), 4)
        );
        assert_eq!(SyncTimes::of(Vec::new()), None);
    }

    #[test]
    fn damaged_lines_are_found_and_a_torn_one_is_told_elsewhere() {
        let line = |is_torn| DamagedLine { line: 3, offset: 400, is_torn, detail: "oops".to_owned() };
        assert_eq!(damaged_figures("f", &[line(true)]), []);
        assert!(
            damaged_figures("f", &[line(false), line(true)])[0]
                .detail
                .starts_with("1 line is no figure, the first is line 3")
        );
    }
}
