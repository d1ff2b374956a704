//! The read models of tasks as tables: see `handler_migrations/`.

mod activity;
mod state;
mod statement;
#[cfg(test)]
mod tests;

use rusqlite::{Connection, params};

use self::statement::{execute, micros};
use crate::application::read_models::{
    Occurrence, ReadModelError, StateChange, TASK_ANALYTICS, TASK_COMPLETIONS, TASK_HISTORY, TASK_STATE,
    TaskActivity, TaskChange, TaskCompletion, TaskReadModels,
};
use crate::domain::event::format_timestamp;

/// The read models of tasks, as the open transaction of a connection changes them.
pub struct SqliteReadModels<'c> {
    connection: &'c Connection,
}

impl<'c> SqliteReadModels<'c> {
    /// The read models that this connection reaches.
    pub fn new(connection: &'c Connection) -> Self {
        Self { connection }
    }
}

/// Empties the read models of a handler; of a handler that has none, nothing.
pub(super) fn clear(connection: &Connection, handler: &str) -> rusqlite::Result<()> {
    let tables: &[&str] = match handler {
        TASK_ANALYTICS => &["task_activity_by_day", "task_activity"],
        TASK_COMPLETIONS => &["created_tasks", "completed_tasks"],
        TASK_STATE => &["task_states"],
        TASK_HISTORY => &["task_changes"],
        _ => &[],
    };
    tables.iter().try_for_each(|table| connection.execute(&format!("DELETE FROM {table}"), []).map(drop))
}

impl TaskReadModels for SqliteReadModels<'_> {
    fn record_activity(&mut self, activity: &TaskActivity<'_>) -> Result<(), ReadModelError> {
        activity::record(self.connection, activity)
            .map_err(|source| failed("count an event of a task", source))
    }

    fn record_creation(&mut self, task_id: &str, created: Occurrence) -> Result<(), ReadModelError> {
        execute(
            self.connection,
            "INSERT INTO created_tasks (task_id, created_micros, position) VALUES (?1, ?2, ?3)",
            params![task_id, micros(created), created.position.get()],
        )
        .map_err(|source| failed("record that a task was created", source))
    }

    fn record_completion(&mut self, completion: &TaskCompletion<'_>) -> Result<(), ReadModelError> {
        let TaskCompletion { task_id, occurrence, completed_at, notes } = completion;
        execute(
            self.connection,
            "INSERT INTO completed_tasks (task_id, occurred_micros, position, completed_micros, notes) \
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                task_id,
                micros(*occurrence),
                occurrence.position.get(),
                completed_at.timestamp_micros(),
                notes
            ],
        )
        .map_err(|source| failed("record that a task was completed", source))
    }

    fn change_task(&mut self, task_id: &str, change: &StateChange<'_>) -> Result<(), ReadModelError> {
        state::change(self.connection, task_id, change)
            .map_err(|source| failed("change the state of a task", source))
    }

    fn record_change(&mut self, change: &TaskChange<'_>) -> Result<(), ReadModelError> {
        execute(
            self.connection,
            "INSERT INTO task_changes (task_id, position, changed_at, field, old_value, new_value) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                change.task_id,
                change.position.get(),
                format_timestamp(change.changed_at),
                change.field,
                change.old_value,
                change.new_value
            ],
        )
        .map_err(|source| failed("record a change of a task", source))
    }
}

/// The read models could not be read or changed, as SQLite says.
pub(super) fn failed(action: &'static str, source: rusqlite::Error) -> ReadModelError {
    ReadModelError { action, source: Box::new(source) }
}
