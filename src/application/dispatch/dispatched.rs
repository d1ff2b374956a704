//! The answer to a dispatch.

use std::time::Duration;

use thiserror::Error;

use crate::application::handling::Outcome;
use crate::domain::repository::RepositoryError;
use crate::domain::value_objects::{EventId, Position};

/// An event that is stored, and what its handlers made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispatched {
    /// Its id.
    pub event_id: EventId,
    /// Where it is.
    pub position: Position,
    /// Whether the store had it before.
    pub already_stored: bool,
    /// What has become of it with each handler of its type, in order of registration.
    pub handlers: Vec<(String, Outcome)>,
    /// Where the time went.
    pub timing: Timing,
}

impl Dispatched {
    /// Whether every handler has handled the event; true where there is none.
    pub fn succeeded(&self) -> bool {
        self.handlers.iter().all(|(_, outcome)| *outcome == Outcome::Done)
    }
}

/// Where the time of a dispatch went. An event that is waited for later than it was dispatched was handled meanwhile: that
/// time counts for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timing {
    /// Until the event was taken from the queue.
    pub waited: Duration,
    /// From then until it was on disk.
    pub stored: Duration,
    /// From then until it was handled, or no longer waited for.
    pub handled: Duration,
    /// How many events waited when it was submitted.
    pub queued: usize,
}

impl Timing {
    /// All of it.
    pub fn total(&self) -> Duration {
        self.waited + self.stored + self.handled
    }
}

/// Why an event was not dispatched. It is not stored, but where an error says that this is not known; the same event
/// can always be dispatched again, and is stored once.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DispatchError {
    /// The store did not take it.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// Other events were stored for so long that this one was withdrawn: it is not stored.
    #[error("the event was not stored: it waited for {:.1} s for those before it, or for the turns of other processes", waited.as_secs_f64())]
    Busy {
        /// How long.
        waited: Duration,
    },
    /// The store panicked.
    #[error(
        "whether the event was stored is not known, since storing it was interrupted by a panic: dispatch the same event again"
    )]
    Interrupted,
    /// The dispatcher is shutting down: the event is not stored.
    #[error("the event was not stored: the dispatcher is shutting down")]
    ShuttingDown,
}
