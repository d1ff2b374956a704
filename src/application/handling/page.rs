//! A page of events with one projection, within a transaction: its read models, failures and figures.

use chrono::{DateTime, Utc};

use super::attempt::{AttemptError, attempt};
use super::error::HandlingError;
use super::failure::{Failure, FailureState};
use super::failures::{Failures, LogLine};
use super::handler::HandlerContext;
use super::reading::{Anchor, EventReader};
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

impl ProjectionPage<'_> {
    /// Handles events of a stream, in their order, until one stops the handler. `is_any_open` says whether the handler
    /// has open failures already.
    pub fn handle(
        &self,
        transaction: &mut dyn HandlerTransaction,
        stream: &StreamId,
        events: &[StoredEvent],
        detail: Option<String>,
        mut is_any_open: bool,
    ) -> Result<PageResult, HandlerStoreError> {
        let mut result = PageResult { detail, ..PageResult::default() };
        for event in events {
            if self.registration.concerns(stream, event) {
                let aggregate = event.event.aggregate_id();
                if is_any_open && self.failures().has_earlier(transaction, aggregate, event.position)? {
                    self.failures().put_waiting(transaction, stream, event)?;
                    result.failed.push(event.position);
                } else if let Err(error) = self.attempt(transaction, event, 1, &mut result)? {
                    self.put_failed(transaction, stream, event, None, error, &mut result)?;
                    is_any_open = true;
                }
            }
            result.passed = Some(Anchor::from(event));
            if result.stops {
                break;
            }
        }
        Ok(result)
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
            let tried = self.attempt(transaction, &event, failure.attempts + 1, &mut result)?;
            match (tried, progress) {
                (Err(error), _) => {
                    self.put_failed(transaction, &stream, &event, Some(failure), error, &mut result)?;
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

    /// Gives the event to the handler; what it has changed is undone where it fails.
    fn attempt(
        &self,
        transaction: &mut dyn HandlerTransaction,
        event: &StoredEvent,
        number: u32,
        result: &mut PageResult,
    ) -> Result<Result<(), AttemptError>, HandlerStoreError> {
        transaction.set_savepoint()?;
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
        let detail = context.detail;
        result.figures.add_attempt(tried.is_ok(), self.clock.elapsed().saturating_sub(started));
        match &tried {
            Ok(()) => {
                transaction.release_savepoint()?;
                result.detail = detail;
            }
            Err(error) => {
                transaction.undo_to_savepoint()?;
                result.first_error.get_or_insert_with(|| error.error.clone());
            }
        }
        Ok(tried)
    }

    fn put_failed(
        &self,
        transaction: &mut dyn HandlerTransaction,
        stream: &StreamId,
        event: &StoredEvent,
        previous: Option<Failure>,
        error: AttemptError,
        result: &mut PageResult,
    ) -> Result<(), HandlerStoreError> {
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
