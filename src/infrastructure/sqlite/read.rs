//! The queries of the port. Each walks an index, and nothing else; a test asks SQLite for its plans.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Params, ToSql};

use crate::domain::query::{EventQuery, TimeOrder};
use crate::domain::repository::{RepositoryError, StoreSummary, StoredEvent};
use crate::domain::value_objects::{AggregateId, EventId, Position};

use super::error::port_error;
use super::row::{COLUMNS, stored_event};
use super::stored_rows;

/// What follows `SELECT … FROM events` in each query but those that [`matching`] makes.
const BY_ID: &str = "WHERE event_id = ?1";
const BY_TWIN: &str = "WHERE position = (SELECT position FROM twins WHERE event_id = ?1)";
const AFTER: &str = "WHERE position > ?1 ORDER BY position LIMIT ?2";

const LAST_POSITION: &str = "SELECT max(position) FROM events";
/// One statement, so that all of it is of one state; one search each, since an index has what is asked for, apart
/// from the count: SQLite adds up the entries of the smallest index, page by page.
const SUMMARY: &str = "SELECT (SELECT max(position) FROM events),
    (SELECT min(occurred_at) FROM events), (SELECT max(occurred_at) FROM events), (SELECT count(*) FROM events)";
const COUNT: &str = "SELECT count(*) FROM events";

pub(super) fn by_id(connection: &Connection, id: &EventId) -> Result<Option<StoredEvent>, RepositoryError> {
    let own = select(connection, BY_ID, [id.as_str()])?.pop();
    // What the other system wrote of an event is known by its own id too.
    if own.is_some() { Ok(own) } else { Ok(select(connection, BY_TWIN, [id.as_str()])?.pop()) }
}

pub(super) fn query(
    connection: &Connection,
    query: &EventQuery,
    limit: usize,
) -> Result<Vec<StoredEvent>, RepositoryError> {
    let (first, last) = query.between.map_or((i64::MIN, i64::MAX), |(start, end)| {
        // A bound between two microseconds: the first one within the range is the next, the last one
        // is the one before.
        let is_between = !start.timestamp_subsec_nanos().is_multiple_of(1_000);
        (start.timestamp_micros() + i64::from(is_between), end.timestamp_micros())
    });
    let limit = bounded(limit);
    let mut parameters: Vec<&dyn ToSql> = vec![&first, &last, &limit];
    let aggregate_id = query.aggregate_id.as_ref().map(AggregateId::as_str);
    parameters.extend(query.event_type.as_ref().map(|event_type| event_type as &dyn ToSql));
    parameters.extend(aggregate_id.as_ref().map(|aggregate_id| aggregate_id as &dyn ToSql));
    select(connection, &matching(query), parameters.as_slice())
}

/// The clause of a query: `?1` to `?2` are the bounds of the time, `?3` is the limit, and type and
/// aggregate follow. The bounds stand in every clause: where they exclude nothing, they make the walk
/// along the index a search, so that the plan can be held to searches alone.
fn matching(query: &EventQuery) -> String {
    let mut clause = "WHERE occurred_at BETWEEN ?1 AND ?2".to_owned();
    let conditions =
        [("event_type", query.event_type.is_some()), ("aggregate_id", query.aggregate_id.is_some())];
    for (number, (column, _)) in (4..).zip(conditions.iter().filter(|(_, is_set)| *is_set)) {
        clause.push_str(&format!(" AND {column} = ?{number}"));
    }
    clause.push_str(match query.order {
        TimeOrder::Chronological => " ORDER BY occurred_at, position LIMIT ?3",
        TimeOrder::NewestFirst => " ORDER BY occurred_at DESC, position DESC LIMIT ?3",
    });
    clause
}

pub(super) fn after(
    connection: &Connection,
    position: Option<Position>,
    limit: usize,
) -> Result<Vec<StoredEvent>, RepositoryError> {
    select(connection, AFTER, (position.map_or(i64::MIN, Position::get), bounded(limit)))
}

/// The position of the last event.
pub(super) fn last_position(connection: &Connection) -> Result<Option<Position>, RepositoryError> {
    connection
        .query_row(LAST_POSITION, [], |row| row.get::<_, Option<i64>>(0))
        .map(|last| last.map(Position::new))
        .map_err(port_error("look up the last event"))
}

pub(super) fn summary(connection: &Connection) -> Result<StoreSummary, RepositoryError> {
    let failed = port_error("count the events");
    let (head, first, last, events): (Option<i64>, Option<i64>, Option<i64>, u64) = connection
        .query_row(SUMMARY, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .map_err(failed)?;
    stored_rows::tell_of_others(connection)?;
    let time = |micros: Option<i64>| micros.map(time_of).transpose();
    Ok(StoreSummary { events, first: time(first)?, last: time(last)?, head: head.map(Position::new) })
}

fn time_of(micros: i64) -> Result<DateTime<Utc>, RepositoryError> {
    DateTime::from_timestamp_micros(micros).ok_or_else(|| RepositoryError::Corrupt {
        place: "the database".to_owned(),
        detail: format!("occurred_at {micros} is no time"),
    })
}

/// How many events there are, counted.
pub(super) fn count(connection: &Connection) -> Result<u64, RepositoryError> {
    connection.query_row(COUNT, [], |row| row.get(0)).map_err(port_error("count the events"))
}

/// The last position, 0 in an empty store, and how many rows there are up to each of these. All rows
/// are counted from a small index, and those after a position, which are few, are taken off.
pub(super) fn count_up_to(
    connection: &Connection,
    positions: &[Position],
) -> Result<(Position, Vec<u64>), RepositoryError> {
    let failed = port_error("count the events");
    let state = connection.unchecked_transaction().map_err(&failed)?;
    let last = last_position(&state)?.unwrap_or(Position::new(0));
    let all: u64 = state.query_row(COUNT, [], |row| row.get(0)).map_err(&failed)?;
    let mut later = state.prepare("SELECT count(*) FROM events WHERE position > ?1").map_err(&failed)?;
    let mut counts = Vec::with_capacity(positions.len());
    for position in positions {
        let later: u64 = later.query_row([position.get()], |row| row.get(0)).map_err(&failed)?;
        counts.push(all - later);
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
    use super::super::database_kind::EVENT_STORE;
    use super::*;
    use crate::infrastructure::sqlite::schema;

    fn plan(connection: &Connection, sql: &str) -> Vec<String> {
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        statement.query_map([], |row| row.get(3)).unwrap().map(Result::unwrap).collect()
    }

    fn scans_or_sorts(plan: &[String]) -> bool {
        // The greatest position is a search without an index: the table is in its order.
        let searches = ["SEARCH events", "SEARCH twins USING", "SCALAR SUBQUERY", "SCAN CONSTANT ROW"];
        plan.iter().any(|step| !searches.iter().any(|search| step.starts_with(search)))
    }

    const COUNTS_AN_INDEX: &str = "SCAN events USING COVERING INDEX events_by_timestamp";

    /// Every combination of conditions and order, with the index that has to answer it.
    fn queries() -> Vec<(EventQuery, &'static str)> {
        let any = || [EventQuery::chronological(), EventQuery::newest_first()].into_iter();
        let day = (DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH);
        any()
            .flat_map(|query| [query.clone(), query.between(day.0, day.1)])
            .flat_map(|query| {
                [
                    (query.clone(), "events_by_timestamp"),
                    (query.clone().of_type("A"), "events_by_type"),
                    (query.clone().about("T1"), "events_by_aggregate"),
                    // Of the two that can answer it, either will do.
                    (query.of_type("A").about("T1"), "events_by_"),
                ]
            })
            .collect()
    }

    #[test]
    fn no_query_of_the_port_scans_or_sorts_the_table() {
        let folder = tempfile::tempdir().unwrap();
        let connection = schema::open_current(&EVENT_STORE, &folder.path().join("events.db")).unwrap();
        let with_numbers =
            |sql: &str| (1..=5).fold(sql.to_owned(), |sql, n| sql.replace(&format!("?{n}"), &n.to_string()));
        for clause in [BY_ID, BY_TWIN, AFTER] {
            let steps = plan(&connection, &with_numbers(&statement(clause)));
            assert!(!scans_or_sorts(&steps), "{clause}: {steps:?}");
        }
        for (sql, counts) in [(LAST_POSITION, 0), (SUMMARY, 1), (COUNT, 1)] {
            let (counting, others): (Vec<String>, _) =
                plan(&connection, sql).into_iter().partition(|step| step == COUNTS_AN_INDEX);
            assert!(counting.len() == counts && !scans_or_sorts(&others), "{sql}: {others:?}");
        }
        for (query, index) in queries() {
            let steps = plan(&connection, &with_numbers(&statement(&matching(&query))));
            assert!(!scans_or_sorts(&steps) && steps[0].contains(index), "{query:?}: {steps:?}");
        }
        for offence in ["WHERE body = 1", "ORDER BY event_type, body", "WHERE aggregate_id = 1 ORDER BY body"]
        {
            assert!(scans_or_sorts(&plan(&connection, &statement(offence))), "{offence}");
        }
    }
}
