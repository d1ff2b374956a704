//! The criteria: each a function from what is known to a verdict.

mod backup;
mod comparison;
mod days;
mod dispatching;
mod evidence;
mod handlers;
mod import;
mod integrity;
mod known;
mod modes;
mod rollback;
mod states;

use super::criterion::Criterion;
use super::name::CriterionName;
pub(super) use known::Known;

/// Judges one criterion.
pub(super) fn judge(name: CriterionName, known: &Known<'_>) -> Criterion {
    match name {
        CriterionName::Evidence => evidence::unaltered(known),
        CriterionName::CleanDays => days::clean(known),
        CriterionName::RulesUnchanged => days::rules_unchanged(known),
        CriterionName::Differences => comparison::differences(known),
        CriterionName::Quarantined => comparison::quarantined(known),
        CriterionName::Pending => comparison::pending(known),
        CriterionName::FilesRead => comparison::files_read(known),
        CriterionName::EventTypes => comparison::event_types(known),
        CriterionName::Import => import::holds(known),
        CriterionName::StateEquivalence => states::equivalent(known),
        CriterionName::HandlerErrors => handlers::errors(known),
        CriterionName::HandlersRunning => handlers::running(known),
        CriterionName::Mirrors => handlers::mirrors(known),
        CriterionName::DispatchFailures => dispatching::failures(known),
        CriterionName::Latency => dispatching::latency(known),
        CriterionName::RollbackRehearsed => rollback::rehearsed(known),
        CriterionName::Backup => backup::verified(known),
        CriterionName::Integrity => integrity::whole(known),
        CriterionName::FlagOn => modes::flag_on(known),
        CriterionName::NoRollback => modes::no_rollback(known),
    }
}
