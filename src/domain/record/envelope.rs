//! The envelope of an event: id, type, time, aggregate; and the two built-in shapes.

use std::borrow::Cow;

use super::{RecordError, Shape};
use crate::domain::json::{Member, MemberValue, Text};
use crate::domain::timestamp::WrittenTimestamp;

/// What is looked at of a record.
pub(super) struct Envelope<'t> {
    pub shape: Shape,
    pub event_id: Option<Cow<'t, str>>,
    pub event_type: Cow<'t, str>,
    pub aggregate: Option<Cow<'t, str>>,
    pub written_at: WrittenTimestamp,
}

/// A field that the two shapes know.
#[derive(Debug, Clone, Copy)]
enum Field {
    EventId,
    EventType,
    AggregateId,
    Timestamp,
    Type,
    TaskId,
}

const FIELDS: usize = 6;

impl Field {
    fn named(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"event_id" => Self::EventId,
            b"event_type" => Self::EventType,
            b"aggregate_id" => Self::AggregateId,
            b"timestamp" => Self::Timestamp,
            b"type" => Self::Type,
            b"task_id" => Self::TaskId,
            _ => return None,
        })
    }

    const fn name(self) -> &'static str {
        match self {
            Self::EventId => "event_id",
            Self::EventType => "event_type",
            Self::AggregateId => "aggregate_id",
            Self::Timestamp => "timestamp",
            Self::Type => "type",
            Self::TaskId => "task_id",
        }
    }
}

/// The fields of the envelope in one shape.
struct Fields {
    shape: Shape,
    event_id: Option<Field>,
    event_type: Field,
    aggregate: Field,
}

const NEW: Fields = Fields {
    shape: Shape::New,
    event_id: Some(Field::EventId),
    event_type: Field::EventType,
    aggregate: Field::AggregateId,
};
const LEGACY: Fields =
    Fields { shape: Shape::Legacy, event_id: None, event_type: Field::Type, aggregate: Field::TaskId };

impl<'t> Envelope<'t> {
    /// The envelope of a record in one of the two shapes, from its members.
    #[inline]
    pub fn built_in(text: &'t [u8], members: &[Member]) -> Result<Self, RecordError> {
        let members = Members::of(text, members);
        let fields = match (members.find(NEW.event_type)?, members.find(LEGACY.event_type)?) {
            (Some(_), _) => NEW,
            (None, Some(_)) => LEGACY,
            (None, None) => return Err(RecordError::NoType),
        };
        let event_type = members.text_of(fields.event_type)?.ok_or(RecordError::NoType)?;
        if event_type.is_empty() {
            return Err(RecordError::Empty { field: fields.event_type.name().into() });
        }
        let event_id = match fields.event_id {
            Some(field) => members.text_of(field)?,
            None => None,
        };
        if event_id.as_deref() == Some("") {
            return Err(RecordError::Empty { field: Field::EventId.name().into() });
        }
        let aggregate = members.text_of(fields.aggregate)?;
        let written_at = members.time()?;
        Ok(Self { shape: fields.shape, event_id, event_type, aggregate, written_at })
    }
}

/// What stands in a record under the names of the fields.
struct Members<'t> {
    text: &'t [u8],
    found: [Option<MemberValue>; FIELDS],
    twice: [bool; FIELDS],
}

impl<'t> Members<'t> {
    fn of(text: &'t [u8], members: &[Member]) -> Self {
        let mut all = Self { text, found: [None; FIELDS], twice: [false; FIELDS] };
        for member in members {
            let field = match member.key {
                key if !key.escaped => Field::named(key.span.of(text)),
                key => key.decode(text).and_then(|name| Field::named(name.as_bytes())),
            };
            if let Some(field) = field {
                all.twice[field as usize] |= all.found[field as usize].replace(member.value).is_some();
            }
        }
        all
    }

    /// The one member of that name; `null` counts as absent.
    fn find(&self, field: Field) -> Result<Option<MemberValue>, RecordError> {
        if self.twice[field as usize] {
            return Err(RecordError::Ambiguous { field: field.name().into() });
        }
        Ok(self.found[field as usize].filter(|value| *value != MemberValue::Null))
    }

    fn text_of(&self, field: Field) -> Result<Option<Cow<'t, str>>, RecordError> {
        match self.find(field)? {
            None => Ok(None),
            Some(value) => text_of(self.text, value, || field.name().into()),
        }
    }

    fn time(&self) -> Result<WrittenTimestamp, RecordError> {
        let field = Field::Timestamp;
        match self.find(field)? {
            Some(MemberValue::Number(_)) => {
                Err(RecordError::NotText { field: field.name().into(), found: "a number" })
            }
            _ => {
                let text = self
                    .text_of(field)?
                    .ok_or_else(|| RecordError::NoTimestamp { field: field.name().into() })?;
                WrittenTimestamp::parse(&text).map_err(RecordError::BadTimestamp)
            }
        }
    }
}

pub(super) fn is_named(text: &[u8], key: Text, name: &str) -> bool {
    if key.escaped {
        key.decode(text).is_some_and(|key| key == name)
    } else {
        key.span.of(text) == name.as_bytes()
    }
}

/// The text of a value; numbers and booleans are taken as they are spelled, and `null` is none.
#[inline]
pub(super) fn text_of(
    text: &[u8],
    value: MemberValue,
    field: impl FnOnce() -> Cow<'static, str>,
) -> Result<Option<Cow<'_, str>>, RecordError> {
    let found = match value {
        MemberValue::Null => return Ok(None),
        MemberValue::Number(span) => return Ok(Some(String::from_utf8_lossy(span.of(text)))),
        MemberValue::Boolean(value) => return Ok(Some(Cow::Borrowed(if value { "true" } else { "false" }))),
        MemberValue::String(value) => match value.decode(text) {
            Some(decoded) => return Ok(Some(decoded)),
            None => "a lone surrogate, which no text can hold",
        },
        MemberValue::NonFinite(_) => "NaN or an infinity",
        MemberValue::Array(_) => "an array",
        MemberValue::Object(_) => "an object",
    };
    Err(RecordError::NotText { field: field(), found })
}
