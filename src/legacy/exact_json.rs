//! JSON that is the same when it was read and written back: what would be lost is refused where it stands.

use std::collections::HashSet;

use serde_json::{Number, Value};

use crate::legacy::path_text;
use crate::wire::json::{Span, Text, Token, Tokens, is_blank, utf8};

/// More characters of what was found are not shown.
const MOST_SHOWN: usize = 80;

/// Why a text was refused.
#[derive(Debug, PartialEq, Eq)]
pub struct Inexact {
    /// From 1.
    pub line: usize,
    /// From 0.
    pub byte: usize,
    /// What was expected, and what came.
    pub reason: String,
}

/// Reads one value. A byte order mark before it is passed over. A byte of a path that is no text, as [`path_text`] has it, is read.
///
/// # Errors
/// It is no JSON; or an object has a name twice, a number is beyond what is kept exactly, or a text holds half of a surrogate pair that
/// is no such byte, or a character that stands in for one.
pub fn read(bytes: &[u8]) -> Result<Value, Inexact> {
    let start = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let at = |byte: usize, reason: String| {
        let before = &bytes[..byte.min(bytes.len())];
        Inexact { line: 1 + memchr::memchr_iter(b'\n', before).count(), byte, reason }
    };
    utf8(bytes, Span { start, end: bytes.len() }).map_err(|error| at(error.at(), error.to_string()))?;
    check(bytes, start).map_err(|(byte, reason)| at(byte, reason))?;
    serde_json::from_slice(&path_text::unescaped(&bytes[start..]))
        .map_err(|error| at(start, without_place(&error)))
}

/// A value as it is shown in a message: its JSON, or the beginning of that.
pub fn shown(value: &Value) -> String {
    let text = value.to_string();
    let text = path_text::escaped(&text);
    match text.char_indices().nth(MOST_SHOWN) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.into_owned(),
    }
}

/// What is wrong, without the place, which is told in other units here.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&place).unwrap_or(&text).to_owned()
}

fn check(bytes: &[u8], start: usize) -> Result<(), (usize, String)> {
    let mut tokens = Tokens::new(bytes, start);
    // The names of each open container; those of an array stay empty.
    let mut open: Vec<HashSet<Vec<u8>>> = Vec::new();
    while let Some(token) = tokens.next_token().map_err(|error| (error.at(), error.to_string()))? {
        match token {
            Token::ObjectStart | Token::ArrayStart => open.push(HashSet::new()),
            Token::ObjectEnd | Token::ArrayEnd => drop(open.pop()),
            Token::Key(text) | Token::String(text) if let Some(fault) = fault_of(text, bytes) => {
                return Err((text.span.start, fault.to_owned()));
            }
            Token::Key(name) => {
                let mut decoded = Vec::new();
                name.decode_into(bytes, &mut decoded);
                let shown = String::from_utf8_lossy(&decoded).into_owned();
                if open.last_mut().is_some_and(|names| !names.insert(decoded)) {
                    return Err((
                        name.span.start,
                        format!("the name {shown:?} is there twice in one object"),
                    ));
                }
            }
            Token::Number(span) if !is_exact(span, bytes) => {
                return Err((
                    span.start,
                    "a number is too large to be kept exactly: write it as text".to_owned(),
                ));
            }
            Token::NonFinite(span) => {
                let found = String::from_utf8_lossy(span.of(bytes));
                return Err((span.start, format!("expected a value, found {found}")));
            }
            _ => {}
        }
    }
    let end = tokens.offset();
    match bytes[end..].iter().position(|byte| !is_blank(*byte)) {
        Some(more) => Err((end + more, "expected nothing after the value".to_owned())),
        None => Ok(()),
    }
}

fn fault_of(text: Text, bytes: &[u8]) -> Option<&'static str> {
    if text.lone_surrogate {
        let quoted = &bytes[text.span.start - 1..=text.span.end];
        let read: Result<String, _> = serde_json::from_slice(&path_text::unescaped(quoted));
        return read.is_err().then_some("a text holds half of a surrogate pair");
    }
    let stands_in = text.decode(bytes).is_some_and(|decoded| path_text::holds_stand_in(&decoded));
    stands_in.then_some(
        "a text holds a character from U+10FF80 on, which stand in for the bytes of paths that are no text",
    )
}

fn is_exact(span: Span, bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(span.of(bytes));
    let number: Option<Number> = serde_json::from_str(&text).ok();
    number.is_some_and(|number| {
        number.is_i64() || number.is_u64() || text.contains(['.', 'e', 'E']) || text == "-0"
    })
}
