//! The stores that the contract is checked on.

use std::sync::Arc;

use mission_events::conformance::StoreUnderTest;
use mission_events::internals::domain::repository::EventRepository;
use mission_events::internals::infrastructure::jsonl::JsonlEventRepository;
use mission_events::internals::infrastructure::memory::InMemoryEventRepository;
use mission_events::internals::infrastructure::sqlite::SqliteEventRepository;
use mission_events::internals::wire::zone::Zone;

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
