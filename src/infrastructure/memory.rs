//! The simplest store: a model that tests compare the others to, and a double for tests that need a
//! store without files.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::application::import::identity::is_saved_already;
use crate::domain::event::DomainEvent;
use crate::domain::query::{EventQuery, TimeOrder};
use crate::domain::repository::{
    BatchError, EventOrigin, EventRepository, RepositoryError, Saved, StoreSummary, StoredEvent, Stream,
};
use crate::domain::save_each::answer_live;
use crate::domain::value_objects::{EventId, Position, StreamId};
use crate::wire::zone::Zone;

/// Events in memory, as one stream; positions count from 1. They last as long as the value.
pub struct InMemoryEventRepository {
    zone: Zone,
    /// Held for one call; the only lock of the store.
    log: Mutex<Log>,
}

#[derive(Default, Clone)]
struct Log {
    events: Vec<StoredEvent>,
    by_id: HashMap<EventId, usize>,
}

impl InMemoryEventRepository {
    /// An empty store that reads naive timestamps in `zone`.
    pub fn new(zone: Zone) -> Self {
        Self { zone, log: Mutex::default() }
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        // A panic elsewhere cannot leave the log half changed: it is replaced whole.
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventRepository for InMemoryEventRepository {
    fn save_events(&self, events: &[DomainEvent]) -> Result<Vec<Position>, BatchError> {
        let mut log = self.log();
        let mut next = log.clone();
        let mut positions = Vec::with_capacity(events.len());
        for event in events {
            event.ensure_live(&self.zone).map_err(|reason| RepositoryError::not_live(event, reason))?;
            positions.push(next.save(event)?.position);
        }
        *log = next;
        Ok(positions)
    }

    fn save_each(&self, events: &[DomainEvent]) -> Vec<Result<Saved, RepositoryError>> {
        answer_live(events, &self.zone, |live| {
            let mut log = self.log();
            live.iter().map(|event| log.save(event)).collect()
        })
    }

    fn find_by_id(&self, id: &EventId) -> Result<Option<StoredEvent>, RepositoryError> {
        let log = self.log();
        Ok(log.by_id.get(id).map(|&index| log.events[index].clone()))
    }

    fn query(&self, query: &EventQuery, limit: usize) -> Result<Vec<StoredEvent>, RepositoryError> {
        let log = self.log();
        let mut found: Vec<&StoredEvent> =
            log.events.iter().filter(|stored| query.matches(&stored.event)).collect();
        found.sort_by_key(|stored| (stored.event.timestamp(), stored.position));
        if query.order == TimeOrder::NewestFirst {
            found.reverse();
        }
        Ok(found.into_iter().take(limit).cloned().collect())
    }

    fn streams(&self) -> Result<Vec<Stream>, RepositoryError> {
        let head = self.log().events.last().map(|stored| stored.position);
        Ok(head.map(|head| Stream { id: StreamId::single(), head }).into_iter().collect())
    }

    fn read_stream(
        &self,
        stream: &StreamId,
        after: Option<Position>,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, RepositoryError> {
        if *stream != StreamId::single() {
            return Ok(Vec::new());
        }
        let log = self.log();
        let rest = log.events.iter().filter(|stored| after.is_none_or(|after| stored.position > after));
        Ok(rest.take(limit).cloned().collect())
    }

    fn is_next(&self, position: Position, event: &StoredEvent) -> bool {
        event.position.get() + 1 == position.get()
    }

    fn summary(&self) -> Result<StoreSummary, RepositoryError> {
        let log = self.log();
        let times = || log.events.iter().map(|stored| stored.event.timestamp());
        Ok(StoreSummary {
            events: log.events.len() as u64,
            first: times().min(),
            last: times().max(),
            head: log.events.last().map(|stored| stored.position),
        })
    }
}

impl Log {
    fn save(&mut self, event: &DomainEvent) -> Result<Saved, RepositoryError> {
        if let Some(&index) = self.by_id.get(event.event_id()) {
            let first = &self.events[index];
            return if is_saved_already(first.event.body(), event.body()) {
                Ok(Saved { position: first.position, is_new: false })
            } else {
                let event_id = event.event_id().clone();
                Err(RepositoryError::Conflict { event_id, position: first.position })
            };
        }
        let position = Position::new(self.events.len() as i64 + 1);
        self.by_id.insert(event.event_id().clone(), self.events.len());
        self.events.push(StoredEvent { position, origin: EventOrigin::Saved, event: event.clone() });
        Ok(Saved { position, is_new: true })
    }
}
