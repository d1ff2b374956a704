//! Building a store that does not exist yet: in one transaction, without indexes, which are made when all
//! rows are there. It is built in a folder of its own beside its place, and then renamed into that. A process that
//! is killed leaves nothing that could be taken for a store; the next one begins anew. What is built for a dry run has
//! no place and no name.

use std::collections::{BTreeSet, HashSet};
use std::fs::File;
use std::io;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;

use crate::application::import::{
    Batch, BuildingSink, Correction, Identity, ImportSink, ImportedLog, KnownPart, KnownSource, Outcome,
    Overlap, OverlapFeeds, OverlapView, SharedCounts, SourceHeader, SystemTimes, TimeWindow, TwinPair,
};
use crate::application::log_source::SourceDigest;
use crate::domain::event::derived_event_id;
use crate::domain::repository::RepositoryError;
use crate::durable::directory::sync_folder;
use crate::infrastructure::sqlite::database_kind::EVENT_STORE;
use crate::infrastructure::sqlite::error::{SqliteError, port_error};
use crate::infrastructure::sqlite::row::{INSERT_IN_BULK, NewRow};
use crate::infrastructure::sqlite::schema::{self, SchemaLock};
use crate::infrastructure::sqlite::{connection, read, stored_rows};
use crate::infrastructure::system_clock::present_time;

use super::build_folder::{self, BuildFolder};
use super::incomplete_logs::IncompleteLogs;
use super::overlap_feeds::{OriginPositions, SharedConnection, lock};
use super::provenance::{Counting, SourceWriter};
use super::{duplicate_ids, known_logs, late_indexes, overlap, overlap_feeds, superseded_rows};

/// In KiB: the index of the ids of a million twins takes 60 MB.
const TWIN_CACHE: i64 = 52_000;

/// A store that is being built.
pub struct BulkLoad {
    place: PathBuf,
    /// `None` once it was published.
    connection: Option<SharedConnection>,
    /// The same file once it is being put on disk. To close it before SQLite has closed its own would
    /// take the locks from SQLite.
    file: Option<File>,
    /// `None` in a dry run, and once it was published. Removed last, when nothing has it open.
    building: Option<BuildFolder>,
    /// Another store has appeared in its place.
    is_overtaken: bool,
    /// The statements that make the unique index, and everything else.
    unique_index: String,
    made_last: Vec<String>,
    source: Option<SourceWriter>,
    /// Where the logs are that were begun.
    begun: HashSet<String>,
    /// The parts of the log that were read, where the logs are parts of one.
    parts: Option<BTreeSet<i64>>,
    shared: SharedCounts,
    times: SystemTimes,
    positions: OriginPositions,
    /// What is known of the ids once all rows are there.
    ids: IdState,
}

/// Whether an id stands twice, and what is done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum IdState {
    /// Rows still come.
    Unknown,
    /// The unique index stands.
    Unique,
    /// It stands, and twins are noted that will be removed.
    UniqueWithTwins,
    /// It does not: rows with an id that stood before are noted, and will be removed.
    Duplicated,
}

impl BulkLoad {
    /// Begins to build a store at `path`; `None` where something is there, be it an empty file: SQLite knows
    /// what to do with that. Nothing is in the place of the store, and no other process has to wait for it, until it
    /// is published.
    pub fn begin(path: &Path, expected_bytes: u64) -> Result<Option<Self>, SqliteError> {
        schema::refuse_folder(path)?;
        let place = schema::place_of(path)?;
        let parent = build_folder::parent_for(&place)?;
        build_folder::remove_remains(&parent);
        if !is_free(&place)? {
            return Ok(None);
        }
        let building = BuildFolder::create_for(&place, &parent, expected_bytes)?;
        let database = connection::open_or_create(&building.database())?;
        Self::over(database, place, Some(building)).map(Some)
    }

    /// As [`begin`](Self::begin), for a dry run: nothing is written where the store would be.
    pub fn begin_dry_run(path: &Path) -> Result<Option<Self>, SqliteError> {
        schema::refuse_folder(path)?;
        let place = schema::place_of(path)?;
        if !is_free(&place)? {
            return Ok(None);
        }
        Self::over(connection::open_temporary()?, place, None).map(Some)
    }

    fn over(
        mut database: Connection,
        place: PathBuf,
        building: Option<BuildFolder>,
    ) -> Result<Self, SqliteError> {
        let failed = |source| SqliteError::Sqlite { action: "build", path: place.clone(), source };
        connection::initialise(&EVENT_STORE, &place, &database)?;
        schema::migrate(&EVENT_STORE, &place, &mut database)?;
        connection::make_fast(&place, &database)?;
        let (unique_index, made_last) = late_indexes::drop_all(&database).map_err(failed)?;
        database.execute_batch("BEGIN").map_err(failed)?;
        Ok(Self {
            place,
            connection: Some(Arc::new(Mutex::new(database))),
            file: None,
            building,
            is_overtaken: false,
            unique_index,
            made_last,
            source: None,
            begun: HashSet::new(),
            parts: None,
            shared: SharedCounts::new(),
            times: SystemTimes::default(),
            positions: OriginPositions::default(),
            ids: IdState::Unknown,
        })
    }

    fn connection(&self) -> Result<SharedConnection, RepositoryError> {
        self.connection
            .clone()
            .ok_or_else(|| RepositoryError::storage("import records", "the store was published already"))
    }

    /// All rows are there: finds out which of their ids stand twice.
    fn find_duplicate_ids(&mut self) -> Result<(), RepositoryError> {
        let failed = port_error("build the indexes");
        if self.ids != IdState::Unknown {
            return Ok(());
        }
        self.commit_rows()?;
        let shared = self.connection()?;
        let connection = lock(&shared);
        self.ids = match connection.execute_batch(&self.unique_index) {
            Ok(()) => IdState::Unique,
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation) => {
                superseded_rows::begin(&connection)?;
                self.shared = duplicate_ids::find(&connection, self.parts.as_ref())?;
                IdState::Duplicated
            }
            Err(error) => return Err(failed(error)),
        };
        Ok(())
    }

    /// Ends the transaction of the load, once; what is removed afterwards has one of its own.
    fn commit_rows(&self) -> Result<(), RepositoryError> {
        let shared = self.connection()?;
        let connection = lock(&shared);
        if self.ids != IdState::Unknown || connection.is_autocommit() {
            return Ok(());
        }
        connection.execute_batch("COMMIT").map_err(port_error("build the indexes"))
    }

    /// The lock keeps this program's other processes away, and no other program: what that puts into the place
    /// meanwhile stays.
    fn put_into_place(&mut self, building: BuildFolder) -> Result<(), SqliteError> {
        let place = &self.place;
        schema::create_folder(place)?;
        let _lock = SchemaLock::acquire(place)?;
        let failed = |source| SqliteError::Publish { path: place.clone(), source };
        if is_free(place)? && building.move_to(place)? {
            return sync_folder(place.parent().unwrap_or(Path::new(""))).map_err(failed);
        }
        schema::refuse_foreign(&EVENT_STORE, place)
            .map_err(|source| SqliteError::Appeared { path: place.clone(), source: Box::new(source) })?;
        self.is_overtaken = true;
        Err(failed(io::ErrorKind::AlreadyExists.into()))
    }

    fn make_indexes(&mut self, correct: &mut dyn FnMut(Correction)) -> Result<(), RepositoryError> {
        let failed = port_error("build the indexes");
        self.find_duplicate_ids()?;
        let shared = self.connection()?;
        let connection = lock(&shared);
        if self.ids != IdState::Unique {
            let is_made_anew = self.ids == IdState::Duplicated || superseded_rows::are_many(&connection)?;
            if is_made_anew && self.ids == IdState::UniqueWithTwins {
                connection.execute_batch(&format!("DROP INDEX {}", late_indexes::UNIQUE)).map_err(&failed)?;
            }
            // The ids of twins come in no order, and their index cannot be made when all of them are there.
            let path = &self.place;
            connection::give_cache(path, &connection, TWIN_CACHE).map_err(storage_failed)?;
            superseded_rows::remove(&connection, correct)?;
            connection::give_small_cache(path, &connection).map_err(storage_failed)?;
            if is_made_anew {
                connection.execute_batch(&self.unique_index).map_err(&failed)?;
            }
        }
        for statement in &self.made_last {
            connection.execute_batch(statement).map_err(&failed)?;
        }
        stored_rows::count_anew(&connection).map_err(failed)
    }
}

impl ImportSink for BulkLoad {
    fn last_import(&mut self, _: &str, _: &str) -> Result<Option<ImportedLog>, RepositoryError> {
        Ok(None)
    }

    fn begin_parts(&mut self, _: &[KnownPart]) -> Result<SharedCounts, RepositoryError> {
        self.parts = Some(BTreeSet::new());
        Ok(SharedCounts::new())
    }

    /// What is known of a log was stored by this same load, which read it when it was changing:
    /// nothing of it was present before.
    fn known(&mut self, header: &SourceHeader) -> Result<Option<KnownSource>, RepositoryError> {
        if !self.begun.contains(&header.path) {
            return Ok(None);
        }
        let mut known = known_logs::known(&lock(&*self.connection()?), header, &IncompleteLogs::default())?;
        if let Some(KnownSource { counts, .. }) = &mut known {
            counts.imported += std::mem::take(&mut counts.already_present);
        }
        Ok(known)
    }

    fn begin_source(
        &mut self,
        header: &SourceHeader,
        continues: Option<&KnownSource>,
    ) -> Result<i64, RepositoryError> {
        let connection = self.connection()?;
        let source =
            SourceWriter::begin(&lock(&connection), header, continues, Counting::AtTheEnd, present_time())
                .map_err(port_error("begin to import a log"))?;
        self.begun.insert(header.path.clone());
        self.source = Some(source);
        Ok(source.source_id)
    }

    /// Every record is taken for a new event; which are not shows when the load is finished.
    fn store(&mut self, batch: &Batch) -> Result<Vec<Outcome>, RepositoryError> {
        let failed = port_error("import records");
        let Some(mut source) = self.source else {
            return Err(RepositoryError::storage("import records", "no log was begun"));
        };
        let shared = self.connection()?;
        let connection = lock(&shared);
        let now = present_time();
        let mut insert = connection.prepare_cached(INSERT_IN_BULK).map_err(&failed)?;
        for record in &batch.records {
            let first_id;
            let event_id = match &record.identity {
                Identity::Carried(id) => id,
                Identity::Derived { content, .. } => {
                    first_id = derived_event_id(*content, 1);
                    &first_id
                }
            };
            let row = NewRow::imported(record, event_id, source.source_id, now);
            row.insert(&mut insert).map_err(&failed)?;
            self.times.note(record);
            self.positions.note(row.origin, connection.last_insert_rowid());
        }
        let outcomes = vec![Outcome::Imported; batch.records.len()];
        source.store(&connection, batch, &outcomes, now).map_err(&failed)?;
        drop(insert);
        self.source = Some(source);
        Ok(outcomes)
    }

    fn end_source(&mut self, digest: Option<&SourceDigest>) -> Result<(), RepositoryError> {
        let Some(source) = self.source else { return Ok(()) };
        if let Some(parts) = &mut self.parts {
            parts.insert(source.source_id);
        }
        let Some(digest) = digest else { return Ok(()) };
        source
            .end(&lock(&*self.connection()?), digest, present_time())
            .map_err(port_error("end the import of a log"))
    }

    fn shared_records(&self) -> &SharedCounts {
        &self.shared
    }

    fn finish(&mut self, correct: &mut dyn FnMut(Correction)) -> Result<u64, RepositoryError> {
        self.commit_rows()?;
        match &self.building {
            None => self.make_indexes(correct)?,
            Some(building) => {
                let file = File::open(building.database()).map_err(not_on_disk)?;
                // The rows go to disk while the indexes are made of them.
                let (made, on_disk) = std::thread::scope(|scope| {
                    let syncing = std::thread::Builder::new().spawn_scoped(scope, || file.sync_data());
                    let made = self.make_indexes(correct);
                    let on_disk = match syncing {
                        Ok(syncing) => syncing.join().unwrap_or_else(|panic| resume_unwind(panic)),
                        // Without a thread, after them.
                        Err(_) => file.sync_data(),
                    };
                    (made, on_disk)
                });
                self.file = Some(file);
                made?;
                on_disk.map_err(not_on_disk)?;
            }
        }
        read::count(&lock(&*self.connection()?))
    }

    fn publish(&mut self) -> Result<(), RepositoryError> {
        let Some(shared) = self.connection.take() else { return Ok(()) };
        let connection = Arc::into_inner(shared)
            .ok_or_else(|| RepositoryError::storage("close the new store", "it is still being read"))?;
        let connection = connection.into_inner().unwrap_or_else(PoisonError::into_inner);
        connection.close().map_err(|(_, error)| port_error("close the new store")(error))?;
        let Some(building) = self.building.take() else { return Ok(()) };
        // SQLite has closed the file: no lock of its is lost when it is closed here.
        match self.file.take() {
            Some(file) => file.sync_all(),
            None => File::open(building.database()).and_then(|file| file.sync_all()),
        }
        .map_err(not_on_disk)?;
        self.put_into_place(building)
            .map_err(|error| RepositoryError::storage("put the new store into its place", error))
    }
}

impl BuildingSink for BulkLoad {
    fn is_overtaken(&self) -> bool {
        self.is_overtaken
    }
}

impl OverlapView for BulkLoad {
    fn overlap(&mut self) -> Result<Option<Overlap>, RepositoryError> {
        if self.times.native.is_none() || self.times.history.is_none() {
            return Ok(None);
        }
        overlap::find(
            &lock(&*self.connection()?),
            "(SELECT '' AS origin, 0 AS id_derived, 0 AS occurred_at)",
            "events",
        )
    }

    fn feeds(&mut self) -> Result<Option<OverlapFeeds>, RepositoryError> {
        let times = self.times.native.zip(self.times.history);
        let Some(window) = times.and_then(|(native, history)| TimeWindow::shared(native, history)) else {
            return Ok(None);
        };
        self.find_duplicate_ids()?;
        let shared = self.connection()?;
        if self.ids == IdState::Unique {
            superseded_rows::begin(&lock(&shared))?;
            self.ids = IdState::UniqueWithTwins;
        }
        Ok(Some(overlap_feeds::of_new_store(&self.place, &shared, window, self.positions)))
    }

    fn note_twins(&mut self, pair: &TwinPair) -> Result<(), RepositoryError> {
        superseded_rows::note_twins(&lock(&*self.connection()?), pair)
    }
}

fn storage_failed(error: SqliteError) -> RepositoryError {
    RepositoryError::storage("build the indexes", error)
}

fn not_on_disk(error: io::Error) -> RepositoryError {
    RepositoryError::storage("put the new store on disk", error)
}

/// Whether nothing is in the place of a store, nor a log that SQLite would apply to it.
fn is_free(place: &Path) -> Result<bool, SqliteError> {
    if std::fs::symlink_metadata(place).is_ok() {
        return Ok(false);
    }
    schema::refuse_orphaned_log(&EVENT_STORE, place)?;
    Ok(true)
}
