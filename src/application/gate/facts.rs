//! What the criteria decide over.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};

use super::task_states::TaskStates;
use crate::application::doctor::handlers::MirrorFacts;
use crate::application::evidence::{Chain, CheckedInput};
use crate::application::figures::RecordedFigures;
use crate::application::handling::failure::Failure;
use crate::application::handling::{HandlerOperations, HandlerStatus, HandlingError};
use crate::application::mode_log::{ModeChange, UndecidedRecord};
use crate::domain::event_system_mode::Routing;
use crate::wire::zone::Zone;

use super::report::Gate;

/// A fact, or why it could not be had, with all causes.
pub type Fact<T> = Result<T, String>;

/// What is asked of the gate.
#[derive(Debug, Clone)]
pub struct GateSettings {
    /// Before which step.
    pub gate: Gate,
    /// How many days are needed.
    pub days: u32,
    /// The zone in which the program counts days.
    pub zone: Zone,
    /// The legacy log, absolute: comparisons of other logs are no evidence for it.
    pub control: String,
    /// The store of the new system, absolute.
    pub candidate: String,
    /// Where events go, as the settings say.
    pub routing: Routing,
    /// How many hours old a verified backup may be; 0: none is asked for.
    pub backup_hours: u64,
}

/// Everything that the criteria decide over.
#[derive(Debug)]
pub struct GateFacts {
    /// The present time.
    pub now: DateTime<Utc>,
    /// The zone in which days are counted: that of the last comparison, or that of the settings where there is none, or one that is
    /// not known.
    pub zone: Zone,
    /// The recorded evidence.
    pub evidence: Chain,
    /// The verified backups that are there, by their paths and the SHA-256 of their manifests.
    pub backups: BTreeSet<(String, Option<String>)>,
    /// What has become of what was compared last.
    pub inputs: Vec<CheckedInput>,
    /// The legacy log, as it is.
    pub control: Fact<LogFacts>,
    /// The store, as it is.
    pub candidate: Fact<LogFacts>,
    /// The handlers; `None` where there is no handler store.
    pub handlers: Fact<Option<Vec<HandlerFacts>>>,
    /// The mirrors that the parallel run has or had.
    pub mirrors: Fact<Vec<MirrorFacts>>,
    /// What the mirrors could not decide.
    pub undecided: Fact<Vec<UndecidedRecord>>,
    /// The figures of dispatching; `None` where none were recorded.
    pub figures: Fact<Option<RecordedFigures>>,
    /// Every switch of the mode, the earliest first.
    pub mode_changes: Fact<Vec<ModeChange>>,
    /// What the integrity checks of the stores complain of.
    pub complaints: Fact<Vec<String>>,
}

/// A log, read once from its first event to its last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogFacts {
    /// How many events it has on each day; of a store, those that the new system wrote.
    pub days: BTreeMap<NaiveDate, u64>,
    /// The types of events that the comparison leaves out, each with the last day on which it has one; of a store, of events that the
    /// new system wrote.
    pub left_out: BTreeMap<String, NaiveDate>,
    /// The tasks, as its events leave them.
    pub tasks: TaskStates,
}

/// A handler, and what it has failed on.
#[derive(Debug, Clone, PartialEq)]
pub struct HandlerFacts {
    /// How it is.
    pub status: HandlerStatus,
    /// Its failures, resolved ones included.
    pub failures: Vec<Failure>,
}

impl HandlerFacts {
    /// Those of all handlers.
    ///
    /// # Errors
    /// A store cannot be read.
    pub fn of_all(operations: &HandlerOperations) -> Result<Vec<Self>, HandlingError> {
        let statuses = operations.list()?.into_iter();
        statuses.map(|status| Ok(Self { failures: operations.failures(&status.name)?, status })).collect()
    }
}
