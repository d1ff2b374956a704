//! Random logs that something befell: cut, glued, written by several writers at once, merged, padded,
//! converted. A file of its own, because tests of the readers and tests of the store build on it.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

const RECORDS: [&str; 14] = [
    r#"{"type": "A", "task_id": "T1", "timestamp": "2025-10-25T10:00:00"}"#,
    r#"{"event_id": "e", "event_type": "B", "timestamp": "2025-10-25T10:00:00Z", "title": "Zoë 😀"}"#,
    r#"{"type":"C","timestamp":"2025-10-25T10:00:00","n":[1,-2.5e3,{"a":[]}],"s":"{\"type\": \"x\"}, ]"}"#,
    r#"{"type": "Batch", "timestamp": "2025-10-25", "items": [{"type": "In", "timestamp": "2025-10-25"}, {"type": "In", "timestamp": "2025-10-26"}], "n": 1}"#,
    "{\n  \"type\": \"D\",\r\n  \"timestamp\": \"2025-10-25\"\n}",
    r#"{"v": {"type": "In", "timestamp": "2025-10-25"}}"#,
    r#"{"type": "E", "timestamp": "25.10.2025"}"#,
    r#"{"type": "F", "path": "C:\proj\q", "timestamp": "2025-10-25"}"#,
    r#"{"type": "G", "v": tru, "of": {"type": "In", "timestamp": "2025-10-25"}, "w": 01}"#,
    r#"{'type': 'H', 'timestamp': '2025-10-25'}"#,
    r#"{"v": [{"type": "In", "timestamp": "2025-10-25"}, {"a": 1}, 5 6], "w": 1}"#,
    "12",
    r#""text, {""#,
    "{}",
];
const FRAGMENTS: [&str; 34] = [
    "<<<<<<< HEAD\n",
    "=======\n",
    ">>>>>>> theirs\n",
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "}}",
    ",",
    ",,",
    "\"",
    "\\",
    "\\q",
    "\n",
    "\r\n",
    " ",
    "\u{feff}",
    "\0\0\0\0",
    "]\n[",
    "],[",
    "{\"Records\":[",
    "]}\n{\"Records\": [",
    "{\"v\": ",
    "{\"v\": [1, ",
    "{\"v\": \"",
    "INFO [x] {y: 1} ",
    "null",
    "1",
    "é",
    "{\"",
    "\": {\"",
    "{\"a\":{\"b\":[",
];

/// One thing that befell a log.
#[derive(Debug, Clone)]
enum Fault {
    Inserted(Index, &'static str),
    /// Bytes are lost: the lines or records around them are glued together.
    Cut(Index, usize),
    Overwritten(Index, Vec<u8>),
    /// What was written from there on is there twice.
    Repeated(Index, usize),
    /// Converted line ends.
    CarriageReturns,
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        4 => (any::<Index>(), select(&FRAGMENTS[..])).prop_map(|(at, text)| Fault::Inserted(at, text)),
        3 => (any::<Index>(), select(&RECORDS[..])).prop_map(|(at, text)| Fault::Inserted(at, text)),
        4 => (any::<Index>(), prop_oneof![1..4_usize, 1..90_usize]).prop_map(|(at, length)| Fault::Cut(at, length)),
        1 => (any::<Index>(), vec(any::<u8>(), 1..6)).prop_map(|(at, bytes)| Fault::Overwritten(at, bytes)),
        1 => (any::<Index>(), 1..90_usize).prop_map(|(at, length)| Fault::Repeated(at, length)),
        1 => Just(Fault::CarriageReturns),
    ]
}

impl Fault {
    fn befall(self, log: &mut Vec<u8>) {
        let place = |index: Index, log: &Vec<u8>| index.index(log.len() + 1);
        match self {
            Self::Inserted(at, text) => {
                let at = place(at, log);
                log.splice(at..at, text.bytes());
            }
            Self::Cut(at, length) => {
                let at = place(at, log);
                log.drain(at..(at + length).min(log.len()));
            }
            Self::Overwritten(at, bytes) => {
                let at = place(at, log);
                log.splice(at..(at + bytes.len()).min(log.len()), bytes);
            }
            Self::Repeated(at, length) => {
                let at = place(at, log);
                let again = log[at..(at + length).min(log.len())].to_vec();
                log.splice(at..at, again);
            }
            Self::CarriageReturns => *log = String::from_utf8_lossy(log).replace('\n', "\r\n").into_bytes(),
        }
    }
}

/// A log in one of the ways to write one, and whether its records are held by an object.
fn sound_log() -> impl Strategy<Value = (Vec<u8>, bool)> {
    let layouts = select(vec![
        ("", "\n", "\n", false),
        ("", "\n", "\n", false),
        ("", ",\n", ",\n", false),
        ("\u{feff}", "\r\n", "\r\n", false),
        ("[", ", ", "]", false),
        ("[", ", ", "]\n", false),
        ("[\n  ", ",\n  ", "\n]\n", false),
        ("[", "]\n[", "]\n", false),
        ("{\"Records\": [", ",", "], \"v\": 1}\n", true),
        ("{\"Records\": [", "]}\n{\"Records\": [", "]}\n", true),
        ("text\n[", ", ", "]\n", false),
    ]);
    (layouts, vec(select(&RECORDS[..]), 0..9)).prop_map(|((opening, between, end, is_held), records)| {
        (format!("{opening}{}{end}", records.join(between)).into_bytes(), is_held)
    })
}

/// A damaged log, and whether its records are held by an object under the key `Records`.
pub fn damaged_log() -> impl Strategy<Value = (Vec<u8>, bool)> {
    (sound_log(), vec(fault(), 0..6)).prop_map(|((mut log, is_held), faults)| {
        faults.into_iter().for_each(|fault| fault.befall(&mut log));
        (log, is_held)
    })
}
