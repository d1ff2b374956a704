//! What is recorded, above all of a comparison. The keys are part of the contract (`docs/contract.md`): they may be added to, and
//! are never renamed or given another meaning.
//!
//! Hashes and digests are in lower-case hexadecimal. Times are RFC 3339 in UTC with at most
//! microseconds; spans of time are in microseconds, sizes in bytes. Classes of events are named as in
//! the result of a comparison: `matched`, `time_shifted`, `changed`, `retyped`, `misfiled`, `missing`,
//! `extra`, `duplicated`, `pending`, `ignored`, `repaired`.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::timestamp;

pub use super::clock_evidence::ClockEvidence;
pub use crate::application::compare::report::Verdict;

/// One comparison: what was compared, how, and what it found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComparisonEvidence {
    /// When the comparison ended.
    #[serde(with = "timestamp")]
    pub recorded_at: DateTime<Utc>,
    /// The version of the program.
    pub tool_version: String,
    /// The version of the canonical form by which contents were compared.
    pub canonical_form: u32,
    /// The mapping between the two shapes of an event.
    pub profile: ProfileEvidence,
    /// The rules by which differences were ignored, in the order of their names.
    pub rules: Vec<RuleEvidence>,
    /// The SHA-256 over all rules.
    pub rules_sha256: String,
    /// The IANA time zone in which naive times were read and days counted.
    pub zone: String,
    /// The settings of the comparison.
    pub settings: SettingsEvidence,
    /// Which events were compared.
    pub window: Window,
    /// The log that is right by definition.
    pub control: SideEvidence,
    /// The log that is to agree with it.
    pub candidate: SideEvidence,
    /// Each day on which a side has events, in their order.
    pub days: Vec<DayEvidence>,
    /// The two clocks, as the comparison reports them under `clock`.
    pub clock: ClockEvidence,
    /// Pairs that agree.
    pub matched: u64,
    /// Differences that no rule ignores, those that are pending apart.
    pub differences: u64,
    /// How many pairs and single events are in each class. A pair counts once.
    pub classes: BTreeMap<String, u64>,
    /// Import fidelity: the control against what the store has imported from it. `None` where the
    /// candidate is no store or has nothing imported.
    pub history: Option<HistoryEvidence>,
    /// What the comparison found out about itself.
    pub self_test: SelfTestEvidence,
    /// The answer.
    pub verdict: Verdict,
    /// Why, where it is not `consistent`; sentences for people.
    pub reasons: Vec<String>,
    /// What keeps it from being conclusive, or would, if it had found no differences; sentences for people. `None` in
    /// records of versions before it was told apart from the other reasons.
    #[serde(default)]
    pub doubts: Option<Vec<String>>,
}

/// A mapping between two shapes of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileEvidence {
    /// Its name.
    pub name: String,
    /// The SHA-256 of all that it says.
    pub sha256: String,
    /// The types of the events that were compared; empty where those of all types were.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub event_types: BTreeSet<String>,
    /// The fields that only one side is expected to have; none in records of versions before they were told.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub one_sided: BTreeSet<String>,
}

/// A rule by which differences are ignored, and what it did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleEvidence {
    /// Its name.
    pub name: String,
    /// Why there is such a rule, in its author's words.
    pub reason: String,
    /// How many differences it ignored; 0 is worth a look.
    pub ignored: u64,
}

/// The settings of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingsEvidence {
    /// How far the times of a pair may be apart, once the offset of the clocks is taken out.
    pub tolerance_us: u64,
    /// The greatest offset of the clocks that is not a difference itself.
    pub max_offset_us: u64,
    /// How far apart two events are still a pair, in the class `time_shifted`.
    pub max_shift_us: u64,
    /// How long after it happened an event may be on one side only without being missed.
    pub settle_us: u64,
}

/// Which events were compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// The first time that was compared; `None`: from the first event on. Where that was recorded or inferred, by
    /// the candidate's clock.
    #[serde(with = "timestamp::optional")]
    pub since: Option<DateTime<Utc>>,
    /// How that is known; `None` in records of versions before it was told.
    #[serde(default)]
    pub beginning: Option<BeginningEvidence>,
    /// The last one; `None`: to the last event.
    #[serde(with = "timestamp::optional")]
    pub until: Option<DateTime<Utc>>,
    /// The time that counted as now.
    #[serde(with = "timestamp")]
    pub as_of: DateTime<Utc>,
}

/// Where a comparison began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BeginningEvidence {
    /// How that is known.
    pub kind: BeginningKind,
    /// When, by the control's clock; `None`: with the first event, or not at all.
    #[serde(with = "timestamp::optional")]
    pub at: Option<DateTime<Utc>>,
    /// Events of the control that are earlier.
    pub earlier: u64,
}

/// How the beginning of a comparison is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BeginningKind {
    /// Both sides were compared from their first events on.
    All,
    /// It was declared.
    Declared,
    /// The start of the parallel run was recorded.
    Recorded,
    /// By the first event of the candidate.
    Inferred,
}

/// What a side is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SideKind {
    /// One log.
    File,
    /// A folder of logs.
    Folder,
    /// A SQLite store.
    Store,
}

/// One of the two sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SideEvidence {
    /// Where it is, absolute.
    pub path: String,
    /// What it is.
    pub kind: SideKind,
    /// Its files, in the order in which they were read; none for a store.
    pub files: Vec<FileEvidence>,
    /// The files of a folder that were not read.
    pub left_out: Vec<LeftOutFile>,
    /// Its store.
    pub store: Option<StoreEvidence>,
    /// How its records are read, as the import notes it of a source.
    pub mapping: String,
    /// Events that were compared.
    pub events: u64,
    /// Records that are no events.
    pub quarantined: u64,
    /// The multiset of its events: 256 bits, whatever their order.
    pub digest: String,
    /// How many of its events are in each class: in sum `events`.
    pub classes: BTreeMap<String, u64>,
}

/// A file, as it was when it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEvidence {
    /// Where it is, absolute.
    pub path: String,
    /// Its size, as it lies (compressed, where it is).
    pub bytes: u64,
    /// The SHA-256 of it, as it lies.
    pub sha256: String,
    /// What of it stays the same when its writer adds events: all but the end of an array, or of a
    /// torn line. `None` where it is compressed: then nothing is added to it.
    pub prefix: Option<Prefix>,
    /// The events in it.
    pub events: u64,
}

/// The beginning of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prefix {
    /// Its length.
    pub bytes: u64,
    /// The SHA-256 of it.
    pub sha256: String,
}

/// A file that was not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOutFile {
    /// Where it is.
    pub path: String,
    /// Why it was not read.
    pub reason: String,
}

/// A SQLite store, as it was when it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreEvidence {
    /// Where it is, absolute.
    pub path: String,
    /// All events in it up to `last_position`, also those that were not compared.
    pub events: u64,
    /// The position of the last one; 0 in an empty store.
    pub last_position: i64,
}

/// One day, in the record's zone. A pair counts on the day of its control event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayEvidence {
    /// The day.
    pub day: NaiveDate,
    /// It had ended, and the settle delay had passed, at `window.as_of`.
    pub ended: bool,
    /// All of it lies within `window`: the day of a beginning that was inferred does not.
    pub whole: bool,
    /// The control's part.
    pub control: DaySide,
    /// The candidate's part.
    pub candidate: DaySide,
    /// Pairs that agree.
    pub matched: u64,
    /// Differences that no rule ignores, those that are pending apart.
    pub differences: u64,
    /// How many pairs and single events are in each class. A pair counts once.
    pub classes: BTreeMap<String, u64>,
    /// Differences that a rule ignored, by the name of the rule.
    pub ignored: BTreeMap<String, u64>,
    /// The types of the events that differ, and how many differences each has: in sum `differences`. Records of earlier
    /// versions lack it, and so does a day without differences.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub differing_types: BTreeMap<String, u64>,
}

/// What one side has on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DaySide {
    /// Events that were compared.
    pub events: u64,
    /// Their multiset: 256 bits, whatever their order.
    pub digest: String,
    /// Their types, sorted, each once.
    pub event_types: Vec<String>,
    /// Events whose partner may still come: later than `window.as_of` minus the settle delay.
    pub pending: u64,
    /// Records that are no events, as far as their day is known.
    pub quarantined: u64,
}

/// The control against what the store has imported from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEvidence {
    /// Events of the control: all of them. In records of versions before `not_imported`, those that were imported
    /// or could have been.
    pub control: u64,
    /// Events of the store that came from it, twins of native events included.
    pub candidate: u64,
    /// Pairs that agree.
    pub matched: u64,
    /// Differences.
    pub differences: u64,
    /// How many pairs and single events are in each class. A pair counts once.
    pub classes: BTreeMap<String, u64>,
    /// Events of the control that are later than what was imported; `None` in records of versions before it was
    /// told.
    #[serde(default)]
    pub not_imported: Option<u64>,
    /// Of these, the ones before the beginning of the comparison.
    #[serde(default)]
    pub not_imported_before: Option<u64>,
    /// The answer to this part alone.
    pub verdict: Verdict,
}

/// What a comparison found out about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SelfTestEvidence {
    /// No check failed.
    pub passed: bool,
    /// Each check.
    pub checks: Vec<SelfTestCheck>,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SelfTestCheck {
    /// Its name: the fault that was planted, or what was compared with itself.
    pub name: String,
    /// What came of it.
    pub outcome: SelfTestOutcome,
    /// The same for people.
    pub detail: String,
}

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SelfTestOutcome {
    /// As it should be.
    Passed,
    /// The comparison was wrong.
    Failed,
    /// The logs have nothing that it could be tried on.
    NotApplicable,
}
