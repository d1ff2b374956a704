//! What a retry of rejects would come to: the same answers, and what would be new is noted in temporary tables, for
//! the rejects that come after it. Nothing is locked that a writer of the store waits for.

use rusqlite::{Connection, OptionalExtension, params};

use crate::application::import::identity::{is_saved_already, repetition};
use crate::application::import::{ImportRecord, Outcome};
use crate::domain::repository::RepositoryError;
use crate::domain::value_objects::{EventId, Position};

use super::append::first_of;
use super::error::port_error;

/// The events that would be new, and what would become of the last reject of each place.
const CREATE: &str = "CREATE TEMP TABLE new_events
        (event_id TEXT PRIMARY KEY, source_id INTEGER NOT NULL, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TEMP TABLE retried_places (source_id INTEGER, offset INTEGER, body TEXT NOT NULL,
        PRIMARY KEY (source_id, offset)) STRICT, WITHOUT ROWID";

/// Begins a preview.
pub(super) fn begin(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(CREATE)
}

/// Whether a reject at this place of a log would have become the event of that text by now.
pub(super) fn is_retried_as(
    connection: &Connection,
    place: (i64, u64),
    body: &str,
) -> rusqlite::Result<bool> {
    let retried: Option<String> = connection
        .prepare_cached("SELECT body FROM temp.retried_places WHERE source_id = ?1 AND offset = ?2")?
        .query_row(place, |row| row.get(0))
        .optional()?;
    Ok(retried.is_some_and(|retried| is_saved_already(&retried, body)))
}

/// What would become of a record of the log `source_id`, under this id.
pub(super) fn look_at(
    connection: &Connection,
    record: &ImportRecord,
    event_id: &EventId,
    source_id: i64,
) -> Result<Outcome, RepositoryError> {
    let failed = port_error("look at a reject");
    let outcome = match first_of(connection, event_id.as_str())? {
        Some(first) => {
            let is_of_this_log = first.source.is_some_and(|(source, _)| source == source_id);
            repetition(&first.body, &record.body, is_of_this_log).outcome(event_id, first.position)
        }
        None => match new_event(connection, event_id).map_err(&failed)? {
            Some((source, body)) => {
                repetition(&body, &record.body, source == source_id).outcome(event_id, Position::new(0))
            }
            None => Outcome::Imported,
        },
    };
    if outcome == Outcome::Imported {
        connection
            .prepare_cached("INSERT INTO temp.new_events VALUES (?1, ?2, ?3)")
            .and_then(|mut insert| insert.insert(params![event_id.as_str(), source_id, record.body]))
            .map_err(&failed)?;
    }
    if !matches!(outcome, Outcome::Conflict { .. }) {
        connection
            .prepare_cached("INSERT OR REPLACE INTO temp.retried_places VALUES (?1, ?2, ?3)")
            .and_then(|mut insert| insert.insert(params![source_id, record.place.offset, record.body]))
            .map_err(&failed)?;
    }
    Ok(outcome)
}

/// The log and the text of the event that would have this id.
fn new_event(connection: &Connection, event_id: &EventId) -> rusqlite::Result<Option<(i64, String)>> {
    connection
        .prepare_cached("SELECT source_id, body FROM temp.new_events WHERE event_id = ?1")?
        .query_row([event_id.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}
