//! What is recorded of modes and mirrors, as it is found without changing anything.

use super::event_system::{HandlerAccess, operations};
use super::mirrors::{lag_of, statuses};
use crate::application::doctor::handlers::{MIRRORS, MirrorFacts};
use crate::application::handling::HandlerStatus;
use crate::application::handling::store::{Durability, HandlerState, HandlerStore, HandlerStoreError};
use crate::application::mode_log::{ModeChange, ModeLog, ProcessMode, UndecidedRecord};
use crate::domain::error_chain::error_chain;
use crate::infrastructure::config::Config;
use crate::infrastructure::handler_store::SqliteHandlerStore;
use crate::infrastructure::sqlite::SqliteError;

/// What is recorded of modes.
#[derive(Debug, Default)]
pub struct RecordedModes {
    /// Every switch, the earliest first.
    pub changes: Vec<ModeChange>,
    /// Processes that have not said that they ended.
    pub processes: Vec<ProcessMode>,
    /// Records that were not decided.
    pub undecided: Vec<UndecidedRecord>,
}

/// Reads what is recorded; nothing where no handler store is there, or one of a version that recorded nothing.
///
/// # Errors
/// It cannot be read; with all causes.
pub fn recorded_modes(config: &Config) -> Result<RecordedModes, String> {
    let store = match SqliteHandlerStore::open_existing(&config.handlers_path.value) {
        Ok(Some(store)) => store,
        Ok(None) | Err(SqliteError::Older { .. } | SqliteError::Empty { .. }) => {
            return Ok(RecordedModes::default());
        }
        Err(error) => return Err(error_chain(&error)),
    };
    let log = store.mode_log().map_err(|error| error_chain(&error))?;
    let read = || -> Result<RecordedModes, HandlerStoreError> {
        Ok(RecordedModes {
            changes: log.changes()?.to_vec(),
            processes: log.processes()?,
            undecided: log.undecided()?,
        })
    };
    read().map_err(|error| error_chain(&error))
}

/// The mirrors that a parallel run has or had.
///
/// # Errors
/// The handler store, the store of events or the outbox cannot be read; with all causes.
pub fn mirrors(config: &Config) -> Result<Vec<MirrorFacts>, String> {
    let store = match SqliteHandlerStore::open_existing(&config.handlers_path.value) {
        Ok(Some(store)) => store,
        Ok(None) | Err(SqliteError::Older { .. } | SqliteError::Empty { .. }) => return Ok(Vec::new()),
        Err(error) => return Err(error_chain(&error)),
    };
    // What is told of handlers takes reading: only where there was a parallel run.
    if !was_mirrored(&store).map_err(|error| error_chain(&error))? {
        return Ok(Vec::new());
    }
    let operations = operations(config, HandlerAccess::Reading).map_err(|error| error.to_string())?;
    let statuses = statuses(config, &operations).map_err(|error| error.to_string())?;
    let mirrors = statuses.into_iter().filter(|status| MIRRORS.contains(&status.name.as_str()));
    Ok(mirrors.map(facts).collect())
}

fn was_mirrored(store: &SqliteHandlerStore) -> Result<bool, HandlerStoreError> {
    let mut session = store.session(Durability::AtCommit)?;
    let mut view = session.snapshot()?;
    Ok(view.handler(MIRRORS[0])?.or(view.handler(MIRRORS[1])?).is_some())
}

fn facts(status: HandlerStatus) -> MirrorFacts {
    MirrorFacts {
        behind: lag_of(&status),
        name: status.name,
        state: status.state.unwrap_or(HandlerState::Running),
        reason: status.reason,
    }
}
