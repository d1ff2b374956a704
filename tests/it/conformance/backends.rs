//! The stores that the contract is checked on.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use mission_events::internals::domain::event::DomainEvent;
use mission_events::internals::domain::repository::{
    BatchError, EventRepository, RepositoryError, StoredEvent,
};
use mission_events::internals::domain::value_objects::{EventId, Position};
use mission_events::internals::infrastructure::jsonl::JsonlEventRepository;
use mission_events::internals::infrastructure::memory::InMemoryEventRepository;
use mission_events::internals::infrastructure::sqlite::SqliteEventRepository;
use mission_events::internals::wire::zone::Zone;

use crate::support::Query;
use crate::support::test_dir::TestDir;

/// A store that a test can open as often as it likes: each handle is one that another process could
/// hold. It is new and empty when the test gets it, and removed when the test is over.
pub trait Store: Sync {
    /// Opens the store once more.
    fn open(&self) -> Box<dyn EventRepository>;

    /// Puts events, given in the order of their saves, into the order of their positions.
    fn sort_by_position(&self, _events: &mut [DomainEvent]) {}
}

/// Nothing survives the process, so that opened again means shared.
pub struct MemoryStore(Arc<InMemoryEventRepository>);

impl MemoryStore {
    pub fn create(zone: Zone) -> Self {
        Self(Arc::new(InMemoryEventRepository::new(zone)))
    }
}

impl Store for MemoryStore {
    fn open(&self) -> Box<dyn EventRepository> {
        Box::new(Handle(Arc::clone(&self.0)))
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

impl Store for SqliteStore {
    fn open(&self) -> Box<dyn EventRepository> {
        Box::new(SqliteEventRepository::open(self.dir.join("events.db"), self.zone.clone()).unwrap())
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

impl Store for JsonlStore {
    fn open(&self) -> Box<dyn EventRepository> {
        Box::new(JsonlEventRepository::open(self.dir.join("events"), self.zone.clone()).unwrap())
    }

    fn sort_by_position(&self, events: &mut [DomainEvent]) {
        events.sort_by_key(|event| self.zone.day_of(event.timestamp()));
    }
}

/// A store in two methods, for tests that need one of their own.
pub trait TwoMethodStore: Send + Sync {
    fn save(&self, events: &[DomainEvent]) -> Result<Vec<Position>, BatchError>;

    fn answer(&self, query: &Query, limit: usize) -> Result<Vec<StoredEvent>, RepositoryError>;
}

impl TwoMethodStore for InMemoryEventRepository {
    fn save(&self, events: &[DomainEvent]) -> Result<Vec<Position>, BatchError> {
        self.save_events(events)
    }

    fn answer(&self, query: &Query, limit: usize) -> Result<Vec<StoredEvent>, RepositoryError> {
        query.ask(self, limit)
    }
}

/// One of any number of handles to a store in two methods.
pub struct Handle<S>(pub Arc<S>);

impl<S: TwoMethodStore> EventRepository for Handle<S> {
    fn save_events(&self, events: &[DomainEvent]) -> Result<Vec<Position>, BatchError> {
        self.0.save(events)
    }

    fn find_by_id(&self, id: &EventId) -> Result<Option<StoredEvent>, RepositoryError> {
        Ok(self.0.answer(&Query::ById(id.clone()), 1)?.pop())
    }

    fn find_by_type(&self, event_type: &str, limit: usize) -> Result<Vec<StoredEvent>, RepositoryError> {
        self.0.answer(&Query::ByType(event_type.to_owned()), limit)
    }

    fn find_by_date_range(
        &self,
        start: DateTime<Utc>,
        end: DateTime<Utc>,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, RepositoryError> {
        self.0.answer(&Query::Between(start, end), limit)
    }

    fn get_recent_events(&self, limit: usize) -> Result<Vec<StoredEvent>, RepositoryError> {
        self.0.answer(&Query::Recent, limit)
    }

    fn get_event_history(
        &self,
        aggregate_id: &str,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, RepositoryError> {
        self.0.answer(&Query::HistoryOf(aggregate_id.to_owned()), limit)
    }

    fn read_from(&self, after: Option<Position>, limit: usize) -> Result<Vec<StoredEvent>, RepositoryError> {
        self.0.answer(&Query::Behind(after), limit)
    }
}
