//! A page of events with one projection, within a transaction: its read models, failures and figures.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::anchor::Anchor;
use super::attempt::{AttemptError, attempt};
use super::error::HandlingError;
use super::failure::{Failure, FailureState};
use super::failures::{Failures, LogLine};
use super::handler::HandlerContext;
use super::reading::EventReader;
use super::registration::Registration;
use super::retry::OPEN_FAILURES;
use super::store::{HandlerStoreError, HandlerTransaction, HandlingFigures, StreamProgress};
use crate::application::clock::Clock;
use crate::domain::repository::StoredEvent;
use crate::domain::value_objects::{Position, StreamId};

/// A projection at work in a transaction.
pub(super) struct ProjectionPage<'p> {
    pub registration: &'p Registration,
    pub clock: &'p dyn Clock,
    pub now: DateTime<Utc>,
    pub is_replay: bool,
}

/// What was done in a transaction, and is to be made known once it is committed.
#[derive(Debug, Default)]
pub(super) struct PageResult {
    /// The last event that was handled, or passed by.
    pub passed: Option<Anchor>,
    /// The events that are open now.
    pub failed: Vec<Position>,
    pub figures: HandlingFigures,
    /// What the handler keeps with its progress.
    pub detail: Option<String>,
    /// Too many failures are open: the events after the last one are not handled.
    pub stops: bool,
    /// The first error.
    pub first_error: Option<String>,
    pub lines: Vec<LogLine>,
}

/// An attempt that did not handle its event.
struct FailedAttempt {
    position: Position,
    error: AttemptError,
    time: Duration,
}

impl ProjectionPage<'_> {
    /// Handles events of a stream, in their order, until one stops the handler. `is_any_open` says whether the handler
    /// has open failures already.
    ///
    /// In most pages no event fails, and a savepoint costs as much as to handle an event: there is one before the page. Where an
    /// event fails, the page is begun again, with a savepoint before each event. The event that has failed is not tried
    /// again then.
    pub fn handle(
        &self,
        transaction: &mut dyn HandlerTransaction,
        stream: &StreamId,
        events: &[StoredEvent],
        detail: Option<String>,
        is_any_open: bool,
    ) -> Result<PageResult, HandlerStoreError> {
        let begin = || PageResult { detail: detail.clone(), ..PageResult::default() };
        transaction.set_savepoint()?;
        let mut result = begin();
        let Some(failed) = self.handle_all(transaction, stream, events, is_any_open, &mut result)? else {
            transaction.release_savepoint()?;
            return Ok(result);
        };
        transaction.undo_to_savepoint()?;
        let mut result = begin();
        self.handle_each(transaction, stream, events, is_any_open, failed, &mut result)?;
        Ok(result)
    }

    /// Handles events up to the first one that fails, which is answered.
    fn handle_all(
        &self,
        transaction: &mut dyn HandlerTransaction,
        stream: &StreamId,
        events: &[StoredEvent],
        is_any_open: bool,
        result: &mut PageResult,
    ) -> Result<Option<FailedAttempt>, HandlerStoreError> {
        for event in events.iter().filter(|event| self.registration.concerns(stream, event)) {
            if is_any_open && self.has_to_wait(transaction, event)? {
                self.put_waiting(transaction, stream, event, result)?;
            } else if let Err(failed) = self.attempt(transaction, event, 1, result) {
                return Ok(Some(failed));
            }
        }
        result.passed = events.last().map(Anchor::from);
        Ok(None)
    }

    /// Handles events one by one, of which it is known that this one fails.
    fn handle_each(
        &self,
        transaction: &mut dyn HandlerTransaction,
        stream: &StreamId,
        events: &[StoredEvent],
        mut is_any_open: bool,
        failed: FailedAttempt,
        result: &mut PageResult,
    ) -> Result<(), HandlerStoreError> {
        let mut failed = Some(failed);
        for event in events {
            if self.registration.concerns(stream, event) {
                if is_any_open && self.has_to_wait(transaction, event)? {
                    self.put_waiting(transaction, stream, event, result)?;
                } else {
                    let tried = match failed.take_if(|failed| failed.position == event.position) {
                        Some(failed) => Err(failed),
                        None => self.attempt_alone(transaction, event, 1, result)?,
                    };
                    if let Err(failed) = tried {
                        self.put_failed(transaction, stream, event, None, failed, result)?;
                        is_any_open = true;
                    }
                }
            }
            result.passed = Some(Anchor::from(event));
            if result.stops {
                break;
            }
        }
        Ok(())
    }

    /// Tries the failures whose time has come, at most `limit` of them.
    pub fn retry(
        &self,
        transaction: &mut dyn HandlerTransaction,
        events: &EventReader,
        limit: usize,
    ) -> Result<PageResult, HandlingError> {
        let mut result = PageResult::default();
        for _ in 0..limit {
            let Some(failure) = self.failures().next_due(transaction)? else { break };
            let (stream, position) = (failure.stream.clone(), failure.position);
            let Some(event) = events.event_at(&stream, position)? else {
                let handler = self.name().to_owned();
                return Err(HandlingError::Ahead { handler, kind: self.registration.kind, stream, position });
            };
            let progress = transaction.progress_in(self.name(), &stream)?;
            result.detail = progress.as_ref().and_then(|progress| progress.detail.clone());
            let tried = self.attempt_alone(transaction, &event, failure.attempts + 1, &mut result)?;
            match (tried, progress) {
                (Err(failed), _) => {
                    self.put_failed(transaction, &stream, &event, Some(failure), failed, &mut result)?;
                }
                (Ok(()), progress) => {
                    let by = "retry".to_owned();
                    let line = self.failures().resolve(transaction, failure, FailureState::Resolved, by)?;
                    result.lines.extend(line);
                    if let Some(progress) = progress.filter(|progress| progress.detail != result.detail) {
                        let progress = StreamProgress { detail: result.detail.take(), ..progress };
                        transaction.put_progress(self.name(), &progress)?;
                    }
                }
            }
        }
        Ok(result)
    }

    pub fn failures(&self) -> Failures<'_> {
        Failures { handler: self.name(), retry: &self.registration.retry, now: self.now }
    }

    fn has_to_wait(
        &self,
        transaction: &mut dyn HandlerTransaction,
        event: &StoredEvent,
    ) -> Result<bool, HandlerStoreError> {
        self.failures().has_earlier(transaction, event.event.aggregate_id(), event.position)
    }

    fn put_waiting(
        &self,
        transaction: &mut dyn HandlerTransaction,
        stream: &StreamId,
        event: &StoredEvent,
        result: &mut PageResult,
    ) -> Result<(), HandlerStoreError> {
        self.failures().put_waiting(transaction, stream, event)?;
        result.failed.push(event.position);
        Ok(())
    }

    /// Gives the event to the handler; what it has changed is undone where it fails, and nothing else.
    fn attempt_alone(
        &self,
        transaction: &mut dyn HandlerTransaction,
        event: &StoredEvent,
        number: u32,
        result: &mut PageResult,
    ) -> Result<Result<(), FailedAttempt>, HandlerStoreError> {
        transaction.set_savepoint()?;
        let tried = self.attempt(transaction, event, number, result);
        match &tried {
            Ok(()) => transaction.release_savepoint()?,
            Err(_) => transaction.undo_to_savepoint()?,
        }
        Ok(tried)
    }

    /// Gives the event to the handler. Where it fails, what it has changed is left to be undone.
    fn attempt(
        &self,
        transaction: &mut dyn HandlerTransaction,
        event: &StoredEvent,
        number: u32,
        result: &mut PageResult,
    ) -> Result<(), FailedAttempt> {
        let started = self.clock.elapsed();
        let mut context = HandlerContext {
            now: self.now,
            is_replay: self.is_replay,
            attempt: number,
            event_id: event.event.event_id(),
            detail: result.detail.clone(),
            read_models: Some(transaction.read_models()),
        };
        let tried = attempt(&*self.registration.handler, event, &mut context);
        let (detail, time) = (context.detail, self.clock.elapsed().saturating_sub(started));
        match tried {
            Ok(()) => {
                result.figures.add_attempt(true, time);
                result.detail = detail;
                Ok(())
            }
            Err(error) => Err(FailedAttempt { position: event.position, error, time }),
        }
    }

    fn put_failed(
        &self,
        transaction: &mut dyn HandlerTransaction,
        stream: &StreamId,
        event: &StoredEvent,
        previous: Option<Failure>,
        failed: FailedAttempt,
        result: &mut PageResult,
    ) -> Result<(), HandlerStoreError> {
        let FailedAttempt { error, time, .. } = failed;
        result.figures.add_attempt(false, time);
        result.first_error.get_or_insert_with(|| error.error.clone());
        let is_new = previous.is_none();
        let line = self.failures().put_failed(transaction, stream, event, previous, &error)?;
        result.lines.extend(line);
        result.failed.push(event.position);
        let open = transaction.open_failures(self.name())?;
        result.stops = is_new && open.retrying + open.parked > OPEN_FAILURES;
        Ok(())
    }

    fn name(&self) -> &str {
        self.registration.handler.name()
    }
}
