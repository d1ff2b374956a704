//! What the gate answers. Its JSON form is the document of `cutover-check` in `docs/contract.md`.

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Serialize, Serializer};

use super::criterion::{Criterion, CriterionVerdict};
use crate::domain::event::format_timestamp;

/// Which step the gate stands before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Gate {
    /// Before the new system becomes the one that counts.
    Cutover,
    /// Before the legacy system is deleted.
    Finalise,
}

/// The answer of the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GateVerdict {
    /// Every criterion holds.
    Go,
    /// A criterion fails.
    NoGo,
    /// None fails, and not every one is known to hold.
    NotEnoughEvidence,
}

/// What a day is for the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DayState {
    /// Compared after its end, as a whole, and without a difference.
    Clean,
    /// A comparison has found differences on it; a later one that finds none changes nothing.
    Different,
    /// Events of it were repaired: it is not clean, whatever a comparison finds.
    Repaired,
    /// It has events, and no comparison has judged it: none was made after its end, it was compared in part, or inconclusively.
    NotCompared,
    /// It was judged before the last change of the rules, by which the count of days begins anew.
    BeforeRules,
    /// Neither side has events on it: it does not count, and does not break the count.
    Quiet,
    /// It has not ended, or not settled.
    Open,
}

/// A day in the zone of the gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GateDay {
    /// The day.
    pub day: NaiveDate,
    /// What it is.
    pub state: DayState,
    /// Whether it is one of the days that are counted.
    pub is_counted: bool,
    /// Events of the control on it: as its last comparison found, or else as they are in the log now.
    pub control: u64,
    /// Events of the candidate on it, likewise.
    pub candidate: u64,
    /// The most differences that a comparison has found on it.
    pub differences: u64,
    /// The numbers of the evidence records of its comparisons, ascending.
    pub records: Vec<u64>,
    /// Why it is not clean, as a sentence; `None` of a clean and of a quiet day.
    pub reason: Option<String>,
}

/// What the gate answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GateReport {
    /// The answer.
    pub verdict: GateVerdict,
    /// Before which step.
    pub gate: Gate,
    /// When it was judged.
    #[serde(serialize_with = "time")]
    pub judged_at: DateTime<Utc>,
    /// The IANA time zone in which days are counted.
    pub zone: String,
    /// How many days are needed.
    pub days_needed: u32,
    /// How many clean days were counted, backwards from the last one that has ended.
    pub clean_days: u32,
    /// The first day of the period over which errors, failures and latencies are judged; it ends with `judged_at`.
    /// `None`: from the beginning of what is recorded.
    pub since: Option<NaiveDate>,
    /// Where the evidence is.
    pub evidence: String,
    /// The criteria, in the order in which they are best read.
    pub criteria: Vec<Criterion>,
    /// The days from the first one that was compared, or would have to be, to the present one, in their order.
    pub days: Vec<GateDay>,
}

impl DayState {
    /// It in words for people.
    pub fn as_words(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Different => "different",
            Self::Repaired => "repaired",
            Self::NotCompared => "not compared",
            Self::BeforeRules => "before the rules",
            Self::Quiet => "quiet",
            Self::Open => "open",
        }
    }
}

impl GateVerdict {
    /// The answer over all criteria.
    pub fn over(criteria: &[Criterion]) -> Self {
        let is_any = |verdict| criteria.iter().any(|criterion| criterion.verdict == verdict);
        if is_any(CriterionVerdict::Fails) {
            Self::NoGo
        } else if criteria.is_empty() || is_any(CriterionVerdict::NotEnoughEvidence) {
            Self::NotEnoughEvidence
        } else {
            Self::Go
        }
    }
}

impl fmt::Display for GateVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Go => "GO",
            Self::NoGo => "NO-GO",
            Self::NotEnoughEvidence => "NOT ENOUGH EVIDENCE",
        })
    }
}

fn time<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format_timestamp(*time))
}
