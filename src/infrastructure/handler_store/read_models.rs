//! The read models of tasks, as tables of the handler store.

use rusqlite::Connection;

use crate::application::read_models::{ReadModelError, TaskChange, TaskReadModels};

/// The read models of an open transaction.
pub(super) struct SqliteReadModels<'c> {
    connection: &'c Connection,
}

impl<'c> SqliteReadModels<'c> {
    pub fn new(connection: &'c Connection) -> Self {
        Self { connection }
    }
}

const RECORD_CHANGE: &str =
    "INSERT INTO task_changes (task_id, position, changed_at, field, old_value, new_value)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

impl TaskReadModels for SqliteReadModels<'_> {
    fn record_change(&mut self, change: &TaskChange<'_>) -> Result<(), ReadModelError> {
        let row = (
            change.task_id,
            change.position.get(),
            change.changed_at.timestamp_micros(),
            change.field,
            change.old_value,
            change.new_value,
        );
        let recorded =
            self.connection.prepare_cached(RECORD_CHANGE).and_then(|mut statement| statement.execute(row));
        match recorded {
            Ok(_) => Ok(()),
            Err(source) => Err(ReadModelError { action: "record a change", source: Box::new(source) }),
        }
    }
}

/// Empties the read models of a handler.
pub(super) fn clear(connection: &Connection, handler: &str) -> rusqlite::Result<()> {
    match handler {
        "task_history" => connection.execute_batch("DELETE FROM task_changes"),
        _ => Ok(()),
    }
}
