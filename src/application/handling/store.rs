//! The port to the handler store: what is known of each handler, its progress and failures, and the read models,
//! all of which change in one transaction.

use chrono::{DateTime, NaiveDate, Utc};
use thiserror::Error;

use super::failure::Failure;
use super::registration::HandlerKind;
use crate::application::read_models::TaskReadModels;
use crate::domain::value_objects::{AggregateId, EventId, Position, StreamId};

/// The store of what handlers have done. Any number of threads and processes may use one at a time.
pub trait HandlerStore: Send + Sync {
    /// A session of its own for one thread.
    ///
    /// # Errors
    /// The store cannot be opened.
    fn session(&self, durability: Durability) -> Result<Box<dyn HandlerSession>, HandlerStoreError>;

    /// The right to run an effect handler, until the value is dropped or the process ends; `None` where another
    /// session has it, of this process or of another.
    ///
    /// # Errors
    /// The system refused the lock.
    fn claim(&self, handler: &str) -> Result<Option<Box<dyn Send>>, HandlerStoreError>;
}

/// When a power cut can no longer take back what a transaction of a session has changed. The end of a process
/// takes nothing back that was committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// When it is committed. For effects, of which a power cut would repeat all that it takes back, and for what an
    /// operator decides.
    AtCommit,
    /// Some time later; the last transactions are taken back, each of them whole. For projections: state and
    /// progress go together, and the events are handled again.
    Later,
}

/// One thread's access to a handler store.
pub trait HandlerSession: Send {
    /// Begins a transaction that can write, once no other one is open. What it reads is what it may change.
    ///
    /// # Errors
    /// [`HandlerStoreError::Busy`] where another one was open for longer than is waited for.
    fn begin(&mut self) -> Result<Box<dyn HandlerTransaction + '_>, HandlerStoreError>;

    /// Begins a transaction that only reads one state of the store. It waits for nothing, and nothing for it.
    ///
    /// # Errors
    /// The store cannot be read.
    fn snapshot(&mut self) -> Result<Box<dyn HandlerView + '_>, HandlerStoreError>;
}

/// What a transaction sees.
pub trait HandlerView {
    /// Every handler that was ever registered, by name.
    fn handlers(&mut self) -> Result<Vec<HandlerRow>, HandlerStoreError>;

    /// The handler of that name.
    fn handler(&mut self, name: &str) -> Result<Option<HandlerRow>, HandlerStoreError>;

    /// How far a handler is in each stream.
    fn progress(&mut self, handler: &str) -> Result<Vec<StreamProgress>, HandlerStoreError>;

    /// How far it is in one.
    fn progress_in(
        &mut self,
        handler: &str,
        stream: &StreamId,
    ) -> Result<Option<StreamProgress>, HandlerStoreError>;

    /// The failures of a handler, resolved ones included, by stream and position.
    fn failures(&mut self, handler: &str) -> Result<Vec<Failure>, HandlerStoreError>;

    /// The failure of one event.
    fn failure(
        &mut self,
        handler: &str,
        stream: &StreamId,
        position: Position,
    ) -> Result<Option<Failure>, HandlerStoreError>;

    /// The open failures about an aggregate, by stream and position.
    fn open_failures_about(
        &mut self,
        handler: &str,
        aggregate: &AggregateId,
    ) -> Result<Vec<Failure>, HandlerStoreError>;

    /// The failure that is to be tried again first: the earliest time of the next attempt.
    fn next_retry(&mut self, handler: &str) -> Result<Option<Failure>, HandlerStoreError>;

    /// How many failures of a handler are open.
    fn open_failures(&mut self, handler: &str) -> Result<OpenFailures, HandlerStoreError>;

    /// How many events a handler has handled, over all days.
    fn events_handled(&mut self, handler: &str) -> Result<u64, HandlerStoreError>;
}

/// A transaction that can write. Dropped without [`commit`](Self::commit), it has changed nothing.
pub trait HandlerTransaction: HandlerView {
    /// A number that is another one once anything but this session has changed the store; `None` where that is not known.
    fn version(&mut self) -> Result<Option<i64>, HandlerStoreError>;

    /// Adds a handler, or replaces what is known of it.
    fn put_handler(&mut self, handler: &HandlerRow) -> Result<(), HandlerStoreError>;

    /// Sets how far a handler is in a stream.
    fn put_progress(&mut self, handler: &str, progress: &StreamProgress) -> Result<(), HandlerStoreError>;

    /// Forgets how far a handler is, in every stream.
    fn clear_progress(&mut self, handler: &str) -> Result<(), HandlerStoreError>;

    /// Adds a failure, or replaces the one of that event.
    fn put_failure(&mut self, handler: &str, failure: &Failure) -> Result<(), HandlerStoreError>;

    /// Adds to the figures of a handler on a day.
    fn add_figures(
        &mut self,
        handler: &str,
        day: NaiveDate,
        figures: &HandlingFigures,
    ) -> Result<(), HandlerStoreError>;

    /// Marks a point to which [`undo_to_savepoint`](Self::undo_to_savepoint) goes back. There is one at a time.
    fn set_savepoint(&mut self) -> Result<(), HandlerStoreError>;

    /// Undoes what was changed since the point, and forgets it.
    fn undo_to_savepoint(&mut self) -> Result<(), HandlerStoreError>;

    /// Keeps what was changed since the point, and forgets it.
    fn release_savepoint(&mut self) -> Result<(), HandlerStoreError>;

    /// The read models.
    fn read_models(&mut self) -> &mut dyn TaskReadModels;

    /// Empties the read models of a handler.
    fn clear_read_models(&mut self, handler: &str) -> Result<(), HandlerStoreError>;

    /// Makes everything that was changed durable, all at once.
    fn commit(self: Box<Self>) -> Result<(), HandlerStoreError>;
}

/// What is known of a handler, also of one that is not registered now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandlerRow {
    /// Its name.
    pub name: String,
    /// What it changes.
    pub kind: HandlerKind,
    /// The version of its read models.
    pub version: u32,
    /// Whether it runs.
    pub state: HandlerState,
    /// Why it is in that state.
    pub state_reason: Option<String>,
    /// When it was registered first.
    pub created_at: DateTime<Utc>,
}

/// Whether a handler runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandlerState {
    /// It is given events.
    Running,
    /// An operator has paused it.
    Paused,
    /// Too many events failed.
    Stopped,
    /// Its read models are of another version.
    ReplayNeeded,
}

impl HandlerState {
    /// The word in the handler store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
            Self::ReplayNeeded => "replay_needed",
        }
    }
}

/// How far a handler is in a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamProgress {
    /// The stream.
    pub stream: StreamId,
    /// Everything up to here is handled, parked or skipped.
    pub position: Position,
    /// The id of the event there: where the store has another one, it is not the store that was handled.
    pub event_id: EventId,
    /// When this was written.
    pub updated_at: DateTime<Utc>,
    /// What the handler itself keeps with its progress; opaque here.
    pub detail: Option<String>,
}

/// How many failures of a handler are open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OpenFailures {
    /// Tried again by themselves.
    pub retrying: u64,
    /// Tried again on request.
    pub parked: u64,
    /// Not tried: an earlier event of the aggregate is not handled.
    pub waiting: u64,
}

impl OpenFailures {
    /// Whether there is one.
    pub fn is_any(self) -> bool {
        self.retrying + self.parked + self.waiting > 0
    }
}

/// What a handler did on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HandlingFigures {
    /// Events handled.
    pub handled: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// Time in the handler, in microseconds.
    pub micros: u64,
    /// The longest time for one event, in microseconds.
    pub slowest_micros: u64,
}

/// Why the handler store did not do what it was asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HandlerStoreError {
    /// Another process holds the store for longer than is waited for.
    #[error("could not {action}: the handler store is busy")]
    Busy {
        /// What was tried.
        action: &'static str,
        /// What the store said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The medium or the store failed.
    #[error("could not {action}")]
    Storage {
        /// What was tried.
        action: &'static str,
        /// What the store said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What the store holds is not what it can have written.
    #[error("the handler store is damaged: {detail}")]
    Corrupt {
        /// What was expected and what came.
        detail: String,
    },
}
