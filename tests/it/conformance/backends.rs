//! The stores that the contract is checked on.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use mission_events::domain::event::DomainEvent;
use mission_events::domain::repository::{BatchError, EventRepository, RepositoryError, StoredEvent};
use mission_events::domain::value_objects::{EventId, Position};
use mission_events::domain::zone::Zone;
use mission_events::infrastructure::memory::InMemoryEventRepository;

use crate::support::{Query, everything};

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

/// The memory store with the positions of daily files: by day, with gaps. It shows that the clauses
/// do not ask for more than the contract promises.
pub struct DailyStore(Arc<ByDay>);

struct ByDay {
    memory: InMemoryEventRepository,
    zone: Zone,
}

impl DailyStore {
    pub fn create(zone: Zone) -> Self {
        Self(Arc::new(ByDay { memory: InMemoryEventRepository::new(zone.clone()), zone }))
    }
}

impl Store for DailyStore {
    fn open(&self) -> Box<dyn EventRepository> {
        Box::new(Handle(Arc::clone(&self.0)))
    }

    fn sort_by_position(&self, events: &mut [DomainEvent]) {
        sort_by_day(&self.0.zone, events);
    }
}

/// The order of positions where each day has its file: by day, and in the order of the saves there.
pub fn sort_by_day(zone: &Zone, events: &mut [DomainEvent]) {
    events.sort_by_key(|event| zone.day_of(event.timestamp()));
}

impl ByDay {
    fn position(&self, stored: &StoredEvent) -> Position {
        let days = self.zone.day_of(stored.event.timestamp()).signed_duration_since(NaiveDate::default());
        Position::new((days.num_days() << 32) + stored.position.get() * 100)
    }
}

impl TwoMethodStore for ByDay {
    fn save(&self, events: &[DomainEvent]) -> Result<Vec<Position>, BatchError> {
        self.memory.save_events(events).map_err(|mut batch| {
            if let RepositoryError::Conflict { event_id, position } = &mut batch.error
                && let Ok(Some(first)) = self.memory.find_by_id(event_id)
            {
                *position = self.position(&first);
            }
            batch
        })?;
        let place = |event: &DomainEvent| {
            let stored = self.memory.find_by_id(event.event_id())?;
            stored
                .map(|stored| self.position(&stored))
                .ok_or_else(|| RepositoryError::storage("save", "lost"))
        };
        Ok(events.iter().map(place).collect::<Result<_, _>>()?)
    }

    fn answer(&self, query: &Query, limit: usize) -> Result<Vec<StoredEvent>, RepositoryError> {
        let mut found = match query {
            Query::Behind(_) => everything(&self.memory),
            query => query.ask(&self.memory, limit)?,
        };
        for stored in &mut found {
            stored.position = self.position(stored);
        }
        if let Query::Behind(after) = query {
            found.retain(|stored| after.is_none_or(|after| stored.position > after));
            found.sort_by_key(|stored| stored.position);
            found.truncate(limit);
        }
        Ok(found)
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
