//! Twins: records that are kept beside the event that they tell again.

use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::application::compare::PlacedEvent;
use crate::application::compare::report::Class;
use crate::application::import::{ImportRecord, TwinPair};
use crate::domain::repository::RepositoryError;
use crate::domain::value_objects::{EventId, Position};
use crate::infrastructure::sqlite::error::port_error;
use crate::infrastructure::sqlite::row::NewRow;
use crate::infrastructure::system_clock::present_time;

use super::provenance::SourceWriter;

/// The records of an import that have a partner, by their ids, as a preview finds them.
const CREATE: &str = "DROP TABLE IF EXISTS temp.planned_twins;
    CREATE TEMP TABLE planned_twins (event_id TEXT PRIMARY KEY, partner_id TEXT NOT NULL, class TEXT NOT NULL)
        STRICT, WITHOUT ROWID";
/// The first of two that is stored is the event. One that has a twin already gets no other one.
const PARTNER: &str = "SELECT events.position, planned_twins.class
    FROM temp.planned_twins JOIN events ON events.event_id = planned_twins.partner_id
    WHERE planned_twins.event_id = ?1
      AND NOT EXISTS (SELECT 1 FROM twins WHERE twins.position = events.position)";
const INSERT: &str =
    "INSERT INTO twins (position, event_id, event_type, occurred_at, aggregate_id, body, origin,
        recorded_at, id_derived, source_id, source_offset, source_line, class)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
/// So many columns of these are those of the record.
const OF_RECORD: usize = 11;

/// Begins a plan.
pub(super) fn begin_plan(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(CREATE)
}

/// Notes a pair, under the id of each of the two that is new.
pub(super) fn plan(connection: &Connection, pair: &TwinPair) -> Result<(), RepositoryError> {
    let failed = port_error("plan which records are twins");
    let id_of = |event: PlacedEvent| -> rusqlite::Result<String> {
        let find = match event.feed {
            STORED_FEED => "SELECT event_id FROM events WHERE position = ?1",
            _ => "SELECT event_id FROM temp.previewed WHERE number = ?1",
        };
        connection.prepare_cached(find)?.query_row([event.offset], |row| row.get(0))
    };
    let (one, other) = (id_of(pair.history).map_err(&failed)?, id_of(pair.native).map_err(&failed)?);
    for (event, id, partner) in [(pair.history, &one, &other), (pair.native, &other, &one)] {
        if event.feed != STORED_FEED {
            connection
                .prepare_cached("INSERT INTO temp.planned_twins VALUES (?1, ?2, ?3)")
                .and_then(|mut insert| insert.insert([id, partner, pair.class.as_str()]))
                .map_err(&failed)?;
        }
    }
    Ok(())
}

const STORED_FEED: u32 = 0;

/// Whether there are any.
pub(super) fn are_there(connection: &Connection) -> rusqlite::Result<bool> {
    connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM twins)")?.query_row([], |row| row.get(0))
}

/// Whether one has this id.
pub(super) fn is_there(connection: &Connection, event_id: &EventId) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM twins WHERE event_id = ?1)")?
        .query_row([event_id.as_str()], |row| row.get(0))
}

/// Whether the preview saw the record of this id.
pub(super) fn is_previewed(connection: &Connection, event_id: &EventId) -> Result<bool, RepositoryError> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM temp.previewed WHERE event_id = ?1)")
        .and_then(|mut seen| seen.query_row([event_id.as_str()], |row| row.get(0)))
        .map_err(port_error("look up what was planned"))
}

/// The event that the record of this id is the twin of, and how they differ.
pub(super) fn planned(
    connection: &Connection,
    event_id: &EventId,
) -> Result<Option<(Position, Class)>, RepositoryError> {
    let failed = port_error("look up what was planned");
    let found: Option<(i64, String)> = connection
        .prepare_cached(PARTNER)
        .and_then(|mut partner| {
            partner.query_row([event_id.as_str()], |row| Ok((row.get(0)?, row.get(1)?))).optional()
        })
        .map_err(failed)?;
    Ok(found.and_then(|(position, class)| Some((Position::new(position), Class::named(&class)?))))
}

/// Stores a record of a log as the twin of an event.
pub(super) fn store(
    connection: &Connection,
    source: &SourceWriter,
    record: &ImportRecord,
    event_id: &EventId,
    (position, class): (Position, Class),
) -> rusqlite::Result<()> {
    let row = NewRow::imported(record, event_id, source.source_id, present_time());
    connection.prepare_cached(INSERT)?.insert(params![
        position.get(),
        row.event_id,
        row.event_type,
        row.occurred_at.timestamp_micros(),
        row.aggregate_id,
        row.body,
        row.origin.as_str(),
        row.recorded_at.timestamp_micros(),
        row.id_derived,
        source.source_id,
        record.place.offset as i64,
        record.place.line as i64,
        class.as_str()
    ])?;
    Ok(())
}

/// Stores a row of a query as the twin of the event that will be at that position; its columns, from `column` on, are
/// those of a twin from the id to the place. A statement that selects what it inserts would keep every page that it changes.
pub(super) fn store_row(
    connection: &Connection,
    position: i64,
    row: &Row<'_>,
    column: usize,
    class: Class,
) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(INSERT)?;
    insert.raw_bind_parameter(1, position)?;
    for index in 0..OF_RECORD {
        insert.raw_bind_parameter(2 + index, ToSqlOutput::Borrowed(row.get_ref(column + index)?))?;
    }
    insert.raw_bind_parameter(2 + OF_RECORD, class.as_str())?;
    match insert.raw_execute()? {
        1 => Ok(()),
        rows => Err(rusqlite::Error::StatementChangedRows(rows)),
    }
}
