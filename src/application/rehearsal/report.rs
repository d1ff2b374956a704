//! What a rehearsal came to.

use std::time::Duration;

use serde::Serialize;

use super::scope::RehearsalScope;
use super::step::{Step, StepName, StepOutcome};
use crate::application::compare::report::Verdict;
use crate::application::evidence::{Rehearsal, RehearsalFindings};

/// What a rehearsal came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RehearsalVerdict {
    /// Every step holds.
    Holds,
    /// A cutover would be wrong.
    Fails,
    /// Nothing speaks against it, and something cannot be said.
    Inconclusive,
    /// A step could not be made.
    Broken,
}

/// The result of a rehearsal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RehearsalReport {
    /// What it came to.
    pub verdict: RehearsalVerdict,
    /// Why, where it does not hold: the reasons of its steps, in their order.
    pub reasons: Vec<String>,
    /// Each step, in its order.
    pub steps: Vec<Step>,
    /// How long it took.
    pub elapsed_seconds: f64,
    /// What was rehearsed.
    #[serde(skip)]
    pub scope: RehearsalScope,
}

impl RehearsalReport {
    pub(super) fn new(scope: RehearsalScope, steps: Vec<Step>, elapsed: Duration) -> Self {
        let made = steps.iter().map(|step| step.outcome).filter(|outcome| *outcome != StepOutcome::NotMade);
        let verdict = match made.max() {
            Some(StepOutcome::Holds) => RehearsalVerdict::Holds,
            Some(StepOutcome::Fails) => RehearsalVerdict::Fails,
            Some(StepOutcome::Inconclusive) => RehearsalVerdict::Inconclusive,
            Some(StepOutcome::Broken | StepOutcome::NotMade) | None => RehearsalVerdict::Broken,
        };
        let reasons = steps.iter().flat_map(|step| step.reasons.iter().cloned()).collect();
        Self { verdict, reasons, steps, elapsed_seconds: elapsed.as_secs_f64(), scope }
    }

    /// What is recorded of it: of the legacy log `control` and the store `candidate`, both absolute. `None` where it is no
    /// evidence: the whole migration was rehearsed, or a step could not be made.
    pub fn evidence(&self, control: String, candidate: String) -> Option<(Rehearsal, RehearsalFindings)> {
        let rehearsal = match self.scope {
            RehearsalScope::Migration => return None,
            RehearsalScope::Rollback => Rehearsal::Rollback,
            RehearsalScope::State => Rehearsal::State,
        };
        let verdict = match self.verdict {
            RehearsalVerdict::Holds => Verdict::Consistent,
            RehearsalVerdict::Fails => Verdict::Different,
            RehearsalVerdict::Inconclusive => Verdict::Inconclusive,
            RehearsalVerdict::Broken => return None,
        };
        let import = self.steps.iter().find(|step| step.step == StepName::Import);
        let events = import.and_then(|step| step.figures.get("events")).copied().unwrap_or_default();
        let (reasons, elapsed_seconds) = (self.reasons.clone(), self.elapsed_seconds);
        Some((rehearsal, RehearsalFindings { control, candidate, events, verdict, reasons, elapsed_seconds }))
    }
}
