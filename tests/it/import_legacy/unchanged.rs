//! A log that is, byte for byte, what was imported last.

use std::fs::File;
use std::io::Write;
use std::time::{Duration, SystemTime};

use flate2::Compression;
use flate2::write::GzEncoder;
use mission_events::internals::infrastructure::sqlite::SqliteEventRepository;
use rusqlite::{Connection, TransactionBehavior};

use super::{Counts, DATABASE, described, import, import_into, quiet};
use crate::support::cli::write;
use crate::support::test_dir::TestDir;
use crate::support::utc;

const LINES: &str = "{\"type\": \"A\", \"task_id\": \"T1\", \"timestamp\": \"2025-10-25T10:00:00Z\"}\n\
    {\"type\": \"A\", \"task_id\": \"T1\", \"timestamp\": \"2025-10-25T10:00:00Z\"}\n\
    not JSON\n\
    {\"event_id\": \"e1\", \"event_type\": \"A\", \"timestamp\": \"2030-10-25T10:00:00Z\"}\n\
    {\"event_id\": \"e1\", \"event_type\": \"B\", \"timestamp\": \"2030-10-25T10:00:00Z\"}\n\
    {\"event_id\": \"e1\", \"event_type\": \"A\", \"timestamp\": \"2030-10-25T10:00:00Z\"}\n\
    {\"type\": \"A\", \"task";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Logs, sound and damaged, plain and compressed.
fn logs() -> Vec<(&'static str, Vec<u8>)> {
    let record = LINES.lines().next().unwrap();
    let whole = &LINES[..LINES.len() - 20];
    let compressed = gzip(LINES.as_bytes());
    vec![
        ("sound.jsonl", LINES.lines().next().unwrap().as_bytes().to_vec()),
        ("torn.jsonl", LINES.as_bytes().to_vec()),
        ("rejected.jsonl", whole.as_bytes().to_vec()),
        ("sound.json", format!("[{record}, {record}]\n").into_bytes()),
        ("torn.json", format!("[{record}, 42, {record}").into_bytes()),
        ("more.json", format!("[{record}] and more").into_bytes()),
        ("empty.jsonl", Vec::new()),
        ("empty.json", Vec::new()),
        ("sound.jsonl.gz", compressed.clone()),
        ("cut.jsonl.gz", compressed[..compressed.len() - 9].to_vec()),
        ("more.jsonl.gz", [&compressed[..], b"and more that is no gzip"].concat()),
        ("sound.jsonl.zst", zstd::encode_all(LINES.as_bytes(), 3).unwrap()),
    ]
}

#[test]
fn an_unchanged_log_adds_nothing_to_the_store_and_is_counted_as_before() {
    for (name, bytes) in logs() {
        let dir = TestDir::new();
        write(&dir, name, bytes);
        let first = import(&dir, name);
        let before = described(&dir.join(DATABASE));
        for again in ["second", "third"] {
            let report = import(&dir, name);
            let Counts { records, imported, duplicates, rejected, .. } = first.total;
            let expected =
                Counts { records, already_present: imported, duplicates, rejected, ..Counts::default() };
            assert_eq!(report.total, expected, "{name}, {again}");
            assert_eq!(report.conflicts, first.conflicts, "{name}, {again}");
            assert_eq!(report.reasons(), first.reasons(), "{name}, {again}");
            assert_eq!(described(&dir.join(DATABASE)), before, "{name}, {again}");
        }
    }
}

#[test]
fn for_an_unchanged_log_no_transaction_is_begun() {
    let dir = TestDir::new();
    for (name, bytes) in logs() {
        write(&dir, name, bytes);
    }
    let names: Vec<&str> = logs().iter().map(|(name, _)| *name).collect();
    let run = quiet(&dir).run(&format!("-q import-legacy {} --into {DATABASE}", names.join(" ")));
    assert_eq!(run.code, 1);
    // The first process that opens a new store for writing needs it for itself for a moment.
    drop(SqliteEventRepository::open(dir.join(DATABASE), utc()).unwrap());
    let mut other = Connection::open(dir.join(DATABASE)).unwrap();
    let writing = other.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    for how in ["", "--overlap keep", "--overlap refuse"] {
        let run = quiet(&dir).run(&format!("-q import-legacy {} {how} --into {DATABASE}", names.join(" ")));
        assert_eq!((run.code, run.stderr.as_str()), (1, ""), "{how}: it waits for the other writer");
    }
    drop(writing);
}

#[test]
fn that_a_log_is_unchanged_is_seen_by_its_bytes_and_not_by_its_time() {
    let dir = TestDir::new();
    write(&dir, "a.jsonl", LINES);
    import(&dir, "a.jsonl");
    let written = dir.join("a.jsonl").metadata().unwrap().modified().unwrap();
    write(&dir, "a.jsonl", LINES.replace("T1", "T2"));
    let set_modified = |time: SystemTime| {
        File::options().append(true).open(dir.join("a.jsonl")).unwrap().set_modified(time).unwrap();
    };
    set_modified(written);
    assert_eq!(import(&dir, "a.jsonl").total.imported, 2);
    let before = described(&dir.join(DATABASE));
    set_modified(written + Duration::from_secs(60));
    import(&dir, "a.jsonl");
    assert_eq!(described(&dir.join(DATABASE)), before);
}

#[test]
fn an_unchanged_log_is_read_again_where_it_is_read_in_another_way() {
    let dir = TestDir::new();
    write(&dir, "a.jsonl", LINES);
    let until = quiet(&dir).run(&format!("-q import-legacy a.jsonl --until 2025-10-24 --into {DATABASE}"));
    assert_eq!(until.code, 1);
    assert_eq!(import(&dir, "a.jsonl").total.imported, 3);
}

#[test]
fn a_log_that_is_what_it_was_before_last_stands_for_itself_again() {
    let dir = TestDir::new();
    let [one, other] = ["T1", "T2"]
        .map(|task| format!("{{\"type\": \"A\", \"task_id\": \"{task}\", \"timestamp\": \"2025-10-25\"}}\n"));
    for text in [&one, &other, &one] {
        write(&dir, "a.jsonl", text);
        import(&dir, "a.jsonl");
    }
    let exported = quiet(&dir).run(&format!("--store {DATABASE} export --to out"));
    assert_eq!(exported.code, 1, "an event is of an earlier version alone");
    assert_eq!(std::fs::read_to_string(dir.join("out/a.jsonl")).unwrap(), one);
}

#[test]
fn an_import_that_was_interrupted_is_finished_although_the_log_is_unchanged() {
    let dir = TestDir::new();
    write(&dir, "a.jsonl", LINES);
    import(&dir, "a.jsonl");
    let finished = "SELECT finished_at IS NOT NULL FROM sources";
    let connection = Connection::open(dir.join(DATABASE)).unwrap();
    connection.execute("UPDATE sources SET finished_at = NULL, sha256 = NULL, bytes = NULL", []).unwrap();
    import_into(&dir, "a.jsonl", DATABASE);
    assert!(connection.query_row(finished, [], |row| row.get::<_, bool>(0)).unwrap());
}
