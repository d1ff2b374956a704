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

/// The names of the envelope's fields in one shape.
struct Fields {
    shape: Shape,
    event_id: Option<&'static str>,
    event_type: &'static str,
    aggregate: &'static str,
}

const NEW: Fields = Fields {
    shape: Shape::New,
    event_id: Some("event_id"),
    event_type: "event_type",
    aggregate: "aggregate_id",
};
const LEGACY: Fields =
    Fields { shape: Shape::Legacy, event_id: None, event_type: "type", aggregate: "task_id" };
const TIMESTAMP: &str = "timestamp";

impl<'t> Envelope<'t> {
    /// The envelope of a record in one of the two shapes, from its members.
    #[inline]
    pub fn built_in(text: &'t [u8], members: &[Member]) -> Result<Self, RecordError> {
        let members = Members { text, members };
        let fields = match (members.find(NEW.event_type)?, members.find(LEGACY.event_type)?) {
            (Some(_), _) => NEW,
            (None, Some(_)) => LEGACY,
            (None, None) => return Err(RecordError::NoType),
        };
        let event_type = members.text_of(fields.event_type)?.ok_or(RecordError::NoType)?;
        if event_type.is_empty() {
            return Err(RecordError::Empty { field: fields.event_type.into() });
        }
        let event_id = match fields.event_id {
            Some(field) => members.text_of(field)?,
            None => None,
        };
        if event_id.as_deref() == Some("") {
            return Err(RecordError::Empty { field: "event_id".into() });
        }
        let aggregate = members.text_of(fields.aggregate)?;
        let written_at = members.time()?;
        Ok(Self { shape: fields.shape, event_id, event_type, aggregate, written_at })
    }
}

/// The members of a record, by their names.
struct Members<'t, 's> {
    text: &'t [u8],
    members: &'s [Member],
}

impl<'t> Members<'t, '_> {
    /// The one member of that name; `null` counts as absent.
    fn find(&self, field: &'static str) -> Result<Option<MemberValue>, RecordError> {
        let mut found = None;
        for member in self.members.iter().filter(|member| is_named(self.text, member.key, field)) {
            if found.replace(member.value).is_some() {
                return Err(RecordError::Ambiguous { field: field.into() });
            }
        }
        Ok(found.filter(|value| *value != MemberValue::Null))
    }

    fn text_of(&self, field: &'static str) -> Result<Option<Cow<'t, str>>, RecordError> {
        match self.find(field)? {
            None => Ok(None),
            Some(value) => text_of(self.text, value, || field.into()),
        }
    }

    fn time(&self) -> Result<WrittenTimestamp, RecordError> {
        match self.find(TIMESTAMP)? {
            Some(MemberValue::Number(_)) => {
                Err(RecordError::NotText { field: TIMESTAMP.into(), found: "a number" })
            }
            _ => {
                let text =
                    self.text_of(TIMESTAMP)?.ok_or(RecordError::NoTimestamp { field: TIMESTAMP.into() })?;
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
