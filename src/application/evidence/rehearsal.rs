//! What is recorded of a rehearsal: a step of the migration that was tried on copies. It counts as rehearsed, and its days never
//! count as compared.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::record::Verdict;
use super::timestamp;

/// What was rehearsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rehearsal {
    /// The way back: the store was exported to the legacy format, and the export compared with the store.
    #[serde(rename = "rehearsal_of_rollback")]
    Rollback,
    /// The state: the events of both logs were replayed, and the states of their tasks compared.
    #[serde(rename = "rehearsal_of_state")]
    State,
}

impl Rehearsal {
    pub(super) const ALL: [Self; 2] = [Self::Rollback, Self::State];

    /// The value of the key `kind`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rollback => "rehearsal_of_rollback",
            Self::State => "rehearsal_of_state",
        }
    }
}

/// A rehearsal, as it is recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RehearsalEvidence {
    /// What was rehearsed.
    #[serde(rename = "kind")]
    pub rehearsal: Rehearsal,
    /// When it ended.
    #[serde(with = "timestamp")]
    pub recorded_at: DateTime<Utc>,
    /// The version of the program.
    pub tool_version: String,
    /// What it came to.
    #[serde(flatten)]
    pub findings: RehearsalFindings,
}

/// What a rehearsal came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RehearsalFindings {
    /// The legacy log that was copied, absolute.
    pub control: String,
    /// The store that was copied, absolute.
    pub candidate: String,
    /// How many events the copy of the store held.
    pub events: u64,
    /// [`Verdict::Consistent`]: it went as it is to go.
    pub verdict: Verdict,
    /// Why, where it is not `consistent`; sentences for people.
    pub reasons: Vec<String>,
    /// How long it took.
    pub elapsed_seconds: f64,
}

impl RehearsalEvidence {
    pub(super) fn is_kind(kind: &str) -> bool {
        Rehearsal::ALL.iter().any(|rehearsal| rehearsal.as_str() == kind)
    }
}
