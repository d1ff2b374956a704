//! What a handler is.

use std::error::Error as StdError;

use chrono::{DateTime, Utc};
use thiserror::Error;

use super::given_event::GivenEvent;
use crate::application::read_models::TaskReadModels;
use crate::domain::recorded_task_event::RecordedTaskEvent;
use crate::domain::repository::StoredEvent;
use crate::domain::value_objects::EventId;

/// Does something for each event of the types that it is registered for.
///
/// A handler has no state of its own: what it depends on is given to it when it is made, and what it remembers is in
/// the read models of the context.
pub trait EventHandler: Send + Sync {
    /// Its name, which never changes: progress is kept under it, so that under another name every event would be
    /// handled again.
    fn name(&self) -> &str;

    /// Handles one event. A panic counts as [`HandlerError::Transient`].
    ///
    /// # Errors
    /// The event was not handled; the error says whether to try again.
    fn handle(&self, event: &StoredEvent, context: &mut HandlerContext<'_>) -> Result<Handled, HandlerError>;
}

/// What a handler did with an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handled {
    /// It handled the event.
    Done,
    /// The event does not concern it.
    NotForMe,
}

/// Why an event was not handled.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HandlerError {
    /// A later attempt may succeed.
    #[error("the event was not handled")]
    Transient(#[source] Box<dyn StdError + Send + Sync>),
    /// No attempt can succeed before the handler, or what it depends on, is another.
    #[error("the event cannot be handled")]
    Permanent(#[source] Box<dyn StdError + Send + Sync>),
}

/// What a handler is told beside the event.
pub struct HandlerContext<'c> {
    pub(crate) now: DateTime<Utc>,
    pub(crate) is_replay: bool,
    pub(crate) attempt: u32,
    pub(crate) event: &'c GivenEvent<'c>,
    pub(crate) detail: Option<String>,
    /// `None` for an effect.
    pub(crate) read_models: Option<&'c mut dyn TaskReadModels>,
}

impl<'c> HandlerContext<'c> {
    /// The present time.
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Whether the event is handled anew, by a replay of read models.
    pub fn is_replay(&self) -> bool {
        self.is_replay
    }

    /// Which attempt this is, from 1.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// The same for every attempt to handle the event: its id. What acts on the world passes it on, so that the
    /// receiver can tell a repetition.
    pub fn idempotency_key(&self) -> &EventId {
        self.event.stored.event.event_id()
    }

    /// What the event says about a task, as [`RecordedTaskEvent::of`] reads it, read once for all handlers; `None` for an event
    /// of any other type.
    pub fn task_event(&self) -> Option<&'c RecordedTaskEvent> {
        self.event.task_event()
    }

    /// What the handler itself keeps with its progress in the stream of the event.
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// Keeps `detail` with the progress that passes the event. It is forgotten where the event is not handled.
    pub fn set_detail(&mut self, detail: impl Into<String>) {
        self.detail = Some(detail.into());
    }

    /// The read models, which change together with the progress of the handler. Projections have them.
    ///
    /// # Errors
    /// [`HandlerError::Permanent`] for an effect.
    pub fn read_models(&mut self) -> Result<&mut dyn TaskReadModels, HandlerError> {
        match &mut self.read_models {
            Some(read_models) => Ok(&mut **read_models),
            None => Err(HandlerError::Permanent(
                "an effect has no read models: register it as a projection".into(),
            )),
        }
    }
}
