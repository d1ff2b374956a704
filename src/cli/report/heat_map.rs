//! Differences by day and type.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::numbers::grouped;
use crate::application::compare::report::Comparison;
use crate::cli::output::visible;
use crate::domain::counted::counted;

/// How many types have a column of their own: those with the most differences.
const SHOWN_TYPES: usize = 8;
/// How many days have a row of their own: the last ones.
const SHOWN_DAYS: usize = 100;
/// How many shades there are beside that of nothing.
const SHADES: f64 = 5.0;

/// A table of the days that have differences, and the types that have them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HeatMap {
    /// The types; the last one may stand for all others.
    pub types: Vec<Axis>,
    /// The days; the first one may stand for all before the others.
    pub rows: Vec<HeatRow>,
    /// How many differences each type has.
    pub totals: Vec<String>,
    /// How many there are.
    pub total: u64,
}

/// What a row or a column stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Axis {
    /// Its name.
    pub label: String,
    /// The one day or type that it stands for; `None` where there are many.
    pub only: Option<String>,
}

/// The differences of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeatRow {
    /// The day.
    pub day: Axis,
    /// How many there are of each type.
    pub cells: Vec<HeatCell>,
    /// And of all.
    pub total: String,
}

/// The differences of a day and a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeatCell {
    /// How many there are.
    pub count: u64,
    /// The shade, from 0 for none to 5 for the most.
    pub shade: u8,
}

impl HeatCell {
    /// The number as it is shown.
    pub fn shown(&self) -> String {
        grouped(self.count)
    }
}

impl From<&Comparison> for HeatMap {
    fn from(comparison: &Comparison) -> Self {
        let counts = comparison.by_cause.iter();
        Self::new(counts.map(|cause| (cause.day, cause.event_type.as_str(), cause.count)))
    }
}

impl HeatMap {
    /// How many differences there are, as that is shown.
    pub fn shown_total(&self) -> String {
        grouped(self.total)
    }

    /// The map of these counts, of which several may belong together.
    pub fn new<'c>(counts: impl Iterator<Item = (NaiveDate, &'c str, u64)>) -> Self {
        let mut by_day: BTreeMap<NaiveDate, BTreeMap<&str, u64>> = BTreeMap::new();
        let mut by_type: BTreeMap<&str, u64> = BTreeMap::new();
        for (day, event_type, count) in counts {
            *by_day.entry(day).or_default().entry(event_type).or_default() += count;
            *by_type.entry(event_type).or_default() += count;
        }
        let types = Columns::new(&by_type);
        let days: Vec<_> = by_day.into_iter().collect();
        let (earlier, shown) = days.split_at(days.len().saturating_sub(SHOWN_DAYS));
        let before = earlier.first().zip(earlier.last()).map(|((first, _), (last, _))| {
            let day = Axis { label: format!("{first} to {last}"), only: None };
            (day, types.sums(earlier.iter().flat_map(|(_, counts)| counts)))
        });
        let each = shown.iter().map(|(day, counts)| {
            let day = Axis { label: day.to_string(), only: Some(day.to_string()) };
            (day, types.sums(counts.iter()))
        });
        let rows: Vec<_> = before.into_iter().chain(each).collect();
        let most = rows.iter().flat_map(|(_, sums)| sums).copied().max().unwrap_or_default();
        let rows = rows.into_iter().map(|(day, sums)| HeatRow {
            day,
            total: grouped(sums.iter().sum()),
            cells: sums.into_iter().map(|count| HeatCell { count, shade: shade(count, most) }).collect(),
        });
        let total = by_type.values().sum();
        let totals = types.sums(by_type.iter()).into_iter().map(grouped).collect();
        Self { rows: rows.collect(), totals, total, types: types.axes }
    }
}

/// The columns, and which types stand in which.
struct Columns<'t> {
    axes: Vec<Axis>,
    of_type: BTreeMap<&'t str, usize>,
}

impl<'t> Columns<'t> {
    fn new(by_type: &BTreeMap<&'t str, u64>) -> Self {
        let mut types: Vec<_> = by_type.iter().map(|(name, count)| (*name, *count)).collect();
        types.sort_by_key(|(name, count)| (u64::MAX - count, *name));
        let others = types.split_off(types.len().min(SHOWN_TYPES));
        let mut axes: Vec<Axis> = types
            .iter()
            .map(|(name, _)| {
                let label = visible(name).into_owned();
                Axis { only: Some(label.clone()), label }
            })
            .collect();
        if !others.is_empty() {
            axes.push(Axis { label: counted(others.len() as u64, "other type", "other types"), only: None });
        }
        let last = axes.len().saturating_sub(1);
        let of_type = types.iter().chain(&others).zip(0..);
        let of_type = of_type.map(|((name, _), place): (_, usize)| (*name, place.min(last))).collect();
        Self { axes, of_type }
    }

    fn sums<'c>(&self, counts: impl Iterator<Item = (&'c &'t str, &'c u64)>) -> Vec<u64>
    where
        't: 'c,
    {
        let mut sums = vec![0; self.axes.len()];
        for (name, count) in counts {
            if let Some(place) = self.of_type.get(name) {
                sums[*place] += count;
            }
        }
        sums
    }
}

/// Shades grow with the logarithm: one difference is seen beside ten thousand.
fn shade(count: u64, most: u64) -> u8 {
    match count {
        0 => 0,
        count => {
            (((count + 1) as f64).ln() / ((most + 1) as f64).ln() * SHADES).ceil().clamp(1.0, SHADES) as u8
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(number: u64) -> NaiveDate {
        "2025-01-01".parse::<NaiveDate>().unwrap() + chrono::Days::new(number)
    }

    fn total(map: &HeatMap) -> u64 {
        map.rows.iter().flat_map(|row| &row.cells).map(|cell| cell.count).sum()
    }

    #[test]
    fn differences_stand_at_their_day_and_type_and_add_up() {
        let map = HeatMap::new(
            [(day(1), "B", 2), (day(0), "A", 1), (day(1), "A", 10), (day(1), "B", 3)].into_iter(),
        );
        let labels: Vec<&str> = map.types.iter().map(|axis| axis.label.as_str()).collect();
        assert_eq!(labels, ["A", "B"]);
        let cells: Vec<Vec<u64>> =
            map.rows.iter().map(|row| row.cells.iter().map(|cell| cell.count).collect()).collect();
        assert_eq!(cells, [vec![1, 0], vec![10, 5]]);
        assert_eq!(
            (map.totals, map.rows[1].total.as_str(), map.total),
            (vec!["11".into(), "5".into()], "15", 16)
        );
    }

    #[test]
    fn many_days_and_types_are_added_up_and_none_is_lost() {
        let counts = (0..150).flat_map(|number| {
            ["A", "B", "C", "D", "E", "F", "G", "H", "I", "J"].map(|name| (day(number), name, 1 + number % 3))
        });
        let map = HeatMap::new(counts.clone());
        assert_eq!((map.types.len(), map.rows.len()), (SHOWN_TYPES + 1, SHOWN_DAYS + 1));
        assert_eq!((map.types[8].label.as_str(), &map.types[8].only), ("2 other types", &None));
        assert_eq!(
            (map.rows[0].day.label.as_str(), &map.rows[0].day.only),
            ("2025-01-01 to 2025-02-19", &None)
        );
        let all: u64 = counts.map(|(_, _, count)| count).sum();
        assert_eq!((total(&map), map.total), (all, all));
    }

    #[test]
    fn shades_go_from_none_to_the_most_and_one_is_never_none() {
        assert_eq!([0, 1, 10, 100, 10_000].map(|count| shade(count, 10_000)), [0, 1, 2, 3, 5]);
        assert_eq!((shade(1, 1), shade(0, 0)), (5, 0));
    }

    #[test]
    fn nothing_is_an_empty_map() {
        assert_eq!(HeatMap::new(std::iter::empty()), HeatMap::default());
    }
}
