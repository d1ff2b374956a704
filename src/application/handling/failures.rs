//! The failures of a handler, as they change within a transaction.

use chrono::{DateTime, Utc};

use super::attempt::AttemptError;
use super::failure::{Failure, FailureState};
use super::registration::RetryPolicy;
use super::store::{HandlerStoreError, HandlerTransaction, HandlerView};
use crate::domain::repository::StoredEvent;
use crate::domain::value_objects::{AggregateId, Position, StreamId};

/// A line of the log, written once the transaction is committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LogLine {
    /// Something that has to be looked after.
    Warning(String),
    /// Something that is well again.
    Information(String),
}

impl LogLine {
    pub fn write(&self) {
        match self {
            Self::Warning(text) => tracing::warn!("{text}"),
            Self::Information(text) => tracing::info!("{text}"),
        }
    }
}

/// The failures of one handler.
pub(super) struct Failures<'f> {
    pub handler: &'f str,
    pub retry: &'f RetryPolicy,
    pub now: DateTime<Utc>,
}

impl Failures<'_> {
    /// Whether an earlier event of the aggregate is not handled. An event without aggregate follows none.
    pub fn has_earlier(
        &self,
        view: &mut dyn HandlerView,
        aggregate: Option<&AggregateId>,
        position: Position,
    ) -> Result<bool, HandlerStoreError> {
        let Some(aggregate) = aggregate else { return Ok(false) };
        let open = view.open_failures_about(self.handler, aggregate)?;
        Ok(open.iter().any(|failure| failure.position < position))
    }

    /// The event waits for an earlier one of its aggregate.
    pub fn put_waiting(
        &self,
        transaction: &mut dyn HandlerTransaction,
        stream: &StreamId,
        event: &StoredEvent,
    ) -> Result<(), HandlerStoreError> {
        let waiting = self.blank(stream, event, FailureState::Waiting);
        transaction.put_failure(self.handler, &waiting)
    }

    /// The event was tried and not handled. `previous` is its open failure, where it has one.
    pub fn put_failed(
        &self,
        transaction: &mut dyn HandlerTransaction,
        stream: &StreamId,
        event: &StoredEvent,
        previous: Option<Failure>,
        error: &AttemptError,
    ) -> Result<Option<LogLine>, HandlerStoreError> {
        let had_failed = previous.as_ref().is_some_and(|failure| failure.attempts > 0);
        let attempts = previous.map_or(0, |failure| failure.attempts) + 1;
        let (state, next_attempt_at) = self.retry.after_failure(attempts, error.is_permanent, self.now);
        // A failure that was resolved by a replay, and is open again, began when it was first seen.
        let known = transaction.failure(self.handler, stream, event.position)?;
        let failure = Failure {
            attempts,
            next_attempt_at,
            first_failed_at: known.and_then(|known| known.first_failed_at).or(Some(self.now)),
            last_failed_at: Some(self.now),
            error: Some(error.error.clone()),
            ..self.blank(stream, event, state)
        };
        transaction.put_failure(self.handler, &failure)?;
        let what = format!("{} was not handled by {}: {}", described(&failure), self.handler, error.error);
        let line = match next_attempt_at {
            Some(at) => {
                (!had_failed).then(|| format!("{what}; it is tried again at {}", at.format("%H:%M:%S UTC")))
            }
            None => {
                let tried =
                    if attempts == 1 { "one attempt".to_owned() } else { format!("{attempts} attempts") };
                Some(format!(
                    "{what}; it is parked after {tried}: `handlers retry {}` tries it again",
                    self.handler
                ))
            }
        };
        Ok(line.map(LogLine::Warning))
    }

    /// The event is no longer open: the next one of its aggregate, where it waits, is tried at once.
    pub fn resolve(
        &self,
        transaction: &mut dyn HandlerTransaction,
        failure: Failure,
        state: FailureState,
        by: String,
    ) -> Result<Option<LogLine>, HandlerStoreError> {
        let had_failed = failure.first_failed_at.is_some();
        let line = had_failed.then(|| {
            LogLine::Information(format!(
                "{} is no longer open with {}: {by}",
                described(&failure),
                self.handler
            ))
        });
        let aggregate = failure.aggregate_id.clone();
        let resolved = Failure {
            state,
            next_attempt_at: None,
            resolved_at: Some(self.now),
            resolved_by: Some(by),
            ..failure
        };
        transaction.put_failure(self.handler, &resolved)?;
        if let Some(aggregate) = aggregate {
            self.release(transaction, &aggregate)?;
        }
        Ok(line)
    }

    /// No event of the handler is open any longer. None is released: what waits is resolved as well.
    pub fn resolve_all(
        &self,
        transaction: &mut dyn HandlerTransaction,
        state: FailureState,
        by: &str,
    ) -> Result<(), HandlerStoreError> {
        let failures = transaction.failures(self.handler)?;
        for failure in failures.into_iter().filter(|failure| failure.state.is_open()) {
            let resolved = Failure {
                state,
                next_attempt_at: None,
                resolved_at: Some(self.now),
                resolved_by: Some(by.to_owned()),
                ..failure
            };
            transaction.put_failure(self.handler, &resolved)?;
        }
        Ok(())
    }

    /// The failure is tried again as soon as the handler runs.
    pub fn put_due(
        &self,
        transaction: &mut dyn HandlerTransaction,
        failure: Failure,
    ) -> Result<(), HandlerStoreError> {
        let due = Failure { state: FailureState::Retrying, next_attempt_at: Some(self.now), ..failure };
        transaction.put_failure(self.handler, &due)
    }

    /// A failure whose time has come: the one to try now. One that an earlier event of its aggregate came before
    /// (it was stored late, in an earlier stream) waits for it.
    pub fn next_due(
        &self,
        transaction: &mut dyn HandlerTransaction,
    ) -> Result<Option<Failure>, HandlerStoreError> {
        while let Some(failure) = transaction.next_retry(self.handler)? {
            if failure.next_attempt_at.is_some_and(|at| at > self.now) {
                break;
            }
            if !self.has_earlier(transaction, failure.aggregate_id.as_ref(), failure.position)? {
                return Ok(Some(failure));
            }
            let waiting = Failure { state: FailureState::Waiting, next_attempt_at: None, ..failure };
            transaction.put_failure(self.handler, &waiting)?;
        }
        Ok(None)
    }

    fn release(
        &self,
        transaction: &mut dyn HandlerTransaction,
        aggregate: &AggregateId,
    ) -> Result<(), HandlerStoreError> {
        let open = transaction.open_failures_about(self.handler, aggregate)?;
        match open.into_iter().min_by_key(|failure| failure.position) {
            Some(next) if next.state == FailureState::Waiting => self.put_due(transaction, next),
            _ => Ok(()),
        }
    }

    fn blank(&self, stream: &StreamId, event: &StoredEvent, state: FailureState) -> Failure {
        Failure {
            stream: stream.clone(),
            position: event.position,
            event_id: event.event.event_id().clone(),
            event_type: event.event.event_type().to_owned(),
            aggregate_id: event.event.aggregate_id().cloned(),
            state,
            attempts: 0,
            next_attempt_at: None,
            first_failed_at: None,
            last_failed_at: None,
            error: None,
            resolved_at: None,
            resolved_by: None,
        }
    }
}

fn described(failure: &Failure) -> String {
    let about =
        failure.aggregate_id.as_ref().map(|aggregate| format!(" about {aggregate}")).unwrap_or_default();
    format!("{} {}{about}, at position {},", failure.event_type, failure.event_id, failure.position)
}
