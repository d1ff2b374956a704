//! Which rows of a store that is being built are no events of their own: an id that stands twice.
//!
//! Rows were taken as they came, with the id of a first occurrence. Here, group by group of the same
//! id, the rules of identity are applied that an import into a filled store applies row by row.

use rusqlite::{Connection, params};

use crate::domain::event::derived_event_id;
use crate::domain::repository::RepositoryError;
use crate::infrastructure::sqlite::error::port_error;
use crate::wire::json::same_value;
use crate::wire::record::ContentIds;

use crate::infrastructure::sqlite::import::superseded_rows::{ALREADY_PRESENT, CONFLICT, DUPLICATE};

const PREPARE: &str = "CREATE INDEX building_by_id ON events (event_id, id_derived);
    CREATE TEMP TABLE repeated AS SELECT event_id, max(id_derived) AS has_derived
        FROM events GROUP BY event_id HAVING count(*) > 1;";
const REPEATED: &str = "SELECT event_id FROM temp.repeated WHERE has_derived = ?1";
const GROUP: &str = "SELECT position, id_derived, source_id FROM events
    WHERE event_id = ?1 AND position NOT IN (SELECT position FROM temp.gone) ORDER BY position";
const CARRYING: &str =
    "SELECT position, id_derived, source_id FROM events WHERE event_id = ?1 AND id_derived = 0";
const TIDY: &str = "DROP TABLE temp.repeated; DROP INDEX building_by_id";

/// A row of a group, without its text: a group may be as large as the log.
#[derive(Debug, Clone, Copy)]
struct Row {
    position: i64,
    is_derived: bool,
    source_id: i64,
}

/// Applies the rules of identity.
pub(super) fn find(connection: &Connection) -> Result<(), RepositoryError> {
    let failed = port_error("find repeated ids");
    connection.execute_batch(PREPARE).map_err(&failed)?;
    // Derived ids come first: what is decided for them may decide for records that carry such an id.
    for_each_repeated(connection, true, |rows| number_occurrences(connection, rows))?;
    for_each_repeated(connection, false, |rows| keep_first(connection, &rows).map_err(&failed))?;
    connection.execute_batch(TIDY).map_err(&failed)
}

fn for_each_repeated(
    connection: &Connection,
    has_derived: bool,
    mut apply: impl FnMut(Vec<Row>) -> Result<(), RepositoryError>,
) -> Result<(), RepositoryError> {
    let failed = port_error("find repeated ids");
    let mut repeated = connection.prepare(REPEATED).map_err(&failed)?;
    let mut ids = repeated.query([has_derived]).map_err(&failed)?;
    while let Some(row) = ids.next().map_err(&failed)? {
        let id: String = row.get(0).map_err(&failed)?;
        apply(rows_of(connection, GROUP, &id).map_err(&failed)?)?;
    }
    Ok(())
}

fn rows_of(connection: &Connection, query: &str, id: &str) -> rusqlite::Result<Vec<Row>> {
    let mut statement = connection.prepare_cached(query)?;
    statement
        .query_map([id], |row| {
            Ok(Row { position: row.get(0)?, is_derived: row.get(1)?, source_id: row.get(2)? })
        })?
        .collect()
}

fn body_at(connection: &Connection, position: i64) -> rusqlite::Result<String> {
    connection
        .prepare_cached("SELECT body FROM events WHERE position = ?1")?
        .query_row([position], |row| row.get(0))
}

fn goes(connection: &Connection, row: &Row, first: i64, kind: &str) -> rusqlite::Result<()> {
    connection.prepare_cached("INSERT INTO temp.gone VALUES (?1, ?2, ?3)")?.execute(params![
        row.position,
        first,
        kind
    ])?;
    Ok(())
}

/// Identical records without id: the k-th of a log has the number k, and the store holds the maximum
/// over the logs. A record that carries the id of one of the numbers, as a repaired log does, is
/// another content under that id: whichever of the two came first is the event.
fn number_occurrences(connection: &Connection, rows: Vec<Row>) -> Result<(), RepositoryError> {
    let failed = port_error("number identical records");
    let Some(derived) = rows.iter().find(|row| row.is_derived) else { return Ok(()) };
    let body = body_at(connection, derived.position).map_err(&failed)?;
    let content =
        ContentIds::default().of(&body).map_err(|error| RepositoryError::storage("derive an id", error))?;
    let derived = rows.iter().filter(|row| row.is_derived);
    let numbers =
        derived.collect::<Vec<_>>().chunk_by(|a, b| a.source_id == b.source_id).map(<[_]>::len).max();
    // Only those that carry an id have a number from the beginning.
    let mut numbered: Vec<(Row, usize)> = rows.into_iter().map(|row| (row, 0)).collect();
    for number in 1..numbers.unwrap_or(0) {
        let id = derived_event_id(content, number as u64 + 1);
        let carrying = rows_of(connection, CARRYING, id.as_str()).map_err(&failed)?;
        numbered.extend(carrying.into_iter().map(|row| (row, number)));
    }
    numbered.sort_by_key(|(row, _)| row.position);
    let mut firsts: Vec<Option<Row>> = vec![None; numbers.unwrap_or(0)];
    let (mut source_id, mut occurrence) = (None, 0);
    for (row, mut number) in numbered {
        if row.is_derived {
            if source_id.replace(row.source_id) != Some(row.source_id) {
                occurrence = 0;
            }
            number = occurrence;
            occurrence += 1;
        }
        match firsts[number] {
            Some(first) if first.is_derived && row.is_derived => {
                goes(connection, &row, first.position, ALREADY_PRESENT).map_err(&failed)?;
            }
            Some(first) => give_way(connection, &first, &row).map_err(&failed)?,
            None => {
                firsts[number] = Some(row);
                if row.is_derived && number > 0 {
                    let id = derived_event_id(content, number as u64 + 1);
                    connection
                        .prepare_cached("UPDATE events SET event_id = ?2 WHERE position = ?1")
                        .and_then(|mut rename| rename.execute(params![row.position, id.as_str()]))
                        .map_err(&failed)?;
                }
            }
        }
    }
    Ok(())
}

/// Records that carry the same id: the first is the event.
fn keep_first(connection: &Connection, rows: &[Row]) -> rusqlite::Result<()> {
    let Some((first, others)) = rows.split_first() else { return Ok(()) };
    others.iter().try_for_each(|row| give_way(connection, first, row))
}

fn give_way(connection: &Connection, first: &Row, row: &Row) -> rusqlite::Result<()> {
    let kind = match same_value(&body_at(connection, first.position)?, &body_at(connection, row.position)?) {
        true if first.source_id == row.source_id => DUPLICATE,
        true => ALREADY_PRESENT,
        false => CONFLICT,
    };
    goes(connection, row, first.position, kind)
}
