//! What an import would do to a store that exists: the same answers, and nothing changed.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use crate::application::compare::report::Class;
use crate::application::import::{
    Batch, Correction, Identity, ImportRecord, ImportTarget, KnownSource, Outcome, Overlap, Sides,
    SourceHeader, TwinPair,
};
use crate::application::log_source::{Place, SourceDigest};
use crate::domain::repository::RepositoryError;
use crate::domain::value_objects::{EventId, Position};
use crate::infrastructure::sqlite::append::first_of;
use crate::infrastructure::sqlite::error::port_error;
use crate::infrastructure::sqlite::row::{NewRow, Origin};
use crate::infrastructure::sqlite::{SqliteError, connection, read, schema};
use crate::wire::json::same_value;

use crate::infrastructure::sqlite::import::overlap_feeds;
use crate::infrastructure::sqlite::import::overlap_feeds::{Shared, Window, lock};
use crate::infrastructure::sqlite::import::{occurrences, overlap, provenance, twins};

/// Events that would be new, in a temporary table beside the store, in the order in which they came.
const CREATE: &str = "DROP TABLE IF EXISTS temp.would_be;
    CREATE TEMP TABLE would_be (
        number INTEGER PRIMARY KEY, event_id TEXT NOT NULL UNIQUE, event_type TEXT NOT NULL,
        occurred_at INTEGER NOT NULL, aggregate_id TEXT, body TEXT NOT NULL, origin TEXT NOT NULL,
        id_derived INTEGER NOT NULL, source_id INTEGER NOT NULL, source_offset INTEGER NOT NULL,
        source_line INTEGER NOT NULL) STRICT";
const NEW_TIMES: &str = "SELECT min(occurred_at), max(occurred_at) FROM temp.would_be
    WHERE origin = ?1 AND (origin = 'native' OR id_derived = 1)";
/// The times of what may become somebody's partner.
const FREE_TIMES: &str = "SELECT min(occurred_at), max(occurred_at) FROM (
    SELECT occurred_at FROM events INDEXED BY events_by_timestamp
    WHERE occurred_at BETWEEN ?1 AND ?2 AND origin = ?3 AND (origin = 'native' OR id_derived = 1)
      AND NOT EXISTS (SELECT 1 FROM twins WHERE twins.position = events.position)
    UNION ALL
    SELECT occurred_at FROM temp.would_be
    WHERE occurred_at BETWEEN ?1 AND ?2 AND origin = ?3 AND (origin = 'native' OR id_derived = 1))";
const YOUNGEST_ALONE: &str = "SELECT max(occurred_at) FROM temp.would_be
    WHERE origin = 'history' AND id_derived = 1 AND event_id NOT IN (SELECT event_id FROM temp.planned)";
const PLANNED: &str = "SELECT one.source_id, one.source_offset, one.source_line, planned.class,
        one.number, other.source_id, other.number
    FROM temp.planned JOIN temp.would_be AS one ON one.event_id = planned.event_id
                      LEFT JOIN temp.would_be AS other ON other.event_id = planned.partner_id
    ORDER BY one.number";
const WITH_WOULD_BE: &str = "(SELECT occurred_at, origin, id_derived FROM events
    UNION ALL SELECT occurred_at, origin, id_derived FROM temp.would_be)";

/// A load that is only imagined.
pub struct Survey {
    path: PathBuf,
    connection: Shared,
    sources: i64,
    source_id: i64,
    known_to: u64,
    /// The log was not read to its end.
    is_reading: bool,
    has_plan: bool,
}

impl Survey {
    /// Opens the store at `path`, which exists.
    ///
    /// # Errors
    /// As [`SqliteEventRepository::open_for_reading`](crate::infrastructure::sqlite::SqliteEventRepository::open_for_reading).
    pub fn open(path: &Path) -> Result<Self, SqliteError> {
        let connection = schema::open_checked_for_reading(path)?;
        connection::allow_temporary_tables(path, &connection)?;
        Self::over(path, Arc::new(Mutex::new(connection)))
    }

    /// A survey through a connection that has others uses, and finds its plan there afterwards.
    pub(super) fn over(path: &Path, connection: Shared) -> Result<Self, SqliteError> {
        let create = |connection: &Connection| {
            connection.execute_batch(CREATE)?;
            twins::begin_plan(connection)
        };
        create(&lock(&connection)).map_err(|source| SqliteError::Sqlite {
            action: "make a temporary table beside",
            path: path.to_owned(),
            source,
        })?;
        let path = path.to_owned();
        let (is_reading, has_plan) = (false, false);
        Ok(Self { path, connection, sources: 0, source_id: 0, known_to: 0, is_reading, has_plan })
    }

    /// When the youngest new record of the legacy system occurred that has no partner.
    ///
    /// # Errors
    /// The temporary tables cannot be read.
    pub fn youngest_alone(&self) -> Result<Option<DateTime<Utc>>, RepositoryError> {
        let youngest: Option<i64> = lock(&self.connection)
            .query_row(YOUNGEST_ALONE, [], |row| row.get(0))
            .map_err(port_error("look for records without a partner"))?;
        Ok(youngest.and_then(DateTime::from_timestamp_micros))
    }

    fn imagine(&self, connection: &Connection, record: &ImportRecord) -> Result<Outcome, RepositoryError> {
        let failed = port_error("look at a record");
        let event_id = match &record.identity {
            Identity::Carried(id) => id.clone(),
            Identity::Derived { content, written_at, .. } => {
                occurrences::next_id(connection, *content, *written_at, self.source_id, self.known_to)?
            }
        };
        if let Some(first) = first_of(connection, event_id.as_str())? {
            let is_of_this_log = first.source.is_some_and(|(source_id, _)| source_id == self.source_id);
            let same = if is_of_this_log { Outcome::Duplicate } else { Outcome::AlreadyPresent };
            return Ok(compare(&first.body, record, event_id, first.position, same));
        }
        let imagined: Option<(String, i64)> = connection
            .prepare_cached("SELECT body, source_id FROM temp.would_be WHERE event_id = ?1")
            .and_then(|mut find| {
                find.query_row([event_id.as_str()], |row| Ok((row.get(0)?, row.get(1)?))).optional()
            })
            .map_err(&failed)?;
        if let Some((body, source_id)) = imagined {
            let same = if source_id == self.source_id { Outcome::Duplicate } else { Outcome::AlreadyPresent };
            return Ok(compare(&body, record, event_id, Position::new(0), same));
        }
        connection
            .prepare_cached(
                "INSERT INTO temp.would_be VALUES (NULL, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )
            .and_then(|mut insert| {
                let row = NewRow::imported(record, &event_id, self.source_id, Utc::now());
                insert.execute(params![
                    row.event_id,
                    row.event_type,
                    row.occurred_at.timestamp_micros(),
                    row.aggregate_id,
                    row.body,
                    row.origin.as_str(),
                    row.id_derived,
                    self.source_id,
                    record.place.offset as i64,
                    record.place.line as i64
                ])
            })
            .map_err(&failed)?;
        Ok(Outcome::Imported)
    }
}

fn compare(
    first: &str,
    record: &ImportRecord,
    event_id: EventId,
    position: Position,
    same: Outcome,
) -> Outcome {
    if same_value(first, &record.body) { same } else { Outcome::Conflict { event_id, position } }
}

/// Which time of this import may be told by both systems.
fn window(connection: &Connection) -> rusqlite::Result<Option<Window>> {
    let times = |row: &rusqlite::Row<'_>| -> rusqlite::Result<Option<Window>> {
        let times: (Option<i64>, Option<i64>) = (row.get(0)?, row.get(1)?);
        Ok(times.0.zip(times.1).map(|(first, last)| Window { first, last }))
    };
    let mut window: Option<Window> = None;
    for (origin, other) in [(Origin::History, Origin::Native), (Origin::Native, Origin::History)] {
        let new = connection.query_row(NEW_TIMES, [origin.as_str()], times)?;
        let Some(new) = new else { continue };
        let near = Window::around(new.first, new.last);
        let free = connection.query_row(FREE_TIMES, params![near.first, near.last, other.as_str()], times)?;
        if let Some(shared) = free.and_then(|free| Window::shared(new, free)) {
            window = Some(window.map_or(shared, |window| window.hull(shared)));
        }
    }
    Ok(window)
}

/// Logs that bring events of the new system are read first: then those are there when the legacy
/// records come, and which of two new records becomes the twin is known.
fn correct_planned(connection: &Connection, correct: &mut dyn FnMut(Correction)) -> rusqlite::Result<()> {
    let mut statement =
        connection.prepare("SELECT DISTINCT source_id FROM temp.would_be WHERE origin = 'native'")?;
    let read_first: HashSet<i64> =
        statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let order = |(source_id, number): (i64, i64)| (!read_first.contains(&source_id), number);
    let mut statement = connection.prepare(PLANNED)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let one: (i64, i64) = (row.get(0)?, row.get(4)?);
        let other: (Option<i64>, Option<i64>) = (row.get(5)?, row.get(6)?);
        let comes_later = other.0.zip(other.1).is_none_or(|other| order(one) > order(other));
        let class: String = row.get(3)?;
        if let Some(class) = Class::named(&class).filter(|_| comes_later) {
            let place = Place { offset: row.get(1)?, line: row.get(2)? };
            let outcome = Outcome::MatchedExisting { class };
            correct(Correction { source_id: one.0, place, outcome });
        }
    }
    Ok(())
}

impl ImportTarget for Survey {
    fn known(&mut self, header: &SourceHeader) -> Result<Vec<KnownSource>, RepositoryError> {
        provenance::known(&lock(&self.connection), header)
    }

    fn begin_source(
        &mut self,
        _header: &SourceHeader,
        goes_on: Option<&KnownSource>,
    ) -> Result<i64, RepositoryError> {
        let connection = lock(&self.connection);
        occurrences::reset(&connection)?;
        if self.is_reading {
            // It was changing: what was seen of it is not what it says.
            connection
                .execute("DELETE FROM temp.would_be WHERE source_id = ?1", [self.source_id])
                .map_err(port_error("forget a log that changed"))?;
        }
        self.is_reading = true;
        self.sources += 1;
        // A log that the store does not know has a number that no log of the store has.
        (self.source_id, self.known_to) =
            goes_on.map_or((-self.sources, 0), |known| (known.source_id, known.resume.offset));
        Ok(self.source_id)
    }

    fn store(&mut self, batch: &Batch) -> Result<Vec<Outcome>, RepositoryError> {
        let failed = port_error("look at records");
        let connection = lock(&self.connection);
        let transaction = connection.unchecked_transaction().map_err(&failed)?;
        let records = batch.records.iter();
        let outcomes = records.map(|record| self.imagine(&transaction, record)).collect::<Result<_, _>>()?;
        transaction.commit().map_err(&failed)?;
        Ok(outcomes)
    }

    fn end_source(&mut self, _digest: &SourceDigest) -> Result<(), RepositoryError> {
        self.is_reading = false;
        Ok(())
    }

    fn overlap(&mut self) -> Result<Option<Overlap>, RepositoryError> {
        overlap::find(&lock(&self.connection), "events", WITH_WOULD_BE)
    }

    fn sides(&mut self) -> Result<Option<Sides>, RepositoryError> {
        let window = window(&lock(&self.connection)).map_err(port_error("look for overlapping histories"))?;
        self.has_plan = window.is_some();
        window.map(|window| overlap_feeds::of_survey(&self.path, &self.connection, window)).transpose()
    }

    fn pair(&mut self, pair: &TwinPair) -> Result<(), RepositoryError> {
        twins::plan(&lock(&self.connection), pair)
    }

    fn finish(&mut self, correct: &mut dyn FnMut(Correction)) -> Result<u64, RepositoryError> {
        let connection = lock(&self.connection);
        if self.has_plan {
            correct_planned(&connection, correct).map_err(port_error("count what was planned"))?;
        }
        read::count(&connection)
    }

    fn publish(&mut self) -> Result<(), RepositoryError> {
        Ok(())
    }
}
