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

use super::{Member, MemberValue, ScanError, Span, Text, Token, Tokens};

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

/// Writes canonical forms one after the other, keeping its memory.
#[derive(Default)]
pub struct Canonicalizer {
    /// The values of one text in the order in which they begin, the outermost first.
    nodes: Vec<Node>,
    /// The containers that are open, each with the last value within it.
    open: Vec<(usize, Option<usize>)>,
    /// What is still to be written, the next on top.
    steps: Vec<Step>,
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
    Leaf(u8),
    Number(Span),
    NonFinite(Span),
    String(Text),
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
        self.write(text);
        Ok(&self.out)
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
        let at = |span: Span| Span { start: span.start - start, end: span.end - start };
        let name = |member: &usize| at(members[*member].key.span).of(object);
        self.order.clear();
        self.order.extend(0..members.len());
        self.order.sort_by(|one, other| name(one).cmp(name(other)));
        let (order, mut out) = (std::mem::take(&mut self.order), std::mem::take(&mut self.object));
        out.clear();
        out.push(b'{');
        for member in &order {
            write_tagged(b's', name(member), &mut out);
            match members[*member].value {
                MemberValue::Null => out.push(b'n'),
                MemberValue::Boolean(value) => out.push(if value { b't' } else { b'f' }),
                MemberValue::Number(span) => write_number(at(span).of(object), &mut self.scratch, &mut out),
                MemberValue::NonFinite(span) => write_tagged(b'x', at(span).of(object), &mut out),
                MemberValue::String(text) => {
                    let text = Text { span: at(text.span), ..text };
                    write_string(text, object, &mut self.scratch, &mut out);
                }
                MemberValue::Array(span) | MemberValue::Object(span) => {
                    out.extend_from_slice(self.form(at(span).of(object))?);
                }
            }
        }
        out.push(b'}');
        (self.order, self.object) = (order, out);
        Ok(&self.object)
    }

    fn read(&mut self, text: &[u8]) -> Result<(), ScanError> {
        self.nodes.clear();
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
                Token::Null => Value::Leaf(b'n'),
                Token::True => Value::Leaf(b't'),
                Token::False => Value::Leaf(b'f'),
                Token::Number(span) => Value::Number(span),
                Token::NonFinite(span) => Value::NonFinite(span),
                Token::String(value) => Value::String(value),
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

    /// Puts a new value behind the last one of the innermost container.
    fn link(&mut self, index: usize) {
        let Some((container, last)) = self.open.last_mut() else { return };
        match last.replace(index) {
            Some(last) => self.nodes[last].next = Some(index),
            None => match &mut self.nodes[*container].value {
                Value::Array(first) | Value::Object(first) => *first = Some(index),
                _ => {}
            },
        }
    }

    fn write(&mut self, text: &[u8]) {
        self.out.clear();
        self.steps.clear();
        self.steps.push(Step::Value(0));
        while let Some(step) = self.steps.pop() {
            let node = match step {
                Step::End(end) => {
                    self.out.push(end);
                    continue;
                }
                Step::Value(index) => self.nodes[index],
            };
            if let Some(name) = node.name {
                write_string(name, text, &mut self.scratch, &mut self.out);
            }
            match node.value {
                Value::Leaf(tag) => self.out.push(tag),
                Value::Number(span) => write_number(span.of(text), &mut self.scratch, &mut self.out),
                Value::NonFinite(span) => write_tagged(b'x', span.of(text), &mut self.out),
                Value::String(value) => write_string(value, text, &mut self.scratch, &mut self.out),
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
        self.steps.extend(std::iter::successors(first, |&index| self.nodes[index].next).map(Step::Value));
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

fn write_tagged(tag: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(tag);
    write_decimal(bytes.len(), out);
    out.push(b':');
    out.extend_from_slice(bytes);
}

fn write_decimal(number: usize, out: &mut Vec<u8>) {
    if number >= 10 {
        write_decimal(number / 10, out);
    }
    out.push(b'0' + (number % 10) as u8);
}

fn write_string(string: Text, text: &[u8], scratch: &mut Vec<u8>, out: &mut Vec<u8>) {
    if string.escaped {
        scratch.clear();
        string.decode_into(text, scratch);
        write_tagged(b's', scratch, out);
    } else {
        write_tagged(b's', string.span.of(text), out);
    }
}

/// Writes the exact value of a number token, whatever its length.
fn write_number(token: &[u8], scratch: &mut Vec<u8>, out: &mut Vec<u8>) {
    let (sign, unsigned) = match token {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, token),
    };
    let exponent_at = unsigned.iter().position(|byte| matches!(byte, b'e' | b'E'));
    let (mantissa, exponent) = match exponent_at {
        Some(at) => (&unsigned[..at], &unsigned[at + 1..]),
        None => (unsigned, &b"0"[..]),
    };
    let point = mantissa.iter().position(|&byte| byte == b'.').unwrap_or(mantissa.len());
    let decimals = mantissa.len().saturating_sub(point + 1);

    scratch.clear();
    if sign {
        scratch.push(b'-');
    }
    let digits_start = scratch.len();
    scratch.extend(mantissa.iter().filter(|&&byte| byte != b'.').skip_while(|&&byte| byte == b'0'));
    let before = scratch.len();
    while scratch.len() > digits_start && scratch.last() == Some(&b'0') {
        scratch.pop();
    }
    if scratch.len() == digits_start {
        return write_tagged(b'd', b"0", out);
    }
    let trailing_zeros = before - scratch.len();
    match parse_exponent(exponent) {
        None => write_tagged(b'D', token, out),
        Some(written) => {
            let exponent = written + trailing_zeros as i128 - decimals as i128;
            if exponent != 0 {
                scratch.push(b'e');
                scratch.extend_from_slice(exponent.to_string().as_bytes());
            }
            write_tagged(b'd', scratch, out);
        }
    }
}

/// The exponent, or `None` where it has so many digits that sums of it could overflow.
fn parse_exponent(text: &[u8]) -> Option<i128> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let significant = &digits[digits.iter().take_while(|&&byte| byte == b'0').count()..];
    if significant.len() > 30 {
        return None;
    }
    let value = significant.iter().fold(0_i128, |sum, byte| sum * 10 + i128::from(byte - b'0'));
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests;
