//! The states of tasks, a row each.

use chrono::DateTime;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};

use super::statement::{execute, micros};
use crate::application::read_models::task_state::FieldState;
use crate::application::read_models::{Occurrence, StateChange, TaskField, TaskState};
use crate::domain::value_objects::Position;

/// The columns of the row before those of the fields: the task, and three events of two columns each.
const BEFORE_FIELDS: usize = 7;
/// The columns of a field: its value, and the event that has set it.
const OF_FIELD: usize = 3;
const COLUMNS: usize = BEFORE_FIELDS + OF_FIELD * TaskField::ALL.len();

/// Applies an event to the state of a task.
pub fn change(connection: &Connection, task_id: &str, change: &StateChange<'_>) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached("SELECT * FROM task_states WHERE task_id = ?1")?;
    let found = statement.query_row([task_id], read).optional()?;
    let mut state = found.unwrap_or_default();
    state.apply(change);
    let mut values = Vec::with_capacity(COLUMNS);
    values.push(Value::from(task_id.to_owned()));
    for occurrence in [state.created, state.deleted, state.last] {
        push(&mut values, occurrence);
    }
    for field in state.fields {
        let (value, set) = field.map_or((None, None), |field| (field.value, Some(field.set)));
        values.push(value.into());
        push(&mut values, set);
    }
    execute(connection, REPLACE, params_from_iter(values))
}

/// As many values as there are columns.
const REPLACE: &str = "INSERT OR REPLACE INTO task_states VALUES (\
     ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

fn push(values: &mut Vec<Value>, occurrence: Option<Occurrence>) {
    values.push(occurrence.map(micros).into());
    values.push(occurrence.map(|occurrence| occurrence.position.get()).into());
}

fn read(row: &Row<'_>) -> rusqlite::Result<TaskState> {
    let mut state = TaskState {
        created: occurrence(row, 1)?,
        deleted: occurrence(row, 3)?,
        last: occurrence(row, 5)?,
        ..TaskState::default()
    };
    for (number, field) in state.fields.iter_mut().enumerate() {
        let column = BEFORE_FIELDS + OF_FIELD * number;
        *field = match occurrence(row, column + 1)? {
            Some(set) => Some(FieldState { value: row.get(column)?, set }),
            None => None,
        };
    }
    Ok(state)
}

fn occurrence(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Occurrence>> {
    if row.get_ref(column)? == ValueRef::Null {
        return Ok(None);
    }
    let at = DateTime::from_timestamp_micros(row.get(column)?).unwrap_or_default();
    Ok(Some(Occurrence { at, position: Position::new(row.get(column + 1)?) }))
}
