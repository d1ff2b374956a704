//! The handlers, as they are found.

use serde::Serialize;

use crate::cli::event_system::{HandlerAccess, failed, operations};
use crate::cli::handlers::{HandlerEntry, HandlerList};
use crate::durable::presence::is_present;
use crate::infrastructure::config::Config;

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
            Ok(true) => operations(config, HandlerAccess::Reading)
                .and_then(|operations| operations.list().map_err(failed)),
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
