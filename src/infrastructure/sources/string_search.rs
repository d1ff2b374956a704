//! Records that stand in a string, as what collects the output of programs writes them:
//! `{"log": "{\"type\": ...}\n", "stream": "stdout"}`.

use crate::wire::record::RecordReader;

use super::found_record::{FoundRecord, RecordNames, Take};

/// What became of an object in a string.
pub(super) enum InString {
    /// It is a record, and the search is to stop.
    Stopped,
    /// It is a record.
    Record,
    /// It is none.
    Nothing {
        /// Or one that is damaged.
        may_be_damaged: bool,
    },
}

/// Whether what begins with `{` is an object in a string: an escape stands where its first name begins.
pub(super) fn is_in_string(text: &[u8]) -> bool {
    text.get(1..).unwrap_or_default().iter().find(|byte| !matches!(byte, b' ' | b'\t')) == Some(&b'\\')
}

/// Where the string ends, or the line, since no string spans lines; `None` where the text ends before.
pub(super) fn end_of_string(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(next) = memchr::memchr3(b'"', b'\\', b'\n', text.get(at..)?) {
        if text[at + next] != b'\\' {
            return Some(at + next);
        }
        at += next + 2;
    }
    None
}

/// Reads the object that the rest of a string begins with. The reader is one for strings alone.
pub(super) fn read_in_string(
    rest: &[u8],
    reader: &mut RecordReader<'_>,
    names: &RecordNames,
    take: &mut Take<'_>,
) -> InString {
    let nothing = |may_be_damaged| InString::Nothing { may_be_damaged };
    let quoted = [b"\"", rest, b"\""].concat();
    let Ok(text) = serde_json::from_slice::<String>(&quoted) else {
        return nothing(names.stand_escaped_in(rest));
    };
    let text = text.as_bytes();
    let Ok(object) = reader.scan(text, 0) else {
        return nothing(names.stand_in(text) || names.stand_escaped_in(text));
    };
    let is_event = reader.is_event(text, object);
    let found = FoundRecord { text, object, reader };
    match is_event || names.are_in(&found) {
        true if take(&found).is_break() => InString::Stopped,
        true => InString::Record,
        false => nothing(false),
    }
}
