//! What an event says, apart from its envelope: the canonical form that is compared.
//!
//! The envelope (id, type, time, aggregate) is compared by rules of its own. Of the rest, the fields
//! that a profile names are kept aside, each on its own, so that they can be left out of a comparison;
//! all others are one canonical object, the base.

use xxhash_rust::xxh3::xxh3_64;

use crate::domain::json::{Canonicalizer, Member, MemberValue, ScanError, Span, Text, Token, Tokens};
use crate::domain::mapping::Mapping;
use crate::domain::record::{Record, RecordReader, Shape};

use super::profile::Profile;

/// Where the fields stand that are kept aside. The first is the `event_id` of a legacy record, which
/// is no identity.
pub(super) const LEGACY_EVENT_ID: usize = 0;

/// Which fields a comparison looks at apart.
#[derive(Debug, Clone)]
pub(super) struct Fields {
    /// The names of the fields that are kept aside.
    pub aside: Vec<String>,
    /// How many of them, behind the first, one side alone may carry; the others are ignored.
    pub one_sided: usize,
    /// The canonical forms of their declared defaults.
    pub defaults: Vec<Option<Vec<u8>>>,
    /// Records that were read through a mapping may lack what is one-sided.
    pub mapped_may_lack: bool,
}

impl Fields {
    /// # Errors
    /// A default that is no JSON value.
    pub fn new(profile: &Profile) -> Result<Self, ScanError> {
        let is_ignored = |field: &str| profile.ignore.iter().any(|rule| rule.field == field);
        let mut aside = vec!["event_id".to_owned()];
        let mut defaults = vec![None];
        for expected in profile.one_sided.iter().filter(|expected| !is_ignored(&expected.field)) {
            aside.push(expected.field.clone());
            let default = expected.default.as_ref();
            defaults
                .push(default.map(|text| crate::domain::json::canonical_form(text.as_bytes())).transpose()?);
        }
        let one_sided = aside.len() - 1;
        aside.extend(profile.ignore.iter().map(|rule| rule.field.clone()));
        let mapped_may_lack = *profile != Profile { ignore: profile.ignore.clone(), ..Profile::default() };
        Ok(Self { aside, one_sided, defaults, mapped_may_lack })
    }

    /// The first ignored field.
    pub fn ignored_from(&self) -> usize {
        1 + self.one_sided
    }
}

/// The content of one record, written into memory that is used again for the next one.
#[derive(Default)]
pub(super) struct Content {
    /// The canonical object of all fields that are not kept aside.
    pub base: Vec<u8>,
    /// The fields that are kept aside, in their order: length (`u32`, `u32::MAX` where it is absent) and canonical form.
    pub aside: Vec<u8>,
    /// Zero where every number and string is in its plain spelling; else a hash of the other ones.
    pub spelling: u64,
    /// The record is of a side that may lack one-sided fields.
    pub bare: bool,
}

/// Makes the content of records.
pub(super) struct ContentReader<'p> {
    fields: &'p Fields,
    /// Top-level names of the envelope in records that are read through a mapping.
    mapped: Vec<String>,
    layouts: Vec<Layout>,
    canonicalizer: Canonicalizer,
    values: Vec<Vec<u8>>,
}

/// The members of records that have the same names in the same order.
struct Layout {
    shape: Shape,
    names: Vec<Box<[u8]>>,
    /// The members that are content, sorted by name.
    content: Vec<Placed>,
}

struct Placed {
    member: usize,
    part: Part,
    /// The canonical form of the name.
    name: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Base,
    Aside(usize),
    /// The second name of the aggregate: content only where it says something else.
    Aggregate,
}

/// More than the kinds of events that a log has by far; beyond it, a layout is worked out anew.
const REMEMBERED_LAYOUTS: usize = 64;

impl<'p> ContentReader<'p> {
    pub fn new(fields: &'p Fields, mapping: &Mapping) -> Self {
        let mapped = match mapping {
            Mapping::BuiltIn => Vec::new(),
            Mapping::Declared(declared) => {
                let paths = [
                    Some(&declared.event_type),
                    Some(&declared.timestamp),
                    declared.event_id.as_ref(),
                    declared.aggregate.as_ref(),
                ];
                let top_level = paths.into_iter().flatten().map(|path| path.names());
                top_level.filter(|names| names.len() == 1).map(|names| names[0].clone()).collect()
            }
        };
        Self {
            fields,
            mapped,
            layouts: Vec::new(),
            canonicalizer: Canonicalizer::default(),
            values: vec![Vec::new(); fields.aside.len()],
        }
    }

    /// Writes the content of the record that `reader` has read last.
    ///
    /// # Errors
    /// None for a record that was scanned.
    pub fn read(
        &mut self,
        record: &Record<'_>,
        reader: &RecordReader<'_>,
        into: &mut Content,
    ) -> Result<(), ScanError> {
        let (members, start) = reader.members();
        let body = Body { text: record.body.as_bytes(), start };
        let at = match self.layouts.iter().position(|known| known.is_of(record.shape, members, body)) {
            Some(0) => 0,
            Some(at) => {
                self.layouts.swap(at, at - 1);
                at - 1
            }
            None => {
                if self.layouts.len() == REMEMBERED_LAYOUTS {
                    self.layouts.pop();
                }
                let layout = self.layout(record.shape, members, body);
                self.layouts.push(layout);
                self.layouts.len() - 1
            }
        };
        into.base.clear();
        into.aside.clear();
        into.spelling = 0;
        into.bare = match record.shape {
            Shape::New => false,
            Shape::Legacy => true,
            Shape::Mapped => self.fields.mapped_may_lack,
        };
        self.values.iter_mut().for_each(Vec::clear);
        into.base.push(b'{');
        for placed in &self.layouts[at].content {
            let value = members[placed.member].value;
            let out = match placed.part {
                Part::Aside(field) => &mut self.values[field],
                Part::Aggregate if is_text(value, body, record.aggregate.as_deref()) => continue,
                Part::Base | Part::Aggregate => {
                    into.base.extend_from_slice(&placed.name);
                    &mut into.base
                }
            };
            into.spelling = into.spelling.wrapping_add(spelling(value, body));
            write_value(value, body, &mut self.canonicalizer, out)?;
        }
        into.base.push(b'}');
        for value in &self.values {
            let length = if value.is_empty() { u32::MAX } else { value.len() as u32 };
            into.aside.extend_from_slice(&length.to_le_bytes());
            into.aside.extend_from_slice(value);
        }
        if !self.layouts[at].is_kept() {
            self.layouts.swap_remove(at);
        }
        Ok(())
    }

    fn layout(&self, shape: Shape, members: &[Member], body: Body<'_>) -> Layout {
        let names: Vec<Box<[u8]>> = members.iter().map(|member| body.name(member.key).into()).collect();
        let mut content: Vec<Placed> = (0..members.len())
            .filter_map(|member| {
                let part = self.part(shape, &names[member])?;
                let mut name = Vec::new();
                write_tagged(b's', &names[member], &mut name);
                Some(Placed { member, part, name })
            })
            .collect();
        // A stable sort: the members of one name stay in the order of the text.
        content.sort_by(|one, other| names[one.member].cmp(&names[other.member]));
        // Only one can be kept aside; where a name stands twice, both are content.
        for at in 1..content.len() {
            if names[content[at].member] == names[content[at - 1].member] {
                content[at].part = Part::Base;
                content[at - 1].part = Part::Base;
            }
        }
        // A layout with an escaped name does not recognise its records, and is not kept.
        let escaped = members.iter().any(|member| member.key.escaped);
        Layout { shape, names: if escaped { Vec::new() } else { names }, content }
    }

    /// `None` for the envelope.
    fn part(&self, shape: Shape, name: &[u8]) -> Option<Part> {
        let aside = |from: usize| {
            let found = self.fields.aside.iter().skip(from).position(|field| field.as_bytes() == name);
            Some(found.map_or(Part::Base, |at| Part::Aside(at + from)))
        };
        match (shape, name) {
            (Shape::New, b"event_id" | b"event_type" | b"timestamp" | b"aggregate_id") => None,
            (Shape::New, b"task_id") => match aside(1) {
                Some(Part::Base) => Some(Part::Aggregate),
                ignored => ignored,
            },
            (Shape::Legacy, b"type" | b"timestamp" | b"task_id") => None,
            (Shape::Legacy, _) => aside(LEGACY_EVENT_ID),
            (Shape::Mapped, name) if self.mapped.iter().any(|field| field.as_bytes() == name) => None,
            (Shape::New | Shape::Mapped, _) => aside(1),
        }
    }
}

/// A record's text, and where it began in the text that the spans of its members are of.
#[derive(Clone, Copy)]
struct Body<'t> {
    text: &'t [u8],
    start: usize,
}

impl<'t> Body<'t> {
    fn span(self, span: Span) -> Span {
        Span { start: span.start - self.start, end: span.end - self.start }
    }

    fn of(self, span: Span) -> &'t [u8] {
        self.span(span).of(self.text)
    }

    fn text(self, text: Text) -> Text {
        Text { span: self.span(text.span), ..text }
    }

    fn name(self, key: Text) -> Vec<u8> {
        let mut name = Vec::new();
        self.text(key).decode_into(self.text, &mut name);
        name
    }
}

impl Layout {
    #[inline]
    fn is_of(&self, shape: Shape, members: &[Member], body: Body<'_>) -> bool {
        self.shape == shape
            && self.names.len() == members.len()
            && self
                .names
                .iter()
                .zip(members)
                .all(|(name, member)| !member.key.escaped && body.of(member.key.span) == &**name)
    }

    fn is_kept(&self) -> bool {
        !self.names.is_empty()
    }
}

fn is_text(value: MemberValue, body: Body<'_>, text: Option<&str>) -> bool {
    match (value, text) {
        (MemberValue::String(value), Some(text)) if !value.escaped => body.of(value.span) == text.as_bytes(),
        (MemberValue::String(value), Some(text)) => {
            body.text(value).decode(body.text).is_some_and(|value| value == text)
        }
        _ => false,
    }
}

fn write_tagged(tag: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(tag);
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = bytes.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
    out.push(b':');
    out.extend_from_slice(bytes);
}

/// Writes the canonical form of a value; the frequent kinds without the canonicalizer.
fn write_value(
    value: MemberValue,
    body: Body<'_>,
    canonicalizer: &mut Canonicalizer,
    out: &mut Vec<u8>,
) -> Result<(), ScanError> {
    let span = match value {
        MemberValue::Null => {
            out.push(b'n');
            return Ok(());
        }
        MemberValue::Boolean(value) => {
            out.push(if value { b't' } else { b'f' });
            return Ok(());
        }
        MemberValue::String(text) if !text.escaped => {
            write_tagged(b's', body.of(text.span), out);
            return Ok(());
        }
        MemberValue::String(text) => Span { start: text.span.start - 1, end: text.span.end + 1 },
        MemberValue::Object(span) if span.end - span.start == 2 => {
            out.extend_from_slice(b"{}");
            return Ok(());
        }
        MemberValue::Number(span)
        | MemberValue::NonFinite(span)
        | MemberValue::Array(span)
        | MemberValue::Object(span) => span,
    };
    out.extend_from_slice(canonicalizer.form(body.of(span))?);
    Ok(())
}

/// Zero for a plain spelling: no escape in a string, digits alone in a number. Otherwise a sum of
/// hashes, which does not depend on the order of members.
fn spelling(value: MemberValue, body: Body<'_>) -> u64 {
    match value {
        MemberValue::String(text) if text.escaped => xxh3_64(body.of(text.span)),
        MemberValue::Number(span) => number_spelling(body.of(span)),
        MemberValue::Array(span) | MemberValue::Object(span) => {
            let text = body.of(span);
            if !text.iter().any(|byte| matches!(byte, b'\\' | b'0'..=b'9')) {
                return 0;
            }
            let mut tokens = Tokens::new(text, 0);
            let mut sum = 0_u64;
            while let Ok(Some(token)) = tokens.next_token() {
                sum = sum.wrapping_add(match token {
                    Token::Key(text_) | Token::String(text_) if text_.escaped => xxh3_64(text_.span.of(text)),
                    Token::Number(span) => number_spelling(span.of(text)),
                    _ => 0,
                });
            }
            sum
        }
        _ => 0,
    }
}

fn number_spelling(token: &[u8]) -> u64 {
    let is_plain = token.iter().all(u8::is_ascii_digit)
        || (token.len() > 1 && token[1..].iter().all(u8::is_ascii_digit) && token != b"-0");
    if is_plain { 0 } else { xxh3_64(token) }
}
