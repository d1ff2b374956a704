//! The port to the read models of tasks, in verbs.

use chrono::{DateTime, Utc};
use thiserror::Error;

use super::occurrence::Occurrence;
use super::task_state::StateChange;
use crate::domain::value_objects::Position;

/// The read models of tasks, as their handlers change them. The words of the log are kept as text.
///
/// What is recorded of one event is recorded once; what is recorded of several, in whichever order, leaves the same
/// read models.
pub trait TaskReadModels {
    /// Counts an event on its day, under the priority that its task has after it. An event that says a priority
    /// corrects the counts of later events that were recorded before it. Belongs to
    /// `TASK_ANALYTICS`.
    ///
    /// # Errors
    /// The read models cannot be changed.
    fn record_activity(&mut self, activity: &TaskActivity<'_>) -> Result<(), ReadModelError>;

    /// Adds that a task was created. Belongs to `TASK_COMPLETIONS`.
    ///
    /// # Errors
    /// The read models cannot be changed.
    fn record_creation(&mut self, task_id: &str, created: Occurrence) -> Result<(), ReadModelError>;

    /// Adds that a task was completed. Belongs to `TASK_COMPLETIONS`.
    ///
    /// # Errors
    /// The read models cannot be changed.
    fn record_completion(&mut self, completion: &TaskCompletion<'_>) -> Result<(), ReadModelError>;

    /// Changes the state of a task, which is made where it is not there. Belongs to
    /// `TASK_STATE`.
    ///
    /// # Errors
    /// The read models cannot be changed.
    fn change_task(&mut self, task_id: &str, change: &StateChange<'_>) -> Result<(), ReadModelError>;

    /// Adds what an event changed in a field of a task. Belongs to `TASK_HISTORY`.
    ///
    /// # Errors
    /// The read models cannot be changed.
    fn record_change(&mut self, change: &TaskChange<'_>) -> Result<(), ReadModelError>;
}

/// An event about a task, to be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskActivity<'e> {
    /// The task; `None` where the event does not say it.
    pub task_id: Option<&'e str>,
    /// The event.
    pub occurrence: Occurrence,
    /// Its type.
    pub event_type: &'e str,
    /// The priority that the task has from then on; `None` where it keeps the one that it had.
    pub priority: Option<&'e str>,
}

/// A completed task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskCompletion<'e> {
    /// The task.
    pub task_id: &'e str,
    /// The event that says so.
    pub occurrence: Occurrence,
    /// When it was completed.
    pub completed_at: DateTime<Utc>,
    /// What was said about it.
    pub notes: Option<&'e str>,
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
