//! A dispatch that is not waited for: what is known of it, step by step.

use std::sync::Arc;
use std::time::Duration;

use super::dispatched::{DispatchError, Dispatched, Timing};
use super::queue::Submitted;
use super::report::Report;
use super::request::{Reply, Stored};
use crate::application::clock::Clock;
use crate::application::handling::Runner;
use crate::domain::repository::Saved;
use crate::domain::value_objects::EventId;

/// What every dispatch needs after its event was submitted.
pub(super) struct AfterSubmission {
    pub runner: Arc<Runner>,
    pub clock: Arc<dyn Clock + Send + Sync>,
    pub limit: Duration,
    pub wait_for_handlers: Duration,
    pub report: Report,
}

/// What a reply answers; `None` where the event was withdrawn.
type Answer = Option<Result<Stored, DispatchError>>;

/// An event that is being stored. Dropped, it is stored and handled all the same, and what becomes of it is not told.
pub struct PendingDispatch {
    pub(super) after: Arc<AfterSubmission>,
    pub(super) submitted: Submitted,
    /// By the clock of the dispatcher.
    pub(super) submitted_at: Duration,
}

impl PendingDispatch {
    /// Waits until the event is on disk.
    ///
    /// # Errors
    /// As [`dispatch`](super::EventDispatcherService::dispatch).
    pub fn stored(self) -> Result<StoredDispatch, DispatchError> {
        self.stored_by(Reply::wait)
    }

    fn stored_by(
        self,
        wait: impl FnOnce(Reply, Duration) -> Answer,
    ) -> Result<StoredDispatch, DispatchError> {
        let Self { after, submitted, submitted_at } = self;
        let left = (submitted_at + after.limit).saturating_sub(after.clock.elapsed());
        let answer = wait(submitted.reply, left).unwrap_or_else(|| {
            Err(DispatchError::Busy { waited: after.clock.elapsed().saturating_sub(submitted_at) })
        });
        match answer {
            Ok(stored) => Ok(StoredDispatch { after, stored, submitted_at, queued: submitted.queued }),
            Err(error) => {
                after.report.failed();
                Err(error)
            }
        }
    }

    /// Waits until the event is on disk and then for its handlers, as
    /// [`dispatch`](super::EventDispatcherService::dispatch) does.
    ///
    /// # Errors
    /// As there.
    pub fn handled(self) -> Result<Dispatched, DispatchError> {
        let (asked_at, patience) = (self.after.clock.elapsed(), self.after.wait_for_handlers);
        let stored = self.stored_by(|reply, limit| reply.wait_for_handlers(limit, patience))?;
        Ok(stored.handled_since(asked_at))
    }
}

/// An event that is on disk, and is being handled.
pub struct StoredDispatch {
    after: Arc<AfterSubmission>,
    stored: Stored,
    submitted_at: Duration,
    queued: usize,
}

impl StoredDispatch {
    /// Its id.
    pub fn event_id(&self) -> &EventId {
        self.stored.event.event_id()
    }

    /// Where it is, and whether the store had it before.
    pub fn saved(&self) -> Saved {
        self.stored.saved
    }

    /// Waits until each of its handlers has come so far, for as long as the settings of the dispatcher say.
    pub fn handled(self) -> Dispatched {
        let now = self.after.clock.elapsed();
        self.handled_since(now)
    }

    /// `asked_at` is when the handlers began to be waited for, if that was after the event was stored.
    fn handled_since(self, asked_at: Duration) -> Dispatched {
        let Self { after, stored: Stored { event, saved, taken_at, stored_at }, submitted_at, queued } = self;
        let until = stored_at.max(asked_at) + after.wait_for_handlers;
        let left = until.saturating_sub(after.clock.elapsed());
        let handlers = after.runner.outcomes(event.event_type(), saved.position, left);
        let now = after.clock.elapsed();
        let dispatched = Dispatched {
            event_id: event.event_id().clone(),
            position: saved.position,
            already_stored: !saved.is_new,
            handlers,
            timing: Timing {
                waited: taken_at.saturating_sub(submitted_at),
                stored: stored_at.saturating_sub(taken_at),
                handled: now.saturating_sub(stored_at.max(asked_at)),
                queued,
            },
        };
        after.report.completed(dispatched.succeeded(), &dispatched.timing, now);
        dispatched
    }
}
