//! Single numbers with their names, and what was read.

use super::numbers::grouped;
use crate::application::compare::feed::FeedFacts;
use crate::application::compare::report::{Class, Comparison, SideReport};
use crate::application::evidence::record::SideEvidence;
use crate::cli::output::visible;
use crate::domain::path_text::text_of;

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
    /// A number of that name, under that key.
    pub fn new(label: &str, key: &'static str, value: u64) -> Self {
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
    /// How many events of it are outside the range, where that is known.
    pub out_of_range: Option<String>,
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
            path: visible(&text_of(&file.path)).into_owned(),
            events: grouped(file.events),
            state: match &file.facts {
                FeedFacts::File { bytes, sha256, .. } => file_state(*bytes, sha256),
                FeedFacts::Store { last_position, .. } => store_state(last_position),
            },
        });
        Self {
            side,
            path: visible(&text_of(&report.path)).into_owned(),
            out_of_range: Some(grouped(report.out_of_range)),
            files: files.collect(),
            more_files: report.files.len().saturating_sub(SHOWN_FILES),
            left_out: report.left_out.len(),
        }
    }

    /// A side as it was recorded.
    pub fn of_evidence(side: &'static str, evidence: &SideEvidence) -> Self {
        let files = evidence.files.iter().take(SHOWN_FILES).map(|file| ReadFile {
            path: visible(&file.path).into_owned(),
            events: grouped(file.events),
            state: file_state(file.bytes, &file.sha256),
        });
        let store = evidence.store.iter().map(|store| ReadFile {
            path: visible(&store.path).into_owned(),
            events: grouped(store.events),
            state: store_state(store.last_position),
        });
        Self {
            side,
            path: visible(&evidence.path).into_owned(),
            out_of_range: None,
            files: files.chain(store).collect(),
            more_files: evidence.files.len().saturating_sub(SHOWN_FILES),
            left_out: evidence.left_out.len(),
        }
    }
}

fn file_state(bytes: u64, sha256: &str) -> String {
    format!("{} bytes, SHA-256 {}", grouped(bytes), visible(sha256))
}

fn store_state(last_position: impl std::fmt::Display) -> String {
    format!("a store, up to position {last_position}")
}
