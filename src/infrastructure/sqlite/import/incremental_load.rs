//! Adding to a store that exists, in [transactions](super::transactions) that are short enough that other writers of the
//! store wait for no more than a moment; or, where all or nothing is asked for, in one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rusqlite::Connection;

use crate::application::import::identity::{Repetition, repetition};
use crate::application::import::{
    Batch, Correction, Identity, ImportRecord, ImportSink, ImportedLog, IncrementalSink, KnownPart,
    KnownSource, Outcome, PartVersion, SharedCounts, SourceHeader, StoreError, SystemTimes,
};
use crate::application::log_source::SourceDigest;
use crate::domain::repository::RepositoryError;
use crate::domain::value_objects::EventId;
use crate::infrastructure::sqlite::append::{First, first_of};
use crate::infrastructure::sqlite::database_kind::EVENT_STORE;
use crate::infrastructure::sqlite::error::{SqliteError, port_error};
use crate::infrastructure::sqlite::row::{INSERT, INSERT_IF_NEW, NewRow};
use crate::infrastructure::sqlite::schema::ImportLock;
use crate::infrastructure::sqlite::{connection, fence, read, schema, stored_rows};
use crate::infrastructure::system_clock::present_time;

use super::incomplete_logs::IncompleteLogs;
use super::lost_positions::LostPositions;
use super::occurrences::Occurrences;
use super::overlap_feeds::{SharedConnection, lock};
use super::preview::Preview;
use super::provenance::{Counting, SourceWriter};
use super::shared_records::SharedRecords;
use super::survey::Survey;
use super::transactions::Transactions;
use super::{known_logs, part_versions, twins};

/// A load into a store that exists.
pub struct IncrementalLoad {
    path: PathBuf,
    connection: SharedConnection,
    incomplete: Arc<IncompleteLogs>,
    lost: LostPositions,
    source: Option<SourceWriter>,
    occurrences: Occurrences,
    shared: SharedRecords,
    follows: Follows,
    /// A log has brought a record that was not seen before.
    is_outdated: bool,
    transactions: Transactions,
    _lock: ImportLock,
}

/// What the load was looked at for before.
#[derive(Debug, Clone, Copy)]
enum Follows {
    Nothing,
    /// No record overlaps, and all of them lie in these times.
    Survey(SystemTimes),
    /// It has found which records are twins.
    Preview,
}

/// What has become of a record, and the number of another log that has it.
type Stored = (Outcome, Option<i64>);

impl IncrementalLoad {
    /// Opens the store at `path`, once no other process imports into it.
    ///
    /// # Errors
    /// As [`SqliteEventRepository::open`](crate::infrastructure::sqlite::SqliteEventRepository::open).
    pub fn open(path: &Path) -> Result<Self, SqliteError> {
        let connection = schema::open_current(&EVENT_STORE, path)?;
        let lock = ImportLock::acquire(path)?;
        // The store can have been moved while another import was waited for, and what is added fires no triggers.
        fence::refuse_writer(path, &connection)?;
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
        connection::make_adding(path, &connection)?;
        let connection = Arc::new(Mutex::new(connection));
        let transactions = Transactions::new(Arc::clone(&connection), schema::turn_file_of(path));
        Ok(Self {
            path: path.to_owned(),
            connection,
            incomplete: Arc::new(incomplete),
            lost,
            source: None,
            occurrences: Occurrences::default(),
            shared: SharedRecords::default(),
            follows: Follows::Nothing,
            is_outdated: false,
            transactions,
            _lock: lock,
        })
    }
}

/// What a record is stored by.
struct RecordLoad<'l> {
    occurrences: Occurrences,
    shared: &'l SharedRecords,
    lost: &'l mut LostPositions,
    follows: Follows,
    has_twins: bool,
    /// The record before was there already: so may this one be.
    was_present: bool,
}

impl RecordLoad<'_> {
    /// Whether nothing is to be known of a record that is new before it is inserted.
    fn may_be_inserted(&self, source: &SourceWriter, record: &ImportRecord) -> bool {
        let was_seen = match self.follows {
            Follows::Nothing => true,
            Follows::Survey(times) => times.hold(record),
            Follows::Preview => false,
        };
        was_seen && !self.was_present && !source.restores(record)
    }

    /// Inserts a record whose id neither an event nor a twin has: one look into the index of ids for both.
    fn insert_if_new(
        &self,
        transaction: &Connection,
        source: &SourceWriter,
        record: &ImportRecord,
        event_id: &EventId,
    ) -> Result<bool, RepositoryError> {
        let insert = || -> rusqlite::Result<bool> {
            if self.has_twins && twins::is_there(transaction, event_id)? {
                return Ok(false);
            }
            let row = NewRow::imported(record, event_id, source.source_id, present_time());
            row.insert_if_new(&mut transaction.prepare_cached(INSERT_IF_NEW)?)
        };
        insert().map_err(port_error("import a record"))
    }

    /// What becomes of a record, and which other log has it; `None` where it was not seen before.
    fn store(
        &mut self,
        transaction: &Connection,
        source: &mut SourceWriter,
        record: &ImportRecord,
    ) -> Result<Option<Stored>, RepositoryError> {
        let event_id = id_of(transaction, self.occurrences, record)?;
        if self.may_be_inserted(source, record)
            && self.insert_if_new(transaction, source, record, &event_id)?
        {
            return Ok(Some((Outcome::Imported, None)));
        }
        let present = present(transaction, source, record, &event_id)?;
        self.was_present = present.is_some();
        if let Some((outcome, first)) = present {
            let other = self.shared.other_log(transaction, record, &outcome, &first, source.source_id);
            return Ok(Some((outcome, other.map_err(port_error("import a record"))?)));
        }
        match self.follows {
            Follows::Nothing => {}
            Follows::Survey(times) if times.hold(record) => {}
            Follows::Preview if twins::is_previewed(transaction, &event_id)? => {
                if let Some((position, class)) = twins::planned(transaction, &event_id)? {
                    twins::store(transaction, source, record, &event_id, (position, class))
                        .map_err(port_error("import a record"))?;
                    return Ok(Some((Outcome::MatchedExisting { class }, None)));
                }
            }
            Follows::Survey(_) | Follows::Preview => return Ok(None),
        }
        let position = match source.restores(record) {
            true => {
                self.lost.take(transaction, record).map_err(port_error("find the position of an event"))?
            }
            false => None,
        };
        store_new(transaction, source, record, &event_id, position).map(|outcome| Some((outcome, None)))
    }
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
        let source = self.transactions.write(|transaction| {
            SourceWriter::begin(transaction, header, continues, Counting::EachBatch, present_time())
                .map_err(&failed)
        })?;
        self.occurrences.begin_log(&lock(&self.connection), source.known_part())?;
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
        let mut load = RecordLoad {
            occurrences: self.occurrences,
            shared: &self.shared,
            lost: &mut self.lost,
            follows: self.follows,
            has_twins: true,
            was_present: false,
        };
        let mut is_outdated = false;
        let stored = self.transactions.write(|transaction| {
            load.has_twins = twins::are_there(transaction).map_err(&failed)?;
            let mut outcomes = Vec::with_capacity(batch.records.len());
            let mut others = Vec::new();
            for record in &batch.records {
                let Some((outcome, other)) = load.store(transaction, &mut source, record)? else {
                    is_outdated = true;
                    return Err(RepositoryError::storage(
                        "import records",
                        "a log has changed since it was looked at",
                    ));
                };
                outcomes.push(outcome);
                others.extend(other);
            }
            source.store(transaction, batch, &outcomes, present_time()).map_err(&failed)?;
            Ok((outcomes, others))
        });
        self.is_outdated |= is_outdated;
        let (outcomes, others) = stored?;
        others.into_iter().for_each(|other| self.shared.add(other, source.source_id));
        self.source = Some(source);
        Ok(outcomes)
    }

    fn end_source(&mut self, digest: Option<&SourceDigest>) -> Result<(), RepositoryError> {
        self.occurrences.end_log(&lock(&self.connection))?;
        let (Some(source), Some(digest)) = (self.source, digest) else { return Ok(()) };
        self.transactions.write(|transaction| {
            source.end(transaction, digest, present_time()).map_err(port_error("end the import of a log"))
        })
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
        if !self.transactions.is_one() {
            self.transactions.commit()?;
            self.lost.tell(&self.path);
        }
        read::count(&lock(&self.connection))
    }

    fn publish(&mut self) -> Result<(), RepositoryError> {
        self.transactions.commit()?;
        self.lost.tell(&self.path);
        Ok(())
    }
}

/// What is stored here is committed: overlaps have to be looked for before, in a preview.
impl IncrementalSink for IncrementalLoad {
    type Survey = Survey;
    type Preview = Preview;

    /// Both systems run at the same time where there are twins: what is added to such a store mostly overlaps.
    fn survey(&mut self) -> Result<Option<Survey>, RepositoryError> {
        let has_twins = twins::are_there(&lock(&self.connection)).map_err(port_error("look for twins"))?;
        Ok((!has_twins).then(|| Survey::over(Arc::clone(&self.connection), Arc::clone(&self.incomplete))))
    }

    fn follow_survey(&mut self, times: SystemTimes) {
        self.follows = Follows::Survey(times);
    }

    fn preview(&mut self) -> Result<Preview, StoreError> {
        // A log that could not be read on has left it open, and the preview has transactions of its own.
        self.transactions.commit()?;
        (self.follows, self.is_outdated) = (Follows::Nothing, false);
        (self.occurrences, self.shared) = (Occurrences::default(), SharedRecords::default());
        Ok(Preview::over(&self.path, Arc::clone(&self.connection), Arc::clone(&self.incomplete))?)
    }

    fn follow_preview(&mut self) {
        self.follows = Follows::Preview;
    }

    fn is_outdated(&self) -> bool {
        self.is_outdated
    }

    fn begin_transaction(&mut self) -> Result<(), RepositoryError> {
        self.transactions.begin_one()
    }

    fn roll_back(&mut self) -> Result<(), RepositoryError> {
        self.source = None;
        self.lost.moved = 0;
        self.transactions.roll_back();
        Ok(())
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
