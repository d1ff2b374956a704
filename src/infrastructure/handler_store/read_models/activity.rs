//! The events of tasks, counted by day, type and priority.

use chrono::DateTime;
use rusqlite::{OptionalExtension, params};

use super::{SqliteReadModels, micros};
use crate::application::read_models::{TaskActivity, UNKNOWN_PRIORITY};

/// An event of a task, after the one that is recorded.
struct LaterEvent {
    micros: i64,
    position: i64,
    event_type: String,
    priority: String,
}

/// Records an event, counts it, and counts those after it anew that have their priority from it.
pub fn record(read_models: &SqliteReadModels<'_>, activity: &TaskActivity<'_>) -> rusqlite::Result<()> {
    let (at, event_type) = (micros(activity.occurrence), activity.event_type);
    let Some(task_id) = activity.task_id else {
        return add(read_models, at, event_type, activity.priority.unwrap_or(UNKNOWN_PRIORITY), 1);
    };
    let position = activity.occurrence.position.get();
    let inherited = match activity.priority {
        Some(_) => None,
        None => priority_before(read_models, task_id, at, position)?,
    };
    let priority = activity.priority.or(inherited.as_deref()).unwrap_or(UNKNOWN_PRIORITY);
    read_models.execute(
        "INSERT INTO task_activity (task_id, occurred_micros, position, event_type, priority, says_priority) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![task_id, at, position, event_type, priority, activity.priority.is_some()],
    )?;
    add(read_models, at, event_type, priority, 1)?;
    if activity.priority.is_some() {
        for later in inheriting(read_models, task_id, at, position)? {
            if later.priority != priority {
                move_to(read_models, task_id, &later, priority)?;
            }
        }
    }
    Ok(())
}

/// The priority of the last event of the task before this one.
fn priority_before(
    read_models: &SqliteReadModels<'_>,
    task_id: &str,
    at: i64,
    position: i64,
) -> rusqlite::Result<Option<String>> {
    let mut statement = read_models.connection.prepare_cached(
        "SELECT priority FROM task_activity WHERE task_id = ?1 AND (occurred_micros, position) < (?2, ?3) \
         ORDER BY occurred_micros DESC, position DESC LIMIT 1",
    )?;
    statement.query_row(params![task_id, at, position], |row| row.get(0)).optional()
}

/// The events of the task after this one, up to the next that says a priority itself.
fn inheriting(
    read_models: &SqliteReadModels<'_>,
    task_id: &str,
    at: i64,
    position: i64,
) -> rusqlite::Result<Vec<LaterEvent>> {
    let mut statement = read_models.connection.prepare_cached(
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
    read_models: &SqliteReadModels<'_>,
    task_id: &str,
    event: &LaterEvent,
    priority: &str,
) -> rusqlite::Result<()> {
    add(read_models, event.micros, &event.event_type, &event.priority, -1)?;
    add(read_models, event.micros, &event.event_type, priority, 1)?;
    read_models.execute(
        "UPDATE task_activity SET priority = ?4 WHERE task_id = ?1 AND occurred_micros = ?2 AND position = ?3",
        params![task_id, event.micros, event.position, priority],
    )?;
    read_models.execute("DELETE FROM task_activity_by_day WHERE events = 0", [])?;
    Ok(())
}

/// Adds to the count of a day, a type and a priority.
fn add(
    read_models: &SqliteReadModels<'_>,
    micros: i64,
    event_type: &str,
    priority: &str,
    events: i64,
) -> rusqlite::Result<()> {
    let day = DateTime::from_timestamp_micros(micros).unwrap_or_default().date_naive().to_string();
    read_models.execute(
        "INSERT INTO task_activity_by_day (day, event_type, priority, events) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT DO UPDATE SET events = events + excluded.events",
        params![day, event_type, priority, events],
    )?;
    Ok(())
}
