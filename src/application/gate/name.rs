//! The names of the criteria.

use serde::Serialize;

/// A criterion of the gate. The names are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CriterionName {
    /// The recorded evidence is what was recorded.
    Evidence,
    /// Enough days were compared and clean.
    CleanDays,
    /// The rules of the comparison were the same since the first of these days.
    RulesUnchanged,
    /// The last comparison has no differences.
    Differences,
    /// It has nothing that is no event.
    Quarantined,
    /// It has nothing that is too young to be judged.
    Pending,
    /// No file of either side was left unread.
    FilesRead,
    /// Every type of event was seen on both sides.
    EventTypes,
    /// The import holds for the whole legacy log.
    Import,
    /// Both logs come to the same state of every task.
    StateEquivalence,
    /// No handler has failed on an event.
    HandlerErrors,
    /// Every handler runs and has handled what is stored.
    HandlersRunning,
    /// Every mirror runs and has brought everything to the other side.
    Mirrors,
    /// No dispatch failed on either side.
    DispatchFailures,
    /// Dispatches were fast enough.
    Latency,
    /// The way back was rehearsed.
    RollbackRehearsed,
    /// A backup that is young enough was verified.
    Backup,
    /// The stores are whole.
    Integrity,
    /// The new system was the primary one throughout.
    FlagOn,
    /// The legacy system was not gone back to.
    NoRollback,
}

impl CriterionName {
    /// The criteria before a cutover, in the order in which they are best read.
    pub const CUTOVER: [Self; 18] = [
        Self::Evidence,
        Self::CleanDays,
        Self::RulesUnchanged,
        Self::Differences,
        Self::Quarantined,
        Self::Pending,
        Self::FilesRead,
        Self::EventTypes,
        Self::Import,
        Self::StateEquivalence,
        Self::HandlerErrors,
        Self::HandlersRunning,
        Self::Mirrors,
        Self::DispatchFailures,
        Self::Latency,
        Self::RollbackRehearsed,
        Self::Backup,
        Self::Integrity,
    ];

    /// The criteria before the legacy system is deleted.
    pub const FINALISE: [Self; 8] = [
        Self::FlagOn,
        Self::NoRollback,
        Self::HandlerErrors,
        Self::HandlersRunning,
        Self::Mirrors,
        Self::DispatchFailures,
        Self::Latency,
        Self::Integrity,
    ];

    /// The name, as JSON has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Evidence => "evidence",
            Self::CleanDays => "clean_days",
            Self::RulesUnchanged => "rules_unchanged",
            Self::Differences => "differences",
            Self::Quarantined => "quarantined",
            Self::Pending => "pending",
            Self::FilesRead => "files_read",
            Self::EventTypes => "event_types",
            Self::Import => "import",
            Self::StateEquivalence => "state_equivalence",
            Self::HandlerErrors => "handler_errors",
            Self::HandlersRunning => "handlers_running",
            Self::Mirrors => "mirrors",
            Self::DispatchFailures => "dispatch_failures",
            Self::Latency => "latency",
            Self::RollbackRehearsed => "rollback_rehearsed",
            Self::Backup => "backup",
            Self::Integrity => "integrity",
            Self::FlagOn => "flag_on",
            Self::NoRollback => "no_rollback",
        }
    }

    /// What has to hold, as a sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Evidence => "The recorded evidence is what was recorded, and so is what was compared last",
            Self::CleanDays => "Enough days were compared and clean",
            Self::RulesUnchanged => {
                "Rules, profile and zone of the comparison are unchanged since the first of these days"
            }
            Self::Differences => "The last comparison has no difference without a named rule in this period",
            Self::Quarantined => "The last comparison has read every record as an event",
            Self::Pending => "The last comparison has no event that is too young to be judged",
            Self::FilesRead => "No file of either side was left unread on any of these days",
            Self::EventTypes => "Every type of event of these days was seen on both sides",
            Self::Import => "The imported history is that of the whole legacy log",
            Self::StateEquivalence => "Both logs come to the same state of every task",
            Self::HandlerErrors => "No handler has failed on an event in this period",
            Self::HandlersRunning => "Every handler runs and has handled every event that has settled",
            Self::Mirrors => "Every mirror runs and has brought every event to the other side",
            Self::DispatchFailures => {
                "No dispatch of this period has failed on the primary or on the secondary side"
            }
            Self::Latency => "A dispatch of this period took 10 ms at most on average",
            Self::RollbackRehearsed => {
                "The rollback was rehearsed in this period: the exported store is the store"
            }
            Self::Backup => "A backup of the store that is young enough was verified, and is whole",
            Self::Integrity => "The stores pass their integrity check",
            Self::FlagOn => "The new event system is primary since before this period",
            Self::NoRollback => "The legacy system was not made primary again in this period",
        }
    }
}
