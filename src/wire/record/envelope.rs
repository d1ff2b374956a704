//! The envelope of an event: id, type, time, aggregate; and the two built-in shapes.

use std::borrow::Cow;

use super::error::RecordError;
use crate::wire::json::{Member, MemberValue, Span, Text};
use crate::wire::timestamp::{LastDate, WrittenTimestamp};

/// What a record was recognised by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `event_id`, `event_type`, `timestamp`, `aggregate_id`.
    New,
    /// `type`, `timestamp`, `task_id`; no identity, even where a field `event_id` stands.
    Legacy,
    /// The fields that a declared mapping names: another system's record.
    Mapped,
}

/// An object that was scanned, in the text that its spans are of.
#[derive(Clone, Copy)]
pub(super) struct Scanned<'t> {
    pub text: &'t [u8],
    /// The object, from `{` to `}`.
    pub body: &'t str,
    /// Where it begins.
    pub start: usize,
}

impl<'t> Scanned<'t> {
    /// The characters of a span within the object, which were found to be UTF-8 with it.
    #[inline]
    fn of(self, span: Span) -> Option<&'t str> {
        let Span { start, end } = span.moved_back(self.start);
        self.body.get(start..end)
    }

    /// As [`Text::decode`].
    #[inline]
    fn decode(self, text: Text) -> Option<Cow<'t, str>> {
        if text.escaped { text.decode(self.text) } else { self.of(text.span).map(Cow::Borrowed) }
    }
}

/// What is looked at of a record.
pub(super) struct Envelope<'t> {
    pub shape: Shape,
    pub event_id: Option<Cow<'t, str>>,
    pub event_type: Cow<'t, str>,
    pub aggregate: Option<Cow<'t, str>>,
    pub written_at: WrittenTimestamp,
}

/// The fields of both shapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    EventId,
    EventType,
    AggregateId,
    Type,
    TaskId,
    Timestamp,
}

const FIELDS: usize = 6;

impl Field {
    fn named(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"event_id" => Self::EventId,
            b"event_type" => Self::EventType,
            b"aggregate_id" => Self::AggregateId,
            b"type" => Self::Type,
            b"task_id" => Self::TaskId,
            b"timestamp" => Self::Timestamp,
            _ => return None,
        })
    }

    const fn name(self) -> &'static str {
        match self {
            Self::EventId => "event_id",
            Self::EventType => "event_type",
            Self::AggregateId => "aggregate_id",
            Self::Type => "type",
            Self::TaskId => "task_id",
            Self::Timestamp => "timestamp",
        }
    }
}

/// Where the fields of both shapes are among the values of a record.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Slots([Slot; FIELDS]);

#[derive(Debug, Clone, Copy, Default)]
enum Slot {
    #[default]
    Absent,
    At(usize),
    /// No scalar. Of several records, this is the value of one.
    Container(MemberValue),
    Twice,
}

impl Slots {
    /// Among the members.
    pub fn of(text: &[u8], members: &[Member]) -> Self {
        let mut slots = Self::default();
        for (at, member) in members.iter().enumerate() {
            let field = match member.key {
                key if key.escaped => key.decode(text).and_then(|name| Field::named(name.as_bytes())),
                key => Field::named(key.span.of(text)),
            };
            if let Some(field) = field {
                let slot = &mut slots.0[field as usize];
                *slot = if let Slot::Absent = slot { Slot::At(at) } else { Slot::Twice };
            }
        }
        slots
    }

    /// The same among the scalar values at any depth: `numbers` says which one each member has.
    pub fn among_scalars(self, members: &[Member], numbers: &[Option<usize>]) -> Self {
        Self(self.0.map(|slot| match slot {
            Slot::At(at) => numbers[at].map_or(Slot::Container(members[at].value), Slot::At),
            slot => slot,
        }))
    }
}

/// The values that slots are of.
#[derive(Clone, Copy)]
pub(super) enum Values<'s> {
    Members(&'s [Member]),
    Scalars(&'s [MemberValue]),
}

impl Values<'_> {
    #[inline]
    fn at(self, at: usize) -> MemberValue {
        match self {
            Self::Members(members) => members[at].value,
            Self::Scalars(scalars) => scalars[at],
        }
    }
}

impl<'t> Envelope<'t> {
    /// The envelope of a record in one of the two shapes whose fields are what they mostly are: texts
    /// without an escape, and none of them empty. `None` where they are anything else: then, and to the same
    /// answers here, [`built_in`](Self::built_in) tells.
    #[inline]
    pub fn plain(
        object: Scanned<'t>,
        scalars: &[MemberValue],
        slots: &Slots,
        last_date: &mut LastDate,
    ) -> Option<Self> {
        let text_of = |field: Field| match slots.0[field as usize] {
            Slot::At(at) => match scalars[at] {
                MemberValue::String(text) if !text.escaped => {
                    object.of(text.span).filter(|it| !it.is_empty())
                }
                _ => None,
            },
            _ => None,
        };
        let is_absent = |field: Field| matches!(slots.0[field as usize], Slot::Absent);
        let (shape, event_type, event_id, aggregate) = if is_absent(Field::Type) {
            let event_id = Some(Cow::Borrowed(text_of(Field::EventId)?));
            (Shape::New, text_of(Field::EventType)?, event_id, text_of(Field::AggregateId)?)
        } else if is_absent(Field::EventType) {
            (Shape::Legacy, text_of(Field::Type)?, None, text_of(Field::TaskId)?)
        } else {
            return None;
        };
        let written_at = WrittenTimestamp::parse_after(last_date, text_of(Field::Timestamp)?).ok()?;
        let (event_type, aggregate) = (Cow::Borrowed(event_type), Some(Cow::Borrowed(aggregate)));
        Some(Self { shape, event_id, event_type, aggregate, written_at })
    }

    /// The envelope of a record in one of the two shapes, from its values.
    pub fn built_in(object: Scanned<'t>, values: Values<'_>, slots: &Slots) -> Result<Self, RecordError> {
        let members = Members { object, values, slots };
        let is_new = members.find(Field::EventType)?.is_some();
        let is_legacy = members.find(Field::Type)?.is_some();
        let (shape, event_type, aggregate) = match (is_new, is_legacy) {
            (true, _) => (Shape::New, Field::EventType, Field::AggregateId),
            (false, true) => (Shape::Legacy, Field::Type, Field::TaskId),
            (false, false) => return Err(RecordError::NoType),
        };
        let field = event_type.name();
        let event_type = members.text_of(event_type)?.ok_or(RecordError::NoType)?;
        if event_type.is_empty() {
            return Err(RecordError::Empty { field: field.into() });
        }
        let event_id = match shape {
            Shape::New => members.text_of(Field::EventId)?,
            _ => None,
        };
        if event_id.as_deref() == Some("") {
            return Err(RecordError::Empty { field: Field::EventId.name().into() });
        }
        let aggregate = members.text_of(aggregate)?;
        let written_at = members.time(shape)?;
        Ok(Self { shape, event_id, event_type, aggregate, written_at })
    }
}

/// The members of a record, by their fields.
struct Members<'t, 's> {
    object: Scanned<'t>,
    values: Values<'s>,
    slots: &'s Slots,
}

impl<'t> Members<'t, '_> {
    /// The one member of that field; `null` counts as absent.
    #[inline]
    fn find(&self, field: Field) -> Result<Option<MemberValue>, RecordError> {
        match self.slots.0[field as usize] {
            Slot::Absent => Ok(None),
            Slot::Twice => Err(RecordError::Ambiguous { field: field.name().into() }),
            Slot::At(at) => Ok(Some(self.values.at(at)).filter(|value| !matches!(value, MemberValue::Null))),
            Slot::Container(value) => Ok(Some(value)),
        }
    }

    #[inline]
    fn text_of(&self, field: Field) -> Result<Option<Cow<'t, str>>, RecordError> {
        match self.find(field)? {
            None => Ok(None),
            Some(value) => text_of(self.object, value, || field.name().into()),
        }
    }

    fn time(&self, shape: Shape) -> Result<WrittenTimestamp, RecordError> {
        let field = Field::Timestamp;
        match self.find(field)? {
            Some(MemberValue::Number(_)) => {
                Err(RecordError::NumberInBuiltInShape { mapping: mapping_of(shape) })
            }
            _ => {
                let text =
                    self.text_of(field)?.ok_or(RecordError::NoTimestamp { field: field.name().into() })?;
                WrittenTimestamp::parse(&text).map_err(RecordError::BadTimestamp)
            }
        }
    }
}

/// The flags of the mapping that reads the same fields as a built-in shape.
fn mapping_of(shape: Shape) -> &'static str {
    match shape {
        Shape::New => "--event-type event_type --event-id event_id --aggregate aggregate_id",
        Shape::Legacy | Shape::Mapped => "--event-type type --event-id none --aggregate task_id",
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
pub(super) fn text_of<'t>(
    object: Scanned<'t>,
    value: MemberValue,
    field: impl FnOnce() -> Cow<'static, str>,
) -> Result<Option<Cow<'t, str>>, RecordError> {
    let found = match value {
        MemberValue::Null => return Ok(None),
        MemberValue::Number(span) => return Ok(object.of(span).map(Cow::Borrowed)),
        MemberValue::Boolean(value) => return Ok(Some(Cow::Borrowed(if value { "true" } else { "false" }))),
        MemberValue::String(value) => match object.decode(value) {
            Some(decoded) => return Ok(Some(decoded)),
            None => "a lone surrogate, which no text can hold",
        },
        MemberValue::NonFinite(_) => "NaN or an infinity",
        MemberValue::Array(_) => "an array",
        MemberValue::Object(_) => "an object",
    };
    Err(RecordError::NotText { field: field(), found })
}
