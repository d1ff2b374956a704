//! The new side's store.

use std::sync::Arc;

use super::faults::{Faults, Part};
use crate::domain::event::DomainEvent;
use crate::domain::query::EventQuery;
use crate::domain::repository::{
    BatchError, EventRepository, RepositoryError, Saved, StoreSummary, StoredEvent, Stream,
};
use crate::domain::value_objects::{EventId, Position, StreamId};
use crate::infrastructure::memory::InMemoryEventRepository;

/// The store as one process has it open.
pub struct ProcessStore {
    pub store: Arc<InMemoryEventRepository>,
    pub faults: Arc<Faults>,
}

impl ProcessStore {
    fn step(&self) -> Result<(), RepositoryError> {
        self.faults.step(Part::New).map_err(|error| RepositoryError::storage("use the store", error))
    }
}

impl EventRepository for ProcessStore {
    fn save_events(&self, events: &[DomainEvent]) -> Result<Vec<Position>, BatchError> {
        self.step()?;
        let saved = self.store.save_events(events)?;
        self.step()?;
        Ok(saved)
    }

    /// A kill comes before, or when the events are stored and the answer is not given.
    fn save_each(&self, events: &[DomainEvent]) -> Vec<Result<Saved, RepositoryError>> {
        let failed = |error: RepositoryError| events.iter().map(|_| Err(error.clone())).collect();
        if let Err(error) = self.step() {
            return failed(error);
        }
        let saved = self.store.save_each(events);
        match self.step() {
            Ok(()) => saved,
            Err(error) => failed(error),
        }
    }

    fn find_by_id(&self, id: &EventId) -> Result<Option<StoredEvent>, RepositoryError> {
        self.step()?;
        self.store.find_by_id(id)
    }

    fn query(&self, query: &EventQuery, limit: usize) -> Result<Vec<StoredEvent>, RepositoryError> {
        self.step()?;
        self.store.query(query, limit)
    }

    fn streams(&self) -> Result<Vec<Stream>, RepositoryError> {
        self.step()?;
        self.store.streams()
    }

    fn read_stream(
        &self,
        stream: &StreamId,
        after: Option<Position>,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, RepositoryError> {
        self.step()?;
        self.store.read_stream(stream, after, limit)
    }

    fn stream_of(&self, position: Position) -> Result<Option<StreamId>, RepositoryError> {
        self.store.stream_of(position)
    }

    fn is_next(&self, position: Position, event: &StoredEvent) -> bool {
        self.store.is_next(position, event)
    }

    fn summary(&self) -> Result<StoreSummary, RepositoryError> {
        self.step()?;
        self.store.summary()
    }
}
