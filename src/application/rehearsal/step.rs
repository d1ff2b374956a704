//! One step of a rehearsal, and what it came to.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::site::SiteError;
use crate::domain::error_chain::error_chain;

/// Which step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepName {
    /// Logs and store are copied.
    Copy,
    /// The copies are imported.
    Import,
    /// Both logs are compared.
    Compare,
    /// The store is exported, and compared with what was exported.
    Rollback,
    /// Handlers make the read models.
    Replay,
    /// The states of tasks are compared.
    State,
    /// The databases are checked.
    Integrity,
}

impl StepName {
    /// The name, as reports write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Copy => "copy",
            Self::Import => "import",
            Self::Compare => "compare",
            Self::Rollback => "rollback",
            Self::Replay => "replay",
            Self::State => "state",
            Self::Integrity => "integrity",
        }
    }
}

/// What a step came to. In the order of its weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepOutcome {
    /// As it is to be.
    Holds,
    /// Nothing can be said.
    Inconclusive,
    /// A cutover would be wrong.
    Fails,
    /// An earlier step could not be made.
    NotMade,
    /// It could not be made.
    Broken,
}

impl StepOutcome {
    /// The word, as reports write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Inconclusive => "inconclusive",
            Self::Fails => "fails",
            Self::NotMade => "not_made",
            Self::Broken => "broken",
        }
    }
}

/// One step.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// Which.
    pub step: StepName,
    /// What it came to.
    pub outcome: StepOutcome,
    /// The same in a sentence, with the numbers that matter.
    pub summary: String,
    /// Why it does not hold, a sentence each.
    pub reasons: Vec<String>,
    /// Its numbers, by their names.
    pub figures: BTreeMap<&'static str, u64>,
    /// How long it took.
    pub elapsed_seconds: f64,
    /// Nothing can be made after it.
    #[serde(skip)]
    pub is_last: bool,
}

impl Step {
    pub(super) fn new(step: StepName, summary: String, figures: &[(&'static str, u64)]) -> Self {
        Self {
            step,
            outcome: StepOutcome::Holds,
            summary,
            reasons: Vec::new(),
            figures: figures.iter().copied().collect(),
            elapsed_seconds: 0.0,
            is_last: false,
        }
    }

    /// The same with a reason for which it is no better than `outcome`.
    #[must_use]
    pub(super) fn because(mut self, outcome: StepOutcome, reason: impl Into<String>) -> Self {
        self.outcome = self.outcome.max(outcome);
        self.reasons.push(reason.into());
        self
    }

    pub(super) fn broken(step: StepName, error: &SiteError) -> Self {
        Self::new(step, format!("could not {}", error.action), &[])
            .because(StepOutcome::Broken, error_chain(error))
    }

    pub(super) fn not_made(step: StepName) -> Self {
        Self { outcome: StepOutcome::NotMade, ..Self::new(step, "not made".to_owned(), &[]) }
    }

    pub(super) fn lasting(self, elapsed: Duration) -> Self {
        Self { elapsed_seconds: elapsed.as_secs_f64(), ..self }
    }

    /// Whether the later steps cannot be made.
    pub(super) fn ends_rehearsal(&self) -> bool {
        self.is_last || self.outcome == StepOutcome::Broken
    }
}
