//! A page of events with one projection, within a transaction: its read models, failures and figures.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::anchor::Anchor;
use super::attempt::{AttemptError, attempt};
use super::error::HandlingError;
use super::failure::{Failure, FailureState};
use super::failures::{Failures, LogLine};
use super::given_event::GivenEvent;
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
pub(super) struct FailedAttempt {
    position: Position,
    error: AttemptError,
    time: Duration,
}

impl ProjectionPage<'_> {
    /// Handles events of a stream, in their order, until one stops the handler. `is_any_open` says whether the handler
    /// has open failures already; an attempt that is known to fail is not made again.
    ///
    /// In most pages no event fails, and a savepoint costs as much as to handle an event: there is one before the page. Where an
    /// event fails, the page is begun again, with a savepoint before each event.
    pub fn handle(
        &self,
        transaction: &mut dyn HandlerTransaction,
        stream: &StreamId,
        events: &[GivenEvent<'_>],
        detail: Option<String>,
        is_any_open: bool,
        known: Option<FailedAttempt>,
    ) -> Result<PageResult, HandlerStoreError> {
        let failed = match known {
            Some(failed) => failed,
            None => {
                transaction.set_savepoint()?;
                match self.handle_all(transaction, stream, events, detail.clone(), is_any_open)? {
                    Ok(result) => {
                        transaction.release_savepoint()?;
                        return Ok(result);
                    }
                    Err(failed) => {
                        transaction.undo_to_savepoint()?;
                        failed
                    }
                }
            }
        };
        let mut result = PageResult { detail, ..PageResult::default() };
        self.handle_each(transaction, stream, events, is_any_open, failed, &mut result)?;
        Ok(result)
    }

    /// Handles events up to the first one that fails, which is answered: what was done then is left to be undone.
    pub fn handle_all(
        &self,
        transaction: &mut dyn HandlerTransaction,
        stream: &StreamId,
        events: &[GivenEvent<'_>],
        detail: Option<String>,
        is_any_open: bool,
    ) -> Result<Result<PageResult, FailedAttempt>, HandlerStoreError> {
        let mut result = PageResult { detail, ..PageResult::default() };
        for event in events.iter().filter(|event| self.registration.concerns(stream, event.stored)) {
            if is_any_open && self.has_to_wait(transaction, event.stored)? {
                self.put_waiting(transaction, stream, event.stored, &mut result)?;
            } else if let Err(failed) = self.attempt(transaction, event, 1, &mut result) {
                return Ok(Err(failed));
            }
        }
        result.passed = events.last().map(|event| Anchor::from(event.stored));
        Ok(Ok(result))
    }

    /// Handles events one by one, of which it is known that this one fails.
    fn handle_each(
        &self,
        transaction: &mut dyn HandlerTransaction,
        stream: &StreamId,
        events: &[GivenEvent<'_>],
        mut is_any_open: bool,
        failed: FailedAttempt,
        result: &mut PageResult,
    ) -> Result<(), HandlerStoreError> {
        let mut failed = Some(failed);
        for event in events {
            let stored = event.stored;
            if self.registration.concerns(stream, stored) {
                if is_any_open && self.has_to_wait(transaction, stored)? {
                    self.put_waiting(transaction, stream, stored, result)?;
                } else {
                    let tried = match failed.take_if(|failed| failed.position == stored.position) {
                        Some(failed) => Err(failed),
                        None => self.attempt_alone(transaction, event, 1, result)?,
                    };
                    if let Err(failed) = tried {
                        self.put_failed(transaction, stream, stored, None, failed, result)?;
                        is_any_open = true;
                    }
                }
            }
            result.passed = Some(Anchor::from(stored));
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
            let tried =
                self.attempt_alone(transaction, &GivenEvent::new(&event), failure.attempts + 1, &mut result)?;
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
        event: &GivenEvent<'_>,
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
        event: &GivenEvent<'_>,
        number: u32,
        result: &mut PageResult,
    ) -> Result<(), FailedAttempt> {
        let started = self.clock.elapsed();
        let mut context = HandlerContext {
            now: self.now,
            is_replay: self.is_replay,
            attempt: number,
            event,
            detail: result.detail.clone(),
            read_models: Some(transaction.read_models()),
        };
        let tried = attempt(&*self.registration.handler, &mut context);
        let (detail, time) = (context.detail, self.clock.elapsed().saturating_sub(started));
        match tried {
            Ok(()) => {
                result.figures.add_attempt(true, time);
                result.detail = detail;
                Ok(())
            }
            Err(error) => Err(FailedAttempt { position: event.stored.position, error, time }),
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
