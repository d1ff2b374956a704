//! Zero bytes in a log, as a power cut leaves them or a log that was emptied under its writer: told with their place,
//! counted in the store and not stored, and given back by an export.

use rusqlite::Connection;
use serde_json::Value;

use super::{DATABASE, quiet};
use crate::support::cli::write;
use crate::support::test_dir::TestDir;

/// So many zero bytes are more than one piece of a log has, and than one batch of an import.
const MANY: usize = (5 << 20) + 7;

fn event(id: &str) -> String {
    format!("{{\"event_id\": \"{id}\", \"event_type\": \"A\", \"timestamp\": \"2025-10-25T10:00:00Z\"}}\n")
}

/// A log with zero bytes before its first record, between two, and at its end; those in the middle begin there.
fn log_with_zeros(dir: &TestDir) -> (Vec<u8>, usize) {
    let first = [&[0; 300][..], event("e1").as_bytes()].concat();
    let log = [&first[..], &[0; MANY], event("e2").as_bytes(), &[0; 9]].concat();
    write(dir, "log.jsonl", &log);
    (log, first.len())
}

#[test]
fn they_are_told_with_their_place_and_take_no_room_in_the_store() {
    let dir = TestDir::new();
    let (_, start) = log_with_zeros(&dir);
    let ranges = [
        (0, 300),
        (start, start + MANY),
        (start + MANY + event("e2").len(), start + MANY + event("e2").len() + 9),
    ];
    for imported in [2, 0] {
        let run = quiet(&dir).run(&format!("--format json import-legacy log.jsonl --into {DATABASE}"));
        let report: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!((run.code, report["imported"].as_u64()), (1, Some(imported)));
        let rejects = report["rejects"].as_array().unwrap();
        let told: Vec<&str> = rejects.iter().map(|reject| reject["detail"].as_str().unwrap()).collect();
        assert_eq!(told.len(), 3, "{told:?}");
        for (told, (from, to)) in told.iter().zip(ranges) {
            assert!(told.starts_with("zero bytes (NUL)"), "{told}");
            assert!(told.ends_with(&format!("(from byte {from} to byte {to})")), "{told}");
        }
    }
    assert!(dir.join(DATABASE).metadata().unwrap().len() < 1 << 20);
    let listed = quiet(&dir).run(&format!("--store {DATABASE} rejects")).result();
    assert!(listed.contains(&format!("(from byte {start} to byte {})", start + MANY)), "{listed}");
    let listed = quiet(&dir).run(&format!("--store {DATABASE} --format json rejects")).json();
    let bytes: Vec<u64> = listed["rejects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|reject| reject["bytes"].as_u64().unwrap())
        .collect();
    assert_eq!(bytes, [300, MANY as u64, 9]);
    assert_eq!(quiet(&dir).run(&format!("--store {DATABASE} rejects retry")).code, 1);
}

#[test]
fn an_export_gives_them_back_byte_for_byte_as_does_a_store_that_has_them_as_they_were() {
    let dir = TestDir::new();
    let (log, _) = log_with_zeros(&dir);
    quiet(&dir).run(&format!("import-legacy log.jsonl --into {DATABASE}"));
    quiet(&dir).run(&format!("--store {DATABASE} export --to out")).result();
    assert!(std::fs::read(dir.join("out/log.jsonl")).unwrap() == log);
    // As a version of before has stored them.
    let changed = Connection::open(dir.join(DATABASE)).unwrap().execute(
        "UPDATE reject_texts SET text = CAST(zeroblob(zeros) AS BLOB), zeros = 0 WHERE zeros > 0",
        [],
    );
    assert!(changed.unwrap() > 3);
    quiet(&dir).run(&format!("--store {DATABASE} export --to again")).result();
    assert!(std::fs::read(dir.join("again/log.jsonl")).unwrap() == log);
    // Fewer of them do not pass for the log.
    Connection::open(dir.join(DATABASE))
        .unwrap()
        .execute("UPDATE reject_texts SET text = substr(text, 2), zeros = 0 WHERE length(text) = 9", [])
        .unwrap();
    assert_eq!(quiet(&dir).run(&format!("--store {DATABASE} export --to third")).code, 1);
}
