//! The counts of both sides, day by day.

use chrono::NaiveDate;

use super::numbers::{grouped, percent};
use crate::application::compare::report::{Class, ClassCounts, Comparison};

/// How many days have a row of their own: the last ones.
const SHOWN_DAYS: usize = 400;

/// A table of days.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DayTable {
    /// A row a day; the first one may stand for all days before the others.
    pub rows: Vec<DayRow>,
    /// Events agree only because of a rule: that is a column.
    pub has_ignored: bool,
    /// Events are too young to be judged, likewise.
    pub has_pending: bool,
}

/// The events of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayRow {
    /// The day, or which days.
    pub label: String,
    /// What is to be known of it.
    pub note: &'static str,
    /// What its events came to.
    pub counts: ClassCounts,
    /// The lengths of the bars of both sides, of a hundred; `None` where the row stands for many days.
    pub bars: Option<[String; 2]>,
}

impl DayRow {
    /// Of the control, the candidate, and of both the same; differences, agreed by rule, pending.
    pub fn numbers(&self) -> [String; 6] {
        let ClassCounts { control, candidate, matched, ignored, .. } = self.counts;
        let (differences, pending) = (self.counts.differences(), self.counts.of(Class::Pending));
        [control, candidate, matched, differences, ignored, pending].map(grouped)
    }

    /// Whether it has differences.
    pub fn differs(&self) -> bool {
        self.counts.differences() > 0
    }
}

impl From<&Comparison> for DayTable {
    fn from(comparison: &Comparison) -> Self {
        let days = comparison.by_day.iter().map(|day| {
            let is_partial = comparison.beginning.partial_day == Some(day.day);
            (day.day, day.counts, if is_partial { "compared in part" } else { "" })
        });
        Self::new(&days.collect::<Vec<_>>())
    }
}

impl DayTable {
    /// The table of these days, in their order, with a note on each.
    pub fn new(days: &[(NaiveDate, ClassCounts, &'static str)]) -> Self {
        let (earlier, shown) = days.split_at(days.len().saturating_sub(SHOWN_DAYS));
        let sum = |days: &[(NaiveDate, ClassCounts, &str)]| {
            days.iter().fold(ClassCounts::default(), |mut sum, (_, counts, _)| {
                sum += *counts;
                sum
            })
        };
        let most = shown.iter().map(|(_, counts, _)| counts.control.max(counts.candidate)).max();
        let bar = |events| percent(events, most.unwrap_or_default());
        let rows = shown.iter().map(|(day, counts, note)| DayRow {
            label: day.to_string(),
            note,
            counts: *counts,
            bars: Some([bar(counts.control), bar(counts.candidate)]),
        });
        let before = earlier.first().zip(earlier.last()).map(|((first, ..), (last, ..))| DayRow {
            label: format!("{first} to {last}"),
            note: "all of these days together",
            counts: sum(earlier),
            bars: None,
        });
        let total = sum(days);
        Self {
            rows: before.into_iter().chain(rows).collect(),
            has_ignored: total.ignored > 0,
            has_pending: total.of(Class::Pending) > 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(count: usize) -> Vec<(NaiveDate, ClassCounts, &'static str)> {
        let first: NaiveDate = "2020-01-01".parse().unwrap();
        let counts = |day| ClassCounts {
            control: day + 1,
            candidate: day,
            matched: day,
            missing: 1,
            ..Default::default()
        };
        first.iter_days().zip(0..count as u64).map(|(day, number)| (day, counts(number), "")).collect()
    }

    #[test]
    fn a_day_has_its_counts_and_bars_that_are_measured_by_the_busiest_one() {
        let table = DayTable::new(&days(4));
        assert_eq!(table.rows.len(), 4);
        assert_eq!(table.rows[1].numbers(), ["2", "1", "1", "1", "0", "0"]);
        assert_eq!(table.rows[1].bars, Some(["50.0".to_owned(), "25.0".to_owned()]));
        assert!(!table.has_ignored && !table.has_pending && table.rows[0].differs());
    }

    #[test]
    fn of_many_days_the_last_have_rows_and_those_before_them_are_added_up() {
        let all = days(1_000);
        let table = DayTable::new(&all);
        assert_eq!((table.rows.len(), table.rows[0].bars.is_none()), (401, true));
        assert_eq!(table.rows[0].label, "2020-01-01 to 2021-08-22");
        let (shown, counted): (u64, u64) = (
            table.rows.iter().map(|row| row.counts.control).sum(),
            all.iter().map(|(_, counts, _)| counts.control).sum(),
        );
        assert_eq!(shown, counted);
    }

    #[test]
    fn nothing_has_no_rows() {
        assert!(DayTable::new(&[]).rows.is_empty());
    }
}
