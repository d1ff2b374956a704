//! Which rows of a store that is being built are no events of their own: an id that stands twice.
//!
//! Rows were taken as they came, with the id of a first occurrence. Here, group by group of the same
//! id, the rules of identity are applied that an import into a filled store applies row by row.

use rusqlite::{Connection, params};

use crate::application::import::{Correction, Outcome, Place, Reject};
use crate::domain::json::same_value;
use crate::domain::record::{ContentIds, derived_event_id};
use crate::domain::repository::RepositoryError;
use crate::domain::value_objects::{EventId, Position};
use crate::infrastructure::sqlite::error::port_error;

const DUPLICATE: &str = "duplicate";
const ALREADY_PRESENT: &str = "already_present";
const CONFLICT: &str = "conflict";

/// Rows that go, and the row that stands for each of them.
const PREPARE: &str = "CREATE INDEX building_by_id ON events (event_id, id_derived);
    CREATE TEMP TABLE gone (position INTEGER PRIMARY KEY, first INTEGER NOT NULL, kind TEXT NOT NULL) STRICT;
    CREATE TEMP TABLE repeated AS SELECT event_id, max(id_derived) AS has_derived
        FROM events GROUP BY event_id HAVING count(*) > 1;";
const REPEATED: &str = "SELECT event_id FROM temp.repeated WHERE has_derived = ?1";
const GROUP: &str = "SELECT position, id_derived, source_id FROM events
    WHERE event_id = ?1 AND position NOT IN (SELECT position FROM temp.gone) ORDER BY position";
const CARRYING: &str =
    "SELECT position, id_derived, source_id FROM events WHERE event_id = ?1 AND id_derived = 0";
const CLEAN_UP: &str = "DROP TABLE temp.gone; DROP TABLE temp.repeated; DROP INDEX building_by_id;";

/// A row of a group, without its text: a group may be as large as the log.
#[derive(Debug, Clone, Copy)]
struct Row {
    position: i64,
    is_derived: bool,
    source_id: i64,
}

/// Applies the rules, and tells `correct` of every row that is not the event it was taken for.
pub(super) fn resolve(
    connection: &Connection,
    correct: &mut dyn FnMut(Correction),
) -> Result<(), RepositoryError> {
    let failed = port_error("find repeated ids");
    connection.execute_batch("BEGIN").map_err(&failed)?;
    connection.execute_batch(PREPARE).map_err(&failed)?;
    // Derived ids come first: what is decided for them may decide for records that carry such an id.
    for_each_repeated(connection, true, |rows| number_occurrences(connection, rows))?;
    for_each_repeated(connection, false, |rows| keep_first(connection, &rows).map_err(&failed))?;
    let gone = gone_positions(connection).map_err(&failed)?;
    write_down(connection, &gone, correct)?;
    close_gaps(connection, &gone).map_err(&failed)?;
    connection.execute_batch(CLEAN_UP).map_err(&failed)?;
    connection.execute_batch("COMMIT").map_err(&failed)
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
    let mut statement = connection
        .prepare(
            "SELECT row.source_id, row.source_offset, row.source_line, row.body, gone.kind,
                    first.position, first.event_id, first.body
             FROM temp.gone CROSS JOIN events AS row ON row.position = gone.position
                            CROSS JOIN events AS first ON first.position = gone.first
             ORDER BY gone.position",
        )
        .map_err(&failed)?;
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
}

impl Kept {
    fn read(row: &rusqlite::Row<'_>, gone: &[i64]) -> rusqlite::Result<Self> {
        let position: i64 = row.get(5)?;
        let gone_before = gone.partition_point(|&gone| gone < position);
        Ok(Self {
            source_id: row.get(0)?,
            place: Place { offset: row.get(1)?, line: row.get(2)? },
            body: row.get(3)?,
            kind: row.get(4)?,
            first: position - gone_before as i64,
            first_id: row.get(6)?,
            first_body: row.get(7)?,
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
        self.count(connection, "rejected")
    }

    fn repeat(&self, connection: &Connection) -> rusqlite::Result<()> {
        let Place { line, offset } = self.place;
        let respelled = (self.body != self.first_body).then_some(self.body.as_str());
        connection
            .prepare_cached("INSERT INTO source_repeats VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
            .execute(params![self.source_id, offset, line, self.first, self.kind, respelled])?;
        self.count(connection, if self.kind == DUPLICATE { "duplicates" } else { "already_present" })
    }

    fn count(&self, connection: &Connection, column: &str) -> rusqlite::Result<()> {
        let sql = format!(
            "UPDATE sources SET imported = imported - 1, {column} = {column} + 1 WHERE source_id = ?1"
        );
        connection.prepare_cached(&sql)?.execute([self.source_id])?;
        Ok(())
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
