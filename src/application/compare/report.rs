//! The result of a comparison. Its JSON form is the contract's `compare-logs` document.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use super::feed::FeedFacts;
use crate::application::compare::self_test::SelfTest;
use crate::application::log_source::SkippedFile;

/// What a comparison came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Both sides hold the same events.
    Consistent,
    /// They do not.
    Different,
    /// Nothing can be said, for the reasons given.
    Inconclusive,
}

/// The class in which an event ends; each ends in exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// The same on both sides.
    Matched,
    /// The same, but for fields that a rule disregards.
    Ignored,
    /// The same at another time than the tolerance allows.
    TimeShifted,
    /// The same event with other content.
    Changed,
    /// The same content and time under another type.
    Retyped,
    /// The same content and time under another aggregate.
    Misfiled,
    /// On the control side only.
    Missing,
    /// On the candidate side only.
    Extra,
    /// Written twice on its side.
    Duplicated,
    /// Too young to be judged, and on one side only.
    Pending,
}

/// One comparison of two sets of events.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// What it came to.
    pub verdict: Verdict,
    /// Why, a sentence each; the first one weighs most.
    pub reasons: Vec<String>,
    /// Where the comparison begins; `None` at the beginning of both logs.
    pub since: Option<DateTime<Utc>>,
    /// The same by the control's clock, where it was read off the candidate: the control's first event.
    #[serde(skip)]
    pub beginning: Option<DateTime<Utc>>,
    /// The legacy side.
    pub control: SideReport,
    /// The new side.
    pub candidate: SideReport,
    /// Pairs.
    pub matched: u64,
    /// Pairs that agree in value but are spelled differently (`1` and `1.0`, `\u00e9` and `é`); among the matched.
    pub representation: u64,
    /// Pairs.
    pub time_shifted: u64,
    /// Pairs.
    pub changed: u64,
    /// Of the changed: those that had more than one possible partner.
    pub ambiguous: u64,
    /// Pairs.
    pub retyped: u64,
    /// Pairs.
    pub misfiled: u64,
    /// Events of the control.
    pub missing: u64,
    /// Events of the candidate.
    pub extra: u64,
    /// Events of each side.
    pub duplicated: PerSide,
    /// Events of each side that are too young to be judged.
    pub pending: PerSide,
    /// Records of each side that are no events.
    pub quarantined: PerSide,
    /// Pairs that agree only because of a rule, by rule.
    pub ignored: Vec<IgnoredByRule>,
    /// The second proof: the legacy log against the history of the store; `None` where no side is a store that has any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history: Option<HistoryReport>,
    /// The least number of events that must be moved to give one side the order of the other.
    pub reordered: u64,
    /// Those that share their time with what they would have to pass.
    pub reordered_at_equal_times: u64,
    /// The clocks of both sides.
    pub clock: serde_json::Value,
    /// Every day that has events, by the control's time.
    pub by_day: Vec<DayCounts>,
    /// Every type that has events.
    pub by_type: Vec<TypeCounts>,
    /// Every difference by its cause and class, complete whatever the limit.
    pub by_cause: Vec<CauseCount>,
    /// Differences, at most as many as the limit allows.
    pub differences: Vec<Difference>,
    /// There are more than are listed.
    pub differences_truncated: bool,
    /// The check of the tool by itself.
    pub self_test: Option<SelfTest>,
    /// How long it took.
    pub elapsed_seconds: f64,
}

/// Counts of both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct PerSide {
    /// Of the control.
    pub control: u64,
    /// Of the candidate.
    pub candidate: u64,
}

/// One side.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SideReport {
    /// As it was named.
    pub path: PathBuf,
    /// How many events of it took part.
    pub events: u64,
    /// How many of its events are outside the range.
    pub out_of_range: u64,
    /// How many of its events have a time without an offset: the setting `timezone` placed it.
    pub naive: u64,
    /// What it was read from.
    pub files: Vec<FileReport>,
    /// The order-free digest of the contents of its events, in hexadecimal.
    pub digest: String,
    /// The same for each day that has events, with their number.
    pub days: BTreeMap<NaiveDate, DayDigest>,
    /// The first rejects, and where they are.
    pub rejects: Vec<RejectedPlace>,
    /// What lies in its folder and is no part of it.
    pub left_out: Vec<SkippedFile>,
}

/// The events of a side on one day.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct DayDigest {
    /// How many.
    pub events: u64,
    /// The order-free digest of their contents.
    pub digest: String,
    /// Their types, sorted.
    pub event_types: Vec<String>,
}

/// A file, or a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileReport {
    /// Where it is.
    pub path: PathBuf,
    /// How many events of it were read.
    pub events: u64,
    /// What it was.
    #[serde(flatten)]
    pub facts: FeedFacts,
}

/// A record that was not compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RejectedPlace {
    /// The file.
    pub path: PathBuf,
    /// Its line, from 1.
    pub line: u64,
    /// The offset of its first byte.
    pub offset: u64,
    /// The reason in one word.
    pub reason: &'static str,
    /// And in a sentence.
    pub detail: String,
}

/// How often a rule was needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IgnoredByRule {
    /// The field.
    pub field: String,
    /// Why it is ignored.
    pub reason: String,
    /// The same by day.
    #[serde(skip)]
    pub by_day: BTreeMap<NaiveDate, u64>,
    /// Pairs that agree only because of it (or of it together with others). 0 is worth a look: the rule is of no use.
    pub pairs: u64,
}

/// Import fidelity: every event of the legacy log against the history and the twins of the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HistoryReport {
    /// Both hold the same.
    pub holds: bool,
    /// Events of the legacy log.
    pub control: u64,
    /// Events of the store that came from a legacy log, twins included.
    pub candidate: u64,
    /// Pairs.
    pub matched: u64,
    /// Of the legacy log only.
    pub missing: u64,
    /// Of the store only.
    pub extra: u64,
    /// All other differences.
    pub different: u64,
}

/// One day, by the control's time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DayCounts {
    /// The day in the configured zone.
    pub day: NaiveDate,
    /// What its events came to. Pairs count once.
    #[serde(flatten)]
    pub counts: ClassCounts,
}

/// One type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TypeCounts {
    /// The type; of a retyped pair, the control's.
    pub event_type: String,
    /// What its events came to. Pairs count once.
    #[serde(flatten)]
    pub counts: ClassCounts,
}

/// Counts of each class. Pairs count once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct ClassCounts {
    /// Events of the control, whatever became of them.
    pub control: u64,
    /// Events of the candidate.
    pub candidate: u64,
    pub matched: u64,
    pub ignored: u64,
    pub time_shifted: u64,
    pub changed: u64,
    pub retyped: u64,
    pub misfiled: u64,
    pub missing: u64,
    pub extra: u64,
    pub duplicated: PerSide,
    pub pending: PerSide,
}

impl ClassCounts {
    /// Everything that makes a verdict different.
    pub fn differences(&self) -> u64 {
        self.time_shifted
            + self.changed
            + self.retyped
            + self.misfiled
            + self.missing
            + self.extra
            + self.duplicated.control
            + self.duplicated.candidate
    }
}

/// How many differences have a class, a cause, a day and a type in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CauseCount {
    /// Why.
    pub cause: &'static str,
    /// What became of the events.
    pub class: Class,
    /// Which day.
    pub day: NaiveDate,
    /// Which type.
    pub event_type: String,
    /// How many.
    pub count: u64,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What became of the events.
    pub class: Class,
    /// Why: real, precision, null-versus-missing, unicode-form, clock-or-zone, declared-default.
    pub cause: &'static str,
    /// More than one partner was possible.
    pub ambiguous: bool,
    /// The type; of a retyped pair, the control's.
    pub event_type: String,
    /// What it is about, likewise.
    pub aggregate_id: Option<String>,
    /// When, RFC 3339 in UTC, likewise.
    pub timestamp: String,
    /// The event of the control.
    pub control: Option<EventPlace>,
    /// The event of the candidate.
    pub candidate: Option<EventPlace>,
    /// What differs within, with both tokens as they are written.
    pub fields: Vec<DifferentField>,
}

/// Where an event stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventPlace {
    /// The file or store.
    pub path: PathBuf,
    /// The line, from 1; in a store, the position.
    pub line: u64,
    /// The offset of its first byte; in a store, the position.
    pub offset: u64,
    /// The id that it carries.
    pub event_id: Option<String>,
    /// Its text, exactly.
    #[serde(skip)]
    pub body: String,
}

/// A field that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DifferentField {
    /// Which: dotted.
    pub path: String,
    /// Why.
    pub cause: &'static str,
    /// The token of the control; `None` where it is missing.
    pub control: Option<String>,
    /// The token of the candidate.
    pub candidate: Option<String>,
}
