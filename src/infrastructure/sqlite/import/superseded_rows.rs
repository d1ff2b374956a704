//! Rows of a store that is being built and that go, because another row stands for them: what repeats
//! an event, and what both systems wrote of one event.

use rusqlite::{Connection, params};

use crate::application::compare::report::Class;
use crate::application::import::{Correction, Outcome, TwinPair};
use crate::application::log_source::{Place, Reject};
use crate::domain::repository::RepositoryError;
use crate::domain::value_objects::{EventId, Position};
use crate::infrastructure::sqlite::error::port_error;

use crate::infrastructure::sqlite::import::twins;

pub(super) const DUPLICATE: &str = "duplicate";
pub(super) const ALREADY_PRESENT: &str = "already_present";
pub(super) const CONFLICT: &str = "conflict";

/// Rows that go, and the row that stands for each of them. The kind of a twin is its class.
const BEGIN: &str = "BEGIN;
    CREATE TEMP TABLE gone (position INTEGER PRIMARY KEY, first INTEGER NOT NULL, kind TEXT NOT NULL) STRICT";
const END: &str = "DROP TABLE temp.gone; COMMIT";
const TWINS: &str =
    "SELECT gone.position, gone.first, gone.kind, row.source_id, row.source_offset, row.source_line
    FROM temp.gone CROSS JOIN events AS row ON row.position = gone.position
    WHERE gone.kind NOT IN ('duplicate', 'already_present', 'conflict') ORDER BY gone.position";
/// A row that stands for another one may itself go, as a twin.
const REPEATS: &str = "SELECT row.source_id, row.source_offset, row.source_line, row.body, gone.kind,
        ifnull(twin.first, first.position), first.event_id, first.body, twins.twin_id
    FROM temp.gone CROSS JOIN events AS row ON row.position = gone.position
                   CROSS JOIN events AS first ON first.position = gone.first
                   LEFT JOIN temp.gone AS twin ON twin.position = gone.first
                   LEFT JOIN twins ON twins.event_id = first.event_id
    WHERE gone.kind IN ('duplicate', 'already_present', 'conflict') ORDER BY gone.position";

/// Begins to note which rows go.
pub(super) fn begin(connection: &Connection) -> Result<(), RepositoryError> {
    connection.execute_batch(BEGIN).map_err(port_error("find repeated records"))
}

/// What the legacy system wrote of an event gives way to what the new system wrote of it.
pub(super) fn give_way_to(connection: &Connection, pair: &TwinPair) -> Result<(), RepositoryError> {
    connection
        .prepare_cached("INSERT INTO temp.gone VALUES (?1, ?2, ?3)")
        .and_then(|mut gone| {
            gone.execute(params![pair.history.offset, pair.native.offset, pair.class.as_str()])
        })
        .map_err(port_error("note a pair"))?;
    Ok(())
}

/// Takes away what goes, and tells `correct` of every row that is not the event it was taken for.
pub(super) fn take_away(
    connection: &Connection,
    correct: &mut dyn FnMut(Correction),
) -> Result<(), RepositoryError> {
    let failed = port_error("take repeated records away");
    let gone = gone_positions(connection).map_err(&failed)?;
    // Twins come first: what repeats one is written down as that.
    write_twins(connection, &gone, correct).map_err(&failed)?;
    write_down(connection, &gone, correct)?;
    close_gaps(connection, &gone).map_err(&failed)?;
    connection.execute_batch(END).map_err(&failed)
}

/// Where a row will be when the gaps are closed.
fn closed_up(gone: &[i64], position: i64) -> i64 {
    position - gone.partition_point(|&gone| gone < position) as i64
}

fn write_twins(
    connection: &Connection,
    gone: &[i64],
    correct: &mut dyn FnMut(Correction),
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(TWINS)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (position, first, kind): (i64, i64, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let Some(class) = Class::named(&kind) else { continue };
        let source_id = row.get(3)?;
        let place = Place { offset: row.get(4)?, line: row.get(5)? };
        twins::store_row(connection, position, closed_up(gone, first), class)?;
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

fn gone_positions(connection: &Connection) -> rusqlite::Result<Vec<i64>> {
    let mut statement = connection.prepare("SELECT position FROM temp.gone ORDER BY position")?;
    statement.query_map([], |row| row.get(0))?.collect()
}

/// Moves what goes into the tables that keep it, and corrects the counts of its log.
fn write_down(
    connection: &Connection,
    gone: &[i64],
    correct: &mut dyn FnMut(Correction),
) -> Result<(), RepositoryError> {
    let failed = port_error("write down repeated records");
    let mut statement = connection.prepare(REPEATS).map_err(&failed)?;
    let mut rows = statement.query([]).map_err(&failed)?;
    while let Some(row) = rows.next().map_err(&failed)? {
        let kept = Kept::read(row, gone).map_err(&failed)?;
        let outcome = kept.write(connection)?;
        correct(Correction { source_id: kept.source_id, place: kept.place, outcome });
    }
    Ok(())
}

/// A row that goes, with the event that stands for it.
struct Kept {
    source_id: i64,
    place: Place,
    body: String,
    kind: String,
    /// Where it will be when the gaps are closed.
    first: i64,
    first_id: String,
    first_body: String,
    /// The number that it has as a twin.
    twin_id: Option<i64>,
}

impl Kept {
    fn read(row: &rusqlite::Row<'_>, gone: &[i64]) -> rusqlite::Result<Self> {
        Ok(Self {
            source_id: row.get(0)?,
            place: Place { offset: row.get(1)?, line: row.get(2)? },
            body: row.get(3)?,
            kind: row.get(4)?,
            first: closed_up(gone, row.get(5)?),
            first_id: row.get(6)?,
            first_body: row.get(7)?,
            twin_id: row.get(8)?,
        })
    }

    fn write(&self, connection: &Connection) -> Result<Outcome, RepositoryError> {
        let failed = port_error("write down repeated records");
        if self.kind == CONFLICT {
            let event_id = EventId::new(self.first_id.as_str())
                .map_err(|error| RepositoryError::storage("read an id", error))?;
            let position = Position::new(self.first);
            let reject = Reject::Conflict { event_id: event_id.clone(), position };
            self.reject(connection, &reject).map_err(&failed)?;
            return Ok(Outcome::Conflict { event_id, position });
        }
        self.repeat(connection).map_err(&failed)?;
        Ok(if self.kind == DUPLICATE { Outcome::Duplicate } else { Outcome::AlreadyPresent })
    }

    fn reject(&self, connection: &Connection, reject: &Reject) -> rusqlite::Result<()> {
        let Place { line, offset } = self.place;
        connection
            .prepare_cached(
                "INSERT INTO rejects (source_id, offset, line, reason, detail, current, rejected_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, 1, (SELECT started_at FROM sources WHERE source_id = ?1))",
            )?
            .execute(params![self.source_id, offset, line, reject.reason(), reject.sentence()])?;
        connection.prepare_cached("INSERT INTO reject_texts VALUES (?1, ?2, ?3)")?.execute(params![
            connection.last_insert_rowid(),
            offset,
            self.body.as_bytes()
        ])?;
        recount(connection, self.source_id, "rejected")
    }

    fn repeat(&self, connection: &Connection) -> rusqlite::Result<()> {
        let Place { line, offset } = self.place;
        let respelled = (self.body != self.first_body).then_some(self.body.as_str());
        connection
            .prepare_cached("INSERT INTO source_repeats VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
            .execute(params![self.source_id, offset, line, self.first, self.kind, respelled, self.twin_id])?;
        recount(
            connection,
            self.source_id,
            if self.kind == DUPLICATE { "duplicates" } else { "already_present" },
        )
    }
}

/// Deletes what goes, and moves the rows behind it up: positions have no gaps.
fn close_gaps(connection: &Connection, gone: &[i64]) -> rusqlite::Result<()> {
    connection.execute_batch("DELETE FROM events WHERE position IN (SELECT position FROM temp.gone)")?;
    let mut close = connection
        .prepare("UPDATE events SET position = position - ?1 WHERE position > ?2 AND position < ?3")?;
    for (index, &gap) in gone.iter().enumerate() {
        let next = gone.get(index + 1).copied().unwrap_or(i64::MAX);
        close.execute(params![index as i64 + 1, gap, next])?;
    }
    Ok(())
}
