//! An event as it is given to `queue_event`.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::domain::event::format_timestamp;
use crate::domain::event_draft::filled;
use crate::domain::recorded_fields::RecordedFields;
use crate::legacy::path_text;
use crate::wire::local_time::DstPolicy;
use crate::wire::record::{RecordError, RecordReader};
use crate::wire::zone::Zone;

const TASK_EVENT: &str = r#"{"type": "TaskCreated", "task_id": "T123", "timestamp": "2025-10-25T10:00:00"}"#;
const DEFINITION_EVENT: &str = r#"{"definition_id": "file_changed_briefings", "data": {}}"#;

/// An event, by where it goes.
#[derive(Debug, Clone, PartialEq)]
pub enum GivenEvent {
    /// Something has happened to a task: the JSON text of a record of `events.json`.
    OfTask(String),
    /// A definition has happened, as if a watcher had noticed it.
    OfDefinition {
        /// Of the definition.
        definition_id: String,
        /// What is known of it.
        data: Map<String, Value>,
        /// The smallest is handled first.
        priority: Option<i64>,
    },
}

/// Why a text is no event that can be queued.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidLegacyEvent {
    /// It is not one JSON object, or a field of it is not what an import of the legacy log would read.
    #[error("expected an event, as {TASK_EVENT} or {DEFINITION_EVENT}")]
    Record(#[source] RecordError),
    /// It has the shape of the new event system.
    #[error(
        "expected an event with `type`, as {TASK_EVENT}; found `event_type`, which events of the new system have: dispatch it there, or rename `event_type` to `type`"
    )]
    NewShape,
    /// It says neither what has happened to a task nor which definition has happened.
    #[error(
        "expected `type` (of a task event, as {TASK_EVENT}) or `definition_id` (as {DEFINITION_EVENT}), found neither"
    )]
    NoKind,
    /// A field is not what was expected.
    #[error("`{field}`: expected {expected}, found {found}")]
    Field {
        /// Its name.
        field: &'static str,
        /// What was expected.
        expected: &'static str,
        /// The JSON text of what came.
        found: String,
    },
}

impl GivenEvent {
    /// Reads an event. One of a task is what an import of the legacy log accepts, whose naive times are in `zone`; where it has
    /// no timestamp, or `null` there, it gets `now`.
    ///
    /// # Errors
    /// It is no such event; the error names the field, and what was expected.
    pub fn from_json(text: &str, zone: &Zone, now: DateTime<Utc>) -> Result<Self, InvalidLegacyEvent> {
        if let Err(reason @ (RecordError::Syntax(_) | RecordError::Trailing { .. })) = read(text, zone) {
            return Err(InvalidLegacyEvent::Record(reason));
        }
        let fields = RecordedFields::of_json(text);
        if fields.json("definition_id").is_some() {
            return Self::of_definition(&fields);
        }
        if fields.json("type").is_none() {
            let is_new = fields.json("event_type").is_some();
            return Err(if is_new { InvalidLegacyEvent::NewShape } else { InvalidLegacyEvent::NoKind });
        }
        let record = match fields.json("timestamp") {
            Some(_) => text.trim().to_owned(),
            None => filled(text.trim(), "timestamp", &format_timestamp(now)),
        };
        read(&record, zone).map_err(InvalidLegacyEvent::Record)?;
        Ok(Self::OfTask(record))
    }

    fn of_definition(fields: &RecordedFields<'_>) -> Result<Self, InvalidLegacyEvent> {
        let definition_id = match parsed(fields, "definition_id") {
            Some(Value::String(id)) if !id.is_empty() => id,
            _ => return Err(unexpected(fields, "definition_id", "the id of a definition, as text")),
        };
        let data = match parsed(fields, "data") {
            Some(Value::Object(data)) => data,
            None if fields.json("data").is_none() => Map::new(),
            _ => return Err(unexpected(fields, "data", "an object")),
        };
        let priority = match parsed(fields, "priority").map(|priority| priority.as_i64()) {
            Some(Some(priority)) => Some(priority),
            None if fields.json("priority").is_none() => None,
            _ => {
                return Err(unexpected(fields, "priority", "a whole number, of which the smallest is first"));
            }
        };
        Ok(Self::OfDefinition { definition_id, data, priority })
    }
}

/// Reads a record as an import of the legacy log does.
fn read(text: &str, zone: &Zone) -> Result<(), RecordError> {
    RecordReader::new(zone, DstPolicy::Resolve).read_whole(text.as_bytes()).map(drop)
}

/// The value of a field; `None` where there is none, `null`, or something that is no JSON to others, such as `NaN`.
fn parsed(fields: &RecordedFields<'_>, name: &str) -> Option<Value> {
    serde_json::from_slice(&path_text::unescaped(fields.json(name)?.as_bytes())).ok()
}

fn unexpected(
    fields: &RecordedFields<'_>,
    field: &'static str,
    expected: &'static str,
) -> InvalidLegacyEvent {
    InvalidLegacyEvent::Field { field, expected, found: fields.json(field).unwrap_or("null").to_owned() }
}
