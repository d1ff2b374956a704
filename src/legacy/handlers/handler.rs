//! What a handler is.

use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::legacy::path_text;

/// What a handler is given.
#[derive(Debug, Clone, PartialEq)]
pub struct HandlerContext {
    /// Of the queue entry.
    pub event_id: String,
    /// Of the definition that has happened.
    pub definition_id: String,
    /// `file_system`, `time_based`, or that of a watcher of others.
    pub event_type: String,
    /// When it was noticed: RFC 3339, with Z.
    pub timestamp: String,
    /// What is known of it.
    pub data: Map<String, Value>,
}

impl HandlerContext {
    /// A text of the data; `None` where there is none of that name.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.data.get(name).and_then(Value::as_str)
    }

    /// A path of the data, as the bytes that the system knows it by; `None` where there is no text of that name.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.text(name).map(path_text::path_of)
    }
}

/// What a handler answers: `{status: success or failure, output, error}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HandlerResult {
    /// It is done.
    Success {
        /// What was done, for the log.
        output: String,
    },
    /// It is not done, and is tried again as the settings say.
    Failure {
        /// Why.
        error: String,
    },
}

/// A handler: `run(context)`. It may fail, and it may panic, which is a failure.
///
/// It is given an event once in normal running. After a crash, or a failure, it is given the event again, with the
/// same `event_id`.
pub trait LegacyHandler: Send + Sync {
    /// Handles one event.
    fn run(&self, context: &HandlerContext) -> HandlerResult;
}

/// A function is a handler.
impl<F: Fn(&HandlerContext) -> HandlerResult + Send + Sync> LegacyHandler for F {
    fn run(&self, context: &HandlerContext) -> HandlerResult {
        self(context)
    }
}
