//! A log that has grown since it was imported, or was written anew.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use rusqlite::Connection;

use super::{Counts, DATABASE, ids, import, import_into};
use crate::support::cli::write;
use crate::support::test_dir::TestDir;

fn record(task: u64) -> String {
    format!(r#"{{"type": "A", "task_id": "T{task}", "timestamp": "2025-10-25T10:00:00"}}"#)
}

fn records(tasks: &[u64]) -> Vec<String> {
    tasks.iter().map(|&task| record(task)).collect()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// A log of these records, in each of the ways to write one.
fn layouts(tasks: &[u64]) -> [(&'static str, Vec<u8>); 4] {
    let records = records(tasks);
    let lines: String = records.iter().map(|record| format!("{record}\n")).collect();
    [
        ("a.jsonl.gz", gzip(&lines)),
        ("a.jsonl", lines.into_bytes()),
        ("a.json", format!("[{}]", records.join(", ")).into_bytes()),
        ("indented.json", format!("[\n  {}\n]\n", records.join(",\n  ")).into_bytes()),
    ]
}

fn sources(dir: &TestDir) -> i64 {
    let connection = Connection::open(dir.join(DATABASE)).unwrap();
    connection.query_row("SELECT count(*) FROM sources WHERE finished_at > 0", [], |row| row.get(0)).unwrap()
}

#[test]
fn a_grown_log_is_one_source_and_has_the_ids_of_one_that_was_imported_whole() {
    for ((name, short), (_, long)) in layouts(&[1, 2, 1]).into_iter().zip(layouts(&[1, 2, 1, 1, 3, 2])) {
        let dir = TestDir::new();
        write(&dir, name, short);
        import(&dir, name);
        write(&dir, name, long);
        let grown = import(&dir, name).total;
        assert_eq!(
            grown,
            Counts { records: 6, imported: 3, already_present: 3, ..Counts::default() },
            "{name}"
        );
        import_into(&dir, name, "whole.db");
        assert_eq!((ids(&dir, DATABASE), sources(&dir)), (ids(&dir, "whole.db"), 1), "{name}");
    }
}

#[test]
fn a_log_that_was_written_anew_is_another_source_and_adds_only_what_is_new() {
    for ((name, old), (_, new)) in layouts(&[1, 2, 1]).into_iter().zip(layouts(&[4, 1, 1, 1, 2])) {
        let dir = TestDir::new();
        write(&dir, name, old);
        import(&dir, name);
        write(&dir, name, new);
        let anew = import(&dir, name).total;
        assert_eq!(
            anew,
            Counts { records: 5, imported: 2, already_present: 3, ..Counts::default() },
            "{name}"
        );
        assert_eq!(sources(&dir), 2, "{name}");
    }
}

#[test]
fn a_last_line_without_its_newline_is_counted_once_when_the_log_grows() {
    let dir = TestDir::new();
    let line =
        |id| format!(r#"{{"event_id": "{id}", "event_type": "A", "timestamp": "2025-10-25T10:00:00Z"}}"#);
    let lines = ["e1", "e2", "e3"].map(line);
    write(&dir, "a.jsonl", format!("{}\n{}", lines[0], lines[1]));
    assert_eq!(import(&dir, "a.jsonl").total.imported, 2);
    write(&dir, "a.jsonl", lines.join("\n"));
    let report = import(&dir, "a.jsonl");
    assert_eq!(report.total, Counts { records: 3, imported: 1, already_present: 2, ..Counts::default() });
}
