//! The events of tasks, counted by day, type and priority.

use chrono::DateTime;
use rusqlite::{Connection, OptionalExtension, params};

use super::statement::{execute, micros};
use crate::application::read_models::{TaskActivity, UNKNOWN_PRIORITY};

/// An event of a task, after the one that is recorded.
struct LaterEvent {
    micros: i64,
    position: i64,
    event_type: String,
    priority: String,
}

/// Records an event, counts it, and counts those after it anew that have their priority from it.
pub fn record(connection: &Connection, activity: &TaskActivity<'_>) -> rusqlite::Result<()> {
    let (at, event_type) = (micros(activity.occurrence), activity.event_type);
    let Some(task_id) = activity.task_id else {
        return add(connection, at, event_type, activity.priority.unwrap_or(UNKNOWN_PRIORITY), 1);
    };
    let position = activity.occurrence.position.get();
    let inherited = match activity.priority {
        Some(_) => None,
        None => priority_before(connection, task_id, at, position)?,
    };
    let priority = activity.priority.or(inherited.as_deref()).unwrap_or(UNKNOWN_PRIORITY);
    execute(
        connection,
        "INSERT INTO task_activity (task_id, occurred_micros, position, event_type, priority, says_priority) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![task_id, at, position, event_type, priority, activity.priority.is_some()],
    )?;
    add(connection, at, event_type, priority, 1)?;
    if activity.priority.is_some() {
        for later in inheriting(connection, task_id, at, position)? {
            if later.priority != priority {
                move_to(connection, task_id, &later, priority)?;
            }
        }
    }
    Ok(())
}

/// The priority of the last event of the task before this one.
fn priority_before(
    connection: &Connection,
    task_id: &str,
    at: i64,
    position: i64,
) -> rusqlite::Result<Option<String>> {
    let mut statement = connection.prepare_cached(
        "SELECT priority FROM task_activity WHERE task_id = ?1 AND (occurred_micros, position) < (?2, ?3) \
         ORDER BY occurred_micros DESC, position DESC LIMIT 1",
    )?;
    statement.query_row(params![task_id, at, position], |row| row.get(0)).optional()
}

/// The events of the task after this one, up to the next that says a priority itself.
fn inheriting(
    connection: &Connection,
    task_id: &str,
    at: i64,
    position: i64,
) -> rusqlite::Result<Vec<LaterEvent>> {
    let mut statement = connection.prepare_cached(
        "SELECT occurred_micros, position, event_type, priority, says_priority FROM task_activity \
         WHERE task_id = ?1 AND (occurred_micros, position) > (?2, ?3) ORDER BY occurred_micros, position",
    )?;
    let mut rows = statement.query(params![task_id, at, position])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        if row.get(4)? {
            break;
        }
        found.push(LaterEvent {
            micros: row.get(0)?,
            position: row.get(1)?,
            event_type: row.get(2)?,
            priority: row.get(3)?,
        });
    }
    Ok(found)
}

fn move_to(
    connection: &Connection,
    task_id: &str,
    event: &LaterEvent,
    priority: &str,
) -> rusqlite::Result<()> {
    add(connection, event.micros, &event.event_type, &event.priority, -1)?;
    add(connection, event.micros, &event.event_type, priority, 1)?;
    execute(
        connection,
        "UPDATE task_activity SET priority = ?4 WHERE task_id = ?1 AND occurred_micros = ?2 AND position = ?3",
        params![task_id, event.micros, event.position, priority],
    )?;
    execute(connection, "DELETE FROM task_activity_by_day WHERE events = 0", [])
}

/// Adds to the count of a day, a type and a priority.
fn add(
    connection: &Connection,
    micros: i64,
    event_type: &str,
    priority: &str,
    events: i64,
) -> rusqlite::Result<()> {
    let day = DateTime::from_timestamp_micros(micros).unwrap_or_default().date_naive().to_string();
    execute(
        connection,
        "INSERT INTO task_activity_by_day (day, event_type, priority, events) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT DO UPDATE SET events = events + excluded.events",
        params![day, event_type, priority, events],
    )
}
