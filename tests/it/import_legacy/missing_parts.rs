//! Parts of a log, of which one has other names, or is gone by the next import.

use std::fs;

use rusqlite::Connection;
use serde_json::Value;

use super::killed::PAUSE;
use super::parts::gzip;
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

/// What is told of missing parts: which part has taken how many records of which one.
fn told(report: &Value) -> Vec<(String, String, u64)> {
    let missing = report["missing_parts"].as_array().unwrap().iter();
    let name = |part: &Value| part.as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    missing
        .map(|part| (name(&part["path"]), name(&part["missing"]), part["records"].as_u64().unwrap()))
        .collect()
}

fn rename(dir: &TestDir, from: &str, to: &str) {
    fs::rename(dir.join(from), dir.join(to)).unwrap();
}

/// Imports, twice and without writing first: the answers are the same, and the second import adds nothing.
#[track_caller]
fn import_again_and_again(dir: &TestDir, logs: &str) -> (i32, Vec<(String, String, u64)>, u64) {
    let dry = import_parts(dir, &format!("{logs} --dry-run"));
    let (code, report, events) = import_parts(dir, logs);
    assert_eq!((dry.0, told(&dry.1)), (code, told(&report)), "{report:#}");
    assert_eq!(dry.1["imported"], report["imported"]);
    let again = import_parts(dir, logs);
    assert_eq!((again.0, told(&again.1), again.2), (code, told(&report), events), "{:#}", again.1);
    assert_eq!(again.1["imported"], 0);
    (code, told(&report), events)
}

#[test]
fn records_after_those_of_a_known_part_are_new_though_another_part_was_deleted_that_had_equal_ones() {
    let dir = TestDir::new();
    write(&dir, "app.jsonl.1", EVENT.repeat(3));
    write(&dir, "app.jsonl", EVENT);
    assert_eq!(import_parts(&dir, "app.jsonl.1 app.jsonl").2, 4);
    fs::remove_file(dir.join("app.jsonl.1")).unwrap();
    assert_eq!(import_again_and_again(&dir, "app.jsonl"), (0, vec![], 4));
    // By now it has exactly the bytes of the part that was deleted.
    write(&dir, "app.jsonl", EVENT.repeat(3));
    assert_eq!(import_again_and_again(&dir, "app.jsonl"), (0, vec![], 6));
    write(&dir, "app.jsonl", EVENT.repeat(5));
    assert_eq!(import_again_and_again(&dir, "app.jsonl"), (0, vec![], 8));
    // The part that was deleted comes back from the store, and is what it was.
    quiet(&dir).run(&format!("--store {DATABASE} export --source 1 --to back")).result();
    assert_eq!(import_again_and_again(&dir, "back/app.jsonl.1 app.jsonl"), (0, vec![], 8));
}

#[test]
fn a_part_that_may_be_a_deleted_one_rewritten_is_told_every_time() {
    let dir = TestDir::new();
    write(&dir, "app.jsonl.1", part("one", 2));
    write(&dir, "app.jsonl", part("two", 1));
    assert_eq!(import_parts(&dir, "app.jsonl.1 app.jsonl").2, 5);
    // Another part in the place of the older one: its record may be one of the two that were there.
    write(&dir, "app.jsonl.1", part("three", 1));
    let expected = vec![("app.jsonl.1".to_owned(), "app.jsonl.1".to_owned(), 1)];
    assert_eq!(import_again_and_again(&dir, "app.jsonl.1 app.jsonl"), (1, expected, 6));
    quiet(&dir).run(&format!("--store {DATABASE} export --source 1 --to back")).result();
    let logs = "back/app.jsonl.1 app.jsonl.1 app.jsonl";
    assert_eq!(import_again_and_again(&dir, logs), (0, vec![], 7));
}

#[test]
fn a_part_that_was_written_anew_with_all_that_it_had_is_no_deleted_one() {
    let dir = TestDir::new();
    write(&dir, "app.jsonl.1", "torn {\n".to_owned() + &part("one", 2));
    write(&dir, "app.jsonl", part("two", 1));
    import_parts(&dir, "app.jsonl.1 app.jsonl");
    write(&dir, "app.jsonl.1", part("one", 3));
    assert_eq!(import_again_and_again(&dir, "app.jsonl.1 app.jsonl"), (0, vec![], 6));
    // Both in one file, of another name.
    write(&dir, "all.jsonl", part("one", 3) + &part("two", 2));
    assert_eq!(import_again_and_again(&dir, "all.jsonl"), (0, vec![], 7));
}

#[test]
fn a_part_that_has_grown_to_what_a_later_one_was_is_told_as_what_may_be_the_later_one() {
    let dir = TestDir::new();
    write(&dir, "app.jsonl.1", EVENT.repeat(3));
    write(&dir, "app.jsonl", EVENT);
    assert_eq!(import_parts(&dir, "app.jsonl.1 app.jsonl").2, 4);
    // The older part was deleted and the other one renamed, after it had grown to the same bytes.
    write(&dir, "app.jsonl", part("two", 0));
    let expected = vec![("app.jsonl.1".to_owned(), "app.jsonl".to_owned(), 1)];
    assert_eq!(import_again_and_again(&dir, "app.jsonl.1 app.jsonl"), (1, expected, 5));
}

#[test]
fn a_rotation_by_renaming_loses_and_doubles_nothing_also_where_it_drops_the_oldest_part() {
    for drops in [false, true] {
        let dir = TestDir::new();
        write(&dir, "app.jsonl.1", part("one", 2));
        write(&dir, "app.jsonl", part("two", 1));
        assert_eq!(import_parts(&dir, "app.jsonl.1 app.jsonl").0, 0);
        let mut logs = "app.jsonl.1 app.jsonl";
        if !drops {
            rename(&dir, "app.jsonl.1", "app.jsonl.2");
            logs = "app.jsonl app.jsonl.2 app.jsonl.1";
        }
        // It was written to, with equal records, before it was renamed.
        write(&dir, "app.jsonl", part("two", 3));
        rename(&dir, "app.jsonl", "app.jsonl.1");
        write(&dir, "app.jsonl", EVENT);
        assert_eq!(import_again_and_again(&dir, logs), (0, vec![], 8), "{drops}");
        write(&dir, "app.jsonl", EVENT.repeat(2));
        assert_eq!(import_again_and_again(&dir, logs), (0, vec![], 9), "{drops}");
    }
}

#[test]
fn rotations_that_copy_and_truncate_or_compress_lose_and_double_nothing() {
    let dir = TestDir::new();
    write(&dir, "app.jsonl", EVENT.repeat(2));
    assert_eq!(import_parts(&dir, "app.jsonl").2, 2);
    fs::copy(dir.join("app.jsonl"), dir.join("app.jsonl.1")).unwrap();
    write(&dir, "app.jsonl", "");
    assert_eq!(import_again_and_again(&dir, "app.jsonl app.jsonl.1"), (0, vec![], 2));
    write(&dir, "app.jsonl", EVENT.repeat(3));
    assert_eq!(import_again_and_again(&dir, "app.jsonl app.jsonl.1"), (0, vec![], 5));
    // The next one compresses what it moves on.
    write(&dir, "app.jsonl.2.gz", gzip(&EVENT.repeat(2)));
    rename(&dir, "app.jsonl", "app.jsonl.1");
    write(&dir, "app.jsonl", EVENT);
    let logs = "app.jsonl app.jsonl.1 app.jsonl.2.gz";
    assert_eq!(import_again_and_again(&dir, logs), (0, vec![], 6));
    // And the one after it drops the oldest. All parts begin in the same way: which one is gone cannot be certain.
    write(&dir, "app.jsonl.2.gz", gzip(&EVENT.repeat(3)));
    rename(&dir, "app.jsonl", "app.jsonl.1");
    write(&dir, "app.jsonl", EVENT.repeat(2));
    let (code, told, events) = import_again_and_again(&dir, logs);
    assert_eq!((code, told.is_empty(), events), (1, false, 8));
}

#[test]
fn parts_with_the_date_in_their_names_lose_and_double_nothing() {
    let dir = TestDir::new();
    let mut events = 0;
    for day in 1..5 {
        let name = format!("T-{day}");
        write(&dir, "d/app.jsonl", part(&name, day));
        import_parts(&dir, "d");
        write(&dir, "d/app.jsonl", part(&name, day + 1));
        rename(&dir, "d/app.jsonl", &format!("d/app-2025-10-2{day}.jsonl"));
        drop(fs::remove_file(dir.join(&format!("d/app-2025-10-2{}.jsonl", day - 1))));
        write(&dir, "d/app.jsonl", "");
        events += day as u64 + 2;
        assert_eq!(import_again_and_again(&dir, "d"), (0, vec![], events), "{day}");
    }
}

#[test]
fn a_rotated_part_that_was_read_in_part_when_its_import_was_killed_is_that_part() {
    let dir = TestDir::new();
    let log: String = (0..2500).map(|number| part(&format!("T{}", number / 2), 1)).collect();
    write(&dir, "app.jsonl", &log);
    assert_eq!(import_parts(&dir, "app.jsonl").2, 5_000);
    rename(&dir, "app.jsonl", "app.jsonl.1");
    write(&dir, "app.jsonl", EVENT);
    let logs = "--parts app.jsonl.1 app.jsonl --into events.db";
    let running = quiet(&dir).start(&format!("-q import-legacy {logs}"));
    let has_begun = || {
        let stored = Connection::open(dir.join(DATABASE)).unwrap().query_row(
            "SELECT count(*) FROM source_repeats",
            [],
            |row| row.get::<_, i64>(0),
        );
        stored.is_ok_and(|repeats| repeats > 0)
    };
    while !has_begun() {
        std::thread::sleep(PAUSE);
    }
    running.kill();
    assert_eq!(import_parts(&dir, "app.jsonl.1 app.jsonl").2, 5_001);
}
