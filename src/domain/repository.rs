//! The port: what every store of events promises. The field calls it an event store; this project's
//! word is `EventRepository`.

use std::error::Error as StdError;

use chrono::{DateTime, Utc};
use thiserror::Error;

use super::event::{DomainEvent, EventError};
use super::value_objects::{EventId, Position};

/// How many events a query gives when nobody said.
pub const DEFAULT_LIMIT: usize = 100;

/// An event and its place in the order of the store that gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its place; comparable within one store only.
    pub position: Position,
    /// The event.
    pub event: DomainEvent,
}

/// A store of events: append, never change, never lose.
///
/// # Contract
///
/// Every backend keeps each clause, and the conformance suite holds them to it.
///
/// **Identity.** An event id is stored once. Saving an event again, in the same or another spelling
/// of the same JSON value, succeeds and answers the position of the first; the first text stays.
/// Saving other content under a stored id is [`RepositoryError::Conflict`], and changes nothing.
///
/// **Exactness.** What is read is what was saved: the text byte for byte, and the envelope with it.
/// Unknown types and fields are kept. An event that could not be read back as itself from its own
/// text ([`DomainEvent::ensure_live`]) is refused as [`RepositoryError::NotLive`].
///
/// **Durability.** When a save returns `Ok`, the event is on disk (for backends that have one) and
/// survives a killed process and a power cut. A save that failed left nothing that a query shows.
///
/// **Batches.** `save_events` answers one position for each event, in the order given; an event that
/// stands twice in the batch is stored once. All events are checked before anything is written. When
/// writing itself fails, [`BatchError::saved`] says how many events, counted from the first, are
/// stored: 0 where the backend is all-or-nothing (SQLite), any prefix where it is not (JSONL).
///
/// **Order.** Positions grow along the store's own order, and never change. An event that arrives
/// later than others of its day has the greater position. "Newest first" is timestamp descending,
/// then position descending; "chronological" is timestamp ascending, then position ascending. Both
/// are the same in every backend that holds the same events. Reading by position is the backend's
/// own order: commit order in SQLite, (day, offset) in JSONL.
///
/// **Limits.** `limit` bounds the number of events given; 0 gives none.
///
/// **Errors.** A store never answers with part of what it holds without saying so: what cannot be
/// read is [`RepositoryError::Corrupt`] or [`RepositoryError::Storage`], not an empty answer. The one
/// exception is a torn last line of a JSONL file, which was never acknowledged: it is no event.
///
/// **Threads and processes.** All methods take `&self`. Any number of threads and processes may use
/// one store at a time.
pub trait EventRepository: Send + Sync {
    /// Appends one event.
    fn save_event(&self, event: &DomainEvent) -> Result<Position, RepositoryError> {
        let positions = self.save_events(std::slice::from_ref(event)).map_err(|batch| batch.error)?;
        positions
            .first()
            .copied()
            .ok_or_else(|| RepositoryError::storage("save an event", "the store answered no position for it"))
    }

    /// Appends events in the order given.
    fn save_events(&self, events: &[DomainEvent]) -> Result<Vec<Position>, BatchError>;

    /// The event of that id.
    fn find_by_id(&self, id: &EventId) -> Result<Option<StoredEvent>, RepositoryError>;

    /// The events of a type, newest first.
    fn find_by_type(&self, event_type: &str, limit: usize) -> Result<Vec<StoredEvent>, RepositoryError>;

    /// The events with `start <= timestamp <= end`, chronological. A range that ends before it
    /// starts is empty.
    fn find_by_date_range(
        &self,
        start: DateTime<Utc>,
        end: DateTime<Utc>,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, RepositoryError>;

    /// The newest events, newest first.
    fn get_recent_events(&self, limit: usize) -> Result<Vec<StoredEvent>, RepositoryError>;

    /// The events of an aggregate, chronological.
    fn get_event_history(
        &self,
        aggregate_id: &str,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, RepositoryError>;

    /// The events behind `after` (from the first, where it is `None`) by position: the next page of
    /// the whole store is behind the last position of this one.
    fn read_from(&self, after: Option<Position>, limit: usize) -> Result<Vec<StoredEvent>, RepositoryError>;
}

/// Why a store did not do what it was asked.
#[derive(Debug, Error)]
pub enum RepositoryError {
    /// The id is taken by an event with other content.
    #[error(
        "event {event_id} is stored already, at position {position}, with other content: an event is never overwritten"
    )]
    Conflict {
        /// The id.
        event_id: EventId,
        /// Where the event is that has it.
        position: Position,
    },
    /// The event could not be read back as itself.
    #[error("event {event_id} cannot be saved as it is")]
    NotLive {
        /// The id.
        event_id: EventId,
        /// What is wrong with it.
        #[source]
        reason: EventError,
    },
    /// What the store holds is not what it can have written.
    #[error("{place} is damaged: {detail}")]
    Corrupt {
        /// Where: file and line, or row.
        place: String,
        /// What was expected and what came.
        detail: String,
    },
    /// Another process holds the store for longer than is waited for.
    #[error("could not {action}: the store is busy")]
    Busy {
        /// What was tried.
        action: &'static str,
        /// What the backend said.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The medium or the backend failed.
    #[error("could not {action}")]
    Storage {
        /// What was tried.
        action: &'static str,
        /// What the backend said.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
}

impl RepositoryError {
    /// A failure of the medium or the backend while it did `action` ("save an event").
    pub fn storage(action: &'static str, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Storage { action, source: source.into() }
    }
}

/// Why a batch was not saved, and how much of it is.
#[derive(Debug, Error)]
#[error("{saved} events of the batch are stored")]
pub struct BatchError {
    /// How many events, counted from the first of the batch, are stored.
    pub saved: usize,
    /// What went wrong with the next one.
    #[source]
    pub error: RepositoryError,
}

impl From<RepositoryError> for BatchError {
    fn from(error: RepositoryError) -> Self {
        Self { saved: 0, error }
    }
}
