//! Events in a SQLite database.
//!
//! One table, `events`, that is only appended to: triggers refuse UPDATE, DELETE and REPLACE, whichever
//! program opens the file. Every query of the port is answered from an index. The write-ahead log
//! with `synchronous=FULL` means that an acknowledged event is on disk.
//!
//! The store is one [stream](EventRepository): positions count 1, 2, 3, … in the order of the commits.
//!
//! Beside the database lies `<database>.lock`, an empty file that is locked while the schema is
//! looked at or changed, so that any number of processes can open a new store at once; and, once logs
//! were added to it, `<database>.import.lock`, which imports wait for each other with; `<database>.move.lock`, which moves to
//! another backend keep each other away with; and `<database>.turn`, by which
//! processes that write often take turns. `<database>` is the file that
//! all links lead to; one that has several names is not written to. A schema that is not what the migrations have
//! made is refused.
//!
//! What both systems wrote of one event during a parallel run is one row of `events` and one of `twins`,
//! which is append-only as well. Its id finds the event, and no other event can have it.

mod append;
pub(in crate::infrastructure) mod background_checkpoint;
pub(in crate::infrastructure) mod backup;
mod backup_mark;
mod checkpoint;
pub(in crate::infrastructure) mod connection;
mod copy;
pub(in crate::infrastructure) mod database_kind;
mod error;
mod expected_schema;
mod export;
mod feed;
mod fence;
mod health;
pub mod import;
mod log_rows;
mod lost_bytes;
#[cfg(feature = "postgres")]
mod moving;
mod read;
mod rejects;
mod repair;
mod retry_preview;
mod row;
pub(in crate::infrastructure) mod schema;
mod spliced_log;
mod stored_rows;
pub mod turn;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use rusqlite::Connection;

use crate::application::growth::DayGrowth;
use crate::application::moving::Standing;
use crate::domain::event::DomainEvent;
use crate::domain::query::EventQuery;
use crate::domain::repository::{
    BatchError, EventRepository, RepositoryError, Saved, StoreSummary, StoredEvent, Stream,
};
use crate::domain::save_each::answer_live;
use crate::domain::value_objects::{EventId, Position, StreamId};
use crate::wire::zone::Zone;

use database_kind::EVENT_STORE;
use error::port_error;

pub use backup::{OtherTables, SqliteSnapshot, rows_only_in, subject_of_events, subject_of_handlers};
pub use connection::MAGIC;
pub use copy::{copy_store, store_size_in_bytes};
pub use error::SqliteError;
pub use export::SqliteExport;
pub use feed::{StoreFeed, holds_events, is_event_store, row_counts};
pub use health::{Database, integrity, is_handler_store, library_version, write_ahead_log_bytes};
pub use import::SqliteImport;
#[cfg(feature = "postgres")]
pub use moving::SqliteMovingStore;
pub use read::LastImport;
pub use rejects::{RejectFilter, RejectRow, SqliteRejects};
pub use repair::SqliteRepair;

/// What the store at `path` stands as, which exists.
///
/// # Errors
/// As [`SqliteEventRepository::open_for_reading`].
pub fn standing_of(path: &Path) -> Result<Standing, SqliteError> {
    let connection = schema::open_checked_for_reading(&EVENT_STORE, path)?;
    let failed =
        |source| SqliteError::Sqlite { action: "look at the schema of", path: path.to_owned(), source };
    fence::standing(&connection).map_err(failed)
}

/// A store of events in one SQLite file.
pub struct SqliteEventRepository {
    path: PathBuf,
    zone: Zone,
    /// `None` where the store was opened for reading. Held for one batch.
    writer: Option<Mutex<Connection>>,
    /// Held for one query. Never held together with `writer`, so that queries do not wait for commits.
    reader: Mutex<Connection>,
}

impl SqliteEventRepository {
    /// Opens the store for reading and appending, and makes it (and its folder) where there is none.
    /// Naive timestamps of events that are saved are read in `zone`.
    ///
    /// # Errors
    /// The file is not a database, belongs to another program or to a newer version of this one, or
    /// cannot be opened; see [`SqliteError`].
    pub fn open(path: impl AsRef<Path>, zone: Zone) -> Result<Self, SqliteError> {
        let path = path.as_ref().to_owned();
        let writer = schema::open_current(&EVENT_STORE, &path)?;
        connection::keep_undo_in_memory(&path, &writer)?;
        let reader = connection::open_existing(&path)?;
        stored_rows::tell_of_an_early_end(&path, &reader)?;
        Ok(Self { path, zone, writer: Some(Mutex::new(writer)), reader: Mutex::new(reader) })
    }

    /// Opens a store that exists, for queries alone; nothing is made or changed.
    ///
    /// # Errors
    /// As [`open`](Self::open), and where there is no such file.
    pub fn open_for_reading(path: impl AsRef<Path>, zone: Zone) -> Result<Self, SqliteError> {
        let path = path.as_ref().to_owned();
        let reader = schema::open_checked_for_reading(&EVENT_STORE, &path)?;
        stored_rows::tell_of_an_early_end(&path, &reader)?;
        Ok(Self { path, zone, writer: None, reader: Mutex::new(reader) })
    }

    /// The database file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The length of the write-ahead log alone, in bytes. It shrinks when no process reads or writes.
    ///
    /// # Errors
    /// [`RepositoryError::Storage`] when it cannot be looked at.
    pub fn log_size_in_bytes(&self) -> Result<u64, RepositoryError> {
        schema::log_size_in_bytes(&self.path)
            .map_err(|error| RepositoryError::storage("look at the size of the write-ahead log", error))
    }

    /// The length of the database with its write-ahead log, in bytes.
    ///
    /// # Errors
    /// [`RepositoryError::Storage`] when one of the two cannot be looked at.
    pub fn size_in_bytes(&self) -> Result<u64, RepositoryError> {
        schema::size_in_bytes(&self.path)
            .map_err(|error| RepositoryError::storage("look at the size of the SQLite store", error))
    }

    /// The position of the last event, 0 in an empty store; and how many events are there, by rows, up to
    /// each of these positions. All of it is of one state of the store.
    pub fn count_up_to(&self, positions: &[Position]) -> Result<(Position, Vec<u64>), RepositoryError> {
        read::count_up_to(&self.reader(), positions)
    }

    /// The last import into the store, where there was one.
    pub fn last_import(&self) -> Result<Option<LastImport>, RepositoryError> {
        read::last_import(&self.reader())
    }

    /// What it stands as: the store itself, or moved to another place, or a copy.
    pub fn standing(&self) -> Result<Standing, RepositoryError> {
        fence::standing(&self.reader()).map_err(port_error("look what a store stands as"))
    }

    /// How many events are of each day from `since` on, with the bytes of their texts, in the order of the days.
    pub fn growth(&self, since: DateTime<Utc>) -> Result<Vec<DayGrowth>, RepositoryError> {
        health::growth(&self.reader(), since, &self.zone)
    }

    fn writer(&self) -> Result<MutexGuard<'_, Connection>, RepositoryError> {
        let refusal = || RepositoryError::storage("save events", "the store was opened for reading");
        // An unfinished transaction was rolled back when it was dropped.
        Ok(self.writer.as_ref().ok_or_else(refusal)?.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn reader(&self) -> MutexGuard<'_, Connection> {
        // A statement that panicked was reset when it was dropped: the connection is whole.
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventRepository for SqliteEventRepository {
    fn save_events(&self, events: &[DomainEvent]) -> Result<Vec<Position>, BatchError> {
        for event in events {
            event.ensure_live(&self.zone).map_err(|reason| RepositoryError::not_live(event, reason))?;
        }
        Ok(append::append(&mut *self.writer()?, events)?)
    }

    fn save_each(&self, events: &[DomainEvent]) -> Vec<Result<Saved, RepositoryError>> {
        answer_live(events, &self.zone, |live| match self.writer() {
            Ok(mut writer) => append::append_each(&mut writer, live),
            Err(error) => live.iter().map(|_| Err(error.clone())).collect(),
        })
    }

    fn find_by_id(&self, id: &EventId) -> Result<Option<StoredEvent>, RepositoryError> {
        read::by_id(&self.reader(), id)
    }

    fn query(&self, query: &EventQuery, limit: usize) -> Result<Vec<StoredEvent>, RepositoryError> {
        read::query(&self.reader(), query, limit)
    }

    fn streams(&self) -> Result<Vec<Stream>, RepositoryError> {
        let head = read::last_position(&self.reader())?;
        Ok(head.map(|head| Stream { id: StreamId::single(), head }).into_iter().collect())
    }

    fn read_stream(
        &self,
        stream: &StreamId,
        after: Option<Position>,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, RepositoryError> {
        if *stream == StreamId::single() { read::after(&self.reader(), after, limit) } else { Ok(Vec::new()) }
    }

    fn stream_of(&self, position: Position) -> Result<Option<StreamId>, RepositoryError> {
        let head = read::last_position(&self.reader())?;
        Ok(head.filter(|head| position <= *head).map(|_| StreamId::single()))
    }

    fn is_next(&self, position: Position, event: &StoredEvent) -> bool {
        event.position.get() + 1 == position.get()
    }

    fn summary(&self) -> Result<StoreSummary, RepositoryError> {
        read::summary(&self.reader())
    }
}
