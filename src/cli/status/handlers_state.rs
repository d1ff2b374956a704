//! The handlers, as they are found.

use serde::Serialize;

use crate::application::handling::HandlerStatus;
use crate::application::handling::store::{Durability, HandlerStore, HandlerStoreError};
use crate::cli::error::CliError;
use crate::cli::event_system::{HandlerAccess, failed, operations};
use crate::cli::exit_code::ExitCode;
use crate::cli::handlers::{HandlerEntry, HandlerList};
use crate::durable::presence::is_present;
use crate::infrastructure::config::Config;
use crate::infrastructure::handler_store::SqliteHandlerStore;

/// What is known of the handlers without changing anything.
#[derive(Debug, Serialize)]
pub struct HandlersState {
    pub path: String,
    pub exists: bool,
    /// None where no handler was ever run.
    pub handlers: Vec<HandlerEntry>,
    /// Why they cannot be looked at, with all causes.
    pub error: Option<String>,
}

impl HandlersState {
    /// Looks at the handlers of the active store.
    pub fn of(config: &Config) -> Self {
        let path = &config.handlers_path.value;
        let mut state =
            Self { path: path.display().to_string(), exists: true, handlers: Vec::new(), error: None };
        let found = match is_present(path) {
            Ok(false) => {
                state.exists = false;
                return state;
            }
            Ok(true) => found_handlers(config),
            Err(error) => {
                state.error = Some(error.to_string());
                return state;
            }
        };
        match found {
            Ok(statuses) => state.handlers = HandlerList::of(&statuses).handlers,
            Err(error) => state.error = Some(error.to_string()),
        }
        state
    }
}

/// The handlers of the active store; none where none was ever run, as where the handler store has modes alone: then there need be no store
/// of events.
pub fn found_handlers(config: &Config) -> Result<Vec<HandlerStatus>, CliError> {
    if let Ok(Some(store)) = SqliteHandlerStore::open_existing(&config.handlers_path.value) {
        let is_any = is_any_known(&store).map_err(|error| CliError::new(ExitCode::Storage, error))?;
        if !is_any {
            return Ok(Vec::new());
        }
    }
    operations(config, HandlerAccess::Reading)?.list().map_err(failed)
}

fn is_any_known(store: &SqliteHandlerStore) -> Result<bool, HandlerStoreError> {
    let mut session = store.session(Durability::AtCommit)?;
    Ok(!session.snapshot()?.handlers()?.is_empty())
}
