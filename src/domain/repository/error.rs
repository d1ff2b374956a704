//! Why a store did not do what it was asked.

use std::error::Error as StdError;
use std::sync::Arc;

use thiserror::Error;

use crate::domain::event::{DomainEvent, EventError};
use crate::domain::value_objects::{EventId, Position};

/// Why a store did not do what it was asked. A clone tells each event of a batch why the batch failed.
#[derive(Debug, Clone, Error)]
#[non_exhaustive]
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
        source: Arc<dyn StdError + Send + Sync>,
    },
    /// The medium or the backend failed.
    #[error("could not {action}")]
    Storage {
        /// What was tried.
        action: &'static str,
        /// What the backend said.
        #[source]
        source: Arc<dyn StdError + Send + Sync>,
    },
}

impl RepositoryError {
    /// A failure of the medium or the backend while it did `action` ("save an event").
    pub fn storage(action: &'static str, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Storage { action, source: Arc::from(source.into()) }
    }

    /// Another process held the store for too long while it did `action` ("save an event").
    pub fn busy(action: &'static str, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Busy { action, source: Arc::from(source.into()) }
    }

    /// The refusal of an event that a running system cannot have written.
    pub fn not_live(event: &DomainEvent, reason: EventError) -> Self {
        Self::NotLive { event_id: event.event_id().clone(), reason }
    }
}

/// Why a batch was not saved, and how much of it is.
#[derive(Debug, Clone, Error)]
#[error("{saved} events of the batch are stored")]
#[non_exhaustive]
pub struct BatchError {
    /// How many events, counted from the first of the batch, are stored.
    pub saved: usize,
    /// What went wrong with the next one.
    #[source]
    pub error: RepositoryError,
}

impl BatchError {
    /// A batch of which the first `saved` events are stored, and the next one failed.
    pub fn new(saved: usize, error: RepositoryError) -> Self {
        Self { saved, error }
    }
}

impl From<RepositoryError> for BatchError {
    fn from(error: RepositoryError) -> Self {
        Self::new(0, error)
    }
}
