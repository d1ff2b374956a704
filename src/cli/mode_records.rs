//! What is recorded of modes and mirrors, as it is found without changing anything.

use super::event_system::{HandlerAccess, failed, operations};
use super::outbox;
use crate::application::doctor::handlers::{MIRRORS, MirrorFacts};
use crate::application::handling::HandlerStatus;
use crate::application::handling::store::{Durability, HandlerState, HandlerStore, HandlerStoreError};
use crate::application::mode_log::{ModeChange, ModeLog, ProcessMode, UndecidedRecord};
use crate::domain::error_chain::error_chain;
use crate::domain::event_system_mode::{EventSystemMode, Side};
use crate::domain::value_objects::StreamId;
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
        Ok(None) | Err(SqliteError::Older { .. }) => return Ok(RecordedModes::default()),
        Err(error) => return Err(error_chain(&error)),
    };
    let log = store.mode_log().map_err(|error| error_chain(&error))?;
    let read = || -> Result<RecordedModes, HandlerStoreError> {
        Ok(RecordedModes {
            changes: log.changes()?,
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
        Ok(None) | Err(SqliteError::Older { .. }) => return Ok(Vec::new()),
        Err(error) => return Err(error_chain(&error)),
    };
    // What is told of handlers takes reading: only where there was a parallel run.
    if !was_mirrored(&store).map_err(|error| error_chain(&error))? {
        return Ok(Vec::new());
    }
    let operations = operations(config, HandlerAccess::Reading).map_err(|error| error.to_string())?;
    let statuses = operations.list().map_err(|error| failed(error).to_string())?;
    let mirrors = statuses.iter().filter(|status| MIRRORS.contains(&status.name.as_str()));
    mirrors.map(|status| facts(config, &store, status)).collect()
}

fn was_mirrored(store: &SqliteHandlerStore) -> Result<bool, HandlerStoreError> {
    let mut session = store.session(Durability::AtCommit)?;
    let mut view = session.snapshot()?;
    Ok(view.handler(MIRRORS[0])?.or(view.handler(MIRRORS[1])?).is_some())
}

/// The number of the line of the outbox up to which everything is mirrored.
fn line_of(store: &SqliteHandlerStore) -> Result<u64, HandlerStoreError> {
    let mut session = store.session(Durability::AtCommit)?;
    let progress = session.snapshot()?.progress_in(MIRRORS[1], &StreamId::new("outbox"))?;
    Ok(progress.and_then(|progress| u64::try_from(progress.position.get()).ok()).unwrap_or(0))
}

fn facts(config: &Config, store: &SqliteHandlerStore, status: &HandlerStatus) -> Result<MirrorFacts, String> {
    let routing = config.routing();
    // What the other one has to bring was mirrored before the sides changed places.
    let brings_to = if status.name == MIRRORS[0] { Side::Legacy } else { Side::New };
    let works = routing.mode == EventSystemMode::ParallelEvents && routing.primary != brings_to;
    let behind = match brings_to {
        _ if !works => None,
        Side::Legacy => Some(status.behind.events),
        Side::New => {
            let line = line_of(store).map_err(|error| error_chain(&error))?;
            outbox::lines_after(config, line)?
        }
    };
    let state = status.state.unwrap_or(HandlerState::Running);
    Ok(MirrorFacts { name: status.name.clone(), state, reason: status.reason.clone(), behind })
}
