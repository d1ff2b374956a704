//! Single numbers with their names, and what was read.

use super::numbers::grouped;
use crate::application::compare::feed::FeedFacts;
use crate::application::compare::report::{Class, Comparison, SideReport};
use crate::cli::output::visible;

/// How many files of a side are named.
const SHOWN_FILES: usize = 100;

/// A number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What it counts.
    pub label: String,
    /// The key under which the JSON document has it.
    pub key: &'static str,
    /// The number.
    pub value: u64,
}

impl Fact {
    fn new(label: &str, key: &'static str, value: u64) -> Self {
        Self { label: label.to_owned(), key, value }
    }

    /// The number as it is shown.
    pub fn shown(&self) -> String {
        grouped(self.value)
    }
}

/// The numbers that decide.
pub fn facts(comparison: &Comparison) -> Vec<Fact> {
    let total = comparison.total();
    vec![
        Fact::new("Events of the control", "control", comparison.control.events),
        Fact::new("Events of the candidate", "candidate", comparison.candidate.events),
        Fact::new("The same on both sides", "matched", comparison.matched),
        Fact::new("Differences", "differences", total.differences()),
        Fact::new("Too young to be judged", "pending", total.of(Class::Pending)),
        Fact::new(
            "Unreadable records",
            "quarantined",
            comparison.quarantined.control + comparison.quarantined.candidate,
        ),
    ]
}

/// How many events, or pairs, ended in each class.
pub fn classes(comparison: &Comparison) -> Vec<Fact> {
    let total = comparison.total();
    Class::ALL.into_iter().map(|class| Fact::new(class.label(), class.as_str(), total.of(class))).collect()
}

/// A side, and what it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Which side.
    pub side: &'static str,
    /// As it was named.
    pub path: String,
    /// How many events of it are outside the range.
    pub out_of_range: String,
    /// Its files, or the store.
    pub files: Vec<ReadFile>,
    /// How many files are not named.
    pub more_files: usize,
    /// What lies in its folder and is no part of it.
    pub left_out: usize,
}

/// A file, or a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadFile {
    /// Where it is.
    pub path: String,
    /// How many events of it were read.
    pub events: String,
    /// What it was.
    pub state: String,
}

impl Source {
    /// A side of a comparison.
    pub fn new(side: &'static str, report: &SideReport) -> Self {
        let files = report.files.iter().take(SHOWN_FILES).map(|file| ReadFile {
            path: visible(&file.path.display().to_string()).into_owned(),
            events: grouped(file.events),
            state: match &file.facts {
                FeedFacts::File { bytes, sha256, .. } => {
                    format!("{} bytes, SHA-256 {sha256}", grouped(*bytes))
                }
                FeedFacts::Store { last_position, .. } => {
                    format!("a store, up to position {}", grouped(*last_position))
                }
            },
        });
        Self {
            side,
            path: visible(&report.path.display().to_string()).into_owned(),
            out_of_range: grouped(report.out_of_range),
            files: files.collect(),
            more_files: report.files.len().saturating_sub(SHOWN_FILES),
            left_out: report.left_out.len(),
        }
    }
}
