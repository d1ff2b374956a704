//! Whether a log that begins with objects has one on each line.
//!
//! A log of lines is known by its first whole event on a line, which mostly is its first line. Where none stands
//! at its beginning, what does can be events over several lines, or objects that hold the records in an array:
//! as lines they would be any number of rejects, and no event. Only whole objects tell: what has no end yet, or is broken, can be a
//! damaged or a long record of a log of lines.

use std::cell::LazyCell;

use crate::application::log_source::SourceError;
use crate::wire::json::{ScanError, Token, Tokens, is_blank};
use crate::wire::local_time::DstPolicy;
use crate::wire::mapping::Mapping;
use crate::wire::record::RecordReader;
use crate::wire::zone::Zone;

use super::array_syntax::RECORD_SEPARATOR;
use super::found_record::RecordNames;
use super::limits::LONGEST_PIECE;
use super::unsupported_input::UnsupportedInput;
use super::window::{ByteWindow, UTF_8_BOM};

/// How many objects that do not end are looked at: each is scanned to the end of what is looked at.
const MOST_UNFINISHED: usize = 8;

/// How often the bytes of objects that break are scanned, in the mean: a part of one is tried for itself.
const MOST_SCANS: usize = 4;

/// Why the log is not read as lines, where that shows at its beginning.
pub(super) fn unsupported_layout(
    window: &mut ByteWindow,
    mapping: &Mapping,
) -> Result<Option<UnsupportedInput>, SourceError> {
    // Times do not matter here.
    let zone = Zone::utc();
    let mut reader = RecordReader::with_mapping(&zone, DstPolicy::Resolve, mapping);
    // Mostly the first line is an event, and they are not asked for.
    let names = LazyCell::new(|| RecordNames::of(mapping));
    let is_marked = window.bytes().starts_with(UTF_8_BOM);
    let mut at = if is_marked { UTF_8_BOM.len() } else { 0 };
    // Where in the line an object is looked for, and how often the bytes of broken ones may be scanned.
    let (mut from, mut left) = (at, MOST_SCANS * window.bytes().len());
    let (mut found, mut unfinished, mut is_any_broken) = (None, 0, false);
    while let Some(Line { object, before, next }) = line(window.bytes(), at, from) {
        let Some(start) = object else {
            (at, from) = (next, next);
            continue;
        };
        match reader.extent(window.bytes(), start) {
            Ok(object) => {
                let spans_lines = object.span.end > next;
                let is_event = reader.is_event(window.bytes(), object);
                if is_event && !spans_lines {
                    return Ok(None);
                }
                // Within a record that is not whole, an object is no holder.
                if !is_event
                    && !is_any_broken
                    && let Some(key) = held_under(window.bytes(), start, &names, &mut reader)
                {
                    found.get_or_insert(UnsupportedInput::Holders { key });
                }
                from = object.span.end;
                if spans_lines {
                    at = from;
                    if let Some(opening) = before.filter(|_| is_event) {
                        found.get_or_insert(opening);
                    }
                }
            }
            Err(ScanError::Incomplete { .. }) => {
                if window.bytes().len() < LONGEST_PIECE && window.grow()? {
                    continue;
                }
                is_any_broken = true;
                unfinished += 1;
                if unfinished == MOST_UNFINISHED {
                    break;
                }
                from = start + 1;
            }
            Err(error) => {
                let scanned = error.at() - start;
                if scanned > left {
                    break;
                }
                is_any_broken = true;
                (from, left) = (start + 1, left - scanned);
            }
        }
    }
    Ok(found)
}

/// A line of a text.
struct Line {
    /// Where an object begins in it.
    object: Option<usize>,
    /// What the log is where that goes on after the line: `None` where something else stands before it.
    before: Option<UnsupportedInput>,
    /// Where the next line begins.
    next: usize,
}

/// The line that begins at `at`, and the first object in it from `from` on; `None` at the end of the text.
fn line(text: &[u8], at: usize, from: usize) -> Option<Line> {
    let rest = text.get(from..).filter(|_| at < text.len())?;
    let next = memchr::memchr(b'\n', rest).map_or(text.len(), |newline| from + newline + 1);
    let object = memchr::memchr(b'{', &text[from..next]).map(|object| from + object);
    let is_layout = |byte: &u8| is_blank(*byte) || matches!(*byte, b',' | RECORD_SEPARATOR);
    let solid = text[..object.unwrap_or(at)].iter().rposition(|byte| !is_layout(byte));
    let before = match solid {
        // The array can begin on an earlier line.
        Some(bracket) if text[bracket] == b'[' => Some(UnsupportedInput::ArrayBegins { at: bracket as u64 }),
        Some(solid) if solid >= at => None,
        _ => Some(UnsupportedInput::SeveralLines),
    };
    Some(Line { object, before, next })
}

/// The name at the top of the object at `start` under which an array begins with an event, where the object has none
/// of the names of an event before that.
fn held_under(
    text: &[u8],
    start: usize,
    names: &RecordNames,
    reader: &mut RecordReader<'_>,
) -> Option<String> {
    let mut tokens = Tokens::new(text, start);
    let mut key = None;
    while let Ok(Some(token)) = tokens.next_token() {
        match token {
            Token::Key(name) if tokens.depth() == 1 => {
                let name = name.decode(text)?;
                if names.have(&name) {
                    return None;
                }
                key = Some(name);
            }
            Token::ArrayStart if tokens.depth() == 2 => {
                let from = tokens.offset();
                if let Ok(object) = reader.extent(text, from)
                    && reader.is_event(text, object)
                {
                    return key.map(|key| key.to_string());
                }
            }
            _ => {}
        }
    }
    None
}
