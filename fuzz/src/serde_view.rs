//! What serde_json, which knows nothing of this project, has to say about the same bytes.

use mission_events::internals::wire::json::{Token, Tokens};
use serde::de::IgnoredAny;
use serde_json::{Deserializer, Value};

use super::is_blank;

/// How deep serde_json reads values, and no deeper.
const DEEPEST_VALUE: usize = 127;

/// Where the object ends that `bytes` begins with, white space apart; `None` where it is none.
///
/// Skipping a value, serde_json has no limits of depth or range and pairs no surrogates: this is the
/// bare grammar, except that it does not look whether strings are UTF-8.
pub fn end_of_object(bytes: &[u8]) -> Option<usize> {
    let first = bytes.iter().find(|byte| !is_blank(**byte))?;
    if *first != b'{' {
        return None;
    }
    let mut values = Deserializer::from_slice(bytes).into_iter::<IgnoredAny>();
    match values.next() {
        Some(Ok(_)) => Some(values.byte_offset()),
        _ => None,
    }
}

/// What decides whether serde_json can hold a value, and whether it can hold it exactly.
#[derive(Debug, Default)]
pub struct Facts {
    depth: usize,
    /// How many members all of its objects have, repeated names included.
    pub members: usize,
    /// A number is beyond the range of `f64`.
    out_of_range: bool,
    /// A number is no 64 bit integer, so that serde_json would round it.
    pub inexact: bool,
}

impl Facts {
    /// The facts about a whole value.
    pub fn of(text: &[u8]) -> Self {
        let mut facts = Self::default();
        let mut tokens = Tokens::new(text, 0);
        while let Some(token) = tokens.next_token().expect("a scanned object has tokens") {
            facts.depth = facts.depth.max(tokens.depth());
            match token {
                Token::Key(_) => facts.members += 1,
                Token::Number(span) => {
                    let number = std::str::from_utf8(span.of(text)).expect("a number is ASCII");
                    let float: f64 = number.parse().expect("the grammar of JSON is part of Rust's");
                    facts.out_of_range |= float.is_infinite();
                    facts.inexact |= number.parse::<i64>().is_err() && number.parse::<u64>().is_err();
                }
                _ => {}
            }
        }
        facts
    }

    /// Whether serde_json holds it, if it is JSON and every string in it is text.
    pub fn is_holdable(&self) -> bool {
        self.depth <= DEEPEST_VALUE && !self.out_of_range
    }
}

/// How many members the objects of a value have.
pub fn members(value: &Value) -> usize {
    match value {
        Value::Array(values) => values.iter().map(members).sum(),
        Value::Object(map) => map.len() + map.values().map(members).sum::<usize>(),
        _ => 0,
    }
}

/// Writes a value as differently as JSON allows: members from last to first, every character
/// escaped, white space wherever it may stand.
pub fn respell(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => respell_string(text, out),
        Value::Array(values) => {
            out.push_str("[ ");
            for (index, value) in values.iter().enumerate() {
                out.push_str(if index == 0 { "\t" } else { "\n,\r" });
                respell(value, out);
            }
            out.push_str(" ]");
        }
        Value::Object(map) => {
            out.push_str("{ ");
            for (index, (name, value)) in map.iter().rev().enumerate() {
                out.push_str(if index == 0 { "\t" } else { "\n,\r" });
                respell_string(name, out);
                out.push_str("\t: ");
                respell(value, out);
            }
            out.push_str(" }");
        }
        other => out.push_str(&other.to_string()),
    }
}

fn respell_string(text: &str, out: &mut String) {
    out.push('"');
    for unit in text.encode_utf16() {
        out.push_str(&format!("\\u{unit:04X}"));
    }
    out.push('"');
}
