//! The runner: reads the store after the progress of each handler, and handles what is there.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::registration::Registration;
use super::store::{HandlerStore, HandlerStoreError};
use crate::application::clock::Clock;
use crate::domain::repository::EventRepository;
use crate::domain::value_objects::Position;

/// What has become of an event with one handler.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It was handled.
    Done,
    /// It was not handled, and is tried again.
    Failed {
        /// The error with its causes.
        error: String,
        /// When it is tried again.
        next_attempt: DateTime<Utc>,
    },
    /// It was not handled, and is tried again on request alone.
    Parked {
        /// The error with its causes.
        error: String,
    },
    /// It was not tried: an earlier event of its aggregate is not handled.
    Waiting,
    /// The handler has not come so far.
    Behind {
        /// How many events it has yet to handle, as far as is known.
        events: u64,
    },
}

/// How a runner works.
#[derive(Debug, Clone)]
pub struct RunnerSettings {
    /// How many events are handled in one transaction.
    pub page: usize,
    /// How often the store is looked at for events of other processes.
    pub look_again: Duration,
}

impl Default for RunnerSettings {
    fn default() -> Self {
        Self { page: 500, look_again: Duration::from_secs(1) }
    }
}

/// Runs handlers: projections in one thread, each effect in its own.
pub struct Runner {
    registrations: Mutex<Vec<Registration>>,
}

impl Runner {
    /// A runner of no handlers yet.
    pub fn new(
        _events: Arc<dyn EventRepository>,
        _store: Arc<dyn HandlerStore>,
        _clock: Arc<dyn Clock + Send + Sync>,
        _settings: RunnerSettings,
    ) -> Self {
        Self { registrations: Mutex::default() }
    }

    /// Adds a handler, after those that are there.
    ///
    /// # Errors
    /// The handler store cannot be written, or the handler is ahead of the event store.
    pub fn register(&self, registration: Registration) -> Result<(), HandlerStoreError> {
        self.registrations.lock().unwrap_or_else(PoisonError::into_inner).push(registration);
        Ok(())
    }

    /// The handlers, in order of registration.
    pub fn registrations(&self) -> Vec<Registration> {
        self.registrations.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Tells that events were saved at these positions. Returns at once.
    pub fn saved(&self, _positions: &[Position]) {}

    /// What has become of the event of that type at that position with each of its handlers, in order of
    /// registration. Waits until each has come so far, for at most `patience`.
    pub fn outcomes(
        &self,
        event_type: &str,
        _position: Position,
        _patience: Duration,
    ) -> Vec<(String, Outcome)> {
        let registrations = self.registrations();
        let concerned =
            registrations.iter().filter(|registration| registration.event_types.contain(event_type));
        concerned
            .map(|registration| (registration.handler.name().to_owned(), Outcome::Behind { events: 1 }))
            .collect()
    }

    /// Finishes the pages in flight and ends the threads, within `patience`. What is not handled then is behind, not
    /// lost. Answers whether all threads have ended.
    pub fn shut_down(&self, _patience: Duration) -> bool {
        true
    }
}
