//! The report on a comparison.

use super::day_table::DayTable;
use super::difference_table::DifferenceTable;
use super::facts::{self, Source};
use super::heat_map::HeatMap;
use super::limits::limits;
use super::offsets::Offsets;
use super::outcome::Outcome;
use super::page::Page;
use crate::application::compare::report::Comparison;

/// What is said of a comparison beside its numbers.
#[derive(Debug)]
pub struct Told {
    /// Which events were compared, the clocks, the checks: a sentence each.
    pub statements: Vec<String>,
    /// What became of the evidence.
    pub recorded: String,
}

impl Page {
    /// The report on a comparison.
    pub fn of_comparison(comparison: &Comparison, told: Told) -> Self {
        let Told { mut statements, recorded } = told;
        statements.push(recorded);
        Self {
            subject: "Comparison of two logs",
            outcome: Outcome::from(comparison),
            facts: facts::facts(comparison),
            classes: facts::classes(comparison),
            gate: None,
            days: DayTable::from(comparison),
            heat_map: HeatMap::from(comparison),
            offsets: Offsets::from(&comparison.clock),
            differences: Some(DifferenceTable::from(comparison)),
            limits: limits(),
            statements,
            sources: vec![
                Source::new("control", &comparison.control),
                Source::new("candidate", &comparison.candidate),
            ],
        }
    }
}
