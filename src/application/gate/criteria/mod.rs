//! The criteria: each a function from what is known to a verdict.

mod comparison;
mod days;
mod dispatching;
mod evidence;
mod handlers;
mod import;
mod integrity;
mod modes;
mod rollback;
mod states;

use chrono::{DateTime, NaiveDate, Utc};

use super::comparisons::Comparisons;
use super::criterion::Criterion;
use super::days::JudgedDays;
use super::facts::{GateFacts, GateSettings};
use super::name::CriterionName;

/// What the criteria judge by.
pub(super) struct Known<'f> {
    pub settings: &'f GateSettings,
    pub facts: &'f GateFacts,
    pub comparisons: &'f Comparisons<'f>,
    pub days: &'f JudgedDays,
    /// The first day of the period over which errors, failures and latencies are judged; `None`: from the beginning of what is
    /// recorded.
    pub since: Option<NaiveDate>,
}

impl Known<'_> {
    /// The day of a time.
    fn day_of(&self, at: DateTime<Utc>) -> NaiveDate {
        self.facts.zone.day_of(at)
    }

    /// Whether a day is one of the period.
    fn is_in_period(&self, day: NaiveDate) -> bool {
        self.since.is_none_or(|since| since <= day)
    }

    /// The period in words.
    fn period(&self) -> String {
        self.since.map_or_else(|| "ever".to_owned(), |since| format!("since {since}"))
    }
}

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
        CriterionName::Integrity => integrity::whole(known),
        CriterionName::FlagOn => modes::flag_on(known),
        CriterionName::NoRollback => modes::no_rollback(known),
    }
}

/// So many of a list are told each for itself.
const TOLD: usize = 10;

/// `1 event`, `2 events`.
fn counted(count: u64, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

/// What makes the next comparison.
const COMPARE: &str = "`mission-events compare-logs`";
