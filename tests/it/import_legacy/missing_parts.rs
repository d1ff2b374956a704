//! Parts of a log, of which one has other names, or is gone by the next import.

use std::fs;

use serde_json::Value;

use super::{DATABASE, quiet};
use crate::support::cli::write;
use crate::support::test_dir::TestDir;

const EVENT: &str = "{\"type\": \"A\", \"task_id\": \"T1\", \"timestamp\": \"2025-10-25T10:00:00\"}\n";

/// Imports parts; answers the exit code, the report, and how many events the store has then.
fn import_parts(dir: &TestDir, logs: &str) -> (i32, Value, u64) {
    let run = quiet(dir).run(&format!("--format json import-legacy --parts {logs} --into {DATABASE}"));
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let events = report["store"]["events"].as_u64().unwrap();
    (run.code, report, events)
}

#[test]
fn a_part_that_has_several_names_is_one_part_and_they_are_named() {
    let dir = TestDir::new();
    write(&dir, "app.jsonl", EVENT.repeat(2));
    fs::hard_link(dir.join("app.jsonl"), dir.join("app.jsonl.1")).unwrap();
    std::os::unix::fs::symlink("app.jsonl", dir.join("app.jsonl.2")).unwrap();
    let (code, report, events) = import_parts(&dir, "app.jsonl app.jsonl.1 app.jsonl.2");
    assert_eq!((code, events), (0, 2), "{report:#}");
    let reason = "another name of app.jsonl, which is imported as a part";
    let skipped = &report["skipped_files"][0];
    assert_eq!((&skipped["path"], &skipped["reason"]), (&"app.jsonl.1".into(), &reason.into()));
    // A copy of another name is a part.
    fs::copy(dir.join("app.jsonl"), dir.join("copy.jsonl")).unwrap();
    assert_eq!(import_parts(&dir, "app.jsonl copy.jsonl").2, 4);
}

/// A part that begins with an event of its own, and has the other one so many times.
fn part(name: &str, times: usize) -> String {
    EVENT.replace("\"T1\"", &format!("\"{name}\"")) + &EVENT.repeat(times)
}

#[test]
fn a_part_that_is_gone_is_told_where_records_were_taken_for_its_records_and_comes_back_from_the_store() {
    let dir = TestDir::new();
    write(&dir, "app.jsonl.1", part("one", 2));
    write(&dir, "app.jsonl", part("two", 1));
    assert_eq!(import_parts(&dir, "app.jsonl.1 app.jsonl").2, 5);
    fs::remove_file(dir.join("app.jsonl.1")).unwrap();
    write(&dir, "app.jsonl", part("two", 2));
    for options in ["app.jsonl --dry-run", "app.jsonl"] {
        let (code, report, events) = import_parts(&dir, options);
        assert_eq!((code, events), (1, 5), "the sixth one is taken for an earlier one");
        let missing = &report["missing_parts"][0];
        assert_eq!((&missing["records"], missing["source_id"].as_u64()), (&2.into(), Some(1)));
        assert!(missing["missing"].as_str().unwrap().ends_with("app.jsonl.1"));
    }
    let said = quiet(&dir).run(&format!("import-legacy --parts app.jsonl --into {DATABASE}"));
    assert_eq!(said.code, 0, "nothing is new: {}", said.stdout);
    quiet(&dir).run(&format!("--store {DATABASE} export --source 1 --to back")).result();
    let (code, report, events) = import_parts(&dir, "back/app.jsonl.1 app.jsonl");
    assert_eq!((code, events), (0, 6), "{report:#}");
}

#[test]
fn a_rotation_that_drops_the_oldest_part_is_told_and_one_that_keeps_all_is_not() {
    for drops in [false, true] {
        let dir = TestDir::new();
        write(&dir, "app.jsonl.1", part("one", 2));
        write(&dir, "app.jsonl", part("two", 1));
        assert_eq!(import_parts(&dir, "app.jsonl.1 app.jsonl").0, 0);
        let logs = if drops { "app.jsonl.1 app.jsonl" } else { "app.jsonl.2 app.jsonl.1 app.jsonl" };
        if !drops {
            fs::rename(dir.join("app.jsonl.1"), dir.join("app.jsonl.2")).unwrap();
        }
        fs::rename(dir.join("app.jsonl"), dir.join("app.jsonl.1")).unwrap();
        write(&dir, "app.jsonl", part("three", 1));
        let (code, report, events) = import_parts(&dir, logs);
        assert_eq!((code, events), if drops { (1, 6) } else { (0, 7) }, "{report:#}");
    }
}
