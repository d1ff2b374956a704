//! An event as every store holds it: its envelope, and the exact JSON text it was written as.

use std::borrow::Cow;

use chrono::{DateTime, Timelike, Utc};
use thiserror::Error;
use uuid::Uuid;

use super::value_objects::{AggregateId, EventId};
use crate::wire::json::{MemberValue, ObjectScanner, same_value};
use crate::wire::local_time::DstPolicy;
use crate::wire::record::{Record, RecordError, RecordReader, occurrence_id};
use crate::wire::zone::Zone;

/// Something that happened. Immutable.
///
/// The JSON text is the event; id, type, time and aggregate are a view of it. Two events are equal
/// when all of these are, the text byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainEvent {
    event_id: EventId,
    event_type: String,
    timestamp: DateTime<Utc>,
    aggregate_id: Option<AggregateId>,
    body: String,
}

impl DomainEvent {
    /// Reads a live event: one JSON object on one line that carries its `event_id`.
    ///
    /// Naive timestamps are read in `zone`; local times that occur twice or never are refused, since
    /// no other event says which instant is meant.
    pub fn from_json(text: &str, zone: &Zone) -> Result<Self, EventError> {
        let mut reader = RecordReader::new(zone, DstPolicy::Reject);
        let (id, record) = live_record(&mut reader, text)?;
        Ok(Self::from_record(&record, EventId::new(id).map_err(|_| EventError::NoIdentity)?))
    }

    /// The event that a record of a log is, under the given id. It need not be live: see
    /// [`ensure_live`](Self::ensure_live).
    pub fn from_record(record: &Record<'_>, event_id: EventId) -> Self {
        Self::from_parts(
            event_id,
            record.event_type.clone().into_owned(),
            record.occurred_at,
            record.aggregate.as_deref().map(AggregateId::new),
            record.body.to_owned(),
        )
    }

    /// An event whose parts are known to belong together: read from a store, or built from fields.
    pub(crate) fn from_parts(
        event_id: EventId,
        event_type: String,
        timestamp: DateTime<Utc>,
        aggregate_id: Option<AggregateId>,
        body: String,
    ) -> Self {
        Self { event_id, event_type, timestamp, aggregate_id, body }
    }

    /// The identity, unique in a store.
    pub fn event_id(&self) -> &EventId {
        &self.event_id
    }

    /// The type, as `TaskCreated`; any text.
    pub fn event_type(&self) -> &str {
        &self.event_type
    }

    /// When it occurred, in microseconds (floor).
    pub fn timestamp(&self) -> DateTime<Utc> {
        self.timestamp
    }

    /// What it is about, where the log says so.
    pub fn aggregate_id(&self) -> Option<&AggregateId> {
        self.aggregate_id.as_ref()
    }

    /// The exact JSON text.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// The JSON text of the field `metadata`, where there is an object of that name.
    pub fn metadata(&self) -> Option<&str> {
        let mut scanner = ObjectScanner::new();
        scanner.scan(self.body.as_bytes(), 0).ok()?;
        scanner.members().iter().find_map(|member| match member.value {
            MemberValue::Object(span) if member.key.says("metadata", self.body.as_bytes()) => {
                self.body.get(span.start..span.end)
            }
            _ => None,
        })
    }

    /// Whether the texts of both are the same JSON value, however each is written: numbers by their
    /// exact value, strings by their characters, objects in any order of their members.
    pub fn has_content_of(&self, other: &Self) -> bool {
        same_value(&self.body, &other.body)
    }

    /// Checks that the event is one that a store takes from a running system: read back from its
    /// text alone, it is the same event.
    ///
    /// Events of an imported log need not be: their id may be derived, their text may have lines.
    pub fn ensure_live(&self, zone: &Zone) -> Result<(), EventError> {
        self.ensure_live_by(&mut RecordReader::new(zone, DstPolicy::Reject))
    }

    /// The same with a reader that has read others before. It refuses local times that occur twice, so that no event
    /// depends on another.
    pub(crate) fn ensure_live_by(&self, reader: &mut RecordReader<'_>) -> Result<(), EventError> {
        let (id, record) = live_record(reader, &self.body)?;
        let is_same = id == self.event_id.as_str()
            && record.event_type == self.event_type
            && record.occurred_at == self.timestamp
            && record.aggregate.as_deref() == self.aggregate_id().map(AggregateId::as_str)
            && record.body == self.body;
        if is_same { Ok(()) } else { Err(EventError::NotItsText) }
    }
}

/// The record that a live event is, with the id that it carries.
fn live_record<'t>(
    reader: &mut RecordReader<'_>,
    text: &'t str,
) -> Result<(Cow<'t, str>, Record<'t>), EventError> {
    let mut record = reader.read_whole(text.as_bytes()).map_err(|error| match error {
        RecordError::NoTimestamp { .. } => EventError::NoTimestamp,
        error => EventError::Record(error),
    })?;
    let id = record.event_id.take().ok_or(EventError::NoIdentity)?;
    match memchr::memchr2(b'\n', b'\r', record.body.as_bytes()) {
        Some(_) => Err(EventError::NotOneLine),
        None => Ok((id, record)),
    }
}

/// The id of the `occurrence`-th (from 1) of the identical records without id that share a content id.
pub fn derived_event_id(content_id: Uuid, occurrence: u64) -> EventId {
    occurrence_id(content_id, occurrence).into()
}

/// An event's time as this project writes it: RFC 3339 in UTC, `2025-10-25T10:00:00+00:00`, with six
/// digits of fraction where there is one (as Python's `isoformat` does).
pub fn format_timestamp(time: DateTime<Utc>) -> String {
    let format =
        if time.nanosecond() == 0 { "%Y-%m-%dT%H:%M:%S+00:00" } else { "%Y-%m-%dT%H:%M:%S%.6f+00:00" };
    time.format(format).to_string()
}

/// Why a text is not a live event.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EventError {
    /// The text is not an event at all.
    #[error("the text is not an event")]
    Record(#[source] RecordError),
    /// Only imports give an id to an event that has none.
    #[error("the event carries no `event_id`: a running system has to give it one, as a dispatch does")]
    NoIdentity,
    /// Only a dispatch gives a time to an event that has none.
    #[error(
        "the event carries no `timestamp`: write when it occurred, as 2025-10-25T10:00:00+00:00; a dispatch writes the present time"
    )]
    NoTimestamp,
    /// The reference store keeps one event a line.
    #[error("the event's text spans several lines: write it on one")]
    NotOneLine,
    /// Id, type, time or aggregate are not those of the text.
    #[error("the event is not what its text says when it is read in the store's time zone")]
    NotItsText,
}
