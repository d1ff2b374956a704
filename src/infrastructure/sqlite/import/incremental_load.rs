//! Adding to a store that exists: each batch is one transaction, short enough that whoever else
//! writes to the store waits for no more than a moment; or, where all or nothing is asked for, all of them
//! are one.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::Utc;
use rusqlite::{Connection, Savepoint, Transaction, TransactionBehavior};

use crate::application::import::{
    Batch, Correction, Identity, ImportRecord, ImportTarget, KnownSource, Outcome, Overlap, Sides,
    SourceHeader, TwinPair,
};
use crate::application::log_source::SourceDigest;
use crate::domain::repository::RepositoryError;
use crate::domain::value_objects::EventId;
use crate::infrastructure::sqlite::append::first_of;
use crate::infrastructure::sqlite::error::port_error;
use crate::infrastructure::sqlite::row::{INSERT, NewRow};
use crate::infrastructure::sqlite::schema::ImportLock;
use crate::infrastructure::sqlite::{SqliteError, read, schema};
use crate::wire::json::same_value;

use crate::infrastructure::sqlite::import::overlap_feeds::{Shared, lock};
use crate::infrastructure::sqlite::import::provenance;
use crate::infrastructure::sqlite::import::provenance::SourceWriter;
use crate::infrastructure::sqlite::import::{Survey, occurrences, twins};

/// The breath between two batches in which another writer that waits gets its turn.
const BREATH: Duration = Duration::from_millis(2);

/// A load into a store that exists.
pub struct BatchLoad {
    path: PathBuf,
    connection: Shared,
    source: Option<SourceWriter>,
    /// A survey has found which records are twins.
    has_plan: bool,
    /// A log has brought records that the survey did not see.
    is_outdated: bool,
    /// All of the load is one transaction.
    is_whole: bool,
    _lock: ImportLock,
}

/// What belongs together: a transaction, or a part of the one that the whole load is.
enum Step<'c> {
    Transaction(Transaction<'c>),
    Part(Savepoint<'c>),
}

impl Deref for Step<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        match self {
            Self::Transaction(transaction) => transaction,
            Self::Part(part) => part,
        }
    }
}

impl Step<'_> {
    fn commit(self) -> rusqlite::Result<()> {
        match self {
            Self::Transaction(transaction) => transaction.commit(),
            Self::Part(part) => part.commit(),
        }
    }
}

impl BatchLoad {
    /// Opens the store at `path`, once nobody else imports into it.
    ///
    /// # Errors
    /// As [`SqliteEventRepository::open`](crate::infrastructure::sqlite::SqliteEventRepository::open).
    pub fn open(path: &Path) -> Result<Self, SqliteError> {
        let connection = Arc::new(Mutex::new(schema::open_current(path)?));
        let _lock = ImportLock::acquire(path)?;
        let (has_plan, is_outdated, is_whole) = (false, false, false);
        Ok(Self { path: path.to_owned(), connection, source: None, has_plan, is_outdated, is_whole, _lock })
    }

    /// Lets the whole load be one transaction, which ends when it is published or rolled back. Nobody else
    /// can write to the store until then.
    pub fn begin_whole(&mut self) -> Result<(), RepositoryError> {
        let begun = lock(&self.connection).execute_batch("BEGIN IMMEDIATE");
        begun.map_err(port_error("begin to import"))?;
        self.is_whole = true;
        Ok(())
    }

    /// Takes back what was loaded since [`begin_whole`](Self::begin_whole).
    pub fn roll_back(&mut self) -> Result<(), RepositoryError> {
        self.source = None;
        self.end_whole("ROLLBACK")
    }

    fn end_whole(&mut self, statement: &str) -> Result<(), RepositoryError> {
        if std::mem::take(&mut self.is_whole) {
            lock(&self.connection).execute_batch(statement).map_err(port_error("end the import"))?;
        }
        Ok(())
    }

    /// Looks at what the load would do, before it is done.
    pub fn survey(&mut self) -> Result<Survey, SqliteError> {
        (self.has_plan, self.is_outdated) = (false, false);
        Survey::over(&self.path, Arc::clone(&self.connection))
    }

    /// Keeps as twins what the last survey has paired. A record that the survey has not seen ends the
    /// load then.
    pub fn follow_plan(&mut self) {
        self.has_plan = true;
    }

    /// The load was ended because a log has grown since the survey: another survey is needed. What was
    /// stored is stored.
    pub fn is_outdated(&self) -> bool {
        self.is_outdated
    }

    /// What becomes of a record; `None` where the survey has not seen it.
    fn store_planned(
        &self,
        transaction: &Connection,
        source: &SourceWriter,
        record: &ImportRecord,
    ) -> Result<Option<Outcome>, RepositoryError> {
        let event_id = id_of(transaction, source, record)?;
        if let Some(outcome) = present(transaction, source, record, &event_id)? {
            return Ok(Some(outcome));
        }
        if self.has_plan {
            if !twins::is_surveyed(transaction, &event_id)? {
                return Ok(None);
            }
            if let Some((position, class)) = twins::planned(transaction, &event_id)? {
                twins::store(transaction, source, record, &event_id, (position, class))
                    .map_err(port_error("import a record"))?;
                return Ok(Some(Outcome::MatchedExisting { class }));
            }
        }
        store_new(transaction, source, record, &event_id).map(Some)
    }
}

fn step(connection: &mut Connection, is_part: bool) -> Result<Step<'_>, RepositoryError> {
    let step = match is_part {
        true => connection.savepoint().map(Step::Part),
        false => connection.transaction_with_behavior(TransactionBehavior::Immediate).map(Step::Transaction),
    };
    step.map_err(port_error("begin to import"))
}

impl ImportTarget for BatchLoad {
    fn known(&mut self, header: &SourceHeader) -> Result<Vec<KnownSource>, RepositoryError> {
        provenance::known(&lock(&self.connection), header)
    }

    fn begin_source(
        &mut self,
        header: &SourceHeader,
        goes_on: Option<&KnownSource>,
    ) -> Result<i64, RepositoryError> {
        let failed = port_error("begin to import a log");
        let mut connection = lock(&self.connection);
        occurrences::reset(&connection)?;
        let transaction = step(&mut connection, self.is_whole)?;
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
        let mut connection = lock(&self.connection);
        let transaction = step(&mut connection, self.is_whole)?;
        let records = batch.records.iter();
        let outcomes: Option<Vec<Outcome>> = records
            .map(|record| self.store_planned(&transaction, &source, record))
            .collect::<Result<_, _>>()?;
        let Some(outcomes) = outcomes else {
            drop(transaction);
            drop(connection);
            self.is_outdated = true;
            return Err(RepositoryError::storage("import records", "a log has grown since it was looked at"));
        };
        source.store(&transaction, batch, &outcomes, Utc::now()).map_err(&failed)?;
        transaction.commit().map_err(&failed)?;
        drop(connection);
        self.source = Some(source);
        if !self.is_whole {
            std::thread::sleep(BREATH);
        }
        Ok(outcomes)
    }

    fn end_source(&mut self, digest: &SourceDigest) -> Result<(), RepositoryError> {
        let Some(source) = self.source else { return Ok(()) };
        source.end(&lock(&self.connection), digest, Utc::now()).map_err(port_error("end the import of a log"))
    }

    /// What is stored here is committed: it has to be asked before, of a survey.
    fn overlap(&mut self) -> Result<Option<Overlap>, RepositoryError> {
        Ok(None)
    }

    /// As [`overlap`](Self::overlap).
    fn sides(&mut self) -> Result<Option<Sides>, RepositoryError> {
        Ok(None)
    }

    fn pair(&mut self, _pair: &TwinPair) -> Result<(), RepositoryError> {
        Err(RepositoryError::storage("note a pair", "the records were not given out to be paired"))
    }

    fn finish(&mut self, _correct: &mut dyn FnMut(Correction)) -> Result<u64, RepositoryError> {
        read::count(&lock(&self.connection))
    }

    fn publish(&mut self) -> Result<(), RepositoryError> {
        self.end_whole("COMMIT")
    }
}

/// Stores one record of a log, whose occurrences are being counted.
pub(in crate::infrastructure::sqlite) fn store_one(
    transaction: &Connection,
    source: &SourceWriter,
    record: &ImportRecord,
) -> Result<Outcome, RepositoryError> {
    let event_id = id_of(transaction, source, record)?;
    match present(transaction, source, record, &event_id)? {
        Some(outcome) => Ok(outcome),
        None => store_new(transaction, source, record, &event_id),
    }
}

fn id_of(
    transaction: &Connection,
    source: &SourceWriter,
    record: &ImportRecord,
) -> Result<EventId, RepositoryError> {
    match &record.identity {
        Identity::Carried(id) => Ok(id.clone()),
        Identity::Derived { content, written_at, .. } => {
            occurrences::next_id(transaction, *content, *written_at, source.source_id, source.known_to)
        }
    }
}

/// What becomes of a record whose id the store has, and `None` where it has not.
fn present(
    transaction: &Connection,
    source: &SourceWriter,
    record: &ImportRecord,
    event_id: &EventId,
) -> Result<Option<Outcome>, RepositoryError> {
    let Some(first) = first_of(transaction, event_id.as_str())? else { return Ok(None) };
    if !same_value(&first.body, &record.body) {
        return Ok(Some(Outcome::Conflict { event_id: event_id.clone(), position: first.position }));
    }
    let is_of_this_log = first.source.is_some_and(|(source_id, _)| source_id == source.source_id);
    let (outcome, kind) = if is_of_this_log {
        (Outcome::Duplicate, "duplicate")
    } else {
        (Outcome::AlreadyPresent, "already_present")
    };
    source.repeat(transaction, record, &first, kind).map_err(port_error("import a record"))?;
    Ok(Some(outcome))
}

fn store_new(
    transaction: &Connection,
    source: &SourceWriter,
    record: &ImportRecord,
    event_id: &EventId,
) -> Result<Outcome, RepositoryError> {
    let failed = port_error("import a record");
    let row = NewRow::imported(record, event_id, source.source_id, Utc::now());
    row.insert(&mut transaction.prepare_cached(INSERT).map_err(&failed)?).map_err(&failed)?;
    Ok(Outcome::Imported)
}
