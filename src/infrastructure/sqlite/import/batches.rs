//! Adding to a store that exists: each batch is one transaction, short enough that whoever else
//! writes to the store waits for no more than a moment.

use std::path::Path;
use std::time::Duration;

use chrono::Utc;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::application::import::{
    Batch, Correction, Identity, ImportRecord, ImportTarget, KnownSource, Outcome, Overlap, SourceDigest,
    SourceHeader,
};
use crate::domain::json::same_value;
use crate::domain::repository::RepositoryError;
use crate::infrastructure::sqlite::append::first_of;
use crate::infrastructure::sqlite::error::port_error;
use crate::infrastructure::sqlite::row::{INSERT, NewRow};
use crate::infrastructure::sqlite::{SqliteError, read, schema};

use super::occurrences;
use super::provenance::{self, SourceWriter};

/// The breath between two batches in which another writer that waits gets its turn.
const BREATH: Duration = Duration::from_millis(2);

/// A load into a store that exists.
pub struct BatchLoad {
    connection: Connection,
    source: Option<SourceWriter>,
}

impl BatchLoad {
    /// Opens the store at `path`.
    ///
    /// # Errors
    /// As [`SqliteEventRepository::open`](crate::infrastructure::sqlite::SqliteEventRepository::open).
    pub fn open(path: &Path) -> Result<Self, SqliteError> {
        let connection = schema::open_current(path)?;
        Ok(Self { connection, source: None })
    }

    fn immediate(&mut self) -> Result<Transaction<'_>, RepositoryError> {
        self.connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(port_error("begin to import"))
    }
}

impl ImportTarget for BatchLoad {
    fn known(&mut self, header: &SourceHeader) -> Result<Vec<KnownSource>, RepositoryError> {
        provenance::known(&self.connection, header)
    }

    fn begin_source(
        &mut self,
        header: &SourceHeader,
        goes_on: Option<&KnownSource>,
    ) -> Result<i64, RepositoryError> {
        let failed = port_error("begin to import a log");
        occurrences::reset(&self.connection)?;
        let transaction = self.immediate()?;
        let source = SourceWriter::begin(&transaction, header, goes_on, Utc::now()).map_err(&failed)?;
        transaction.commit().map_err(&failed)?;
        self.source = Some(source);
        Ok(source.source_id)
    }

    fn store(&mut self, batch: &Batch) -> Result<Vec<Outcome>, RepositoryError> {
        let failed = port_error("import records");
        let Some(mut source) = self.source else {
            return Err(RepositoryError::storage("import records", "no log was begun"));
        };
        let transaction = self.immediate()?;
        let outcomes = batch
            .records
            .iter()
            .map(|record| store_one(&transaction, &source, record))
            .collect::<Result<Vec<_>, _>>()?;
        source.store(&transaction, batch, &outcomes, Utc::now()).map_err(&failed)?;
        transaction.commit().map_err(&failed)?;
        self.source = Some(source);
        std::thread::sleep(BREATH);
        Ok(outcomes)
    }

    fn end_source(&mut self, digest: &SourceDigest) -> Result<(), RepositoryError> {
        let Some(source) = self.source else { return Ok(()) };
        source.end(&self.connection, digest, Utc::now()).map_err(port_error("end the import of a log"))
    }

    /// What is stored here is committed: it has to be asked before, of a survey.
    fn overlap(&mut self) -> Result<Option<Overlap>, RepositoryError> {
        Ok(None)
    }

    fn finish(&mut self, _correct: &mut dyn FnMut(Correction)) -> Result<u64, RepositoryError> {
        read::count(&self.connection)
    }

    fn publish(&mut self) -> Result<(), RepositoryError> {
        Ok(())
    }
}

/// Stores one record of a log, whose occurrences are being counted.
pub(in crate::infrastructure::sqlite) fn store_one(
    transaction: &Connection,
    source: &SourceWriter,
    record: &ImportRecord,
) -> Result<Outcome, RepositoryError> {
    let failed = port_error("import a record");
    let event_id = match &record.identity {
        Identity::Carried(id) => id.clone(),
        Identity::Derived { content, written_at, .. } => {
            occurrences::next_id(transaction, *content, *written_at, source.source_id, source.known_to)?
        }
    };
    let Some(first) = first_of(transaction, event_id.as_str())? else {
        let row = NewRow::imported(record, &event_id, source.source_id, Utc::now());
        row.insert(&mut transaction.prepare_cached(INSERT).map_err(&failed)?).map_err(&failed)?;
        return Ok(Outcome::Imported);
    };
    if !same_value(&first.body, &record.body) {
        return Ok(Outcome::Conflict { event_id, position: first.position });
    }
    let is_of_this_log = first.source.is_some_and(|(source_id, _)| source_id == source.source_id);
    let (outcome, kind) = if is_of_this_log {
        (Outcome::Duplicate, "duplicate")
    } else {
        (Outcome::AlreadyPresent, "already_present")
    };
    source.repeat(transaction, record, first.position, &first.body, kind).map_err(&failed)?;
    Ok(outcome)
}
