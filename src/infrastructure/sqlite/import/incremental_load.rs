//! Adding to a store that exists: each batch is one transaction, short enough that other writers of the
//! store wait for no more than a moment; or, where all or nothing is asked for, all of them are one.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rusqlite::{Connection, Savepoint, Transaction, TransactionBehavior};

use crate::application::import::identity::{Repetition, repetition};
use crate::application::import::{
    Batch, Correction, Identity, ImportRecord, ImportSink, ImportedLog, IncrementalSink, KnownPart,
    KnownSource, Outcome, PartVersion, SharedCounts, SourceHeader, StoreError,
};
use crate::application::log_source::SourceDigest;
use crate::domain::repository::RepositoryError;
use crate::domain::value_objects::EventId;
use crate::infrastructure::sqlite::append::{First, first_of};
use crate::infrastructure::sqlite::database_kind::EVENT_STORE;
use crate::infrastructure::sqlite::error::{SqliteError, port_error};
use crate::infrastructure::sqlite::row::{INSERT, NewRow};
use crate::infrastructure::sqlite::schema::ImportLock;
use crate::infrastructure::sqlite::{connection, read, schema, stored_rows};
use crate::infrastructure::system_clock::present_time;
use crate::infrastructure::turn_file::{HeldTurn, TurnFile};

use super::incomplete_logs::IncompleteLogs;
use super::lost_positions::LostPositions;
use super::occurrences::Occurrences;
use super::overlap_feeds::{SharedConnection, lock};
use super::preview::Preview;
use super::provenance::SourceWriter;
use super::shared_records::SharedRecords;
use super::{known_logs, part_versions, twins};

/// The pause between two batches in which another writer comes in that takes no turns.
const PAUSE: Duration = Duration::from_millis(2);

/// A load into a store that exists.
pub struct IncrementalLoad {
    path: PathBuf,
    connection: SharedConnection,
    incomplete: Arc<IncompleteLogs>,
    lost: LostPositions,
    source: Option<SourceWriter>,
    occurrences: Occurrences,
    shared: SharedRecords,
    /// The load follows a preview, which has found which records are twins.
    follows_preview: bool,
    /// A log has brought a record that the preview did not see.
    is_outdated: bool,
    /// All of the load is one transaction.
    is_one_transaction: bool,
    turns: TurnFile,
    /// The turn that lasts for all of the load, where that is one transaction.
    turn: Option<HeldTurn>,
    _lock: ImportLock,
}

/// What is written together: a transaction, or a part of the one that the whole load is.
enum AtomicWrite<'c> {
    /// With the turn in which it is written.
    Transaction(Transaction<'c>, Option<HeldTurn>),
    Part(Savepoint<'c>),
}

/// What has become of a record, and the number of another log that has it.
type Stored = (Outcome, Option<i64>);

impl Deref for AtomicWrite<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        match self {
            Self::Transaction(transaction, _) => transaction,
            Self::Part(part) => part,
        }
    }
}

impl AtomicWrite<'_> {
    fn commit(self) -> rusqlite::Result<()> {
        match self {
            Self::Transaction(transaction, _turn) => transaction.commit(),
            Self::Part(part) => part.commit(),
        }
    }
}

impl IncrementalLoad {
    /// Opens the store at `path`, once no other process imports into it.
    ///
    /// # Errors
    /// As [`SqliteEventRepository::open`](crate::infrastructure::sqlite::SqliteEventRepository::open).
    pub fn open(path: &Path) -> Result<Self, SqliteError> {
        let connection = schema::open_current(&EVENT_STORE, path)?;
        let lock = ImportLock::acquire(path)?;
        stored_rows::count_from_logs(path, &connection)?;
        let check = stored_rows::check_and_tell(path, &connection)?;
        if check.refers_to_nothing() {
            // What is stored again can refer to what is still missing.
            connection::allow_references_to_nothing(path, &connection)?;
        }
        let failed =
            |source| SqliteError::Sqlite { action: "count the rows of", path: path.to_owned(), source };
        let incomplete = IncompleteLogs::of(&connection, &check).map_err(failed)?;
        let lost = match check.missing_records() {
            0 => LostPositions::default(),
            _ => LostPositions::of(&connection).map_err(failed)?,
        };
        Ok(Self {
            path: path.to_owned(),
            connection: Arc::new(Mutex::new(connection)),
            incomplete: Arc::new(incomplete),
            lost,
            source: None,
            occurrences: Occurrences::default(),
            shared: SharedRecords::default(),
            follows_preview: false,
            is_outdated: false,
            is_one_transaction: false,
            turns: schema::turn_file_of(path),
            turn: None,
            _lock: lock,
        })
    }

    fn end_transaction(&mut self, statement: &str) -> Result<(), RepositoryError> {
        if std::mem::take(&mut self.is_one_transaction) {
            let turn = self.turn.take();
            lock(&self.connection).execute_batch(statement).map_err(port_error("end the import"))?;
            drop(turn);
        }
        Ok(())
    }

    /// What becomes of a record, and which other log has it; `None` where the preview has not seen it.
    fn store_previewed(
        &self,
        lost: &mut LostPositions,
        transaction: &Connection,
        source: &mut SourceWriter,
        record: &ImportRecord,
    ) -> Result<Option<Stored>, RepositoryError> {
        let event_id = id_of(transaction, self.occurrences, record)?;
        if let Some((outcome, first)) = present(transaction, source, record, &event_id)? {
            let other = self.shared.other_log(transaction, record, &outcome, &first, source.source_id);
            return Ok(Some((outcome, other.map_err(port_error("import a record"))?)));
        }
        if self.follows_preview {
            if !twins::is_previewed(transaction, &event_id)? {
                return Ok(None);
            }
            if let Some((position, class)) = twins::planned(transaction, &event_id)? {
                twins::store(transaction, source, record, &event_id, (position, class))
                    .map_err(port_error("import a record"))?;
                return Ok(Some((Outcome::MatchedExisting { class }, None)));
            }
        }
        let position = match source.restores(record) {
            true => lost.take(transaction, record).map_err(port_error("find the position of an event"))?,
            false => None,
        };
        store_new(transaction, source, record, &event_id, position).map(|outcome| Some((outcome, None)))
    }
}

fn begin<'c>(
    connection: &'c mut Connection,
    turns: &mut TurnFile,
    is_part: bool,
) -> Result<AtomicWrite<'c>, RepositoryError> {
    let write = if is_part {
        connection.savepoint().map(AtomicWrite::Part)
    } else {
        let turn = turns.take();
        connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map(|transaction| AtomicWrite::Transaction(transaction, turn))
    };
    write.map_err(port_error("begin to import"))
}

impl ImportSink for IncrementalLoad {
    fn last_import(&mut self, path: &str, settings: &str) -> Result<Option<ImportedLog>, RepositoryError> {
        known_logs::last_import(&lock(&self.connection), path, settings, &self.incomplete)
    }

    fn part_versions(&mut self, paths: &[String]) -> Result<Vec<PartVersion>, RepositoryError> {
        part_versions::of(&lock(&self.connection), paths)
    }

    fn begin_parts(&mut self, known: &[KnownPart]) -> Result<SharedCounts, RepositoryError> {
        let connection = lock(&self.connection);
        self.occurrences.begin_parts(&connection, known)?;
        part_versions::stored_shared(&connection)
    }

    fn known(&mut self, header: &SourceHeader) -> Result<Option<KnownSource>, RepositoryError> {
        known_logs::known(&lock(&self.connection), header, &self.incomplete)
    }

    fn begin_source(
        &mut self,
        header: &SourceHeader,
        continues: Option<&KnownSource>,
    ) -> Result<i64, RepositoryError> {
        let failed = port_error("begin to import a log");
        let mut connection = lock(&self.connection);
        let transaction = begin(&mut connection, &mut self.turns, self.is_one_transaction)?;
        let source = SourceWriter::begin(&transaction, header, continues, present_time()).map_err(&failed)?;
        transaction.commit().map_err(&failed)?;
        self.occurrences.begin_log(&connection, source.known_part())?;
        self.shared.begin_log(source.source_id);
        self.lost.begin_log(continues.filter(|known| !known.is_whole).map(|known| known.source_id));
        self.source = Some(source);
        Ok(source.source_id)
    }

    fn store(&mut self, batch: &Batch) -> Result<Vec<Outcome>, RepositoryError> {
        let failed = port_error("import records");
        let Some(mut source) = self.source else {
            return Err(RepositoryError::storage("import records", "no log was begun"));
        };
        let mut lost = std::mem::take(&mut self.lost);
        let mut connection = lock(&self.connection);
        let transaction = begin(&mut connection, &mut self.turns, self.is_one_transaction)?;
        let records = batch.records.iter();
        let stored: Result<Option<Vec<Stored>>, RepositoryError> = records
            .map(|record| self.store_previewed(&mut lost, &transaction, &mut source, record))
            .collect();
        self.lost = lost;
        let Some(stored) = stored? else {
            drop(transaction);
            drop(connection);
            self.is_outdated = true;
            return Err(RepositoryError::storage(
                "import records",
                "a log has changed since it was looked at",
            ));
        };
        let (outcomes, others): (Vec<Outcome>, Vec<Option<i64>>) = stored.into_iter().unzip();
        source.store(&transaction, batch, &outcomes, present_time()).map_err(&failed)?;
        transaction.commit().map_err(&failed)?;
        drop(connection);
        others.into_iter().flatten().for_each(|other| self.shared.add(other, source.source_id));
        self.source = Some(source);
        if !self.is_one_transaction {
            std::thread::sleep(PAUSE);
        }
        Ok(outcomes)
    }

    fn end_source(&mut self, digest: Option<&SourceDigest>) -> Result<(), RepositoryError> {
        let failed = port_error("end the import of a log");
        let mut connection = lock(&self.connection);
        self.occurrences.end_log(&connection)?;
        let (Some(source), Some(digest)) = (self.source, digest) else { return Ok(()) };
        let transaction = begin(&mut connection, &mut self.turns, self.is_one_transaction)?;
        source.end(&transaction, digest, present_time()).map_err(&failed)?;
        transaction.commit().map_err(failed)
    }

    fn shared_records(&self) -> &SharedCounts {
        self.shared.counts()
    }

    fn records_without_id(&mut self) -> Result<BTreeMap<i64, u64>, RepositoryError> {
        part_versions::records_without_id(&lock(&self.connection))
    }

    fn repeats_without_id(&mut self) -> Result<BTreeMap<i64, u64>, RepositoryError> {
        part_versions::repeats_without_id(&lock(&self.connection))
    }

    fn finish(&mut self, _correct: &mut dyn FnMut(Correction)) -> Result<u64, RepositoryError> {
        if !self.is_one_transaction {
            self.lost.tell(&self.path);
        }
        read::count(&lock(&self.connection))
    }

    fn publish(&mut self) -> Result<(), RepositoryError> {
        self.end_transaction("COMMIT")?;
        self.lost.tell(&self.path);
        Ok(())
    }
}

/// What is stored here is committed: overlaps have to be looked for before, in a preview.
impl IncrementalSink for IncrementalLoad {
    type Preview = Preview;

    fn preview(&mut self) -> Result<Preview, StoreError> {
        (self.follows_preview, self.is_outdated) = (false, false);
        (self.occurrences, self.shared) = (Occurrences::default(), SharedRecords::default());
        Ok(Preview::over(&self.path, Arc::clone(&self.connection), Arc::clone(&self.incomplete))?)
    }

    fn follow_preview(&mut self) {
        self.follows_preview = true;
    }

    fn is_outdated(&self) -> bool {
        self.is_outdated
    }

    fn begin_transaction(&mut self) -> Result<(), RepositoryError> {
        let turn = self.turns.take();
        let begun = lock(&self.connection).execute_batch("BEGIN IMMEDIATE");
        begun.map_err(port_error("begin to import"))?;
        (self.is_one_transaction, self.turn) = (true, turn);
        Ok(())
    }

    fn roll_back(&mut self) -> Result<(), RepositoryError> {
        self.source = None;
        self.lost.moved = 0;
        self.end_transaction("ROLLBACK")
    }
}

/// Stores one record of a log, whose occurrences are being counted.
pub(in crate::infrastructure::sqlite) fn store_one(
    transaction: &Connection,
    source: &mut SourceWriter,
    occurrences: Occurrences,
    record: &ImportRecord,
) -> Result<Outcome, RepositoryError> {
    let event_id = id_of(transaction, occurrences, record)?;
    match present(transaction, source, record, &event_id)? {
        Some((outcome, _)) => Ok(outcome),
        None => store_new(transaction, source, record, &event_id, None),
    }
}

/// The id of a record of a log, whose occurrences are being counted.
pub(in crate::infrastructure::sqlite) fn id_of(
    transaction: &Connection,
    occurrences: Occurrences,
    record: &ImportRecord,
) -> Result<EventId, RepositoryError> {
    match &record.identity {
        Identity::Carried(id) => Ok(id.clone()),
        Identity::Derived { content, written_at } => occurrences.next_id(transaction, *content, *written_at),
    }
}

/// What becomes of a record whose id the store has, and what has it; `None` where it has not.
fn present(
    transaction: &Connection,
    source: &mut SourceWriter,
    record: &ImportRecord,
    event_id: &EventId,
) -> Result<Option<(Outcome, First)>, RepositoryError> {
    let Some(first) = first_of(transaction, event_id.as_str())? else { return Ok(None) };
    let is_of_this_log = first.source.is_some_and(|(source_id, _)| source_id == source.source_id);
    let repetition = repetition(&first.body, &record.body, is_of_this_log);
    if repetition != Repetition::Conflict {
        source.repeat(transaction, record, &first, repetition).map_err(port_error("import a record"))?;
    }
    Ok(Some((repetition.outcome(event_id, first.position), first)))
}

fn store_new(
    transaction: &Connection,
    source: &SourceWriter,
    record: &ImportRecord,
    event_id: &EventId,
    position: Option<i64>,
) -> Result<Outcome, RepositoryError> {
    let failed = port_error("import a record");
    let row = NewRow::imported(record, event_id, source.source_id, present_time());
    match position {
        Some(position) => row.insert_at(transaction, position).map_err(&failed)?,
        None => row.insert(&mut transaction.prepare_cached(INSERT).map_err(&failed)?).map_err(&failed)?,
    }
    Ok(Outcome::Imported)
}
