//! Why a mirror does not go on.

use thiserror::Error;

use super::ports::LegacySideError;
use super::routed::RouteError;
use crate::application::dispatch::DispatchError;
use crate::application::handling::store::HandlerStoreError;
use crate::domain::event::EventError;
use crate::domain::repository::RepositoryError;
use crate::domain::value_objects::{EventId, InvalidValue, Position};
use crate::wire::json::ScanError;

/// Why a mirror does not go on. It tries again, and never passes by what failed.
#[derive(Debug, Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each says by itself what it is")]
pub enum MirrorError {
    #[error(transparent)]
    Handlers(#[from] HandlerStoreError),
    #[error(transparent)]
    Events(#[from] RepositoryError),
    #[error(transparent)]
    Legacy(#[from] LegacySideError),
    #[error(transparent)]
    Side(#[from] RouteError),
    #[error("event {event_id} is not taken by the new side")]
    NotTaken { event_id: EventId, source: DispatchError },
    #[error("event {event_id} has no form in the legacy log")]
    Shape { event_id: EventId, source: ScanError },
    #[error("line {number} of the outbox holds no event: mend it, or restore the file")]
    NoEvent { number: u64, source: EventError },
    #[error(
        "the event store has not the event {event_id} at position {position}, up to which it was mirrored: it is another store, or an \
         older state of it; restore the one that was mirrored"
    )]
    OtherStore { event_id: EventId, position: Position },
    #[error("an operator has paused it: mission-events handlers resume {name}")]
    Paused { name: &'static str },
    #[error("the layout of the legacy log was changed at the same moment")]
    LayoutChanged,
    #[error("what is kept with its progress cannot be read")]
    Detail(#[from] serde_json::Error),
    #[error("what is kept with its progress names no event")]
    NoId(#[from] InvalidValue),
    #[error("it was interrupted by a panic: {message}")]
    Panicked { message: String },
}
