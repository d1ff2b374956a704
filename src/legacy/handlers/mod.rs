//! Handlers by dotted names, and the log of what they have done.

use serde_json::Value;

/// What a handler is given.
#[derive(Debug, Clone, PartialEq)]
pub struct HandlerContext {
    /// Of the queue entry.
    pub event_id: String,
    pub definition_id: String,
    /// `file_system`, `time_based`, ...
    pub event_type: String,
    /// RFC 3339, with Z.
    pub timestamp: String,
    pub data: serde_json::Map<String, Value>,
}

/// What a handler answers: `{status: success or failure, output, error}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HandlerResult {
    Success { output: String },
    Failure { error: String },
}

/// A handler: `run(context)`. It may fail, and it may panic, which is a failure.
pub trait LegacyHandler: Send + Sync {
    /// Handles one event.
    fn run(&self, context: &HandlerContext) -> HandlerResult;
}
