//! How many identical records of a log came so far.

use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use crate::domain::event::derived_event_id;
use crate::domain::repository::RepositoryError;
use crate::domain::value_objects::EventId;
use crate::infrastructure::sqlite::append::first_of;
use crate::infrastructure::sqlite::error::port_error;

/// In a temporary table, which spills to a file: a log may repeat itself as often as it likes.
/// Sorted by time first, as logs mostly are, so that counting walks along instead of jumping about.
const CREATE: &str = "CREATE TEMP TABLE IF NOT EXISTS occurrences (
    written_at INTEGER NOT NULL, content BLOB NOT NULL, seen INTEGER NOT NULL,
    PRIMARY KEY (written_at, content)) STRICT, WITHOUT ROWID";
const SEEN: &str = "SELECT seen FROM temp.occurrences WHERE written_at = ?1 AND content = ?2";
const SET: &str = "INSERT OR REPLACE INTO temp.occurrences VALUES (?1, ?2, ?3)";
const REPEATED: &str = "SELECT EXISTS (SELECT 1 FROM source_repeats
    WHERE position = ?1 AND source_id = ?2 AND offset < ?3 AND twin_id IS ?4)";

/// Begins to count, for a new log.
pub(in crate::infrastructure::sqlite) fn reset(connection: &Connection) -> Result<(), RepositoryError> {
    let failed = port_error("count identical records");
    connection.execute_batch(CREATE).map_err(&failed)?;
    connection.execute("DELETE FROM temp.occurrences", []).map_err(&failed)?;
    Ok(())
}

/// The id of the next one of the identical records that `content` stands for. Those that lie before
/// `known_to` in the log `source_id` are not read again; the store knows them.
pub(super) fn next_id(
    connection: &Connection,
    content: Uuid,
    written_at: i64,
    source_id: i64,
    known_to: u64,
) -> Result<EventId, RepositoryError> {
    let failed = port_error("count identical records");
    let key = content.as_bytes();
    let seen: Option<u64> = connection
        .prepare_cached(SEEN)
        .and_then(|mut seen| seen.query_row(params![written_at, key], |row| row.get(0)).optional())
        .map_err(&failed)?;
    let seen = match seen {
        Some(seen) => seen,
        None if known_to == 0 => 0,
        None => known_before(connection, content, source_id, known_to)?,
    };
    connection
        .prepare_cached(SET)
        .and_then(|mut set| set.execute(params![written_at, key, seen + 1]))
        .map_err(&failed)?;
    Ok(derived_event_id(content, seen + 1))
}

/// How many of them lie in the part of the log that the store knows: they have the numbers 1 to n,
/// and each is an event of that log, or the twin of one, or repeats one.
fn known_before(
    connection: &Connection,
    content: Uuid,
    source_id: i64,
    known_to: u64,
) -> Result<u64, RepositoryError> {
    let failed = port_error("count identical records");
    let mut count = 0;
    while let Some(event) = first_of(connection, derived_event_id(content, count + 1).as_str())? {
        let is_own =
            event.source.is_some_and(|(source, offset)| source == source_id && (offset as u64) < known_to);
        let is_known = is_own
            || connection
                .prepare_cached(REPEATED)
                .and_then(|mut repeated| {
                    let place = params![event.position.get(), source_id, known_to, event.twin_id];
                    repeated.query_row(place, |row| row.get(0))
                })
                .map_err(&failed)?;
        if !is_known {
            break;
        }
        count += 1;
    }
    Ok(count)
}
