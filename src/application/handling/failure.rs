//! An event that a handler has not handled.

use chrono::{DateTime, Utc};

use crate::domain::value_objects::{AggregateId, EventId, Position, StreamId};

/// An event that a handler has not handled, or had not. It is kept after it was resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The stream of the event.
    pub stream: StreamId,
    /// Its position.
    pub position: Position,
    /// Its id.
    pub event_id: EventId,
    /// Its type.
    pub event_type: String,
    /// What it is about.
    pub aggregate_id: Option<AggregateId>,
    /// What is to become of it.
    pub state: FailureState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next; where it is [`FailureState::Retrying`].
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// When it failed first; `None` while it only waits.
    pub first_failed_at: Option<DateTime<Utc>>,
    /// When it failed last.
    pub last_failed_at: Option<DateTime<Utc>>,
    /// The last error with its causes.
    pub error: Option<String>,
    /// When it was resolved.
    pub resolved_at: Option<DateTime<Utc>>,
    /// By what: `retry`, `skip: <reason>`, `replay`.
    pub resolved_by: Option<String>,
}

/// What is to become of an event that was not handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureState {
    /// It is tried again by itself.
    Retrying,
    /// It is tried again on request alone; later events of its aggregate wait.
    Parked,
    /// It was not tried: an earlier event of its aggregate is not handled.
    Waiting,
    /// It is left out, for a reason that was given.
    Skipped,
    /// It was handled.
    Resolved,
}

impl FailureState {
    /// Whether the event is still to be handled.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Retrying | Self::Parked | Self::Waiting)
    }

    /// The word in the handler store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Retrying => "retrying",
            Self::Parked => "parked",
            Self::Waiting => "waiting",
            Self::Skipped => "skipped",
            Self::Resolved => "resolved",
        }
    }
}
