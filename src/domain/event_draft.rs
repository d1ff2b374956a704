//! An event as it is given to be dispatched: its id and its time may be missing yet.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use thiserror::Error;

use super::event::{DomainEvent, EventError, format_timestamp};
use super::recorded_fields::RecordedFields;
use super::value_objects::EventId;
use crate::wire::local_time::DstPolicy;
use crate::wire::record::{RecordError, RecordReader};
use crate::wire::zone::Zone;

const EVENT_ID: &str = "event_id";
const TIMESTAMP: &str = "timestamp";
const AGGREGATE_ID: &str = "aggregate_id";
const TASK_ID: &str = "task_id";
const EXAMPLE: &str = r#"{"event_type": "TaskCreated", "aggregate_id": "T1", "title": "x"}"#;

/// A new event that may lack its id, its time, or both.
///
/// # Examples
/// ```
/// use mission_events::{EventDraft, EventId, Zone};
///
/// let draft = EventDraft::from_json(r#"{"event_type": "TaskDeleted", "aggregate_id": "T1"}"#, &Zone::utc()).unwrap();
/// let event = draft.complete("2025-10-25T10:00:00Z".parse().unwrap(), || EventId::new("e1").unwrap());
/// assert_eq!(
///     event.body(),
///     r#"{"event_id": "e1", "timestamp": "2025-10-25T10:00:00+00:00", "event_type": "TaskDeleted", "aggregate_id": "T1"}"#
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventDraft {
    /// The event, with something in the place of what is missing.
    event: DomainEvent,
    /// Its text on one line, as far as it was given.
    body: String,
    lacks_id: bool,
    lacks_timestamp: bool,
}

impl EventDraft {
    /// Reads a new event: one JSON object in the new shape. Line ends between its parts, with the blanks after
    /// them, become one space each, since an event is stored on one line. An event that has `task_id` and no `aggregate_id` is about that
    /// task: it gets the one from the other.
    ///
    /// Naive timestamps are read in `zone`; local times that occur twice or never are refused.
    ///
    /// # Errors
    /// The text is not a new event; the error says where, and what was expected.
    pub fn from_json(text: &str, zone: &Zone) -> Result<Self, InvalidDraft> {
        match RecordReader::new(zone, DstPolicy::Reject).read_whole(text.as_bytes()) {
            Ok(_) | Err(RecordError::NoTimestamp { .. }) => {}
            Err(reason) => return Err(InvalidDraft::new(text, reason)),
        }
        let fields = RecordedFields::of_json(text);
        let lacks = |name: &str| fields.json(name).is_none();
        if lacks("event_type") {
            return Err(InvalidDraft::LegacyShape);
        }
        let (lacks_id, lacks_timestamp) = (lacks(EVENT_ID), lacks(TIMESTAMP));
        let mut body = on_one_line(text.trim());
        // In the legacy shape the task is what an event is about: on both sides of a parallel run it is the same.
        let task = fields.text(TASK_ID).filter(|task| lacks(AGGREGATE_ID) && !task.is_empty());
        if let Some(task) = task {
            body = filled(&body, AGGREGATE_ID, &task).into();
        }
        let mut whole = Cow::Borrowed(&*body);
        if lacks_timestamp {
            whole = filled(&whole, TIMESTAMP, &format_timestamp(DateTime::UNIX_EPOCH)).into();
        }
        if lacks_id {
            whole = filled(&whole, EVENT_ID, "-").into();
        }
        let event = DomainEvent::from_json(&whole, zone).map_err(InvalidDraft::Event)?;
        Ok(Self { event, body: body.into_owned(), lacks_id, lacks_timestamp })
    }

    /// The event, with the id from `mint` and the time `now` (to the microsecond) where it has none. The text keeps
    /// all that was given: what is missing is written in front of it, and in the place of a `null`.
    pub fn complete(self, now: DateTime<Utc>, mint: impl FnOnce() -> EventId) -> DomainEvent {
        let (mut body, mut event_id) = (self.body, self.event.event_id().clone());
        let mut timestamp = self.event.timestamp();
        if self.lacks_timestamp {
            timestamp = DateTime::from_timestamp_micros(now.timestamp_micros()).unwrap_or(now);
            body = filled(&body, TIMESTAMP, &format_timestamp(timestamp));
        }
        if self.lacks_id {
            event_id = mint();
            body = filled(&body, EVENT_ID, event_id.as_str());
        }
        let (event_type, aggregate_id) =
            (self.event.event_type().to_owned(), self.event.aggregate_id().cloned());
        DomainEvent::from_parts(event_id, event_type, timestamp, aggregate_id, body)
    }
}

/// The text of a JSON object without its line ends, which can only stand between its tokens.
fn on_one_line(text: &str) -> Cow<'_, str> {
    let mut lines = text.split(['\n', '\r']);
    let first = lines.next().unwrap_or_default();
    if first.len() == text.len() {
        return Cow::Borrowed(text);
    }
    let mut line = first.to_owned();
    for next in lines.map(str::trim_start).filter(|next| !next.is_empty()) {
        line.push(' ');
        line.push_str(next);
    }
    Cow::Owned(line)
}

/// The text of an object with that member: in the place of its `null`, or as its first one.
pub(crate) fn filled(object: &str, name: &str, value: &str) -> String {
    let value = serde_json::Value::from(value);
    match RecordedFields::of_json(object).offset(name) {
        Some(null) => format!("{}{value}{}", &object[..null], &object[null + "null".len()..]),
        None => format!("{{\"{name}\": {value}, {}", object.strip_prefix('{').unwrap_or(object)),
    }
}

/// Why a text is not a new event.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidDraft {
    /// It is not an event.
    #[error("expected a new event, as {EXAMPLE}; what came is none{}", shown(*.at))]
    NotAnEvent {
        /// The byte at which the value begins that is wrong, where it is one; a syntax error has its own.
        at: Option<usize>,
        /// What is wrong.
        #[source]
        reason: RecordError,
    },
    /// It has the shape of the legacy log.
    #[error(
        "expected a new event with `event_type`, as {EXAMPLE}; found `type`, which events of the legacy log have: rename `type` to `event_type` and give the task as `aggregate_id` too, or import the log with import-legacy"
    )]
    LegacyShape,
    /// It is an event that is not stored as it is.
    #[error("expected a new event, as {EXAMPLE}")]
    Event(#[source] EventError),
}

impl InvalidDraft {
    fn new(text: &str, reason: RecordError) -> Self {
        let field = match &reason {
            RecordError::BadTimestamp(_) | RecordError::NumberInBuiltInShape { .. } => Some(TIMESTAMP),
            RecordError::NotText { field, .. }
            | RecordError::Empty { field }
            | RecordError::Ambiguous { field } => Some(&**field),
            _ => None,
        };
        Self::NotAnEvent { at: field.and_then(|field| RecordedFields::of_json(text).offset(field)), reason }
    }
}

fn shown(at: Option<usize>) -> String {
    at.map(|at| format!(", by the field at byte {at}")).unwrap_or_default()
}

#[cfg(test)]
mod tests;
