//! The one place that knows how rows become what the port speaks of. What a database holds is input: it may be
//! anything.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use rusqlite::Row;
use rusqlite::types::{FromSql, ValueRef};

use crate::application::handling::HandlerKind;
use crate::application::handling::failure::{Failure, FailureState};
use crate::application::handling::store::{HandlerRow, HandlerState, HandlerStoreError, StreamProgress};
use crate::domain::value_objects::{AggregateId, EventId, Position, StreamId};

const KINDS: [HandlerKind; 2] = [HandlerKind::Projection, HandlerKind::Effect];
const HANDLER_STATES: [HandlerState; 4] =
    [HandlerState::Running, HandlerState::Paused, HandlerState::Stopped, HandlerState::ReplayNeeded];
const FAILURE_STATES: [FailureState; 5] = [
    FailureState::Retrying,
    FailureState::Parked,
    FailureState::Waiting,
    FailureState::Skipped,
    FailureState::Resolved,
];

/// The word of a kind.
pub(super) fn kind_word(kind: HandlerKind) -> &'static str {
    match kind {
        HandlerKind::Projection => "projection",
        HandlerKind::Effect => "effect",
    }
}

/// Reads `handler, kind, version, state, state_reason, created_at`.
pub(super) fn handler(row: &Row<'_>) -> Result<HandlerRow, HandlerStoreError> {
    let fields = Fields { row, table: "handlers", key: 1 };
    Ok(HandlerRow {
        name: fields.get(0)?,
        kind: fields.word(1, &KINDS, kind_word)?,
        version: fields.get(2)?,
        state: fields.word(3, &HANDLER_STATES, HandlerState::as_str)?,
        state_reason: fields.get(4)?,
        created_at: fields.time(5)?,
    })
}

/// Reads `handler, stream, position, event_id, updated_at, detail`.
pub(super) fn progress(row: &Row<'_>) -> Result<StreamProgress, HandlerStoreError> {
    let fields = Fields { row, table: "handler_progress", key: 2 };
    Ok(StreamProgress {
        stream: StreamId::new(fields.get::<String>(1)?),
        position: Position::new(fields.get(2)?),
        event_id: fields.event_id(3)?,
        updated_at: fields.time(4)?,
        detail: fields.get(5)?,
    })
}

/// Reads `handler, stream, position, event_id, event_type, aggregate_id, state, attempts, next_attempt_at,
/// first_failed_at, last_failed_at, error, resolved_at, resolved_by`.
pub(super) fn failure(row: &Row<'_>) -> Result<Failure, HandlerStoreError> {
    let fields = Fields { row, table: "handler_failures", key: 3 };
    Ok(Failure {
        stream: StreamId::new(fields.get::<String>(1)?),
        position: Position::new(fields.get(2)?),
        event_id: fields.event_id(3)?,
        event_type: fields.get(4)?,
        aggregate_id: fields.get::<Option<String>>(5)?.map(AggregateId::new),
        state: fields.word(6, &FAILURE_STATES, FailureState::as_str)?,
        attempts: fields.get(7)?,
        next_attempt_at: fields.optional_time(8)?,
        first_failed_at: fields.optional_time(9)?,
        last_failed_at: fields.optional_time(10)?,
        error: fields.get(11)?,
        resolved_at: fields.optional_time(12)?,
        resolved_by: fields.get(13)?,
    })
}

/// Reads `state, count(*)`.
pub(super) fn state_count(row: &Row<'_>) -> Result<(FailureState, u64), HandlerStoreError> {
    let fields = Fields { row, table: "handler_failures", key: 1 };
    Ok((fields.word(0, &FAILURE_STATES, FailureState::as_str)?, fields.get(1)?))
}

/// Reads one number of a query over the days of a handler.
pub(super) fn events_of_days(row: &Row<'_>) -> Result<u64, HandlerStoreError> {
    Fields { row, table: "handled_by_day", key: 0 }.get(0)
}

/// The columns of a row, of which the first ones are its key.
pub(super) struct Fields<'r> {
    pub row: &'r Row<'r>,
    pub table: &'static str,
    pub key: usize,
}

impl Fields<'_> {
    pub fn get<T: FromSql>(&self, column: usize) -> Result<T, HandlerStoreError> {
        self.row.get(column).map_err(|error| self.corrupt(error.to_string()))
    }

    fn event_id(&self, column: usize) -> Result<EventId, HandlerStoreError> {
        EventId::new(self.get::<String>(column)?).map_err(|error| self.corrupt(error.to_string()))
    }

    pub fn time(&self, column: usize) -> Result<DateTime<Utc>, HandlerStoreError> {
        self.as_time(self.get(column)?)
    }

    fn optional_time(&self, column: usize) -> Result<Option<DateTime<Utc>>, HandlerStoreError> {
        self.get::<Option<i64>>(column)?.map(|micros| self.as_time(micros)).transpose()
    }

    fn as_time(&self, micros: i64) -> Result<DateTime<Utc>, HandlerStoreError> {
        DateTime::from_timestamp_micros(micros)
            .ok_or_else(|| self.corrupt(format!("{micros} microseconds since 1970 are no time")))
    }

    pub fn word<T: Copy, W: AsRef<str>>(
        &self,
        column: usize,
        known: &[T],
        word_of: fn(T) -> W,
    ) -> Result<T, HandlerStoreError> {
        let found: String = self.get(column)?;
        let value = known.iter().find(|value| word_of(**value).as_ref() == found);
        value.copied().ok_or_else(|| self.corrupt(format!("{found:?} is no word of this program")))
    }

    pub fn corrupt(&self, detail: String) -> HandlerStoreError {
        let mut key = String::new();
        for column in 0..self.key {
            let separator = if column == 0 { "" } else { ", " };
            let value = match self.row.get_ref(column) {
                Ok(ValueRef::Text(text)) => format!("{:?}", String::from_utf8_lossy(text)),
                Ok(ValueRef::Integer(number)) => number.to_string(),
                Ok(other) => other.data_type().to_string(),
                Err(error) => error.to_string(),
            };
            // Writing to a string does not fail.
            let _ = write!(key, "{separator}{value}");
        }
        HandlerStoreError::Corrupt { detail: format!("{} ({key}): {detail}", self.table) }
    }
}
