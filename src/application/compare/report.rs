//! The result of a comparison. Its JSON form is the document of `compare-logs` in `docs/contract.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::feed::FeedFacts;
pub use crate::application::compare::class::{Class, ClassCounts, PerSide};
pub use crate::application::compare::clock::report::{
    ClockReport, ClockStep, DayClock, HistogramBucket, OffsetMode, Spread,
};
pub use crate::application::compare::difference::{
    Cause, CauseCount, Difference, DifferentField, EventPlace,
};
pub use crate::application::compare::input::Side;
pub use crate::application::compare::record_location::RecordLocation;
pub use crate::application::compare::self_test::result::{Check, CheckOutcome, SelfTest};
use crate::application::log_source::SkippedFile;
use crate::application::reject_list::HasReason;
use crate::domain::path_text;

/// What a comparison came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Both sides hold the same events.
    Consistent,
    /// They do not.
    Different,
    /// Nothing can be said, for the reasons given.
    Inconclusive,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Consistent => "consistent",
            Self::Different => "different",
            Self::Inconclusive => "inconclusive",
        })
    }
}

/// One comparison of two sets of events.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// What it came to.
    pub verdict: Verdict,
    /// Why, a sentence each; the first one weighs most.
    pub reasons: Vec<String>,
    /// Of the reasons, those that make it inconclusive, or would, if nothing differed.
    #[serde(skip)]
    pub doubts: Vec<String>,
    /// Where the comparison begins; `None` at the beginning of both logs. Where that was recorded or inferred,
    /// it is a time of the candidate's clock.
    pub since: Option<DateTime<Utc>>,
    /// How that is known, and where it is in the control.
    pub beginning: BeginningReport,
    /// The types of the events that were compared; empty where those of all types were.
    pub event_types: BTreeSet<String>,
    /// The legacy side.
    pub control: SideReport,
    /// The new side.
    pub candidate: SideReport,
    /// Pairs.
    pub matched: u64,
    /// Pairs that agree in value but are spelled differently (`1` and `1.0`, `\u00e9` and `é`); among the matched.
    pub representation: u64,
    /// Pairs that agree because a repair has put one of their events into a store; not among the matched. A day that has
    /// some is no clean day.
    pub repaired: u64,
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
    /// What the profile declares and nothing has needed: it may be misspelled. Nothing of the built-in profile; ignored
    /// fields have counts of their own.
    pub unused_rules: Vec<UnusedRule>,
    /// Fields of listed differences whose texts are the same instant in another spelling, as a profile declares times.
    pub undeclared_times: BTreeSet<String>,
    /// The second proof: the legacy log against the history of the store; `None` where no side is a store
    /// that has any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history: Option<HistoryReport>,
    /// The least number of events that must be moved to give one side the order of the other.
    pub reordered: u64,
    /// Those that share their time with what they would have to pass.
    pub reordered_at_equal_times: u64,
    /// The clocks of both sides.
    pub clock: ClockReport,
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
    /// Differences that follow the listed ones, where the comparison [is reported](super::settings::Settings::is_reported);
    /// of these, long texts are cut.
    #[serde(skip)]
    pub more_differences: Vec<Difference>,
    /// The check of the tool by itself.
    pub self_test: Option<SelfTest>,
    /// How long it took.
    pub elapsed_seconds: f64,
}

/// Where a comparison begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BeginningReport {
    /// How that is known.
    pub kind: BeginningKind,
    /// When, by the control's clock; `None` at the first event of either side, and where the parallel run has not
    /// begun.
    pub at: Option<DateTime<Utc>>,
    /// The day of the control that is compared in part for that, in the configured zone: it is not to count as
    /// clean. That of an inferred beginning always is.
    pub partial_day: Option<NaiveDate>,
    /// How many events of the control are earlier, and took no part.
    pub earlier: u64,
    /// The first event of the candidate has its partner there; true where the beginning is not inferred.
    #[serde(skip)]
    pub is_paired: bool,
}

/// How the beginning of a comparison is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BeginningKind {
    /// Both sides are compared from their first events on.
    All,
    /// It was declared.
    Declared,
    /// The start of the parallel run was recorded.
    Recorded,
    /// By the first event of the new system.
    Inferred,
}

/// One side.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SideReport {
    /// As it was named.
    #[serde(serialize_with = "path_text::serialize")]
    pub path: PathBuf,
    /// How many events of it took part.
    pub events: u64,
    /// How many of its events are outside the range.
    pub out_of_range: u64,
    /// How many of its events are of types that are not compared.
    pub other_types: u64,
    /// How many of its events have a time without an offset: the setting `timezone` placed it.
    pub naive: u64,
    /// What it was read from.
    pub files: Vec<FileReport>,
    /// The order-free digest of the contents of its events, in hexadecimal.
    pub digest: String,
    /// The same for each day that has events, with their number.
    pub days: BTreeMap<NaiveDate, DayDigest>,
    /// How many rejects have each reason.
    pub reasons: BTreeMap<String, u64>,
    /// The first rejects of each reason, and where they are.
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
    #[serde(serialize_with = "path_text::serialize")]
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
    /// The file or store.
    #[serde(serialize_with = "path_text::serialize")]
    pub path: PathBuf,
    /// Where it stands there.
    #[serde(flatten)]
    pub location: RecordLocation,
    /// The reason in one word.
    pub reason: &'static str,
    /// And in a sentence.
    pub detail: String,
}

impl HasReason for RejectedPlace {
    fn reason(&self) -> &str {
        self.reason
    }
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
    /// Pairs that agree only because of it (or of it together with others). With 0 the rule matched nothing.
    pub pairs: u64,
}

/// A part of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleKind {
    /// A field that one side alone may have.
    OneSided,
    /// A field that holds times.
    Time,
    /// A type of the events that are compared.
    EventType,
}

/// What a profile declares and nothing has needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnusedRule {
    /// What it is.
    pub kind: RuleKind,
    /// The field, or the type.
    pub name: String,
}

/// Import fidelity: every event of the legacy log against the history and the twins of the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HistoryReport {
    /// Both hold the same, but for events of the log that are not imported yet.
    pub holds: bool,
    /// Events of the legacy log: all of them.
    pub control: u64,
    /// Events of the store that came from a legacy log, twins included.
    pub candidate: u64,
    /// Pairs.
    pub matched: u64,
    /// Of the legacy log only, among those that were imported.
    pub missing: u64,
    /// Of the store only.
    pub extra: u64,
    /// All other differences.
    pub different: u64,
    /// Of the legacy log, later than what was imported: not imported yet.
    pub not_imported: u64,
    /// Of these, the ones before the beginning of the comparison: no proof covers them.
    pub not_imported_before: u64,
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

impl Comparison {
    /// The counts of all days together.
    pub fn total(&self) -> ClassCounts {
        self.by_day.iter().fold(ClassCounts::default(), |mut total, day| {
            total += day.counts;
            total
        })
    }
}
