//! The stores that the contract is checked on.

use std::path::Path;
use std::sync::Arc;

use mission_events::conformance::StoreUnderTest;
use mission_events::internals::domain::event::DomainEvent;
use mission_events::internals::domain::query::EventQuery;
use mission_events::internals::domain::repository::{
    BatchError, EventRepository, RepositoryError, Saved, StoreSummary, StoredEvent, Stream,
};
use mission_events::internals::domain::value_objects::{EventId, Position, StreamId};
use mission_events::internals::infrastructure::jsonl::{JsonlArchiver, JsonlEventRepository};
use mission_events::internals::infrastructure::memory::InMemoryEventRepository;
#[cfg(feature = "postgres")]
use mission_events::internals::infrastructure::postgres::{PostgresAddress, PostgresEventRepository};
use mission_events::internals::infrastructure::sqlite::SqliteEventRepository;
use mission_events::internals::wire::zone::Zone;

#[cfg(feature = "postgres")]
use crate::support::postgres;
use crate::support::test_dir::TestDir;

/// Nothing survives the process, so that opened again means shared.
pub struct MemoryStore(Arc<InMemoryEventRepository>);

impl MemoryStore {
    pub fn create(zone: Zone) -> Self {
        Self(Arc::new(InMemoryEventRepository::new(zone)))
    }
}

impl StoreUnderTest for MemoryStore {
    fn open(&self) -> Box<dyn EventRepository> {
        Box::new(Arc::clone(&self.0))
    }
}

/// A SQLite store in a folder of its own.
pub struct SqliteStore {
    dir: TestDir,
    zone: Zone,
}

impl SqliteStore {
    pub fn create(zone: Zone) -> Self {
        Self { dir: TestDir::new(), zone }
    }
}

impl StoreUnderTest for SqliteStore {
    fn open(&self) -> Box<dyn EventRepository> {
        Box::new(SqliteEventRepository::open(self.dir.join("events.db"), self.zone.clone()).unwrap())
    }
}

/// A schema of its own in the server that tests share.
#[cfg(feature = "postgres")]
pub struct PostgresStore {
    address: PostgresAddress,
    zone: Zone,
}

#[cfg(feature = "postgres")]
impl PostgresStore {
    pub fn create(zone: Zone) -> Self {
        Self { address: postgres::address(&postgres::server().new_store()), zone }
    }
}

#[cfg(feature = "postgres")]
impl StoreUnderTest for PostgresStore {
    fn open(&self) -> Box<dyn EventRepository> {
        let (address, zone) = (self.address.clone(), self.zone.clone());
        Box::new(PostgresEventRepository::open(address, zone, false).unwrap())
    }
}

/// Daily JSONL files in a folder of their own.
pub struct JsonlStore {
    dir: TestDir,
    zone: Zone,
}

impl JsonlStore {
    pub fn create(zone: Zone) -> Self {
        Self { dir: TestDir::new(), zone }
    }
}

impl StoreUnderTest for JsonlStore {
    fn open(&self) -> Box<dyn EventRepository> {
        Box::new(JsonlEventRepository::open(self.dir.join("events"), self.zone.clone()).unwrap())
    }
}

/// Daily JSONL files that are archived after each save: none is appended to twice.
pub struct ArchivedJsonlStore {
    dir: TestDir,
    zone: Zone,
    archive: Archive,
}

/// Archives all days of the store in a folder.
pub type Archive = fn(&Path, &Zone);

/// As `archive` does.
pub fn compress_days(folder: &Path, zone: &Zone) {
    let mut archiver = JsonlArchiver::new(folder, zone.clone());
    for due in archiver.due(chrono::NaiveDate::MAX).unwrap() {
        archiver.archive(&due, &mut |_| {}).unwrap();
    }
}

/// As the migration guide does, but for days that were moved before: `mv` would write over them.
pub fn move_days(folder: &Path, _: &Zone) {
    let archive = folder.join("archive");
    std::fs::create_dir_all(&archive).unwrap();
    for entry in std::fs::read_dir(folder).unwrap() {
        let (path, name) = (entry.as_ref().unwrap().path(), entry.unwrap().file_name());
        let is_day = path.extension().is_some_and(|extension| extension == "jsonl");
        if is_day && !archive.join(&name).exists() {
            // Another thread may have moved it.
            drop(std::fs::rename(&path, archive.join(&name)));
        }
    }
}

impl ArchivedJsonlStore {
    pub fn compressed(zone: Zone) -> Self {
        Self { dir: TestDir::new(), zone, archive: compress_days }
    }

    pub fn moved(zone: Zone) -> Self {
        Self { dir: TestDir::new(), zone, archive: move_days }
    }
}

impl StoreUnderTest for ArchivedJsonlStore {
    fn open(&self) -> Box<dyn EventRepository> {
        let folder = self.dir.join("events");
        std::fs::create_dir_all(&folder).unwrap();
        let store = JsonlEventRepository::open(&folder, self.zone.clone()).unwrap();
        let (zone, archive) = (self.zone.clone(), self.archive);
        Box::new(ArchivedRepository { store, archive: Box::new(move || archive(&folder, &zone)) })
    }
}

struct ArchivedRepository {
    store: JsonlEventRepository,
    archive: Box<dyn Fn() + Send + Sync>,
}

impl ArchivedRepository {
    fn archived<T>(&self, saved: T) -> T {
        (self.archive)();
        saved
    }
}

impl EventRepository for ArchivedRepository {
    fn save_events(&self, events: &[DomainEvent]) -> Result<Vec<Position>, BatchError> {
        self.store.save_events(events).map(|saved| self.archived(saved))
    }

    fn save_each(&self, events: &[DomainEvent]) -> Vec<Result<Saved, RepositoryError>> {
        let answers = self.store.save_each(events);
        if answers.iter().any(Result::is_ok) { self.archived(answers) } else { answers }
    }

    fn find_by_id(&self, id: &EventId) -> Result<Option<StoredEvent>, RepositoryError> {
        self.store.find_by_id(id)
    }

    fn query(&self, query: &EventQuery, limit: usize) -> Result<Vec<StoredEvent>, RepositoryError> {
        self.store.query(query, limit)
    }

    fn streams(&self) -> Result<Vec<Stream>, RepositoryError> {
        self.store.streams()
    }

    fn read_stream(
        &self,
        stream: &StreamId,
        after: Option<Position>,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, RepositoryError> {
        self.store.read_stream(stream, after, limit)
    }

    fn stream_of(&self, position: Position) -> Result<Option<StreamId>, RepositoryError> {
        self.store.stream_of(position)
    }

    fn is_next(&self, position: Position, event: &StoredEvent) -> bool {
        self.store.is_next(position, event)
    }

    fn summary(&self) -> Result<StoreSummary, RepositoryError> {
        self.store.summary()
    }
}
