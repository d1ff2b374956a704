//! A record: one object, its top-level members as spans, and what is unusual about it.

use std::cell::{Cell, OnceCell};
use std::collections::HashSet;

use xxhash_rust::xxh3::xxh3_64;

use super::error::{ScanError, unexpected};
use super::member::{Member, MemberValue};
use super::shape_cache::{Place, Recognised, ShapeId, ShapeTrie};
use super::span::Span;
use super::text::Text;
use super::tokens::{Token, Tokens};

/// What is known of an object once it was scanned whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScannedObject {
    /// From `{` to `}`; valid UTF-8.
    pub span: Span,
    /// `NaN` or an infinity stands in it, at any depth.
    pub non_finite: bool,
    /// Half of a surrogate pair stands in it, at any depth.
    pub lone_surrogate: bool,
    /// An object of it, at any depth, has the same name twice.
    pub duplicate_key: bool,
    /// It has more than a [limited](ObjectScanner::limited) scanner holds: of what. Not all members are known then.
    pub excess: Option<Excess>,
}

/// What an object has more of than a record may have. Its extent is known all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excess {
    /// Containers that are open at one place.
    Depth,
    /// Names.
    Names,
    /// Values.
    Values,
}

/// How deep a record may be nested, itself included.
pub const MOST_DEPTH: usize = 10_000;
/// How many names the objects of a record may have together.
pub const MOST_NAMES: usize = 1 << 18;
/// How many values a record may have, itself, containers and elements of lists included.
pub const MOST_VALUES: usize = 1 << 20;

/// Scans objects, keeping its memory from one to the next.
#[derive(Default)]
pub struct ObjectScanner {
    /// Those of an object whose shape was known are made only where they are asked for.
    members: OnceCell<Vec<Member>>,
    /// Memory for the next ones.
    spare: Cell<Vec<Member>>,
    /// The scalar values of an object whose shape was known, at any depth.
    scalars: Vec<MemberValue>,
    /// The shape of the last object, where it was known, and where the object ends.
    shape: Option<(ShapeId, usize)>,
    /// Of the objects before this one; many scanners are made for one object alone.
    shapes: Option<ShapeTrie>,
    open: Vec<bool>,
    keys: Keys,
    is_limited: bool,
}

impl ObjectScanner {
    /// A scanner.
    pub fn new() -> Self {
        Self::default()
    }

    /// A scanner that holds no more members of an object in memory than a record may have: what has more says so.
    pub fn limited() -> Self {
        Self { is_limited: true, ..Self::default() }
    }

    /// Scans the object at `start`, which may have white space before it. What follows the object
    /// is not looked at. On success `members` holds its members.
    pub fn scan(&mut self, text: &[u8], start: usize) -> Result<ScannedObject, ScanError> {
        self.scan_text(text, start).map(|(object, _)| object)
    }

    /// As [`scan`](Self::scan), of an object that is stored: it may have more than is read of a log, and all of its
    /// members are held in memory.
    pub fn scan_stored(&mut self, text: &[u8], start: usize) -> Result<ScannedObject, ScanError> {
        let is_limited = std::mem::take(&mut self.is_limited);
        let scanned = self.scan(text, start);
        self.is_limited = is_limited;
        scanned
    }

    /// As [`scan`](Self::scan), with the text of the object.
    pub fn scan_text<'t>(
        &mut self,
        text: &'t [u8],
        start: usize,
    ) -> Result<(ScannedObject, &'t str), ScanError> {
        let object = self.extent(text, start)?;
        utf8(text, object.span).map(|body| (object, body))
    }

    /// As [`scan`](Self::scan), but whether the object is UTF-8 is not looked at: its structure is known
    /// without.
    pub fn extent(&mut self, text: &[u8], start: usize) -> Result<ScannedObject, ScanError> {
        let blanks = text[start.min(text.len())..].iter().take_while(|byte| is_blank(**byte));
        let start = start + blanks.count();
        self.forget();
        if text.get(start) != Some(&b'{') {
            return Err(unexpected(text, start, "an object"));
        }
        if let Some(object) = self.recognise(text, start) {
            return Ok(object);
        }
        let mut tokens = Tokens::with_stack(text, start, std::mem::take(&mut self.open));
        let scanned = self.scan_tokens(text, start, &mut tokens);
        self.open = tokens.into_stack();
        let object = scanned?;
        match &mut self.shapes {
            Some(_) if object.duplicate_key || object.excess.is_some() => {}
            Some(shapes) => shapes.remember(text, start),
            None => self.shapes = Some(ShapeTrie::default()),
        }
        Ok(object)
    }

    /// The members of the last object, in the order of the text.
    pub fn members(&self) -> &[Member] {
        self.members.get_or_init(|| {
            let mut members = self.spare.take();
            self.places(|key, place| {
                let value = match place {
                    Place::Scalar(number) => self.scalars[number],
                    Place::Container(value) => value,
                };
                members.push(Member { key, value });
            });
            members
        })
    }

    /// The shape of the last object, where it is one that was remembered, and the object's scalar
    /// values at any depth, in the order of the text.
    pub fn shape(&self) -> Option<(ShapeId, &[MemberValue])> {
        self.shape.map(|(shape, _)| (shape, &*self.scalars))
    }

    /// Of each member of the last object, the number of its scalar value among those of
    /// [`shape`](Self::shape), or `None` where it is a container. Empty where the shape was not known.
    pub fn scalar_numbers(&self) -> Vec<Option<usize>> {
        let mut numbers = Vec::new();
        self.places(|_, place| {
            numbers.push(match place {
                Place::Scalar(number) => Some(number),
                Place::Container(_) => None,
            });
        });
        numbers
    }

    fn places(&self, take: impl FnMut(Text, Place)) {
        if let (Some((shape, end)), Some(shapes)) = (self.shape, &self.shapes) {
            shapes.members(shape, &self.scalars, end, take);
        }
    }

    /// Forgets the object before.
    fn forget(&mut self) {
        if let Some(mut members) = self.members.take() {
            members.clear();
            self.spare.set(members);
        }
        self.scalars.clear();
        self.shape = None;
    }

    fn recognise(&mut self, text: &[u8], start: usize) -> Option<ScannedObject> {
        let Recognised { shape, end, non_finite, lone_surrogate } =
            self.shapes.as_mut()?.recognise(text, start, &mut self.scalars)?;
        self.shape = Some((shape, end));
        let span = Span { start, end };
        Some(ScannedObject { span, non_finite, lone_surrogate, duplicate_key: false, excess: None })
    }

    fn scan_tokens(
        &mut self,
        text: &[u8],
        start: usize,
        tokens: &mut Tokens<'_>,
    ) -> Result<ScannedObject, ScanError> {
        let mut members = self.spare.take();
        self.keys.clear();
        let mut found = ScannedObject {
            span: Span { start, end: start },
            non_finite: false,
            lone_surrogate: false,
            duplicate_key: false,
            excess: None,
        };
        let (mut key, mut values) = (None, 0);
        let mut container_start = 0;
        while let Some(token) = tokens.next_token()? {
            let depth = tokens.depth();
            if depth > MOST_DEPTH && self.is_limited {
                found.excess = Some(Excess::Depth);
            }
            if found.excess.is_some() {
                // Where it ends is all that is looked for from there on.
                continue;
            }
            values += usize::from(!matches!(token, Token::Key(_) | Token::ObjectEnd | Token::ArrayEnd));
            if values > MOST_VALUES && self.is_limited {
                found.excess = Some(Excess::Values);
            }
            let value = match token {
                Token::Key(name) => {
                    found.lone_surrogate |= name.lone_surrogate;
                    if self.keys.push(text, name) > MOST_NAMES && self.is_limited {
                        found.excess = Some(Excess::Names);
                    }
                    if depth == 1 {
                        key = Some(name);
                    }
                    continue;
                }
                Token::ObjectStart | Token::ArrayStart => {
                    if depth == 2 {
                        container_start = tokens.offset() - 1;
                    }
                    if token == Token::ObjectStart {
                        self.keys.open_object();
                    }
                    continue;
                }
                Token::ObjectEnd => {
                    found.duplicate_key |= self.keys.close_object(text);
                    MemberValue::Object(Span { start: container_start, end: tokens.offset() })
                }
                Token::ArrayEnd => MemberValue::Array(Span { start: container_start, end: tokens.offset() }),
                Token::String(value) => {
                    found.lone_surrogate |= value.lone_surrogate;
                    MemberValue::String(value)
                }
                Token::Number(span) => MemberValue::Number(span),
                Token::NonFinite(span) => {
                    found.non_finite = true;
                    MemberValue::NonFinite(span)
                }
                Token::True => MemberValue::Boolean(true),
                Token::False => MemberValue::Boolean(false),
                Token::Null => MemberValue::Null,
            };
            if depth == 1
                && let Some(key) = key.take()
            {
                members.push(Member { key, value });
            }
        }
        self.members = OnceCell::from(members);
        found.span.end = tokens.offset();
        Ok(found)
    }
}

/// The text of a span.
///
/// # Errors
/// The first byte of it that is not UTF-8.
pub fn utf8(text: &[u8], span: Span) -> Result<&str, ScanError> {
    // The quick check does not tell where it failed.
    simdutf8::basic::from_utf8(span.of(text)).or_else(|_| std::str::from_utf8(span.of(text))).map_err(
        |error| {
            let at = span.start + error.valid_up_to();
            ScanError::NotUtf8 { at, found: text[at] }
        },
    )
}

/// White space between JSON tokens.
pub fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

/// The names of the objects that are open, to find one that stands twice in the same object.
#[derive(Default)]
struct Keys {
    names: Vec<(u64, Text)>,
    objects: Vec<usize>,
    sorted: Vec<(u64, usize)>,
    decoded: Vec<u8>,
    /// How many names there were, those of objects that are closed included.
    count: usize,
}

impl Keys {
    fn clear(&mut self) {
        self.names.clear();
        self.objects.clear();
        self.count = 0;
    }

    fn open_object(&mut self) {
        self.objects.push(self.names.len());
    }

    /// Takes the next name; answers how many there were.
    fn push(&mut self, text: &[u8], name: Text) -> usize {
        let hash = if name.escaped {
            self.decoded.clear();
            name.decode_into(text, &mut self.decoded);
            xxh3_64(&self.decoded)
        } else {
            xxh3_64(name.span.of(text))
        };
        self.names.push((hash, name));
        self.count += 1;
        self.count
    }

    /// Closes the innermost object: true if it has a name twice.
    fn close_object(&mut self, text: &[u8]) -> bool {
        let start = self.objects.pop().unwrap_or(0);
        let names = &self.names[start..];
        let decoded = |name: Text| {
            let mut decoded = Vec::new();
            name.decode_into(text, &mut decoded);
            decoded
        };
        const FEW: usize = 16;
        let twice = if names.len() <= FEW {
            names.iter().enumerate().any(|(i, &(hash, name))| {
                names[..i].iter().any(|&(other, earlier)| hash == other && decoded(name) == decoded(earlier))
            })
        } else {
            self.sorted.clear();
            self.sorted.extend(names.iter().enumerate().map(|(i, &(hash, _))| (hash, i)));
            self.sorted.sort_unstable();
            // A set, because names can be made whose hashes collide: comparing each with each would
            // let one such object hold up everything after it.
            self.sorted.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1).any(|group| {
                let mut seen = HashSet::new();
                group.iter().any(|&(_, i)| !seen.insert(decoded(names[i].1)))
            })
        };
        self.names.truncate(start);
        twice
    }
}

#[cfg(test)]
mod tests;
