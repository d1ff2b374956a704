//! The same log, or the same event, written in different ways.

use serde_json::Value;

use super::generator::python_json::Layout;
use super::generator::{Plan, write_legacy};
use super::{Counts, DATABASE, Row, import, import_into, rows};
use crate::support::cli::write;
use crate::support::test_dir::TestDir;

/// What must not depend on how a log is written.
fn meaning(row: &Row) -> (&str, &str, i64, Option<&str>, Value) {
    (&row.event_id, &row.event_type, row.occurred_at, row.aggregate_id.as_deref(), row.value())
}

#[test]
fn one_log_gives_the_same_events_however_it_is_written() {
    let dir = TestDir::new();
    let plan = Plan { events: 400, days: 5, seed: 7, ..Plan::default() };
    let array = |layout| {
        let mut log = Vec::new();
        write_legacy(&plan, layout, &mut log).unwrap();
        String::from_utf8(log).unwrap()
    };
    let compact = array(Layout::Compact);
    let records: Vec<&str> = compact[1..compact.len() - 1].split_inclusive("}, {").collect();
    let lines = compact[1..compact.len() - 1].replace("}, {", "}\n{");
    assert_eq!((records.len(), lines.lines().count()), (400, 400), "no record holds another one");
    let logs = [
        ("compact.json", compact.clone()),
        ("tight.json", array(Layout::Tight)),
        ("indented.json", array(Layout::Indented(2))),
        ("tabs-and-crlf.json", array(Layout::Indented(1)).replace("\n ", "\r\n\t")),
        ("marked.json", format!("\u{feff}{compact}\n")),
        ("lines.jsonl", format!("{lines}\n")),
        ("lines-crlf.jsonl", format!("{}\r\n", lines.replace('\n', "\r\n"))),
        ("lines-marked.jsonl", format!("\u{feff}{lines}")),
        ("blank-lines.jsonl", format!("\n\r\n{}\n \n", lines.replace('\n', "\n\n"))),
        ("lines.log", lines),
    ];
    for (name, log) in &logs {
        write(&dir, name, log);
        let report = import_into(&dir, name, &format!("{name}.db"));
        assert_eq!(report.total, Counts { records: 400, imported: 400, ..Counts::default() }, "{name}");
    }
    let expected = rows(&dir, "compact.json.db");
    for (name, _) in &logs {
        let found = rows(&dir, &format!("{name}.db"));
        assert!(expected.iter().map(meaning).eq(found.iter().map(meaning)), "{name}");
    }
    for (name, _) in &logs {
        let copy = import_into(&dir, name, "compact.json.db");
        assert_eq!(copy.total, Counts { records: 400, already_present: 400, ..Counts::default() }, "{name}");
    }
}

const EVENT: &str =
    r#"{"event_id": "e1", "event_type": "A", "timestamp": "2025-10-25T10:00:00Z", "n": 150, "s": "Zürich"}"#;
const RESPELLED: &str =
    r#"{"s":"Z\u00fcrich","n":1.5e2,"timestamp":"2025-10-25T10:00:00Z","event_type":"A","event_id":"e1"}"#;

#[test]
fn the_same_event_in_another_spelling_is_a_duplicate_and_the_first_spelling_stays() {
    let dir = TestDir::new();
    write(&dir, "a.jsonl", format!("{EVENT}\n{RESPELLED}\n{EVENT}\n"));
    let report = import(&dir, "a.jsonl");
    assert_eq!(report.total, Counts { records: 3, imported: 1, duplicates: 2, ..Counts::default() });
    assert_eq!(rows(&dir, DATABASE)[0].body, EVENT);

    write(&dir, "b.jsonl", RESPELLED);
    let report = import(&dir, "b.jsonl");
    assert_eq!(report.total, Counts { records: 1, already_present: 1, ..Counts::default() });
    assert_eq!(rows(&dir, DATABASE)[0].body, EVENT);
}

#[test]
fn an_event_repeated_at_the_other_end_of_a_long_log_is_a_duplicate() {
    // More records than are committed together.
    const BETWEEN: u64 = 12_000;
    let dir = TestDir::new();
    let between: String = (0..BETWEEN)
        .map(|number| {
            format!("{{\"event_id\":\"n{number}\",\"event_type\":\"A\",\"timestamp\":\"2025-10-25\"}}\n")
        })
        .collect();
    write(&dir, "a.jsonl", format!("{EVENT}\n{between}{RESPELLED}\n{}", EVENT.replace("150", "151")));
    let report = import(&dir, "a.jsonl");
    let (records, imported) = (BETWEEN + 3, BETWEEN + 1);
    assert_eq!(report.total, Counts { records, imported, duplicates: 1, rejected: 1, ..Counts::default() });
    assert_eq!(report.conflicts, 1);
}

#[test]
fn another_content_under_the_same_id_is_a_conflict_and_the_first_content_stays() {
    let dir = TestDir::new();
    let other = EVENT.replace("150", "151");
    let innocent = EVENT.replace("e1", "e2");
    write(&dir, "a.jsonl", format!("{EVENT}\n{other}\n{innocent}\n"));
    let report = import(&dir, "a.jsonl");
    assert_eq!(report.total, Counts { records: 3, imported: 2, rejected: 1, ..Counts::default() });
    assert_eq!((report.conflicts, report.reasons()), (1, vec!["conflict"]));
    let reject = &report.rejects[0];
    assert_eq!((reject.line, reject.offset), (2, EVENT.len() as u64 + 1));
    assert_eq!(
        reject.detail,
        "the id e1 belongs to another event, at position 1 of the store: an event is never overwritten"
    );
    let bodies: Vec<String> = rows(&dir, DATABASE).into_iter().map(|row| row.body).collect();
    assert_eq!(bodies, [EVENT, &innocent]);
}

#[test]
fn a_conflict_with_what_the_store_held_before_is_found_too() {
    let dir = TestDir::new();
    write(&dir, "a.jsonl", EVENT);
    write(&dir, "b.jsonl", EVENT.replace("Zürich", "Zurich"));
    import(&dir, "a.jsonl");
    let report = import(&dir, "b.jsonl");
    assert_eq!(report.total, Counts { records: 1, rejected: 1, ..Counts::default() });
    assert_eq!(report.conflicts, 1);
    assert_eq!(rows(&dir, DATABASE)[0].body, EVENT);
}

#[test]
fn one_array_may_hold_both_shapes() {
    let dir = TestDir::new();
    let legacy = r#"{"type": "B", "task_id": "T1", "timestamp": "2025-10-25T10:00:00"}"#;
    let both = r#"{"event_type": "C", "type": "B", "event_id": "e2", "aggregate_id": "T2", "task_id": "T3", "timestamp": "2025-10-25T10:00:00"}"#;
    let legacy = legacy.replace("2025", "2024");
    write(&dir, "a.json", format!("[{EVENT}, {legacy}, {both}]"));
    import(&dir, "a.json");
    let rows = rows(&dir, DATABASE);
    let seen: Vec<(&str, Option<&str>)> =
        rows.iter().map(|row| (row.event_type.as_str(), row.aggregate_id.as_deref())).collect();
    assert_eq!(seen, [("A", None), ("B", Some("T1")), ("C", Some("T2"))]);
    assert_eq!((rows[0].event_id.as_str(), rows[2].event_id.as_str()), ("e1", "e2"));
}
