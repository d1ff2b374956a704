//! The gate before a cutover: criteria over recorded evidence and over what is there, each with what was found, what has to be
//! found, and what came of it.
//!
//! ```text
//! GateSources ──gather──> GateFacts ──┬─> Comparisons ─> JudgedDays ──┐
//!                                     └───────────────────────────────┴─> each criterion ─> GateReport
//! ```
//! What is gathered is judged without looking at anything else: the criteria are functions. What could not be looked at makes no
//! criterion fail, and none hold.

mod comparisons;
mod criteria;
mod criterion;
mod days;
mod facts;
mod log_reading;
mod name;
mod report;
mod sources;
mod task_states;
#[cfg(test)]
mod tests;

use chrono::Days;

pub use criterion::{Criterion, CriterionVerdict};
pub use facts::{Fact, GateFacts, GateSettings, HandlerFacts, LogFacts};
pub use log_reading::LogReading;
pub use name::CriterionName;
pub use report::{DayState, Gate, GateDay, GateReport, GateVerdict};
pub use sources::GateSources;
pub use task_states::{ComparedStates, StateDifference, StateRules, TaskStates};

use crate::application::evidence::EvidenceError;
use comparisons::Comparisons;
use criteria::Known;
use days::JudgedDays;

/// Looks at everything, and judges it.
///
/// # Errors
/// The evidence cannot be read.
pub fn check(settings: &GateSettings, sources: &dyn GateSources) -> Result<GateReport, EvidenceError> {
    let facts = GateFacts::gather(settings, sources)?;
    Ok(judge(settings, &facts, sources.evidence().place()))
}

/// Judges what was gathered; `evidence` is where the evidence is.
pub fn judge(settings: &GateSettings, facts: &GateFacts, evidence: String) -> GateReport {
    let comparisons = Comparisons::of(&facts.evidence, &settings.control, &settings.candidate);
    let days = JudgedDays::of(facts, &comparisons, settings.days);
    let (names, since) = match settings.gate {
        Gate::Cutover => (&CriterionName::CUTOVER[..], days.since),
        Gate::Finalise => {
            let today = facts.zone.day_of(facts.now);
            (&CriterionName::FINALISE[..], today.checked_sub_days(Days::new(settings.days.into())))
        }
    };
    let known = Known { settings, facts, comparisons: &comparisons, days: &days, since };
    let is_asked = |name: &&CriterionName| settings.backup_hours > 0 || **name != CriterionName::Backup;
    let criteria: Vec<Criterion> =
        names.iter().filter(is_asked).map(|name| criteria::judge(*name, &known)).collect();
    GateReport {
        verdict: GateVerdict::over(&criteria),
        gate: settings.gate,
        judged_at: facts.now,
        zone: facts.zone.name().to_owned(),
        days_needed: settings.days,
        clean_days: days.clean,
        since,
        evidence,
        criteria,
        days: days.days,
    }
}
