//! The envelope of a record whose fields a mapping declares.
//!
//! The members of the record are at hand when it has been scanned. Only the objects that a path leads
//! into are walked once more, each by the tokenizer, once for all paths, and without recursion.

use std::borrow::Cow;

use super::envelope::{Envelope, Scanned, Shape, is_named, text_of};
use super::error::RecordError;
use crate::wire::json::{Member, MemberValue, Span, Text, Token, Tokens};
use crate::wire::mapping::{DeclaredMapping, FieldPath};
use crate::wire::timestamp::WrittenTimestamp;
use crate::wire::unix_time::{self, TimestampUnit};

const EVENT_TYPE: usize = 0;
const TIMESTAMP: usize = 1;
const EVENT_ID: usize = 2;
const AGGREGATE: usize = 3;
const PATHS: usize = 4;

/// The fields that a mapping names.
pub(super) struct MappedFields {
    paths: [Option<FieldPath>; PATHS],
    unit: TimestampUnit,
}

impl MappedFields {
    pub fn new(mapping: &DeclaredMapping) -> Self {
        let paths = [
            Some(mapping.event_type.clone()),
            Some(mapping.timestamp.clone()),
            mapping.event_id.clone(),
            mapping.aggregate.clone(),
        ];
        Self { paths, unit: mapping.timestamp_unit }
    }

    pub fn envelope<'t>(&self, object: Scanned<'t>, members: &[Member]) -> Result<Envelope<'t>, RecordError> {
        let mut values = Values { fields: self, object, found: [None; PATHS], reached: [0; PATHS] };
        for member in members {
            values.take_member(member)?;
        }
        let event_type = values
            .text_of(EVENT_TYPE)?
            .ok_or_else(|| RecordError::NoMappedType { field: self.field(EVENT_TYPE) })?;
        let event_id = values.text_of(EVENT_ID)?;
        for (which, text) in [(EVENT_TYPE, Some(&event_type)), (EVENT_ID, event_id.as_ref())] {
            if text.is_some_and(|text| text.is_empty()) {
                return Err(RecordError::Empty { field: self.field(which) });
            }
        }
        Ok(Envelope {
            shape: Shape::Mapped,
            event_id,
            event_type,
            aggregate: values.text_of(AGGREGATE)?,
            written_at: values.time()?,
        })
    }

    fn names(&self, which: usize) -> &[String] {
        self.paths[which].as_ref().map_or(&[], FieldPath::names)
    }

    fn field(&self, which: usize) -> Cow<'static, str> {
        self.paths[which].as_ref().map(FieldPath::to_string).unwrap_or_default().into()
    }
}

/// What the paths of a mapping lead to in one record.
struct Values<'t, 'm> {
    fields: &'m MappedFields,
    object: Scanned<'t>,
    found: [Option<MemberValue>; PATHS],
    /// How many names of each path were found: the next one to be found is further in. The same one
    /// again would be a second way to the same field.
    reached: [usize; PATHS],
}

impl<'t> Values<'t, '_> {
    fn take_member(&mut self, member: &Member) -> Result<(), RecordError> {
        let mut matched = [0; PATHS];
        let mut leads_further = false;
        for (which, matched) in matched.iter_mut().enumerate() {
            if self.match_name(which, 0, member.key)? {
                *matched = 1;
                if self.fields.names(which).len() == 1 {
                    self.found[which] = Some(member.value);
                } else {
                    leads_further = true;
                }
            }
        }
        match member.value {
            MemberValue::Object(span) if leads_further => self.walk(span, matched),
            _ => Ok(()),
        }
    }

    /// Walks an object of the record. `matched` says how many names of each path lead to the place
    /// where the walk is.
    fn walk(&mut self, object: Span, mut matched: [usize; PATHS]) -> Result<(), RecordError> {
        let mut tokens = Tokens::new(self.object.text, object.start);
        let mut awaited = [false; PATHS];
        while let Some(token) = tokens.next_token()? {
            // A key at this depth is the name at this index of a path.
            let depth = tokens.depth();
            let value = match token {
                Token::Key(key) => {
                    for (which, matched) in matched.iter_mut().enumerate() {
                        if *matched < depth || self.fields.names(which).len() <= depth {
                            continue;
                        }
                        *matched = depth;
                        if self.match_name(which, depth, key)? {
                            *matched = depth + 1;
                            awaited[which] = self.fields.names(which).len() == depth + 1;
                        }
                    }
                    continue;
                }
                Token::ObjectStart => self.container(&mut awaited, "an object").map(|()| None)?,
                Token::ArrayStart => self.container(&mut awaited, "an array").map(|()| None)?,
                Token::ObjectEnd | Token::ArrayEnd => None,
                Token::String(text) => Some(MemberValue::String(text)),
                Token::Number(span) => Some(MemberValue::Number(span)),
                Token::NonFinite(span) => Some(MemberValue::NonFinite(span)),
                Token::True => Some(MemberValue::Boolean(true)),
                Token::False => Some(MemberValue::Boolean(false)),
                Token::Null => Some(MemberValue::Null),
            };
            if let Some(value) = value {
                for (found, awaited) in self.found.iter_mut().zip(&mut awaited) {
                    if std::mem::take(awaited) {
                        *found = Some(value);
                    }
                }
            }
        }
        Ok(())
    }

    /// Takes a key: whether it is the name at `index` of a path whose names before it lead here.
    fn match_name(&mut self, which: usize, index: usize, key: Text) -> Result<bool, RecordError> {
        let names = self.fields.names(which);
        if !names.get(index).is_some_and(|name| is_named(self.object.text, key, name)) {
            return Ok(false);
        }
        if self.reached[which] > index {
            return Err(RecordError::Ambiguous { field: names[..=index].join(".").into() });
        }
        self.reached[which] = index + 1;
        Ok(true)
    }

    fn container(&self, awaited: &mut [bool; PATHS], found: &'static str) -> Result<(), RecordError> {
        match awaited.iter().position(|is_awaited| *is_awaited) {
            Some(which) => Err(RecordError::NotText { field: self.fields.field(which), found }),
            None => Ok(()),
        }
    }

    fn text_of(&self, which: usize) -> Result<Option<Cow<'t, str>>, RecordError> {
        match self.found[which] {
            None => Ok(None),
            Some(value) => text_of(self.object, value, || self.fields.field(which)),
        }
    }

    fn time(&self) -> Result<WrittenTimestamp, RecordError> {
        let field = || self.fields.field(TIMESTAMP);
        let unit = self.fields.unit;
        let value = self.found[TIMESTAMP].unwrap_or(MemberValue::Null);
        match (value, unit) {
            (MemberValue::Number(_), TimestampUnit::Iso) => {
                return Err(RecordError::NumberWithoutUnit { field: field() });
            }
            (MemberValue::Boolean(_), _) => {
                return Err(RecordError::NotText { field: field(), found: "a boolean" });
            }
            _ => {}
        }
        let text =
            text_of(self.object, value, field)?.ok_or_else(|| RecordError::NoTimestamp { field: field() })?;
        match unit {
            TimestampUnit::Iso => WrittenTimestamp::parse(&text).map_err(RecordError::BadTimestamp),
            unit => unix_time::parse(&text, unit).map_err(RecordError::BadUnixTime),
        }
    }
}

#[cfg(test)]
mod tests;
