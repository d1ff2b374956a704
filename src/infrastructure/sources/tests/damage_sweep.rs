//! Whole records in, whole records out: what befalls logs, over lines, arrays and holders of records.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::wrapper_object::under_records;
use super::*;

/// What can stand right before a record, on its line or in its place of an array.
const BEFORE: [&str; 48] = [
    "\0",
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
    "\u{feff}",
    "\u{1e}",
    "\u{1f}\u{1}\u{7f}",
    "\u{1b}[32m",
    "\u{b}\u{c}",
    "\u{a0}",
    "\u{2028}",
    "}",
    "}}",
    "]",
    "[",
    "[[",
    "{",
    "{ ",
    "{{{",
    ",",
    ",,",
    ":",
    ";",
    "\\",
    "'",
    "\"",
    "\"\"",
    "42 ",
    "null ",
    "\"text\" ",
    "INFO ",
    "2025-10-25T10:00:00Z app[17]: ",
    "[2025-10-25 10:00:00] {main} ",
    "it's \"quoted ",
    "data: ",
    "// ",
    "# ",
    "<13>",
    "window.log = ",
    ")]}'",
    "{\"type\"",
    "{\"type\": ",
    "{\"type\": \"To",
    "{\"type\": \"Torn\", ",
    "{\"type\": \"Torn\", \"ta",
    "{\"type\": \"Torn\", \"timestamp\": \"2025-10-25\"",
    "{\"type\": \"Torn\", \"v\": {\"a\": 1",
    "{\"type\": \"Torn\", \"v\": 12",
    "{\"type\": \"Torn\\",
    "n\", \"timestamp\": \"2025-10-25\"}",
];

/// What can stand right after one.
const AFTER: [&str; 14] = [
    " ",
    "x",
    "}",
    "]",
    ",",
    ";",
    "\0\0\0",
    "\u{1e}",
    "\"",
    " // done",
    "\u{1b}[0m",
    "{",
    "{\"type\": \"To",
    " null",
];

/// What can stand in the place of a record and is none: one reject each, in lines as in arrays.
const BAD: [&str; 20] = [
    r#"{"type": "F", "path": "C:\proj\q", "timestamp": "2025-10-25"}"#,
    r#"{"type": "G", "v": tru, "timestamp": "2025-10-25"}"#,
    r#"{"type": "G", "v": 01, "timestamp": "2025-10-25"}"#,
    r#"{"type": "G", "v": True, "w": None, "timestamp": "2025-10-25"}"#,
    r#"{'type': 'H', 'timestamp': '2025-10-25'}"#,
    r#"{type: "H", timestamp: "2025-10-25"}"#,
    r#"{"type": "I", "timestamp": "2025-10-25",}"#,
    r#"{"type": "I" "timestamp": "2025-10-25"}"#,
    r#"{"type": "I", "timestamp": "25.10.2025"}"#,
    r#"{"type": "I"}"#,
    r#"{"timestamp": "2025-10-25"}"#,
    r#"{"type": "I", "type": "J", "timestamp": "2025-10-25"}"#,
    r#"{"v": {"type": "In", "timestamp": "2025-10-25"}}"#,
    "{\"type\": \"ta\tb\", \"timestamp\": \"2025-10-25\"}",
    "{}",
    "12",
    "null",
    "\"text\"",
    "<p>no</p>",
    "=======",
];

/// How the records of a log are written.
#[derive(Debug, Clone, Copy)]
struct Layout {
    beginning: &'static str,
    between: &'static str,
    end: &'static str,
    is_held: bool,
}

const fn layout(beginning: &'static str, between: &'static str, end: &'static str) -> Layout {
    Layout { beginning, between, end, is_held: false }
}

const LAYOUTS: [Layout; 8] = [
    layout("", "\n", "\n"),
    layout("", "\r\n", "\r\n"),
    layout("", ",\n", "\n"),
    layout("\u{feff}", "\n", "\n"),
    layout("[", ",\n", "]\n"),
    layout("[\n  ", ",\n  ", "\n]\n"),
    layout("[", ", ", "]"),
    Layout { is_held: true, ..layout("{\"v\": 1, \"Records\": [", ", ", "]}\n") },
];

/// What befalls a whole log of four records: the parts that these are written between.
const WHOLE: [(&str, [&str; 5]); 26] = [
    ("two arrays", ["[", ", ", "]\n[", ", ", "]\n"]),
    ("two arrays, glued", ["[", ", ", "][", ", ", "]"]),
    ("two arrays and a comma", ["[", ", ", "],\n[", ", ", "]\n"]),
    ("an array a record", ["[", "]\n[", "]\n[", "]\n[", "]\n"]),
    ("an array a line", ["[", ", ", ", ", "]\n[", "]\n"]),
    ("arrays within an array", ["[[", ", ", "], [", ", ", "]]"]),
    ("empty arrays between", ["[]\n[", ", ", "]\n[]\n[]\n[", ", ", "]"]),
    ("text before an array", ["Export of today\n[", ", ", ", ", ", ", "]\n"]),
    ("an assignment of an array", ["window.log = [", ", ", ", ", ", ", "];\n"]),
    ("a guard before an array", [")]}'\n[", ", ", ", ", ", ", "]\n"]),
    ("a comment before an array", ["/* {all} */ [", ", ", ", ", ", ", "]\n"]),
    ("text after an array", ["[", ", ", ", ", ", ", "]\n-- 4 records {all}\n"]),
    ("lines after an array", ["[", ", ", "]\n", "\n", "\n"]),
    ("an array after lines", ["", "\n", "\n[", ", ", "]\n"]),
    ("an array without its end", ["[", ", ", ", ", ", ", ""]),
    ("an array without its beginning", ["", ", ", ", ", ", ", "]"]),
    ("an array without commas", ["[", " ", "\n", "", "]"]),
    ("an array with commas left over", ["[,", ",,", ", ,", ",\n,", ",]"]),
    ("brackets too many", ["[", "], ", ", ", "]]\n", "]]]"]),
    ("records on one line", ["", "", " ", "\t", "\n"]),
    ("a merge in lines", ["<<<<<<< HEAD\n", "\n=======\n", "\n>>>>>>> theirs\n", "\n", "\n"]),
    ("a merge in an array", ["[\n<<<<<<< HEAD\n", ",\n=======\n", ",\n>>>>>>> theirs\n", ",\n", "\n]\n"]),
    ("a patch", ["+", "\n+", "\n-", "\n ", "\n"]),
    ("records in quotes", ["'", "'\n'", "'\n\"", "\"\n`", "`\n"]),
    (
        "an index of lines",
        ["{\"index\": {}}\n", "\n{\"index\": {}}\n", "\n{\"index\": {}}\n", "\n{\"index\": {}}\n", "\n"],
    ),
    ("events of a server", ["data: ", "\n\ndata: ", "\n\nid: 7\ndata: ", "\n\n:\n\ndata: ", "\n\n"]),
];

/// What befalls holders of records, one after the other.
const HELD: [(&str, [&str; 5]); 4] = [
    (
        "a holder a record",
        ["{\"Records\":[", "]}\n{\"Records\":[", "]}\n{\"Records\": [", "]}\n{\"Records\":[", "]}\n"],
    ),
    ("holders, glued", ["{\"Records\":[", ",", "]}{\"v\": 1, \"Records\":[", ",", "], \"w\": 2}"]),
    ("text between holders", ["{\"Records\":[", ",", "]}\n== next file ==\n{\"Records\":[", ",", "]}\n"]),
    ("a holder without its end", ["{\"Records\":[", ",", ",", ",", "]"]),
];

/// The types of the events in a log, and how many rejects it has.
fn read_through(log: &[u8], is_held: bool) -> (Vec<String>, usize) {
    let mapping = if is_held { under_records() } else { Mapping::BuiltIn };
    let content = Trickle { bytes: io::Cursor::new(log.to_vec()), step: usize::MAX };
    let mut source = read_log(ByteWindow::new(Path::new("log"), Box::new(content)), None, &mapping)
        .unwrap_or_else(|error| panic!("{error:?}: {}", String::from_utf8_lossy(log)));
    let zone = Zone::utc();
    let mut reader = RecordReader::with_mapping(&zone, DstPolicy::Resolve, &mapping);
    let (mut events, mut rejects) = (Vec::new(), 0);
    while let Some(piece) = source.next_piece(&mut reader).unwrap() {
        match piece.content {
            PieceContent::Record(record) => events.push(record.event_type.into_owned()),
            PieceContent::Reject(_) => rejects += 1,
            PieceContent::Layout | PieceContent::RejectContinued => {}
        }
    }
    (events, rejects)
}

const KINDS: [&str; 4] = ["A", "B", "C", "D"];

/// One thing that befalls the record at a place.
#[derive(Debug, Clone, Copy)]
enum Fault {
    Before(&'static str),
    After(&'static str),
    /// A bad record before it, in a place of its own.
    Bad(&'static str),
}

/// A log of four records of which some have a fault.
fn damaged(layout: &Layout, faults: &[(usize, Fault)]) -> Vec<u8> {
    let places = KINDS.iter().enumerate().map(|(at, kind)| {
        let mut record = event(kind);
        for (_, fault) in faults.iter().filter(|(place, _)| *place == at) {
            record = match fault {
                Fault::Before(text) => format!("{text}{record}"),
                Fault::After(text) => format!("{record}{text}"),
                Fault::Bad(bad) => format!("{bad}{}{record}", layout.between),
            };
        }
        record
    });
    let places: Vec<String> = places.collect();
    format!("{}{}{}", layout.beginning, places.join(layout.between), layout.end).into_bytes()
}

fn all_faults() -> Vec<Fault> {
    let before = BEFORE.into_iter().map(Fault::Before);
    before.chain(AFTER.into_iter().map(Fault::After)).chain(BAD.into_iter().map(Fault::Bad)).collect()
}

/// Those that any other one may follow: a record that stands where a value was cut off is known for one by what follows it.
fn faults_by_themselves() -> Vec<Fault> {
    let mut faults = all_faults();
    faults.retain(|fault| !matches!(fault, Fault::Before("{\"type\": ")));
    faults
}

#[test]
fn every_whole_record_is_found_whatever_stands_beside_it_in_every_layout() {
    let (mut logs, mut failures) = (0, Vec::new());
    for layout in &LAYOUTS {
        for fault in all_faults() {
            for place in 0..KINDS.len() {
                let log = damaged(layout, &[(place, fault)]);
                let (events, rejects) = read_through(&log, layout.is_held);
                let is_right = match fault {
                    Fault::Bad(_) => events == KINDS && rejects == 1,
                    _ => events == KINDS,
                };
                logs += 1;
                if !is_right {
                    failures
                        .push(format!("{events:?}, {rejects} rejects: {}", String::from_utf8_lossy(&log)));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{} of {logs}:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn every_whole_record_is_found_in_logs_that_were_put_together() {
    for (forms, is_held) in [(&WHOLE[..], false), (&HELD[..], true)] {
        for (name, parts) in forms {
            let mut log = parts[0].to_owned();
            for (kind, part) in KINDS.iter().zip(&parts[1..]) {
                log += &event(kind);
                log += part;
            }
            assert_eq!(read_through(log.as_bytes(), is_held).0, KINDS, "{name}: {log}");
        }
    }
}

proptest! {
    #[test]
    fn every_whole_record_is_found_in_a_log_with_several_faults(
        layout in select(&LAYOUTS[..]),
        faults in proptest::collection::vec((any::<Index>(), select(faults_by_themselves())), 1..4),
    ) {
        let faults: Vec<_> = faults.iter().map(|(place, fault)| (place.index(KINDS.len()), *fault)).collect();
        let log = damaged(&layout, &faults);
        let (mut events, _) = read_through(&log, layout.is_held);
        // What one fault has cut off, another one can close.
        events.retain(|kind| KINDS.contains(&kind.as_str()));
        prop_assert_eq!(events, KINDS, "{}", String::from_utf8_lossy(&log));
    }
}
