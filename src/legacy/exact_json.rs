//! JSON that is the same when it was read and written back: what would be lost is refused where it stands.

use std::collections::HashSet;

use serde_json::{Number, Value};

use crate::wire::json::{Span, Token, Tokens, is_blank};

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

/// Reads one value. A byte order mark before it is passed over.
///
/// # Errors
/// It is no JSON; or an object has a name twice, a number is beyond what is kept exactly, or a text holds half of a surrogate pair.
pub fn read(bytes: &[u8]) -> Result<Value, Inexact> {
    let start = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let at = |byte: usize, reason: String| {
        let before = &bytes[..byte.min(bytes.len())];
        Inexact { line: 1 + memchr::memchr_iter(b'\n', before).count(), byte, reason }
    };
    check(bytes, start).map_err(|(byte, reason)| at(byte, reason))?;
    serde_json::from_slice(&bytes[start..]).map_err(|error| at(bytes.len(), error.to_string()))
}

fn check(bytes: &[u8], start: usize) -> Result<(), (usize, String)> {
    let mut tokens = Tokens::new(bytes, start);
    // The names of each open container; those of an array stay empty.
    let mut open: Vec<HashSet<Vec<u8>>> = Vec::new();
    while let Some(token) = tokens.next_token().map_err(|error| (error.at(), error.to_string()))? {
        match token {
            Token::ObjectStart | Token::ArrayStart => open.push(HashSet::new()),
            Token::ObjectEnd | Token::ArrayEnd => drop(open.pop()),
            Token::Key(text) | Token::String(text) if text.lone_surrogate => {
                return Err((text.span.start, "a text holds half of a surrogate pair".to_owned()));
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

fn is_exact(span: Span, bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(span.of(bytes));
    let number: Option<Number> = serde_json::from_str(&text).ok();
    number.is_some_and(|number| {
        number.is_i64() || number.is_u64() || text.contains(['.', 'e', 'E']) || text == "-0"
    })
}
