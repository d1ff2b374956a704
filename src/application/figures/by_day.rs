//! Figures of days.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::latencies::Latencies;
use super::line::FiguresLine;

/// What was dispatched on a day, by all processes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DayFigures {
    /// How many events the primary side took.
    pub dispatches: u64,
    /// Of these, how many took more than 10 ms.
    pub over_10ms: u64,
    /// How long they took.
    pub latencies: Latencies,
    /// How many events the primary side could not take.
    pub primary_failures: u64,
    /// How many events the secondary side failed on while it was waited for.
    pub secondary_failures: u64,
}

/// The figures of each day on which something was recorded: latencies are added, not their quantiles.
pub fn figures_by_day(lines: &[(FiguresLine, Latencies)]) -> BTreeMap<NaiveDate, DayFigures> {
    let mut days: BTreeMap<NaiveDate, DayFigures> = BTreeMap::new();
    for (line, latencies) in lines {
        let day = days.entry(line.day).or_default();
        day.dispatches += line.dispatches;
        day.over_10ms += line.over_10ms;
        day.latencies.add(latencies);
        day.primary_failures += line.primary_failures;
        day.secondary_failures += line.secondary_failures;
    }
    days
}
