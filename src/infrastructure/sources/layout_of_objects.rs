//! Whether a log that begins with objects has one on each line.
//!
//! A log of lines is known by its first whole event on a line, which mostly is its first line, or by a whole object on
//! a line that it begins with: what it goes on with changes nothing. Where none stands at its beginning, what does can
//! be events over several lines, or objects that hold the records in an array: as lines they would be any number of
//! rejects, and no event. Only whole objects tell: what has no end yet, or is broken, can be a damaged or a long
//! record of a log of lines.

use std::cell::LazyCell;
use std::ops::Range;

use crate::application::log_source::SourceError;
use crate::wire::json::{ScanError, is_blank};
use crate::wire::local_time::DstPolicy;
use crate::wire::mapping::Mapping;
use crate::wire::record::RecordReader;
use crate::wire::zone::Zone;

use super::array_syntax::RECORD_SEPARATOR;
use super::found_record::RecordNames;
use super::held_records::held_by;
use super::limits::LONGEST_PIECE;
use super::unsupported_input::UnsupportedInput;
use super::window::{ByteWindow, UTF_8_BOM};

/// So many objects over several lines that are no events, as a mapping is missing, are no lines that have gone on.
const OTHERS: usize = 2;

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
    let (mut found, mut unfinished, mut is_any_broken, mut others) = (None, 0, false, 0);
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
                let holds = (!is_event && !is_any_broken)
                    .then(|| held_by(window.bytes(), start, &names, &mut reader))
                    .flatten()
                    // A line that has gone on holds one object too.
                    .filter(|held| !spans_lines || !matches!(held, UnsupportedInput::HeldAsObjects { .. }));
                if let Some(held) = holds {
                    found.get_or_insert(held);
                } else if !spans_lines && is_first_line(window.bytes(), start, object.span.end..next) {
                    return Ok(None);
                }
                from = object.span.end;
                if spans_lines {
                    at = from;
                    others +=
                        usize::from(!is_event && matches!(before, Some(UnsupportedInput::SeveralLines)));
                    if let Some(opening) = before.filter(|_| is_event || others == OTHERS) {
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

/// Whether a text begins with an object at `start`, and its line with that ends with `rest`.
fn is_first_line(text: &[u8], start: usize, rest: Range<usize>) -> bool {
    let before = text[..start].strip_prefix(UTF_8_BOM).unwrap_or(&text[..start]);
    before.iter().chain(&text[rest]).all(is_layout)
}

/// Whether a byte stands before and after records.
fn is_layout(byte: &u8) -> bool {
    is_blank(*byte) || matches!(*byte, b',' | RECORD_SEPARATOR)
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
    let solid = text[..object.unwrap_or(at)].iter().rposition(|byte| !is_layout(byte));
    let before = match solid {
        // The array can begin on an earlier line.
        Some(bracket) if text[bracket] == b'[' => Some(UnsupportedInput::ArrayBegins { at: bracket as u64 }),
        Some(solid) if solid >= at => None,
        _ => Some(UnsupportedInput::SeveralLines),
    };
    Some(Line { object, before, next })
}
