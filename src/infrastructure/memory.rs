//! The simplest store: the reference model that tests compare the others to, and a double for
//! whoever needs a store that leaves nothing behind.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};

use crate::application::import::identity::is_saved_already;
use crate::domain::event::DomainEvent;
use crate::domain::repository::{BatchError, EventRepository, RepositoryError, StoredEvent};
use crate::domain::value_objects::{EventId, Position};
use crate::wire::zone::Zone;

/// Events in memory; positions count from 1. Durable for as long as it lives.
pub struct InMemoryEventRepository {
    zone: Zone,
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

    fn select(
        &self,
        wanted: impl Fn(&StoredEvent) -> bool,
        newest_first: bool,
        limit: usize,
    ) -> Vec<StoredEvent> {
        let log = self.log();
        let mut found: Vec<&StoredEvent> = log.events.iter().filter(|stored| wanted(stored)).collect();
        found.sort_by_key(|stored| (stored.event.timestamp(), stored.position));
        if newest_first {
            found.reverse();
        }
        found.into_iter().take(limit).cloned().collect()
    }
}

impl EventRepository for InMemoryEventRepository {
    fn save_events(&self, events: &[DomainEvent]) -> Result<Vec<Position>, BatchError> {
        let mut log = self.log();
        let mut next = log.clone();
        let mut positions = Vec::with_capacity(events.len());
        for event in events {
            event
                .ensure_live(&self.zone)
                .map_err(|reason| RepositoryError::NotLive { event_id: event.event_id().clone(), reason })?;
            positions.push(next.save(event)?);
        }
        *log = next;
        Ok(positions)
    }

    fn find_by_id(&self, id: &EventId) -> Result<Option<StoredEvent>, RepositoryError> {
        let log = self.log();
        Ok(log.by_id.get(id).map(|&index| log.events[index].clone()))
    }

    fn find_by_type(&self, event_type: &str, limit: usize) -> Result<Vec<StoredEvent>, RepositoryError> {
        Ok(self.select(|stored| stored.event.event_type() == event_type, true, limit))
    }

    fn find_by_date_range(
        &self,
        start: DateTime<Utc>,
        end: DateTime<Utc>,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, RepositoryError> {
        let within =
            |stored: &StoredEvent| start <= stored.event.timestamp() && stored.event.timestamp() <= end;
        Ok(self.select(within, false, limit))
    }

    fn get_recent_events(&self, limit: usize) -> Result<Vec<StoredEvent>, RepositoryError> {
        Ok(self.select(|_| true, true, limit))
    }

    fn get_event_history(
        &self,
        aggregate_id: &str,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, RepositoryError> {
        let about =
            |stored: &StoredEvent| stored.event.aggregate_id().is_some_and(|id| id.as_str() == aggregate_id);
        Ok(self.select(about, false, limit))
    }

    fn read_from(&self, after: Option<Position>, limit: usize) -> Result<Vec<StoredEvent>, RepositoryError> {
        let log = self.log();
        let behind = log.events.iter().filter(|stored| after.is_none_or(|after| stored.position > after));
        Ok(behind.take(limit).cloned().collect())
    }
}

impl Log {
    fn save(&mut self, event: &DomainEvent) -> Result<Position, RepositoryError> {
        if let Some(&index) = self.by_id.get(event.event_id()) {
            let first = &self.events[index];
            return if is_saved_already(first.event.body(), event.body()) {
                Ok(first.position)
            } else {
                let event_id = event.event_id().clone();
                Err(RepositoryError::Conflict { event_id, position: first.position })
            };
        }
        let position = Position::new(self.events.len() as i64 + 1);
        self.by_id.insert(event.event_id().clone(), self.events.len());
        self.events.push(StoredEvent { position, event: event.clone() });
        Ok(position)
    }
}
