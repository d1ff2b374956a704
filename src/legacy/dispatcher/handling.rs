//! From the queue to a handler, and what becomes of the event then.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::error::DispatcherError;
use super::last_read::LastReadDefinitions;
use super::settings::DispatcherSettings;
use crate::application::clock::Clock;
use crate::domain::error_chain::error_chain;
use crate::domain::event::format_timestamp;
use crate::legacy::counted::counted;
use crate::legacy::handlers::{HandlerContext, HandlerLog, HandlerLogEntry, HandlerResult, HandlerTable};
use crate::legacy::path_text;
use crate::legacy::queue::{BatchWindow, EventQueue, QueueEntry, QueueError};

/// An event that was given to its handler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandledEvent {
    /// Of the queue entry.
    pub event_id: String,
    /// Of its definition.
    pub definition_id: String,
    /// What the handler has answered.
    pub result: HandlerResult,
    /// What becomes of it.
    pub follow_up: FollowUp,
}

/// What becomes of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FollowUp {
    /// It is done.
    Done,
    /// It is given to its handler again, not before this.
    RetryAt(DateTime<Utc>),
    /// It has failed for good.
    Failed,
}

/// What handling needs.
pub(super) struct Handling {
    pub definitions: LastReadDefinitions,
    pub queue: Arc<EventQueue>,
    pub window: Arc<BatchWindow>,
    pub handlers: HandlerTable,
    pub log: HandlerLog,
    pub clock: Arc<dyn Clock + Send + Sync>,
    pub settings: DispatcherSettings,
    pub figures: Mutex<DispatcherFigures>,
    /// What handlers have answered, and the queue could not be told.
    pub unkept: Mutex<VecDeque<Attempted>>,
}

/// How many events a dispatcher has handled since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DispatcherFigures {
    /// Those that are done.
    pub handled: u64,
    /// Those that have failed for good.
    pub failed: u64,
    /// What watchers have noticed and the queue could not take before the end.
    pub lost: u64,
}

/// An event that was given to its handler, or could not be.
pub(super) struct Attempted {
    entry: QueueEntry,
    attempt: Attempt,
    took: Duration,
}

/// A handler's name, what it has answered, and whether another attempt can answer something else.
struct Attempt {
    handler: String,
    result: HandlerResult,
    can_retry: bool,
}

impl Handling {
    /// Handles the next event that is due, be it one whose time of gathering is over. Its log entry is on disk before the queue knows
    /// that it is done, so that none is missing; after a crash between the two it is handled again.
    ///
    /// Where the queue cannot be written, that is tried again the next time, before any other event: a handler is not run whose
    /// outcome would not be kept.
    pub fn process_next(&self) -> Result<Option<HandledEvent>, DispatcherError> {
        self.window.tick();
        let attempted = self.unkept().pop_front();
        if let Some(attempted) = attempted {
            return self.keep(attempted).map(Some);
        }
        let Some(entry) = self.queue.next()? else { return Ok(None) };
        let (began, start) = (self.clock.now(), self.clock.elapsed());
        let attempt = self.attempt(&entry);
        let took = self.clock.elapsed().saturating_sub(start);
        let ids = (&*entry.event_id, &*entry.definition_id);
        let logged =
            self.log.append(&HandlerLogEntry::new(ids, &attempt.handler, began, took, &attempt.result));
        let handled = self.keep(Attempted { entry, attempt, took })?;
        // Only now: what has become of the event is kept, also where the log could not be written.
        logged?;
        Ok(Some(handled))
    }

    /// Has the queue keep what becomes of an event.
    fn keep(&self, attempted: Attempted) -> Result<HandledEvent, DispatcherError> {
        let Attempted { entry, attempt, took } = &attempted;
        let follow_up = match self.follow_up(entry, attempt) {
            Ok(follow_up) => follow_up,
            // There is nothing to be kept any more.
            Err(error @ DispatcherError::Queue(QueueError::NotOpen { .. })) => return Err(error),
            Err(error) => {
                self.unkept().push_back(attempted);
                return Err(error);
            }
        };
        self.count(follow_up);
        tell(entry, attempt, *took, follow_up);
        let QueueEntry { event_id, definition_id, .. } = attempted.entry;
        Ok(HandledEvent { event_id, definition_id, result: attempted.attempt.result, follow_up })
    }

    fn unkept(&self) -> MutexGuard<'_, VecDeque<Attempted>> {
        self.unkept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, follow_up: FollowUp) {
        let mut figures = self.figures.lock().unwrap_or_else(PoisonError::into_inner);
        match follow_up {
            FollowUp::Done => figures.handled += 1,
            FollowUp::Failed => figures.failed += 1,
            FollowUp::RetryAt(_) => {}
        }
    }

    fn attempt(&self, entry: &QueueEntry) -> Attempt {
        let not_run = |error: String, can_retry| Attempt {
            handler: String::new(),
            result: HandlerResult::Failure { error },
            can_retry,
        };
        match self.definitions.get(&entry.definition_id) {
            Ok(Some(definition)) if definition.is_enabled => {
                let result = self.handlers.run(&definition.handler, &context_of(entry));
                Attempt { handler: definition.handler, result, can_retry: true }
            }
            Ok(Some(_)) => not_run("its definition is disabled".to_owned(), false),
            Ok(None) => not_run("its definition is not in the registry any more".to_owned(), false),
            Err(error) => not_run(error_chain(&error), true),
        }
    }

    fn follow_up(&self, entry: &QueueEntry, attempt: &Attempt) -> Result<FollowUp, DispatcherError> {
        let is_done = matches!(attempt.result, HandlerResult::Success { .. });
        if is_done {
            self.queue.done(entry)?;
            return Ok(FollowUp::Done);
        }
        if !attempt.can_retry || u64::from(entry.attempts) >= self.settings.max_retries {
            self.queue.failed(entry)?;
            return Ok(FollowUp::Failed);
        }
        let delay = TimeDelta::from_std(self.settings.retry_delay).unwrap_or(TimeDelta::MAX);
        let at = self.clock.now().checked_add_signed(delay).unwrap_or(DateTime::<Utc>::MAX_UTC);
        self.queue.retry_at(entry, at)?;
        Ok(FollowUp::RetryAt(at))
    }
}

fn context_of(entry: &QueueEntry) -> HandlerContext {
    HandlerContext {
        event_id: entry.event_id.clone(),
        definition_id: entry.definition_id.clone(),
        event_type: entry.event_type.clone(),
        timestamp: entry.timestamp.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        data: entry.data.clone(),
    }
}

fn tell(entry: &QueueEntry, attempt: &Attempt, took: Duration, follow_up: FollowUp) {
    let (event_id, handler) = (&entry.event_id, &attempt.handler);
    match (&attempt.result, follow_up) {
        (HandlerResult::Success { output }, _) => {
            let (millis, output) = (took.as_millis(), path_text::escaped(output));
            tracing::info!("[EventDispatcher] {event_id}: {handler} has succeeded in {millis} ms: {output}");
        }
        (HandlerResult::Failure { error }, FollowUp::RetryAt(at)) => {
            let (at, error) = (format_timestamp(at), path_text::escaped(error));
            tracing::warn!("[EventDispatcher] {event_id}: not handled, tried again at {at}: {error}");
        }
        (HandlerResult::Failure { error }, _) => {
            let attempts = counted(u64::from(entry.attempts).saturating_add(1), "attempt");
            let error = path_text::escaped(error);
            tracing::error!("[EventDispatcher] {event_id}: failed after {attempts}: {error}");
        }
    }
}
