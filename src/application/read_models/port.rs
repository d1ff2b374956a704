//! The port to the read models of tasks, in verbs.

use chrono::{DateTime, Utc};
use thiserror::Error;

use crate::domain::value_objects::Position;

/// The read models of tasks, as their handlers change them. The words of the log are kept as text.
pub trait TaskReadModels {
    /// Adds what an event changed in a field of a task.
    ///
    /// # Errors
    /// The read models cannot be changed.
    fn record_change(&mut self, change: &TaskChange<'_>) -> Result<(), ReadModelError>;
}

/// A changed field of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskChange<'e> {
    /// The task.
    pub task_id: &'e str,
    /// The event that changed it.
    pub position: Position,
    /// When.
    pub changed_at: DateTime<Utc>,
    /// The field.
    pub field: &'e str,
    /// The JSON text of the value before, where the event says it.
    pub old_value: Option<&'e str>,
    /// The JSON text of the value after, where the event says it.
    pub new_value: Option<&'e str>,
}

/// The read models could not be read or changed.
#[derive(Debug, Error)]
#[error("could not {action}")]
pub struct ReadModelError {
    /// What was tried.
    pub action: &'static str,
    /// What the store said.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}
