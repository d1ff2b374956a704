//! What an import would do to a store that exists: the same answers, and nothing changed.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};

use crate::application::import::{
    Batch, Correction, Identity, ImportRecord, ImportTarget, KnownSource, Outcome, Overlap, SourceDigest,
    SourceHeader,
};
use crate::domain::json::same_value;
use crate::domain::record::Shape;
use crate::domain::repository::RepositoryError;
use crate::domain::value_objects::{EventId, Position};
use crate::infrastructure::sqlite::append::first_of;
use crate::infrastructure::sqlite::error::port_error;
use crate::infrastructure::sqlite::{SqliteError, connection, read, schema};

use super::{occurrences, overlap, provenance};

/// Events that would be new, in a temporary table beside the store.
const CREATE: &str = "CREATE TEMP TABLE would_be (
    event_id TEXT PRIMARY KEY, body TEXT NOT NULL, source_id INTEGER NOT NULL, occurred_at INTEGER NOT NULL,
    origin TEXT NOT NULL, id_derived INTEGER NOT NULL) STRICT, WITHOUT ROWID";
const WITH_WOULD_BE: &str = "(SELECT occurred_at, origin, id_derived FROM events
    UNION ALL SELECT occurred_at, origin, id_derived FROM temp.would_be)";

/// A load that is only imagined.
pub struct Survey {
    connection: Connection,
    sources: i64,
    source_id: i64,
    known_to: u64,
}

impl Survey {
    /// Opens the store at `path`, which exists.
    ///
    /// # Errors
    /// As [`SqliteEventRepository::open_for_reading`](crate::infrastructure::sqlite::SqliteEventRepository::open_for_reading).
    pub fn open(path: &Path) -> Result<Self, SqliteError> {
        let connection = schema::open_checked_for_reading(path)?;
        connection::allow_temporary_tables(path, &connection)?;
        connection.execute_batch(CREATE).map_err(|source| SqliteError::Sqlite {
            action: "make a temporary table beside",
            path: path.to_owned(),
            source,
        })?;
        Ok(Self { connection, sources: 0, source_id: 0, known_to: 0 })
    }

    fn imagine(&self, record: &ImportRecord) -> Result<Outcome, RepositoryError> {
        let failed = port_error("look at a record");
        let event_id = match &record.identity {
            Identity::Carried(id) => id.clone(),
            Identity::Derived { content, written_at, .. } => {
                occurrences::next_id(&self.connection, *content, *written_at, self.source_id, self.known_to)?
            }
        };
        if let Some(first) = first_of(&self.connection, event_id.as_str())? {
            let is_of_this_log = first.source.is_some_and(|(source_id, _)| source_id == self.source_id);
            let same = if is_of_this_log { Outcome::Duplicate } else { Outcome::AlreadyPresent };
            return Ok(compare(&first.body, record, event_id, first.position, same));
        }
        let imagined: Option<(String, i64)> = self
            .connection
            .prepare_cached("SELECT body, source_id FROM temp.would_be WHERE event_id = ?1")
            .and_then(|mut find| {
                find.query_row([event_id.as_str()], |row| Ok((row.get(0)?, row.get(1)?))).optional()
            })
            .map_err(&failed)?;
        if let Some((body, source_id)) = imagined {
            let same = if source_id == self.source_id { Outcome::Duplicate } else { Outcome::AlreadyPresent };
            return Ok(compare(&body, record, event_id, Position::new(0), same));
        }
        self.connection
            .prepare_cached("INSERT INTO temp.would_be VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
            .and_then(|mut insert| {
                insert.execute(params![
                    event_id.as_str(),
                    record.body,
                    self.source_id,
                    record.occurred_at.timestamp_micros(),
                    if record.shape == Shape::New { "native" } else { "history" },
                    matches!(record.identity, Identity::Derived { .. })
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

impl ImportTarget for Survey {
    fn known(&mut self, header: &SourceHeader) -> Result<Vec<KnownSource>, RepositoryError> {
        provenance::known(&self.connection, header)
    }

    fn begin_source(
        &mut self,
        _header: &SourceHeader,
        goes_on: Option<&KnownSource>,
    ) -> Result<i64, RepositoryError> {
        occurrences::reset(&self.connection)?;
        self.sources += 1;
        // A log that the store does not know has a number that no log of the store has.
        (self.source_id, self.known_to) =
            goes_on.map_or((-self.sources, 0), |known| (known.source_id, known.resume.offset));
        Ok(self.source_id)
    }

    fn store(&mut self, batch: &Batch) -> Result<Vec<Outcome>, RepositoryError> {
        let failed = port_error("look at records");
        let transaction = self.connection.unchecked_transaction().map_err(&failed)?;
        let outcomes = batch.records.iter().map(|record| self.imagine(record)).collect::<Result<_, _>>()?;
        transaction.commit().map_err(&failed)?;
        Ok(outcomes)
    }

    fn end_source(&mut self, _digest: &SourceDigest) -> Result<(), RepositoryError> {
        Ok(())
    }

    fn overlap(&mut self) -> Result<Option<Overlap>, RepositoryError> {
        overlap::find(&self.connection, "events", WITH_WOULD_BE)
    }

    fn finish(&mut self, _correct: &mut dyn FnMut(Correction)) -> Result<u64, RepositoryError> {
        read::count(&self.connection)
    }

    fn publish(&mut self) -> Result<(), RepositoryError> {
        Ok(())
    }
}
