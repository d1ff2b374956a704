//! The queries of the port. Each walks an index, and nothing else; a test asks SQLite for its plans.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Params};

use crate::domain::repository::{RepositoryError, StoredEvent};
use crate::domain::value_objects::{EventId, Position};

use super::error::port_error;
use super::row::{COLUMNS, stored_event};

/// What follows `SELECT … FROM events` in each query. The bound in `RECENT` excludes nothing; it
/// makes the walk along the index a search, so that the plan can be held to searches alone.
const BY_ID: &str = "WHERE event_id = ?1";
const BY_TWIN: &str = "WHERE position = (SELECT position FROM twins WHERE event_id = ?1)";
const BY_TYPE: &str = "WHERE event_type = ?1 ORDER BY occurred_at DESC, position DESC LIMIT ?2";
const BY_DATE_RANGE: &str = "WHERE occurred_at BETWEEN ?1 AND ?2 ORDER BY occurred_at, position LIMIT ?3";
const RECENT: &str =
    "WHERE occurred_at <= 9223372036854775807 ORDER BY occurred_at DESC, position DESC LIMIT ?1";
const BY_AGGREGATE: &str = "WHERE aggregate_id = ?1 ORDER BY occurred_at, position LIMIT ?2";
const BEHIND: &str = "WHERE position > ?1 ORDER BY position LIMIT ?2";

pub(super) fn by_id(connection: &Connection, id: &EventId) -> Result<Option<StoredEvent>, RepositoryError> {
    let own = select(connection, BY_ID, [id.as_str()])?.pop();
    // What the other system wrote of an event is known by its own id too.
    if own.is_some() { Ok(own) } else { Ok(select(connection, BY_TWIN, [id.as_str()])?.pop()) }
}

pub(super) fn by_type(
    connection: &Connection,
    event_type: &str,
    limit: usize,
) -> Result<Vec<StoredEvent>, RepositoryError> {
    select(connection, BY_TYPE, (event_type, bounded(limit)))
}

pub(super) fn by_date_range(
    connection: &Connection,
    start: DateTime<Utc>,
    end: DateTime<Utc>,
    limit: usize,
) -> Result<Vec<StoredEvent>, RepositoryError> {
    // A bound between two microseconds: the first one within the range is the next, the last one is
    // the one before.
    let first = start.timestamp_micros() + i64::from(!start.timestamp_subsec_nanos().is_multiple_of(1_000));
    select(connection, BY_DATE_RANGE, (first, end.timestamp_micros(), bounded(limit)))
}

pub(super) fn recent(connection: &Connection, limit: usize) -> Result<Vec<StoredEvent>, RepositoryError> {
    select(connection, RECENT, [bounded(limit)])
}

pub(super) fn by_aggregate(
    connection: &Connection,
    aggregate_id: &str,
    limit: usize,
) -> Result<Vec<StoredEvent>, RepositoryError> {
    select(connection, BY_AGGREGATE, (aggregate_id, bounded(limit)))
}

pub(super) fn behind(
    connection: &Connection,
    after: Option<Position>,
    limit: usize,
) -> Result<Vec<StoredEvent>, RepositoryError> {
    select(connection, BEHIND, (after.map_or(i64::MIN, Position::get), bounded(limit)))
}

/// The position of the last event, 0 in an empty store.
pub(super) fn last_position(connection: &Connection) -> Result<Position, RepositoryError> {
    let last = "SELECT ifnull(max(position), 0) FROM events";
    connection
        .query_row(last, [], |row| row.get(0))
        .map(Position::new)
        .map_err(port_error("count the events"))
}

/// How many events there are: positions have no gaps.
pub(super) fn count(connection: &Connection) -> Result<u64, RepositoryError> {
    Ok(last_position(connection)?.get().unsigned_abs())
}

/// The last position, and how many rows there are up to each of these. All rows are counted from a
/// small index, and those behind a position, which are few, are taken off.
pub(super) fn count_up_to(
    connection: &Connection,
    positions: &[Position],
) -> Result<(Position, Vec<u64>), RepositoryError> {
    let failed = port_error("count the events");
    let state = connection.unchecked_transaction().map_err(&failed)?;
    let last = last_position(&state)?;
    let all: u64 = state.query_row("SELECT count(*) FROM events", [], |row| row.get(0)).map_err(&failed)?;
    let mut behind = state.prepare("SELECT count(*) FROM events WHERE position > ?1").map_err(&failed)?;
    let mut counts = Vec::with_capacity(positions.len());
    for position in positions {
        let behind: u64 = behind.query_row([position.get()], |row| row.get(0)).map_err(&failed)?;
        counts.push(all - behind);
    }
    Ok((last, counts))
}

/// The last import into the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastImport {
    /// The log; absolute.
    pub path: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// It came to its end.
    pub is_finished: bool,
}

pub(super) fn last_import(connection: &Connection) -> Result<Option<LastImport>, RepositoryError> {
    let last = "SELECT path, started_at, finished_at IS NOT NULL FROM sources
        ORDER BY ifnull(finished_at, started_at) DESC, source_id DESC LIMIT 1";
    connection
        .query_row(last, [], |row| {
            let started_at = DateTime::from_timestamp_micros(row.get(1)?).unwrap_or_default();
            Ok(LastImport { path: row.get(0)?, started_at, is_finished: row.get(2)? })
        })
        .optional()
        .map_err(port_error("look up the last import"))
}

fn select(
    connection: &Connection,
    clause: &str,
    parameters: impl Params,
) -> Result<Vec<StoredEvent>, RepositoryError> {
    let failed = port_error("read events");
    let mut statement = connection.prepare_cached(&statement(clause)).map_err(&failed)?;
    let mut rows = statement.query(parameters).map_err(&failed)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        found.push(stored_event(row)?);
    }
    Ok(found)
}

fn statement(clause: &str) -> String {
    format!("SELECT {COLUMNS} FROM events {clause}")
}

/// SQLite counts in signed numbers, in which a negative limit would mean none.
fn bounded(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infrastructure::sqlite::schema;

    fn plan(connection: &Connection, sql: &str) -> Vec<String> {
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        statement.query_map([], |row| row.get(3)).unwrap().map(Result::unwrap).collect()
    }

    fn scans_or_sorts(plan: &[String]) -> bool {
        let searches = ["SEARCH events USING", "SEARCH twins USING", "SCALAR SUBQUERY"];
        plan.iter().any(|step| !searches.iter().any(|search| step.starts_with(search)))
    }

    #[test]
    fn no_query_of_the_port_scans_or_sorts_the_table() {
        let folder = tempfile::tempdir().unwrap();
        let connection = schema::open_current(&folder.path().join("events.db")).unwrap();
        for clause in [BY_ID, BY_TWIN, BY_TYPE, BY_DATE_RANGE, RECENT, BY_AGGREGATE, BEHIND] {
            let steps = plan(
                &connection,
                &statement(clause).replace("?1", "1").replace("?2", "2").replace("?3", "3"),
            );
            assert!(!scans_or_sorts(&steps), "{clause}: {steps:?}");
        }
        for offence in ["WHERE body = 1", "ORDER BY event_type, body", "WHERE aggregate_id = 1 ORDER BY body"]
        {
            assert!(scans_or_sorts(&plan(&connection, &statement(offence))), "{offence}");
        }
    }
}
