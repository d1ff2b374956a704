//! Rows of a store that is being built and that are no events, because another row stands for them: what
//! repeats an event, and what both systems wrote of one event.

use rusqlite::{Connection, params};

use crate::application::compare::report::Class;
use crate::application::import::identity::Repetition;
use crate::application::import::{Correction, Outcome, TwinPair};
use crate::application::log_source::{Place, Reject};
use crate::domain::repository::RepositoryError;
use crate::domain::value_objects::{EventId, Position};
use crate::infrastructure::sqlite::error::port_error;

use super::twins;

/// The superseded rows, and the row that stands for each of them. `kind` is the name of the repetition, or,
/// of a twin, that of its class.
const BEGIN: &str = "BEGIN;
    CREATE TEMP TABLE superseded
        (position INTEGER PRIMARY KEY, first INTEGER NOT NULL, kind TEXT NOT NULL) STRICT";
const END: &str = "DROP TABLE temp.superseded; COMMIT";
const TWINS: &str = "SELECT superseded.position, superseded.first, superseded.kind,
        row.source_id, row.source_offset, row.source_line
    FROM temp.superseded CROSS JOIN events AS row ON row.position = superseded.position
    WHERE superseded.kind NOT IN ('duplicate', 'already_present', 'conflict') ORDER BY superseded.position";
/// A row that stands for another one may itself be superseded, as a twin.
const REPETITIONS: &str =
    "SELECT row.source_id, row.source_offset, row.source_line, row.body, superseded.kind,
        ifnull(twin.first, first.position), first.event_id, first.body, twins.twin_id
    FROM temp.superseded CROSS JOIN events AS row ON row.position = superseded.position
                         CROSS JOIN events AS first ON first.position = superseded.first
                         LEFT JOIN temp.superseded AS twin ON twin.position = superseded.first
                         LEFT JOIN twins ON twins.event_id = first.event_id
    WHERE superseded.kind IN ('duplicate', 'already_present', 'conflict') ORDER BY superseded.position";

/// Begins to note which rows are superseded.
pub(super) fn begin(connection: &Connection) -> Result<(), RepositoryError> {
    connection.execute_batch(BEGIN).map_err(port_error("find repeated records"))
}

/// Notes that what the legacy system wrote of an event is superseded by what the new system wrote of it.
pub(super) fn note_twins(connection: &Connection, pair: &TwinPair) -> Result<(), RepositoryError> {
    let (history, native) = (pair.history.offset as i64, pair.native.offset as i64);
    note(connection, history, native, pair.class.as_str()).map_err(port_error("note a pair"))
}

/// Notes that a row repeats the row `first`.
pub(super) fn note_repetition(
    connection: &Connection,
    position: i64,
    first: i64,
    repetition: Repetition,
) -> rusqlite::Result<()> {
    note(connection, position, first, repetition.as_str())
}

fn note(connection: &Connection, position: i64, first: i64, kind: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO temp.superseded VALUES (?1, ?2, ?3)")?
        .insert(params![position, first, kind])?;
    Ok(())
}

/// Removes the superseded rows, and tells `correct` of every row that is not the event it was taken for.
pub(super) fn remove(
    connection: &Connection,
    correct: &mut dyn FnMut(Correction),
) -> Result<(), RepositoryError> {
    let failed = port_error("remove repeated records");
    let superseded = superseded_positions(connection).map_err(&failed)?;
    // Twins come first: what repeats one is written down as that.
    write_twins(connection, &superseded, correct).map_err(&failed)?;
    write_down(connection, &superseded, correct)?;
    close_gaps(connection, &superseded).map_err(&failed)?;
    connection.execute_batch(END).map_err(&failed)
}

/// Where a row will be when the gaps are closed.
fn closed_up(superseded: &[i64], position: i64) -> i64 {
    position - superseded.partition_point(|&gap| gap < position) as i64
}

fn write_twins(
    connection: &Connection,
    superseded: &[i64],
    correct: &mut dyn FnMut(Correction),
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(TWINS)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (position, first, kind): (i64, i64, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let Some(class) = Class::named(&kind) else { continue };
        let source_id = row.get(3)?;
        let place = Place { offset: row.get(4)?, line: row.get(5)? };
        twins::store_row(connection, position, closed_up(superseded, first), class)?;
        recount(connection, source_id, "matched_existing")?;
        correct(Correction { source_id, place, outcome: Outcome::MatchedExisting { class } });
    }
    Ok(())
}

/// A record of a log is not what it was counted as.
fn recount(connection: &Connection, source_id: i64, column: &str) -> rusqlite::Result<()> {
    let sql =
        format!("UPDATE sources SET imported = imported - 1, {column} = {column} + 1 WHERE source_id = ?1");
    connection.prepare_cached(&sql)?.execute([source_id])?;
    Ok(())
}

fn superseded_positions(connection: &Connection) -> rusqlite::Result<Vec<i64>> {
    let mut statement = connection.prepare("SELECT position FROM temp.superseded ORDER BY position")?;
    statement.query_map([], |row| row.get(0))?.collect()
}

/// Moves superseded rows into the tables that keep them, and corrects the counts of their logs.
fn write_down(
    connection: &Connection,
    superseded: &[i64],
    correct: &mut dyn FnMut(Correction),
) -> Result<(), RepositoryError> {
    let failed = port_error("write down repeated records");
    let mut statement = connection.prepare(REPETITIONS).map_err(&failed)?;
    let mut rows = statement.query([]).map_err(&failed)?;
    while let Some(row) = rows.next().map_err(&failed)? {
        let row = SupersededRow::read(row, superseded).map_err(&failed)?;
        let outcome = row.write(connection)?;
        correct(Correction { source_id: row.source_id, place: row.place, outcome });
    }
    Ok(())
}

/// A row that repeats an event, with that event.
struct SupersededRow {
    source_id: i64,
    place: Place,
    body: String,
    repetition: Repetition,
    /// Where it will be when the gaps are closed.
    first: i64,
    first_id: String,
    first_body: String,
    /// The number that it has as a twin.
    twin_id: Option<i64>,
}

impl SupersededRow {
    fn read(row: &rusqlite::Row<'_>, superseded: &[i64]) -> rusqlite::Result<Self> {
        let kind: String = row.get(4)?;
        let repetition = Repetition::named(&kind).ok_or(rusqlite::Error::InvalidQuery)?;
        Ok(Self {
            source_id: row.get(0)?,
            place: Place { offset: row.get(1)?, line: row.get(2)? },
            body: row.get(3)?,
            repetition,
            first: closed_up(superseded, row.get(5)?),
            first_id: row.get(6)?,
            first_body: row.get(7)?,
            twin_id: row.get(8)?,
        })
    }

    fn write(&self, connection: &Connection) -> Result<Outcome, RepositoryError> {
        let failed = port_error("write down repeated records");
        let event_id = EventId::new(self.first_id.as_str())
            .map_err(|error| RepositoryError::storage("read an id", error))?;
        let outcome = self.repetition.outcome(&event_id, Position::new(self.first));
        match &outcome {
            Outcome::Conflict { event_id, position } => {
                let reject = Reject::Conflict { event_id: event_id.clone(), position: *position };
                self.reject(connection, &reject)
            }
            _ => self.repeat(connection),
        }
        .map_err(&failed)?;
        Ok(outcome)
    }

    fn reject(&self, connection: &Connection, reject: &Reject) -> rusqlite::Result<()> {
        let Place { line, offset } = self.place;
        connection
            .prepare_cached(
                "INSERT INTO rejects (source_id, offset, line, reason, detail, current, rejected_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, 1, (SELECT started_at FROM sources WHERE source_id = ?1))",
            )?
            .insert(params![self.source_id, offset, line, reject.reason(), reject.sentence()])?;
        connection.prepare_cached("INSERT INTO reject_texts VALUES (?1, ?2, ?3, 0)")?.insert(params![
            connection.last_insert_rowid(),
            offset,
            self.body.as_bytes()
        ])?;
        recount(connection, self.source_id, "rejected")
    }

    fn repeat(&self, connection: &Connection) -> rusqlite::Result<()> {
        let Place { line, offset } = self.place;
        let respelled = (self.body != self.first_body).then_some(self.body.as_str());
        connection.prepare_cached("INSERT INTO source_repeats VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?.insert(
            params![
                self.source_id,
                offset,
                line,
                self.first,
                self.repetition.as_str(),
                respelled,
                self.twin_id
            ],
        )?;
        let is_duplicate = self.repetition == Repetition::Duplicate;
        recount(connection, self.source_id, if is_duplicate { "duplicates" } else { "already_present" })
    }
}

/// Deletes the superseded rows, and moves the rows after each of them up: positions have no gaps.
fn close_gaps(connection: &Connection, superseded: &[i64]) -> rusqlite::Result<()> {
    connection
        .execute_batch("DELETE FROM events WHERE position IN (SELECT position FROM temp.superseded)")?;
    let mut close = connection
        .prepare("UPDATE events SET position = position - ?1 WHERE position > ?2 AND position < ?3")?;
    for (index, &gap) in superseded.iter().enumerate() {
        let next = superseded.get(index + 1).copied().unwrap_or(i64::MAX);
        close.execute(params![index as i64 + 1, gap, next])?;
    }
    Ok(())
}
