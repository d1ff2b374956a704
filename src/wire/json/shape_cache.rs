//! The shapes of objects that were scanned before: what stands between their scalar values.
//!
//! The records of a log were written by few places of a program, so that of most of them only the
//! values are new. Where the bytes between the values are those of an earlier object, names,
//! separators and nesting need not be read again: the grammar was checked when they were remembered.
//! What is not recognised to its end is no error here; the tokenizer reads it from the beginning.

use std::sync::atomic::{AtomicU64, Ordering};

use super::member::MemberValue;
use super::segment::PaddedLiteral;
use super::span::Span;
use super::text::{self, Text};
use super::tokens::{Token, Tokens};

/// A shape that a scanner remembers. Two objects have the same one where they have the same names and
/// containers in the same order at every depth, no name escaped and none twice in one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShapeId {
    cache_id: u64,
    number: u32,
}

/// What is known of each shape of one scanner; what was known of those of another one is forgotten.
pub struct ShapeTable<T> {
    cache_id: u64,
    known: Vec<Option<T>>,
}

impl<T> Default for ShapeTable<T> {
    fn default() -> Self {
        Self { cache_id: NO_CACHE, known: Vec::new() }
    }
}

impl<T> ShapeTable<T> {
    /// What is known of a shape.
    pub fn get_mut(&mut self, shape: ShapeId) -> &mut Option<T> {
        if self.cache_id != shape.cache_id {
            self.cache_id = shape.cache_id;
            self.known.clear();
        }
        let index = shape.number as usize;
        if self.known.len() <= index {
            self.known.resize_with(index + 1, || None);
        }
        &mut self.known[index]
    }
}

/// Tells the caches of different scanners apart, so that no shape is taken for one of another scanner.
static NEXT_CACHE_ID: AtomicU64 = AtomicU64::new(NO_CACHE + 1);
const NO_CACHE: u64 = 0;

/// What was found by a shape.
pub(super) struct Recognised {
    pub shape: ShapeId,
    /// One past the end of the object.
    pub end: usize,
    pub non_finite: bool,
    pub lone_surrogate: bool,
}

/// How many parts are remembered at most, and how many ways lead on from one of them: a log whose
/// objects never look alike must not fill the memory, nor be searched for long.
const MOST_PARTS: usize = 4096;
const MOST_WAYS: usize = 16;
/// A part that is longer than this (in bytes) will hardly come again.
const LONGEST_PART: usize = 4096;
/// When so many shapes could not be remembered, none is any more; and when, from then on, so many more
/// objects had unknown shapes than known ones, the cache is not asked any more.
const MOST_MISSES: u32 = 1000;

/// The root: what objects begin with follows it.
const ROOT: usize = 0;

/// A tree of parts, from what stands before the first value to what stands after the last one.
pub(super) struct ShapeTrie {
    cache_id: u64,
    parts: Vec<Part>,
    /// How many shapes could not be remembered.
    rejected: u32,
    /// By how many objects, from then on, unknown shapes are ahead of known ones.
    misses: u32,
}

struct Part {
    /// The part before this one.
    before: usize,
    literal: PaddedLiteral,
    marks: Box<[Mark]>,
    ends_with: End,
    /// The part that is asked first whether it follows, and the others that can.
    first: u32,
    others: Vec<u32>,
}

/// No part has this number.
const NO_PART: u32 = u32::MAX;

/// What a member of an object is, whose shape is known.
pub(super) enum Place {
    /// The scalar value of this number, counted from 0 in the order of the text.
    Scalar(usize),
    /// An array or an object.
    Container(MemberValue),
}

/// What follows a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// A value of the object itself.
    Member,
    /// A value deeper within.
    Deeper,
    /// Nothing: the object is whole.
    Object,
}

/// What of a part is told as a member. Offsets count from the part's first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Key { start: usize, end: usize },
    ContainerStart { at: usize },
    ObjectEnd { end: usize },
    ArrayEnd { end: usize },
}

impl Default for ShapeTrie {
    fn default() -> Self {
        // Relaxed: the ids only have to differ, and no other data is reached through them.
        let cache_id = NEXT_CACHE_ID.fetch_add(1, Ordering::Relaxed);
        let root = Part::new(PaddedLiteral::default(), Box::default(), End::Member);
        Self { cache_id, parts: vec![root], rejected: 0, misses: 0 }
    }
}

impl ShapeTrie {
    /// Reads the object that begins at `start` by the shapes, if it has one of them; else what was
    /// put into `scalars` means nothing.
    #[inline(never)]
    pub fn recognise(
        &mut self,
        text: &[u8],
        start: usize,
        scalars: &mut Vec<MemberValue>,
    ) -> Option<Recognised> {
        if self.misses > MOST_MISSES {
            return None;
        }
        let (mut non_finite, mut lone_surrogate) = (false, false);
        let mut number = ROOT;
        let mut end = start;
        loop {
            let rest = text.get(end..)?;
            let first = self.parts[number].first as usize;
            let mut part = self.parts.get(first)?;
            if part.begins(rest) {
                number = first;
            } else {
                number = self.follow(number, rest)?;
                part = &self.parts[number];
            }
            end += part.literal.len();
            if part.ends_with == End::Object {
                self.misses = self.misses.saturating_sub(1);
                let shape = ShapeId { cache_id: self.cache_id, number: number as u32 };
                return Some(Recognised { shape, end, non_finite, lone_surrogate });
            }
            if text.get(end) == Some(&b'"') {
                let value = text::scan(text, end + 1).ok()?;
                lone_surrogate |= value.lone_surrogate;
                scalars.push(MemberValue::String(value));
                end = value.span.end + 1;
            } else {
                let (value, value_end) = unquoted(text, end)?;
                non_finite |= matches!(value, MemberValue::NonFinite(_));
                scalars.push(value);
                end = value_end;
            }
        }
    }

    /// Tells the members of an object that was recognised, in the order of the text, from its scalar
    /// values and where it ends.
    pub fn members(
        &self,
        shape: ShapeId,
        scalars: &[MemberValue],
        end: usize,
        mut take: impl FnMut(Text, Place),
    ) {
        let mut container_start = 0;
        let mut key = NO_KEY;
        for (scalar, (part, at)) in self.path(shape, scalars, end).into_iter().rev().enumerate() {
            let Part { marks, ends_with, .. } = part;
            for mark in marks {
                let span = |end| Span { start: container_start, end: at + end };
                match *mark {
                    Mark::Key { start, end } => key.span = Span { start: at + start, end: at + end },
                    Mark::ContainerStart { at: start } => container_start = at + start,
                    Mark::ObjectEnd { end } => take(key, Place::Container(MemberValue::Object(span(end)))),
                    Mark::ArrayEnd { end } => take(key, Place::Container(MemberValue::Array(span(end)))),
                }
            }
            if *ends_with == End::Member {
                take(key, Place::Scalar(scalar));
            }
        }
    }

    /// The parts of an object that was recognised, from the last to the first, and where each begins.
    fn path(&self, shape: ShapeId, scalars: &[MemberValue], end: usize) -> Vec<(&Part, usize)> {
        let mut path = Vec::with_capacity(scalars.len() + 1);
        let mut part = &self.parts[shape.number as usize];
        let mut start = end - part.literal.len();
        path.push((part, start));
        for scalar in scalars.iter().rev() {
            part = &self.parts[part.before];
            let scalar_start = match scalar {
                MemberValue::String(text) => text.span.start - 1,
                MemberValue::Number(span) | MemberValue::NonFinite(span) => span.start,
                MemberValue::Boolean(true) | MemberValue::Null => start - 4,
                MemberValue::Boolean(false) => start - 5,
                // Not among scalars; they are told by the marks.
                MemberValue::Array(span) | MemberValue::Object(span) => span.start,
            };
            start = scalar_start - part.literal.len();
            path.push((part, start));
        }
        path
    }

    /// The part after `part` that `rest` begins with, where it is not the first one.
    #[inline(never)]
    fn follow(&mut self, part: usize, rest: &[u8]) -> Option<usize> {
        let others = &self.parts[part].others;
        let found = others.iter().position(|&other| self.parts[other as usize].begins(rest))?;
        let follower = others[found];
        // What comes often is found first.
        let part = &mut self.parts[part];
        match found.checked_sub(1) {
            Some(before) => part.others.swap(found, before),
            None => part.others[found] = std::mem::replace(&mut part.first, follower),
        }
        Some(follower as usize)
    }

    /// Remembers the shape of an object that was scanned and has no name twice.
    pub fn remember(&mut self, text: &[u8], start: usize) {
        if self.rejected > MOST_MISSES {
            self.misses = self.misses.saturating_add(1);
        } else if !parts(text, start).is_some_and(|parts| self.add(parts)) {
            self.rejected += 1;
        }
    }

    /// False where there is no more room.
    fn add(&mut self, parts: Vec<Part>) -> bool {
        let mut last = ROOT;
        for part in parts {
            let known = self.parts[last].next().find(|&next| self.parts[next].is_like(&part));
            last = match known {
                Some(known) => known,
                None => {
                    if self.parts.len() == MOST_PARTS || self.parts[last].next().count() == MOST_WAYS {
                        return false;
                    }
                    self.parts.push(Part { before: last, ..part });
                    let new = self.parts.len() - 1;
                    self.parts[last].add(new as u32);
                    new
                }
            };
        }
        true
    }
}

const NO_KEY: Text = Text { span: Span { start: 0, end: 0 }, escaped: false, lone_surrogate: false };

impl Part {
    fn new(literal: PaddedLiteral, marks: Box<[Mark]>, ends_with: End) -> Self {
        Self { before: ROOT, literal, marks, ends_with, first: NO_PART, others: Vec::new() }
    }

    /// The parts that can follow.
    fn next(&self) -> impl Iterator<Item = usize> {
        let first = Some(self.first).filter(|first| *first != NO_PART);
        first.into_iter().chain(self.others.iter().copied()).map(|next| next as usize)
    }

    /// Adds a part that can follow.
    fn add(&mut self, next: u32) {
        if self.first == NO_PART { self.first = next } else { self.others.push(next) }
    }

    /// Whether a text begins with the part. One part can be the beginning of another, which has a
    /// container where this one has its value.
    #[inline(always)]
    fn begins(&self, text: &[u8]) -> bool {
        self.literal.begins(text)
            && (self.ends_with == End::Object
                || text.get(self.literal.len()).is_some_and(|&byte| {
                    byte == b'"' || matches!(byte, b'-' | b'0'..=b'9' | b't' | b'f' | b'n' | b'N' | b'I')
                }))
    }

    fn is_like(&self, other: &Self) -> bool {
        self.literal.bytes == other.literal.bytes && self.ends_with == other.ends_with
    }
}

/// The scalar value at `at` and where it ends, if one stands there that is no string.
fn unquoted(text: &[u8], at: usize) -> Option<(MemberValue, usize)> {
    let mut tokens = Tokens::new(text, at);
    let value = match tokens.next_token().ok()?? {
        Token::Number(span) => MemberValue::Number(span),
        Token::NonFinite(span) => MemberValue::NonFinite(span),
        Token::True => MemberValue::Boolean(true),
        Token::False => MemberValue::Boolean(false),
        Token::Null => MemberValue::Null,
        _ => return None,
    };
    Some((value, tokens.offset()))
}

/// The parts of the object that begins at `start`; `None` where they are not worth remembering.
fn parts(text: &[u8], start: usize) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut marks = Vec::new();
    let mut part_start = start;
    let mut tokens = Tokens::new(text, start);
    while let Some(token) = tokens.next_token().ok()? {
        let end = tokens.offset();
        let depth = tokens.depth();
        let is_outermost = depth == 1;
        let value_start = match token {
            Token::Key(key) if key.escaped => return None,
            Token::Key(Text { span, .. }) => {
                if is_outermost {
                    marks.push(Mark::Key { start: span.start - part_start, end: span.end - part_start });
                }
                continue;
            }
            Token::ObjectStart | Token::ArrayStart => {
                if depth == 2 {
                    marks.push(Mark::ContainerStart { at: end - 1 - part_start });
                }
                continue;
            }
            Token::ObjectEnd | Token::ArrayEnd => {
                let end = end - part_start;
                match token {
                    Token::ObjectEnd if is_outermost => marks.push(Mark::ObjectEnd { end }),
                    Token::ArrayEnd if is_outermost => marks.push(Mark::ArrayEnd { end }),
                    _ => {}
                }
                continue;
            }
            Token::String(value) => value.span.start - 1,
            Token::Number(span) | Token::NonFinite(span) => span.start,
            Token::True | Token::Null => end - 4,
            Token::False => end - 5,
        };
        let ends_with = if is_outermost { End::Member } else { End::Deeper };
        parts.push(part(text, part_start..value_start, &mut marks, ends_with)?);
        part_start = end;
    }
    parts.push(part(text, part_start..tokens.offset(), &mut marks, End::Object)?);
    Some(parts)
}

fn part(text: &[u8], range: std::ops::Range<usize>, marks: &mut Vec<Mark>, ends_with: End) -> Option<Part> {
    let literal = text.get(range).filter(|literal| literal.len() <= LONGEST_PART)?;
    let marks = std::mem::take(marks).into();
    Some(Part::new(PaddedLiteral::new(literal), marks, ends_with))
}
