//! The lines of the file, and what is wrong with one that is none.

use chrono::DateTime;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::entry::{QueueEntry, QueueStatus};
use super::error::QueueError;
use crate::legacy::exact_json::{self, shown};
use crate::legacy::path_text;

/// What a line says.
#[derive(Debug)]
pub(super) enum Line {
    /// An entry has this state.
    Entry(QueueEntry),
    /// The file begins after the part of that number.
    Follows(FollowsPart),
}

/// The first line of a file that began anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FollowsPart {
    /// The number of the part, from 1.
    pub follows_part: u64,
}

impl Line {
    /// Reads a line; what is wrong with it where it is none.
    pub fn read(line: &[u8]) -> Result<Self, String> {
        let line = path_text::unescaped(line);
        // An array would do as well, by the order of the fields.
        if line.trim_ascii_start().starts_with(b"{") {
            if let Ok(entry) = serde_json::from_slice(&line) {
                return Ok(Self::Entry(entry));
            }
            if let Ok(follows) = serde_json::from_slice(&line) {
                return Ok(Self::Follows(follows));
            }
        }
        Err(fault_of(&line))
    }
}

/// The line of an entry.
pub(super) fn line_of(entry: &QueueEntry) -> Result<Vec<u8>, QueueError> {
    let line = serde_json::to_string(entry)
        .map_err(|source| QueueError::Entry { event_id: entry.event_id.clone(), source })?;
    Ok(ended(&line))
}

/// The line of what a file begins with.
pub(super) fn first_line(follows_part: u64) -> Vec<u8> {
    ended(&format!("{{\"follows_part\":{follows_part}}}"))
}

fn ended(line: &str) -> Vec<u8> {
    let mut line = path_text::escaped(line).into_owned().into_bytes();
    line.push(b'\n');
    line
}

const TIME: &str = "a time, as \"2025-10-16T13:00:00Z\"";
const STATUS: &str = "\"pending\", \"processing\", \"done\", \"failed\" or \"rate_limited\"";

/// Whether a value is what is expected of a field.
type IsExpected = fn(&Value) -> bool;

/// The fields of an entry that are looked at: name, whether it has to be there, what is expected, and whether a value is that.
const FIELDS: [(&str, bool, &str, IsExpected); 9] = [
    ("event_id", true, "a text", Value::is_string),
    ("definition_id", true, "a text", Value::is_string),
    ("timestamp", true, TIME, is_time),
    ("type", true, "a text", Value::is_string),
    ("data", false, "an object", Value::is_object),
    ("status", true, STATUS, |value| QueueStatus::deserialize(value).is_ok()),
    ("priority", false, "a whole number", Value::is_i64),
    ("attempts", false, "a whole number, from 0 to 4294967295", |value| u32::deserialize(value).is_ok()),
    ("next_attempt", false, TIME, |value| value.is_null() || is_time(value)),
];

fn is_time(value: &Value) -> bool {
    value.as_str().is_some_and(|text| DateTime::parse_from_rfc3339(text).is_ok())
}

/// What was expected of a line, and what came.
fn fault_of(line: &[u8]) -> String {
    match exact_json::read(line) {
        Err(inexact) => inexact.reason,
        Ok(Value::Object(fields)) => fault_of_fields(&fields),
        Ok(other) => format!("expected an entry of the queue as a JSON object, found {}", shown(&other)),
    }
}

fn fault_of_fields(fields: &Map<String, Value>) -> String {
    for (name, is_required, expected, is_expected) in FIELDS {
        match fields.get(name) {
            None if is_required => return format!("`{name}` is missing: expected {expected}"),
            Some(found) if !is_expected(found) => {
                return format!("`{name}`: expected {expected}, found {}", shown(found));
            }
            _ => {}
        }
    }
    "expected an entry of the queue".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: &str = r#"{"event_id":"a_1","definition_id":"a","timestamp":"2025-10-16T13:00:00Z","type":"file_system","data":{},"status":"pending","priority":5}"#;

    #[test]
    fn what_is_wrong_with_a_line_is_said_by_field_with_what_was_expected() {
        assert!(matches!(Line::read(SOUND.as_bytes()), Ok(Line::Entry(_))));
        for (from, to, fault) in [
            (SOUND, "[]", "expected an entry of the queue as a JSON object, found []"),
            (SOUND, "7", "expected an entry of the queue as a JSON object, found 7"),
            (SOUND, "{\"a\"}", "expected `:` after the member name, found `}`"),
            (r#""event_id":"a_1","#, "", "`event_id` is missing: expected a text"),
            (r#""a_1""#, "7", "`event_id`: expected a text, found 7"),
            (
                "13:00",
                "25:00",
                "`timestamp`: expected a time, as \"2025-10-16T13:00:00Z\", found \"2025-10-16T25:00:00Z\"",
            ),
            ("{}", "null", "`data`: expected an object, found null"),
            (
                r#""pending""#,
                r#""ready""#,
                "`status`: expected \"pending\", \"processing\", \"done\", \"failed\" or \"rate_limited\", found \"ready\"",
            ),
            (":5", ":5.5", "`priority`: expected a whole number, found 5.5"),
            (
                ":5",
                ":5,\"attempts\":-1",
                "`attempts`: expected a whole number, from 0 to 4294967295, found -1",
            ),
            (r#""status""#, r#""type":"x","status""#, "the name \"type\" is there twice in one object"),
        ] {
            let line = SOUND.replacen(from, to, 1);
            assert_eq!(Line::read(line.as_bytes()).unwrap_err(), fault, "{line}");
        }
    }

    #[test]
    fn an_array_in_the_order_of_the_fields_is_no_entry() {
        let line = r#"["a_1","a","2025-10-16T13:00:00Z","file_system",{},"pending",5,0,null]"#;
        assert!(
            Line::read(line.as_bytes())
                .unwrap_err()
                .starts_with("expected an entry of the queue as a JSON object")
        );
    }

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let Ok(Line::Entry(mut entry)) = Line::read(SOUND.as_bytes()) else { panic!() };
        entry.data.insert("path".to_owned(), Value::from("caf\u{10ffe9}.md"));
        let line = line_of(&entry).unwrap();
        assert!(line.ends_with(b"}\n") && line.is_ascii(), "{}", String::from_utf8_lossy(&line));
        assert!(matches!(Line::read(&line), Ok(Line::Entry(read)) if read == entry));
        assert!(matches!(Line::read(&first_line(3)), Ok(Line::Follows(FollowsPart { follows_part: 3 }))));
    }
}
