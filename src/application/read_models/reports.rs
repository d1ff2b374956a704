//! What is asked of the read models of tasks.

use chrono::NaiveDate;
use serde::Serialize;

use super::port::ReadModelError;

/// Answers questions about tasks from their read models. They are as far as the handlers have come.
pub trait TaskReports {
    /// What happened on the days from `since` to `until`, both included; without them, on all days. Days are days
    /// in UTC.
    ///
    /// # Errors
    /// The read models cannot be read.
    fn statistics(
        &self,
        since: Option<NaiveDate>,
        until: Option<NaiveDate>,
    ) -> Result<TaskStatistics, ReadModelError>;

    /// What is known of a task; `None` where no event was about it.
    ///
    /// # Errors
    /// The read models cannot be read.
    fn task(&self, task_id: &str) -> Result<Option<TaskReport>, ReadModelError>;
}

/// What happened on some days.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskStatistics {
    /// How many events were counted.
    pub events: u64,
    /// The events by day, type and priority, in the order of these.
    pub activity: Vec<DayActivity>,
    /// The tasks that were completed on all of these days.
    pub completed: CompletionFigures,
    /// The same for each day, in their order.
    pub completions: Vec<DayCompletions>,
}

/// The events of a day, a type and a priority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DayActivity {
    /// The day, as `2025-10-25`.
    pub day: String,
    /// The type.
    pub event_type: String,
    /// The priority that their tasks had after them.
    pub priority: String,
    /// How many.
    pub events: u64,
}

/// The tasks that were completed on a day.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DayCompletions {
    /// The day, as `2025-10-25`.
    pub day: String,
    /// How many, and how long they took.
    #[serde(flatten)]
    pub figures: CompletionFigures,
}

/// How many tasks were completed, and how long they took from their creation. Seconds are `None` where no task has
/// a known creation before its completion.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct CompletionFigures {
    /// How many.
    pub completed: u64,
    /// The mean.
    pub average_seconds: Option<f64>,
    /// The middle one, or the mean of the two in the middle.
    pub median_seconds: Option<f64>,
    /// The longest.
    pub longest_seconds: Option<f64>,
}

/// What is known of a task. Times are RFC 3339 in UTC.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskReport {
    /// The task.
    pub task_id: String,
    /// Its state; `None` where it was deleted.
    pub state: Option<TaskStateReport>,
    /// Its deletion, where it was deleted.
    pub deletion: Option<DeletionReport>,
    /// What it is linked to, by kind.
    pub links: Vec<LinkReport>,
    /// Its completions, in the order of their times.
    pub completions: Vec<CompletionReport>,
    /// What was changed, in the order of the events and the names of fields.
    pub changes: Vec<ChangeReport>,
}

/// The state of a task that was not deleted. What no event says is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskStateReport {
    /// What it is called.
    pub title: Option<String>,
    /// How urgent it is.
    pub priority: Option<String>,
    /// Where it stands.
    pub status: Option<String>,
    /// When it was created.
    pub created_at: Option<String>,
    /// When it was completed last.
    pub completed_at: Option<String>,
    /// When the task of that id before it was deleted.
    pub deleted_at: Option<String>,
    /// When the last event about it occurred.
    pub updated_at: Option<String>,
    /// The position of that event.
    pub last_position: Option<i64>,
}

/// That a task was deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeletionReport {
    /// When.
    pub deleted_at: String,
    /// Why.
    pub reason: Option<String>,
}

/// A link of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LinkReport {
    /// `goal`, `project` or `task`.
    pub kind: String,
    /// Its id.
    pub target: String,
}

/// A completion of a task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CompletionReport {
    /// The position of its event.
    pub position: i64,
    /// When the task was created before; `None` where that is not known.
    pub created_at: Option<String>,
    /// When it was completed.
    pub completed_at: String,
    /// How long that took; `None` where the completion is before the creation, too.
    pub seconds: Option<f64>,
    /// What was said about it.
    pub notes: Option<String>,
}

/// A changed field of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangeReport {
    /// The position of the event.
    pub position: i64,
    /// When it occurred.
    pub changed_at: String,
    /// The field.
    pub field: String,
    /// The JSON text of the value before, where the event says it.
    pub old_value: Option<String>,
    /// The JSON text of the value after, where the event says it.
    pub new_value: Option<String>,
}
