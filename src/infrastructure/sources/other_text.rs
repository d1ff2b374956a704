//! Text that is no JSON: tables, YAML, XML, the lines that programs print.

use crate::application::log_source::SourceError;
use crate::wire::json::{ScanError, Token, Tokens, is_blank};

use super::file_kind::has_controls;
use super::limits::LONGEST_PIECE;
use super::unsupported_input::UnsupportedInput;
use super::window::ByteWindow;

/// So many bytes of its first line are shown.
const SHOWN: usize = 60;

const YAML_LIST: &str =
    "it looks like YAML: write its records as lines of JSON first (yq -o=json -I=0 '.[]' FILE > LOG.jsonl)";

/// What a log is whose first bytes (1 MiB) are several lines of text, and in which nothing begins like an object. Fewer
/// are damage of a log that has just begun.
pub(super) fn other_text(window: &mut ByteWindow) -> Result<Option<UnsupportedInput>, SourceError> {
    let mut from = 0;
    loop {
        let text = window.bytes();
        let mut braces = memchr::memchr_iter(b'{', &text[from..]).map(|at| from + at);
        let open = braces.find_map(|at| match begins_object(text, at) {
            Some(true) => Some((at, true)),
            Some(false) => None,
            None => Some((at, false)),
        });
        from = match open {
            Some((_, true)) => return Ok(None),
            Some((at, false)) => at,
            None => text.len(),
        };
        if text.len() >= LONGEST_PIECE || !window.grow()? {
            break;
        }
    }
    let text = window.bytes();
    // It could still become one.
    if from < text.len() || has_controls(text) || memchr::memchr(0, text).is_some() {
        return Ok(None);
    }
    let is_solid = |byte: &u8| !is_blank(*byte) && !matches!(byte, b'[' | b']' | b',');
    let mut lines = text.split(|byte| *byte == b'\n').filter(|line| line.iter().any(is_solid));
    let (Some(first), Some(second)) = (lines.next(), lines.next()) else { return Ok(None) };
    let shown = String::from_utf8_lossy(&first[..first.len().min(SHOWN)]).trim().to_owned();
    Ok(Some(UnsupportedInput::Text { shown, way_out: way_out(first, second) }))
}

/// Whether an object begins at a brace: with a name and a colon, or its end; `None` where the text ends before that.
fn begins_object(text: &[u8], at: usize) -> Option<bool> {
    let mut tokens = Tokens::new(text, at);
    let first = tokens.next_token().and_then(|_| tokens.next_token());
    match first {
        Ok(token) => Some(matches!(token, Some(Token::Key(_) | Token::ObjectEnd))),
        Err(ScanError::Incomplete { .. }) => None,
        Err(_) => Some(false),
    }
}

/// What makes lines of JSON of a text that begins with these lines.
fn way_out(first: &[u8], second: &[u8]) -> &'static str {
    let count = |line: &[u8], separator: u8| memchr::memchr_iter(separator, line).count();
    let are_columns = |separator: u8| {
        let columns = count(first, separator);
        columns > 0 && columns == count(second, separator)
    };
    match first.trim_ascii() {
        [b'<', ..] => "it looks like XML or HTML: write its records as lines of JSON first",
        [b'-', b' ', ..] => YAML_LIST,
        b"---" if second.trim_ascii_start().starts_with(b"- ") => YAML_LIST,
        b"---" => {
            "it looks like YAML: write its records as lines of JSON first (yq -o=json -I=0 . FILE > LOG.jsonl)"
        }
        [b'[', ..] => "write its records as lines of JSON first, each an object with names",
        _ if are_columns(b'\t') => {
            "it looks like a table: write its rows as lines of JSON first (mlr --itsv --ojsonl cat FILE > LOG.jsonl)"
        }
        _ if are_columns(b';') => {
            "it looks like a table: write its rows as lines of JSON first (mlr --icsv --ifs ';' --ojsonl cat FILE > LOG.jsonl)"
        }
        _ if are_columns(b',') => {
            "it looks like a table: write its rows as lines of JSON first (mlr --icsv --ojsonl cat FILE > LOG.jsonl)"
        }
        _ => "write its records as lines of JSON first",
    }
}
