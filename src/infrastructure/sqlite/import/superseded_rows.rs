//! Rows of a store that is being built and that are no events, because another row stands for them: what
//! repeats an event, and what both systems wrote of one event.

use std::collections::BTreeMap;

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
/// of a twin, that of its class. Pairs of twins come in no order, and are sorted when all of them are there.
///
/// What fails takes nothing back: the store that is being built is gone then.
const BEGIN: &str = "PRAGMA journal_mode = OFF;
    BEGIN;
    CREATE TEMP TABLE superseded
        (position INTEGER PRIMARY KEY, first INTEGER NOT NULL, kind TEXT NOT NULL) STRICT;
    CREATE TEMP TABLE twin_pairs (position INTEGER NOT NULL, first INTEGER NOT NULL, kind TEXT NOT NULL) STRICT";
const SORT_TWINS: &str =
    "INSERT INTO temp.superseded SELECT position, first, kind FROM temp.twin_pairs ORDER BY position;
    DROP TABLE temp.twin_pairs";
const ARE_MANY: &str =
    "SELECT 16 * ((SELECT count(*) FROM temp.superseded) + (SELECT count(*) FROM temp.twin_pairs))
    > (SELECT ifnull(max(position), 0) FROM events)";
const END: &str = "DROP TABLE temp.superseded; COMMIT";
/// With the columns of the row at the end, in the order in which [`twins::store_row`] takes them.
const TWINS: &str = "SELECT superseded.position, superseded.first, superseded.kind,
        event_id, event_type, occurred_at, aggregate_id, body, origin, recorded_at, id_derived,
        source_id, source_offset, source_line
    FROM temp.superseded CROSS JOIN events AS row ON row.position = superseded.position
    WHERE superseded.kind NOT IN ('duplicate', 'already_present', 'conflict') ORDER BY superseded.position";
/// Where these columns begin, and among them those of the log and of the place in it: to find them by their names would take
/// a tenth of the time.
const ROW: usize = 3;
const PLACE: usize = 11;
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
    connection
        .prepare_cached("INSERT INTO temp.twin_pairs VALUES (?1, ?2, ?3)")
        .and_then(|mut note| note.insert(params![history, native, pair.class.as_str()]))
        .map(drop)
        .map_err(port_error("note a pair"))
}

/// Whether so many rows are superseded that an index is made anew sooner than it is corrected.
pub(super) fn are_many(connection: &Connection) -> Result<bool, RepositoryError> {
    connection.query_row(ARE_MANY, [], |row| row.get(0)).map_err(port_error("count repeated records"))
}

/// Notes that a row repeats the row `first`.
pub(super) fn note_repetition(
    connection: &Connection,
    position: i64,
    first: i64,
    repetition: Repetition,
) -> rusqlite::Result<()> {
    connection.prepare_cached("INSERT INTO temp.superseded VALUES (?1, ?2, ?3)")?.insert(params![
        position,
        first,
        repetition.as_str()
    ])?;
    Ok(())
}

/// Removes the superseded rows, and tells `correct` of every row that is not the event it was taken for.
pub(super) fn remove(
    connection: &Connection,
    correct: &mut dyn FnMut(Correction),
) -> Result<(), RepositoryError> {
    let failed = port_error("remove repeated records");
    connection.execute_batch(SORT_TWINS).map_err(&failed)?;
    let superseded = &Gaps::of_superseded(connection).map_err(&failed)?;
    // Twins come first: what repeats one is written down as that.
    write_twins(connection, superseded, correct).map_err(&failed)?;
    write_down(connection, superseded, correct)?;
    close_gaps(connection, superseded).map_err(&failed)?;
    connection.execute_batch(END).map_err(&failed)
}

/// The positions of superseded rows, as runs that follow each other: those of a log mostly do.
#[derive(Debug, Default, PartialEq, Eq)]
struct Gaps(Vec<Gap>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Gap {
    first: i64,
    last: i64,
    /// How many positions are in the gaps before this one.
    before: i64,
}

impl Gaps {
    fn of_superseded(connection: &Connection) -> rusqlite::Result<Self> {
        let mut statement = connection.prepare("SELECT position FROM temp.superseded ORDER BY position")?;
        let mut positions = statement.query([])?;
        let mut gaps = Self::default();
        while let Some(row) = positions.next()? {
            gaps.add(row.get(0)?);
        }
        Ok(gaps)
    }

    /// Adds a position that comes after all others.
    fn add(&mut self, position: i64) {
        match self.0.last_mut() {
            Some(gap) if gap.last + 1 == position => gap.last = position,
            last => {
                let before = last.map_or(0, |gap| gap.before + gap.length());
                self.0.push(Gap { first: position, last: position, before });
            }
        }
    }

    /// Where a row will be when the gaps are closed.
    fn closed_up(&self, position: i64) -> i64 {
        let begun = self.0.partition_point(|gap| gap.first < position);
        let Some(gap) = begun.checked_sub(1).and_then(|last| self.0.get(last)) else { return position };
        position - gap.before - gap.length().min(position - gap.first)
    }
}

impl Gap {
    fn length(&self) -> i64 {
        self.last + 1 - self.first
    }
}

fn write_twins(
    connection: &Connection,
    superseded: &Gaps,
    correct: &mut dyn FnMut(Correction),
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(TWINS)?;
    let mut rows = statement.query([])?;
    let mut written = BTreeMap::<i64, i64>::new();
    while let Some(row) = rows.next()? {
        let (first, kind): (i64, String) = (row.get(1)?, row.get(2)?);
        let Some(class) = Class::named(&kind) else { continue };
        let source_id = row.get(PLACE)?;
        let place = Place { offset: row.get(PLACE + 1)?, line: row.get(PLACE + 2)? };
        twins::store_row(connection, superseded.closed_up(first), row, ROW, class)?;
        *written.entry(source_id).or_default() += 1;
        correct(Correction { source_id, place, outcome: Outcome::MatchedExisting { class } });
    }
    written
        .into_iter()
        .try_for_each(|(source_id, rows)| recount(connection, source_id, "matched_existing", rows))
}

/// So many records of a log are not what they were counted as.
fn recount(connection: &Connection, source_id: i64, column: &str, records: i64) -> rusqlite::Result<()> {
    let sql =
        format!("UPDATE sources SET imported = imported - ?2, {column} = {column} + ?2 WHERE source_id = ?1");
    connection.prepare_cached(&sql)?.execute([source_id, records])?;
    Ok(())
}

/// Moves superseded rows into the tables that keep them, and corrects the counts of their logs.
fn write_down(
    connection: &Connection,
    superseded: &Gaps,
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
    fn read(row: &rusqlite::Row<'_>, superseded: &Gaps) -> rusqlite::Result<Self> {
        let kind: String = row.get(4)?;
        let repetition = Repetition::named(&kind).ok_or(rusqlite::Error::InvalidQuery)?;
        Ok(Self {
            source_id: row.get(0)?,
            place: Place { offset: row.get(1)?, line: row.get(2)? },
            body: row.get(3)?,
            repetition,
            first: superseded.closed_up(row.get(5)?),
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
        recount(connection, self.source_id, "rejected", 1)
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
        let column = if is_duplicate { "duplicates" } else { "already_present" };
        recount(connection, self.source_id, column, 1)
    }
}

/// Deletes the superseded rows, and moves the rows after each of them up: positions have no gaps.
fn close_gaps(connection: &Connection, superseded: &Gaps) -> rusqlite::Result<()> {
    let mut delete = connection.prepare("DELETE FROM events WHERE position BETWEEN ?1 AND ?2")?;
    for gap in &superseded.0 {
        delete.execute([gap.first, gap.last])?;
    }
    let mut close = connection
        .prepare("UPDATE events SET position = position - ?1 WHERE position > ?2 AND position < ?3")?;
    for (index, gap) in superseded.0.iter().enumerate() {
        let next = superseded.0.get(index + 1).map_or(i64::MAX, |next| next.first);
        close.execute([gap.before + gap.length(), gap.last, next])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_moved_up_by_as_many_positions_as_are_superseded_before_it() {
        for superseded in [&[][..], &[1], &[5], &[1, 2, 3], &[2, 3, 4, 6, 9, 10], &[1, 3, 5, 7]] {
            let mut gaps = Gaps::default();
            superseded.iter().for_each(|position| gaps.add(*position));
            for position in 1..=12 {
                let before = superseded.iter().filter(|gap| **gap < position).count() as i64;
                assert_eq!(gaps.closed_up(position), position - before, "{position} of {superseded:?}");
            }
        }
    }

    #[test]
    fn positions_that_follow_each_other_are_one_gap() {
        let mut gaps = Gaps::default();
        [2, 3, 4, 6, 9, 10].iter().for_each(|position| gaps.add(*position));
        let gap = |first, last, before| Gap { first, last, before };
        assert_eq!(gaps, Gaps(vec![gap(2, 4, 0), gap(6, 6, 3), gap(9, 10, 4)]));
    }
}
