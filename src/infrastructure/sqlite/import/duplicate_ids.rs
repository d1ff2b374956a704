//! Which rows of a store that is being built are no events of their own: an id that stands twice.
//!
//! Rows were taken as they came, with the id of a first occurrence. Here, group by group of the same
//! id, the rules of [identity](crate::application::import::identity) are applied that an import into a
//! filled store applies row by row.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, params};

use crate::application::import::SharedCounts;
use crate::application::import::identity::{LoadedRow, OccurrenceNumbering, Repetition, RowRole, repetition};
use crate::domain::event::derived_event_id;
use crate::domain::repository::RepositoryError;
use crate::infrastructure::sqlite::error::port_error;
use crate::wire::record::ContentIds;

use super::superseded_rows;

const PREPARE: &str = "CREATE INDEX building_by_id ON events (event_id, id_derived);
    CREATE TEMP TABLE duplicate_ids AS
        SELECT event_id, max(id_derived) AS has_derived
        FROM events GROUP BY event_id HAVING count(*) > 1;";
const DUPLICATED: &str = "SELECT event_id FROM temp.duplicate_ids WHERE has_derived = ?1";
const GROUP: &str = "SELECT position, id_derived, source_id FROM events
    WHERE event_id = ?1 AND position NOT IN (SELECT position FROM temp.superseded) ORDER BY position";
const CARRYING: &str =
    "SELECT position, id_derived, source_id FROM events WHERE event_id = ?1 AND id_derived = 0";
const DROP_INDEX: &str = "DROP TABLE temp.duplicate_ids; DROP INDEX building_by_id";

/// What the occurrences of all parts of a log are counted in; no source has that number.
const ALL_PARTS: i64 = 0;

/// A row of a group, without its text: a group may be as large as the log.
#[derive(Debug, Clone, Copy)]
struct GroupRow {
    position: i64,
    is_derived: bool,
    source_id: i64,
}

impl GroupRow {
    /// The row under the derived id of the occurrence `number`: one that is derived is numbered anew.
    fn loaded(self, number: u64, parts: Option<&BTreeSet<i64>>) -> LoadedRow {
        let Self { position, is_derived, source_id } = self;
        // What was read of a log that changed meanwhile is no part.
        let is_part = parts.is_some_and(|parts| parts.contains(&source_id));
        let counted_in = if is_part { ALL_PARTS } else { source_id };
        LoadedRow { position, source_id, counted_in, carried: (!is_derived).then_some(number) }
    }
}

/// Applies the rules of identity. The occurrences in `parts` are counted as those of one log. Answers which
/// records without id of one log another one has as well.
pub(super) fn find(
    connection: &Connection,
    parts: Option<&BTreeSet<i64>>,
) -> Result<SharedCounts, RepositoryError> {
    let failed = port_error("find duplicate ids");
    connection.execute_batch(PREPARE).map_err(&failed)?;
    let mut shared = SharedCounts::new();
    // Derived ids come first: what is decided for them may decide for records that carry such an id.
    for_each_group(connection, true, |rows| number_occurrences(connection, rows, parts, &mut shared))?;
    for_each_group(connection, false, |rows| keep_first(connection, &rows).map_err(&failed))?;
    connection.execute_batch(DROP_INDEX).map_err(&failed)?;
    Ok(shared)
}

fn for_each_group(
    connection: &Connection,
    has_derived: bool,
    mut apply: impl FnMut(Vec<GroupRow>) -> Result<(), RepositoryError>,
) -> Result<(), RepositoryError> {
    let failed = port_error("find duplicate ids");
    let mut duplicated = connection.prepare(DUPLICATED).map_err(&failed)?;
    let mut ids = duplicated.query([has_derived]).map_err(&failed)?;
    while let Some(row) = ids.next().map_err(&failed)? {
        let id: String = row.get(0).map_err(&failed)?;
        apply(rows_of(connection, GROUP, &id).map_err(&failed)?)?;
    }
    Ok(())
}

fn rows_of(connection: &Connection, query: &str, id: &str) -> rusqlite::Result<Vec<GroupRow>> {
    let mut statement = connection.prepare_cached(query)?;
    statement
        .query_map([id], |row| {
            Ok(GroupRow { position: row.get(0)?, is_derived: row.get(1)?, source_id: row.get(2)? })
        })?
        .collect()
}

fn body_at(connection: &Connection, position: i64) -> rusqlite::Result<String> {
    connection
        .prepare_cached("SELECT body FROM events WHERE position = ?1")?
        .query_row([position], |row| row.get(0))
}

/// Numbers the records of one content that have no id. Records that carry the id of one of the numbers, as
/// those of a repaired log do, are looked at with them.
fn number_occurrences(
    connection: &Connection,
    rows: Vec<GroupRow>,
    parts: Option<&BTreeSet<i64>>,
    shared: &mut SharedCounts,
) -> Result<(), RepositoryError> {
    let failed = port_error("number identical records");
    let Some(derived) = rows.iter().find(|row| row.is_derived) else { return Ok(()) };
    let body = body_at(connection, derived.position).map_err(&failed)?;
    let content =
        ContentIds::default().of(&body).map_err(|error| RepositoryError::storage("derive an id", error))?;
    let mut rows: Vec<LoadedRow> = rows.into_iter().map(|row| row.loaded(1, parts)).collect();
    let mut occurrences: BTreeMap<i64, u64> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.carried.is_none()) {
        *occurrences.entry(row.counted_in).or_default() += 1;
    }
    for number in 2..=occurrences.into_values().max().unwrap_or(0) {
        let id = derived_event_id(content, number);
        let carrying = rows_of(connection, CARRYING, id.as_str()).map_err(&failed)?;
        rows.extend(carrying.into_iter().map(|row| row.loaded(number, parts)));
    }
    rows.sort_by_key(|row| row.position);
    let mut numbering = OccurrenceNumbering::default();
    for row in rows {
        match numbering.take(row) {
            RowRole::Event { number } if row.carried.is_none() && number > 1 => {
                let id = derived_event_id(content, number);
                connection
                    .prepare_cached("UPDATE events SET event_id = ?2 WHERE position = ?1")
                    .and_then(|mut rename| rename.execute(params![row.position, id.as_str()]))
                    .map(drop)
            }
            RowRole::Event { .. } => Ok(()),
            RowRole::SameContent { first } => {
                *shared.entry((first.source_id, row.source_id)).or_default() += 1;
                let repetition = Repetition::AlreadyPresent;
                superseded_rows::note_repetition(connection, row.position, first.position, repetition)
            }
            RowRole::SameId { first } => supersede(connection, &first, &row),
        }
        .map_err(&failed)?;
    }
    Ok(())
}

/// Of records that carry the same id, the first is the event.
fn keep_first(connection: &Connection, rows: &[GroupRow]) -> rusqlite::Result<()> {
    let Some((first, others)) = rows.split_first() else { return Ok(()) };
    others.iter().try_for_each(|row| supersede(connection, &first.loaded(1, None), &row.loaded(1, None)))
}

/// Notes what `row` is, which has the id of `first`.
fn supersede(connection: &Connection, first: &LoadedRow, row: &LoadedRow) -> rusqlite::Result<()> {
    let (first_body, body) = (body_at(connection, first.position)?, body_at(connection, row.position)?);
    let repetition = repetition(&first_body, &body, first.source_id == row.source_id);
    superseded_rows::note_repetition(connection, row.position, first.position, repetition)
}
