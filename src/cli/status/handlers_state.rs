//! The handlers, as they are found.

use serde::Serialize;

use crate::application::handling::HandlerStatus;
use crate::application::handling::store::{Durability, HandlerSession, HandlerStore};
use crate::cli::error::CliError;
use crate::cli::event_system::{HandlerAccess, operations};
use crate::cli::handlers::{HandlerEntry, HandlerList};
use crate::cli::mirrors::statuses;
use crate::cli::store::{StoreError, open_active};
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

/// The handlers of the active store; none where none was ever run and there is no store of events: the handler store may have modes alone, as the
/// legacy system leaves it.
pub fn found_handlers(config: &Config) -> Result<Vec<HandlerStatus>, CliError> {
    match operations(config, HandlerAccess::Reading) {
        Ok(operations) => statuses(config, &operations),
        Err(error) => {
            let path = &config.handlers_path.value;
            let knows_none =
                matches!(SqliteHandlerStore::open_existing(path), Ok(Some(store)) if knows_none(&store));
            let is_store_missing = matches!(open_active(config), Err(StoreError::Missing { .. }));
            if knows_none && is_store_missing { Ok(Vec::new()) } else { Err(error) }
        }
    }
}

/// Whether no handler was ever registered there, as far as it can be read.
fn knows_none(store: &SqliteHandlerStore) -> bool {
    let known = |mut session: Box<dyn HandlerSession>| session.snapshot()?.handlers();
    store.session(Durability::AtCommit).and_then(known).is_ok_and(|handlers| handlers.is_empty())
}
