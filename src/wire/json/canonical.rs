//! The canonical form: equal bytes exactly where two values say the same.
//!
//! Version 1, frozen: identities are derived from it. Every value is written as
//!
//! | value | bytes |
//! |---|---|
//! | `null`, `true`, `false` | `n`, `t`, `f` |
//! | number | `d`, length, `:`, the shortest exact decimal: sign, digits without zeros at either end, and `e` with the exponent where it is not zero (`1.50` is `15e-1`, `100` is `1e2`, any zero is `0`) |
//! | number whose exponent has more than 30 digits | `D`, length, `:`, its characters |
//! | `NaN`, `Infinity`, `-Infinity` | `x`, length, `:`, its characters |
//! | string | `s`, length, `:`, its code points in generalized UTF-8 |
//! | array | `[`, its values, `]` |
//! | object | `{`, its members sorted by the bytes of the name (those of one name in the order of the text), each the name as a string and the value, `}` |
//!
//! Lengths count bytes, in decimal. Numbers never pass through a float, names and strings are never
//! normalized, and names that stand twice both stay: the encoding is injective on what was written,
//! spelling apart.

mod number;
mod tagged;

use std::iter::successors;

use self::number::write_number;
pub use self::tagged::{write_head, write_tagged};
use super::error::ScanError;
use super::member::{Member, MemberValue};
use super::padded_bytes;
use super::span::Span;
use super::text::Text;
use super::tokens::{Token, Tokens};

/// The version of the form, which is recorded with everything that was proved by it.
pub const CANONICAL_FORM_VERSION: u32 = 1;

/// The canonical form of the JSON value that `text` holds. What follows the value is not looked at.
///
/// `text` must be valid UTF-8 where strings are to be compared by code points; any bytes are taken.
pub fn canonical_form(text: &[u8]) -> Result<Vec<u8>, ScanError> {
    let mut canonicalizer = Canonicalizer::default();
    canonicalizer.form(text)?;
    Ok(canonicalizer.out)
}

/// Whether two texts hold the same JSON value, however each spells it. A text that is not JSON is
/// the same as itself alone.
pub fn same_value(one: &str, other: &str) -> bool {
    one == other
        || match (canonical_form(one.as_bytes()), canonical_form(other.as_bytes())) {
            (Ok(one), Ok(other)) => one == other,
            _ => false,
        }
}

/// A part of the canonical form of every value that has the same shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormPiece {
    /// What is the same in all of them.
    Text(Vec<u8>),
    /// The scalar value of this number, counted from 0 in the order of the text.
    Scalar(usize),
}

/// Writes canonical forms one after the other, keeping its memory.
#[derive(Default)]
pub struct Canonicalizer {
    /// The values of one text in the order in which they begin, the outermost first.
    nodes: Vec<Node>,
    /// The containers that are open, each with the last value within it.
    open: Vec<(usize, Option<usize>)>,
    /// What is still to be written, the next on top.
    steps: Vec<Step>,
    /// The nodes that are left out; empty where none is.
    hidden: Vec<bool>,
    scratch: Vec<u8>,
    out: Vec<u8>,
    /// The members of an object in the order of their names.
    order: Vec<usize>,
    object: Vec<u8>,
}

#[derive(Clone, Copy)]
struct Node {
    name: Option<Text>,
    value: Value,
    /// The next value within the same container.
    next: Option<usize>,
}

#[derive(Clone, Copy)]
enum Value {
    Scalar(MemberValue),
    /// With the first value within it.
    Array(Option<usize>),
    /// Likewise.
    Object(Option<usize>),
}

#[derive(Clone, Copy)]
enum Step {
    Value(usize),
    End(u8),
}

impl Canonicalizer {
    /// The canonical form of the JSON value that `text` holds, as [`canonical_form`].
    pub fn form(&mut self, text: &[u8]) -> Result<&[u8], ScanError> {
        self.read(text)?;
        let mut scratch = std::mem::take(&mut self.scratch);
        self.write(text, |_, value, out| write_scalar(value, text, &mut scratch, out));
        self.scratch = scratch;
        Ok(&self.out)
    }

    /// Appends the canonical form of a value of the scanned object that `text` is.
    pub fn append(&mut self, value: MemberValue, text: &[u8], out: &mut Vec<u8>) -> Result<(), ScanError> {
        match value {
            MemberValue::Array(span) | MemberValue::Object(span) => {
                out.extend_from_slice(self.form(span.of(text))?);
            }
            scalar => write_scalar(scalar, text, &mut self.scratch, out),
        }
        Ok(())
    }

    /// What the canonical form of the JSON value that `text` holds has in common with those of all
    /// values of the same shape. The scalars in `hidden`, counted from 0 in the order of the text, are
    /// left out, and so are objects that hold nothing else; no piece is left where that is everything.
    pub fn pieces(&mut self, text: &[u8], hidden: &[usize]) -> Result<Vec<FormPiece>, ScanError> {
        self.read(text)?;
        // Nodes stand in the order of the text; only scalars are counted.
        let mut numbers = vec![0; self.nodes.len()];
        let mut scalars = 0;
        for (number, node) in numbers.iter_mut().zip(&self.nodes) {
            *number = scalars;
            scalars += usize::from(matches!(node.value, Value::Scalar(_)));
        }
        self.hide(&numbers, hidden);
        if self.hidden.first() == Some(&true) {
            return Ok(Vec::new());
        }
        let mut places = Vec::new();
        self.write(text, |node, _, out| places.push((out.len(), numbers[node])));
        self.hidden.clear();
        let mut pieces = Vec::new();
        let mut text_start = 0;
        for (place, number) in places {
            pieces.push(FormPiece::Text(self.out[text_start..place].to_vec()));
            pieces.push(FormPiece::Scalar(number));
            text_start = place;
        }
        pieces.push(FormPiece::Text(self.out[text_start..].to_vec()));
        Ok(pieces)
    }

    /// Marks the nodes that are left out. What is within a container stands after it.
    fn hide(&mut self, numbers: &[usize], scalars: &[usize]) {
        self.hidden.clear();
        if scalars.is_empty() {
            return;
        }
        self.hidden.resize(self.nodes.len(), false);
        for index in (0..self.nodes.len()).rev() {
            self.hidden[index] = match self.nodes[index].value {
                Value::Scalar(_) => scalars.contains(&numbers[index]),
                Value::Object(Some(first)) => {
                    successors(Some(first), |&index| self.nodes[index].next).all(|index| self.hidden[index])
                }
                Value::Object(None) | Value::Array(_) => false,
            };
        }
    }

    /// As [`form`](Self::form), of an object that was scanned already: only what is nested in it is read
    /// again. The spans of `members` count from `start` bytes before `object`.
    pub fn object_form(
        &mut self,
        object: &[u8],
        members: &[Member],
        start: usize,
    ) -> Result<&[u8], ScanError> {
        if members.iter().any(|member| member.key.escaped) {
            return self.form(object);
        }
        let name = |member: &usize| members[*member].key.span.moved_back(start).of(object);
        self.order.clear();
        self.order.extend(0..members.len());
        self.order.sort_by(|one, other| name(one).cmp(name(other)));
        let (order, mut out) = (std::mem::take(&mut self.order), std::mem::take(&mut self.object));
        out.clear();
        out.push(b'{');
        for member in &order {
            write_tagged(b's', name(member), &mut out);
            self.append(members[*member].value.moved_back(start), object, &mut out)?;
        }
        out.push(b'}');
        (self.order, self.object) = (order, out);
        Ok(&self.object)
    }

    fn read(&mut self, text: &[u8]) -> Result<(), ScanError> {
        self.nodes.clear();
        self.hidden.clear();
        self.open.clear();
        let mut tokens = Tokens::new(text, 0);
        let mut name = None;
        while let Some(token) = tokens.next_token()? {
            let value = match token {
                Token::Key(key) => {
                    name = Some(key);
                    continue;
                }
                Token::ObjectEnd | Token::ArrayEnd => {
                    self.open.pop();
                    continue;
                }
                Token::ObjectStart => Value::Object(None),
                Token::ArrayStart => Value::Array(None),
                Token::Null => Value::Scalar(MemberValue::Null),
                Token::True => Value::Scalar(MemberValue::Boolean(true)),
                Token::False => Value::Scalar(MemberValue::Boolean(false)),
                Token::Number(span) => Value::Scalar(MemberValue::Number(span)),
                Token::NonFinite(span) => Value::Scalar(MemberValue::NonFinite(span)),
                Token::String(value) => Value::Scalar(MemberValue::String(value)),
            };
            let index = self.nodes.len();
            self.nodes.push(Node { name: name.take(), value, next: None });
            self.link(index);
            if matches!(value, Value::Array(_) | Value::Object(_)) {
                self.open.push((index, None));
            }
        }
        Ok(())
    }

    /// Puts a new value after the last one of the innermost container.
    fn link(&mut self, index: usize) {
        let Some((container, last)) = self.open.last_mut() else { return };
        match last.replace(index) {
            Some(last) => self.nodes[last].next = Some(index),
            None => match &mut self.nodes[*container].value {
                Value::Array(first) | Value::Object(first) => *first = Some(index),
                Value::Scalar(_) => {}
            },
        }
    }

    /// Writes what was read; `scalar` is told of the node and the value of each scalar, where it belongs.
    fn write(&mut self, text: &[u8], mut scalar: impl FnMut(usize, MemberValue, &mut Vec<u8>)) {
        self.out.clear();
        self.steps.clear();
        self.steps.push(Step::Value(0));
        while let Some(step) = self.steps.pop() {
            let index = match step {
                Step::End(end) => {
                    self.out.push(end);
                    continue;
                }
                Step::Value(index) => index,
            };
            let node = self.nodes[index];
            if let Some(name) = node.name {
                write_string(name, text, &mut self.scratch, &mut self.out);
            }
            match node.value {
                Value::Scalar(value) => scalar(index, value, &mut self.out),
                Value::Array(first) => {
                    self.out.push(b'[');
                    let start = self.push_steps(first, b']');
                    self.steps[start..].reverse();
                }
                Value::Object(first) => {
                    self.out.push(b'{');
                    let start = self.push_steps(first, b'}');
                    sort_members(text, &self.nodes, &mut self.steps[start..]);
                    self.steps[start..].reverse();
                }
            }
        }
    }

    /// Pushes the end of a container and then its values, the first one first; gives the place of
    /// that.
    fn push_steps(&mut self, first: Option<usize>, end: u8) -> usize {
        self.steps.push(Step::End(end));
        let start = self.steps.len();
        let values = successors(first, |&index| self.nodes[index].next);
        let shown = values.filter(|index| self.hidden.get(*index) != Some(&true));
        self.steps.extend(shown.map(Step::Value));
        start
    }
}

/// Sorts members by the bytes of their names; those of one name stay in the order of the text.
fn sort_members(text: &[u8], nodes: &[Node], members: &mut [Step]) {
    let name = |step: &Step| match step {
        Step::Value(index) => nodes[*index].name,
        Step::End(_) => None,
    };
    if members.iter().any(|member| name(member).is_some_and(|name| name.escaped)) {
        members.sort_by_cached_key(|member| {
            let mut decoded = Vec::new();
            if let Some(name) = name(member) {
                name.decode_into(text, &mut decoded);
            }
            decoded
        });
    } else {
        members.sort_by(|one, other| {
            let bytes = |step| name(step).map(|name| name.span.of(text));
            bytes(one).cmp(&bytes(other))
        });
    }
}

/// Writes the canonical form of a scalar. A container is none, and is not written.
fn write_scalar(value: MemberValue, text: &[u8], scratch: &mut Vec<u8>, out: &mut Vec<u8>) {
    match value {
        MemberValue::String(value) => write_string(value, text, scratch, out),
        MemberValue::Null => out.push(b'n'),
        MemberValue::Boolean(true) => out.push(b't'),
        MemberValue::Boolean(false) => out.push(b'f'),
        MemberValue::Number(span) => write_number(span.of(text), scratch, out),
        MemberValue::NonFinite(span) => write_tagged(b'x', span.of(text), out),
        MemberValue::Array(_) | MemberValue::Object(_) => {}
    }
}

fn write_string(string: Text, text: &[u8], scratch: &mut Vec<u8>, out: &mut Vec<u8>) {
    if string.escaped {
        scratch.clear();
        string.decode_into(text, scratch);
        write_tagged(b's', scratch, out);
    } else {
        write_plain_string(string.span, text, out);
    }
}

/// Writes the canonical form of the string between whose quotes `span` is, where it holds no escape.
#[inline(always)]
pub fn write_plain_string(span: Span, text: &[u8], out: &mut Vec<u8>) {
    write_head(b's', span.end - span.start, out);
    padded_bytes::append(span, text, out);
}

#[cfg(test)]
mod tests;
