//! A page, and what a browser may do with it.

use std::io::{self, Write};

use askama::Template;
use data_encoding::BASE64;
use sha2::{Digest, Sha256};

use super::day_table::DayTable;
use super::difference_table::DifferenceTable;
use super::facts::{Fact, Source};
use super::gate_view::GateView;
use super::heat_map::HeatMap;
use super::limits::Limit;
use super::offsets::Offsets;
use super::outcome::Outcome;
use crate::infrastructure::report_file::MARK;

const STYLE: &str = include_str!("../../../templates/report/style.css");
const SCRIPT: &str = include_str!("../../../templates/report/script.js");

/// A report.
#[derive(Debug, Template)]
#[template(path = "report/page.html")]
pub struct Page {
    /// What was done, in a few words.
    pub subject: &'static str,
    /// What it came to.
    pub outcome: Outcome,
    /// The most important numbers.
    pub facts: Vec<Fact>,
    /// How many events ended in each class; nothing where that is not known.
    pub classes: Vec<Fact>,
    /// The criteria of a go / no-go decision, and the days as they are judged; `None` where the report is on a comparison.
    pub gate: Option<GateView>,
    /// The counts of both sides, day by day, of a comparison.
    pub days: DayTable,
    /// The differences by day and type.
    pub heat_map: HeatMap,
    /// How far the clocks are apart.
    pub offsets: Offsets,
    /// Each difference; `None` where only their numbers are known.
    pub differences: Option<DifferenceTable>,
    /// What a comparison cannot see.
    pub limits: Vec<Limit>,
    /// What else is to be known, a sentence each.
    pub statements: Vec<String>,
    /// What was read.
    pub sources: Vec<Source>,
}

impl Page {
    /// Writes the page.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        self.write_into(out)
    }

    fn version(&self) -> &'static str {
        env!("CARGO_PKG_VERSION")
    }

    fn mark(&self) -> &'static str {
        MARK
    }

    fn style(&self) -> &'static str {
        STYLE
    }

    fn script(&self) -> &'static str {
        SCRIPT
    }

    /// What a browser may do with the page: show it in this style, and run this script.
    fn policy(&self) -> String {
        let hash = |text: &str| BASE64.encode(&Sha256::digest(text));
        format!(
            "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
            hash(STYLE),
            hash(SCRIPT)
        )
    }
}
