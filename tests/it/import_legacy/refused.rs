//! `--dry-run`, `--strict`, `--since` and `--until`: what is written, and what is left alone.

use serde_json::{Value, json};

use super::{DATABASE, described, import, quiet, rows};
use crate::support::cli::write;
use crate::support::test_dir::TestDir;

const COUNTS: [&str; 8] = [
    "records",
    "imported",
    "already_present",
    "matched_existing",
    "duplicates",
    "rejected",
    "out_of_range",
    "conflicts",
];

/// Legacy and new records, repeats, a conflict and damage.
const MIXED: &str = r#"{"type": "A", "timestamp": "2024-10-25T10:00:00"}
{"type": "A", "timestamp": "2024-10-25T10:00:00"}
{"event_id": "e1", "event_type": "A", "timestamp": "2025-10-25T10:00:00Z"}
{"event_id": "e1", "event_type": "A", "timestamp": "2025-10-25T10:00:00Z"}
{"event_id": "e1", "event_type": "B", "timestamp": "2025-10-25T10:00:00Z"}
{"event_id": "e2", "event_type": "B", "timestamp": "2025-10-25T10:00:01Z"}
17
"#;

/// Runs an import, and demands its exit code; answers its report.
#[track_caller]
fn run(dir: &TestDir, arguments: &str, code: i32) -> Value {
    let run = quiet(dir).run(&format!("--format json import-legacy {arguments} --into {DATABASE}"));
    assert_eq!((run.code, run.stderr.as_str()), (code, ""), "{}", run.stdout);
    serde_json::from_str(&run.stdout).unwrap()
}

fn counts(report: &Value) -> Vec<Value> {
    let of = |counts: &Value| json!(COUNTS[..7].iter().map(|name| counts[name].clone()).collect::<Vec<_>>());
    let sources = report["sources"].as_array().unwrap().iter().map(of);
    sources.chain([of(report), report["conflicts"].clone(), report["flags"].clone()]).collect()
}

/// What lies in the folder, apart from the logs and locks.
fn stores(dir: &TestDir) -> Vec<String> {
    let names = std::fs::read_dir(dir.path()).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with(DATABASE) && !name.ends_with("lock")).collect()
}

#[test]
fn a_dry_run_for_a_new_store_counts_as_the_import_does_and_leaves_nothing() {
    let dir = TestDir::new();
    write(&dir, "a.jsonl", MIXED);
    write(&dir, "b.jsonl", MIXED);
    let dry = run(&dir, "--dry-run a.jsonl b.jsonl", 1);
    assert_eq!(stores(&dir), [""; 0]);
    let real = run(&dir, "a.jsonl b.jsonl", 1);
    assert_eq!((counts(&dry), &dry["rejects"]), (counts(&real), &real["rejects"]));
    assert_eq!((&dry["dry_run"], &real["dry_run"]), (&json!(true), &json!(false)));
}

#[test]
fn a_dry_run_for_a_filled_store_counts_as_the_import_does_and_changes_no_row() {
    let dir = TestDir::new();
    write(&dir, "before.jsonl", MIXED.lines().nth(2).unwrap());
    import(&dir, "before.jsonl");
    write(&dir, "a.jsonl", MIXED);
    write(&dir, "b.jsonl", MIXED);
    let before = described(&dir.join(DATABASE));
    let dry = run(&dir, "--dry-run a.jsonl b.jsonl", 1);
    assert!(described(&dir.join(DATABASE)) == before);
    let real = run(&dir, "a.jsonl b.jsonl", 1);
    assert_eq!(counts(&dry), counts(&real));
}

#[test]
fn strict_writes_nothing_into_a_new_store_or_a_filled_one_where_one_record_would_be_rejected() {
    let dir = TestDir::new();
    write(&dir, "a.jsonl", MIXED);
    let refused = run(&dir, "--strict a.jsonl", 1);
    assert_eq!((&refused["refused"], stores(&dir)), (&json!("strict"), vec![]));
    write(&dir, "before.jsonl", MIXED.lines().nth(2).unwrap());
    import(&dir, "before.jsonl");
    let before = described(&dir.join(DATABASE));
    let refused = run(&dir, "--strict a.jsonl", 1);
    assert_eq!(refused["refused"], json!("strict"));
    assert!(described(&dir.join(DATABASE)) == before);
}

#[test]
fn strict_imports_all_where_none_is_rejected() {
    let dir = TestDir::new();
    let lines: Vec<&str> = MIXED.lines().collect();
    write(&dir, "a.jsonl", lines[..2].join("\n"));
    write(&dir, "b.jsonl", lines[2..4].join("\n"));
    for (log, events) in [("a.jsonl", 2), ("b.jsonl", 3)] {
        let report = run(&dir, &format!("--strict {log}"), 0);
        assert_eq!((&report["refused"], rows(&dir, DATABASE).len()), (&Value::Null, events));
    }
}

#[test]
fn since_and_until_take_their_own_instant_and_count_what_lies_outside() {
    let dir = TestDir::new();
    let times =
        ["2025-10-24T23:59:59.999999Z", "2025-10-25T00:00:00", "2025-10-25T23:59:59.999999Z", "2025-10-26"];
    let log = times.map(|time| format!("{{\"type\": \"A\", \"timestamp\": \"{time}\"}}\n")).concat();
    write(&dir, "a.jsonl", log);
    for (range, taken) in [
        ("--since 2025-10-25", &times[1..]),
        ("--until 2025-10-25", &times[..3]),
        ("--since 2025-10-25 --until 2025-10-25", &times[1..3]),
        ("--since 2025-10-25T00:00:00Z --until 2025-10-25T00:00:00Z", &times[1..2]),
        ("--since 2025-10-25T00:00:00.000001Z --until 2025-10-25T23:59:59.999998Z", &[]),
    ] {
        let report = run(&dir, &format!("{range} a.jsonl"), 0);
        let bodies: Vec<String> = rows(&dir, DATABASE).into_iter().map(|row| row.body).collect();
        assert!(bodies.iter().zip(taken).all(|(body, time)| body.contains(time)), "{range}: {bodies:?}");
        let counted = ["records", "imported", "out_of_range"].map(|name| report[name].as_u64().unwrap());
        let (taken, records) = (taken.len() as u64, times.len() as u64);
        assert_eq!(counted, [records, taken, records - taken], "{range}");
        std::fs::remove_file(dir.join(DATABASE)).unwrap();
    }
}

#[test]
fn a_bad_bound_is_a_usage_error_and_nothing_is_made() {
    let dir = TestDir::new();
    write(&dir, "a.jsonl", MIXED);
    for bound in ["--since", "--until"] {
        let run = quiet(&dir).run(&format!("import-legacy a.jsonl {bound} yesterday --into {DATABASE}"));
        assert_eq!((run.code, run.stdout.as_str()), (2, ""));
        assert!(run.stderr.contains(bound) && run.stderr.contains("yesterday"), "{}", run.stderr);
    }
    assert_eq!(stores(&dir), [""; 0]);
}
