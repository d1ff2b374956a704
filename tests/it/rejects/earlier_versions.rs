//! A log that was repaired, has grown, was rewritten or moved: its old rejects are of an earlier version of it.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use super::{DATABASE, quiet, rejects};
use crate::support::cli::write;
use crate::support::tamper;
use crate::support::test_dir::TestDir;

const A: &str = "{\"type\": \"A\", \"timestamp\": \"2025-10-25T10:00:00Z\"}";
const B: &str = "{\"type\": \"B\", \"timestamp\": \"2025-10-25T10:00:01Z\"}";

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[track_caller]
fn import(dir: &TestDir, logs: &str) {
    let run = quiet(dir).run(&format!("-q import-legacy {logs} --into {DATABASE}"));
    assert!(run.code <= 1 && run.stderr.is_empty(), "{run:?}");
}

/// The current rejects, as their log and offset.
fn current(dir: &TestDir) -> Vec<(String, u64)> {
    let is_current = |reject: &Value| reject["current"] == true;
    let place = |reject: &Value| {
        let path = reject["path"].as_str().unwrap();
        (path.rsplit_once('/').unwrap().1.to_owned(), reject["offset"].as_u64().unwrap())
    };
    rejects(dir, "").iter().filter(|reject| is_current(reject)).map(place).collect()
}

/// The exit code of a retry, and how many it tried.
fn retry(dir: &TestDir) -> (i32, u64) {
    let run = quiet(dir).env("MISSION_CONTROL_TIMEZONE", "UTC").run("--format json rejects retry");
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    (run.code, report["tried"].as_u64().unwrap())
}

/// What was said of the log `a.jsonl` in the quarantine, and of all of it.
#[track_caller]
fn says(dir: &TestDir, line: &str) {
    let said = quiet(dir).run("rejects").result();
    assert!(said.contains(line), "{said}");
}

#[test]
fn a_repaired_log_closes_its_old_rejects() {
    let whole = format!("{A}\n{B}\n");
    for (name, damaged, repaired) in [
        ("joined.jsonl", format!("{A}{B} x\n").into_bytes(), whole.clone().into_bytes()),
        ("no-type.json", format!("[{A}, {{\"a\": 1}}]").into_bytes(), format!("[{A}, {B}]").into_bytes()),
        ("torn.jsonl", format!("{A}\n{{\"type\": \"B").into_bytes(), whole.clone().into_bytes()),
        ("torn.json", format!("[{A}, {{\"type\": \"B").into_bytes(), format!("[{A}, {B}]").into_bytes()),
        ("cut.jsonl.gz", gzip(&whole)[..60].to_vec(), gzip(&whole)),
        ("more.jsonl.gz", [&gzip(&whole)[..], b"no gzip"].concat(), gzip(&whole)),
        ("truncated.jsonl", format!("{A}\nno record\n{B}\n").into_bytes(), format!("{A}\n").into_bytes()),
        ("rewritten.jsonl", format!("no record\n{A}\n").into_bytes(), format!("{B}\n").into_bytes()),
    ] {
        let dir = TestDir::new();
        write(&dir, name, damaged);
        import(&dir, name);
        let before = current(&dir);
        assert!(!before.is_empty() && retry(&dir).0 == 1, "{name}");
        write(&dir, name, repaired);
        import(&dir, name);
        assert_eq!(current(&dir), [], "{name}");
        assert_eq!(rejects(&dir, "").len(), before.len(), "{name}: its bytes are kept");
        assert_eq!(retry(&dir), (0, 0), "{name}");
        says(&dir, "of an earlier version of its log");
        says(&dir, "0 of them are current");
        let listed = quiet(&dir).run("--format json rejects").json();
        assert_eq!(listed["current"], 0, "{name}");
    }
}

#[test]
fn a_reject_whose_bytes_stand_in_the_new_version_is_current_there() {
    let dir = TestDir::new();
    write(&dir, "a.jsonl", format!("no record\n{A}\nneither\n"));
    import(&dir, "a.jsonl");
    assert_eq!(current(&dir), [("a.jsonl".to_owned(), 0), ("a.jsonl".to_owned(), 61)]);
    // The second one was repaired.
    write(&dir, "a.jsonl", format!("no record\n{A}\n{B}\n"));
    import(&dir, "a.jsonl");
    assert_eq!(current(&dir), [("a.jsonl".to_owned(), 0)]);
    assert_eq!(retry(&dir), (1, 1));
    // What comes later changes nothing about it.
    write(&dir, "a.jsonl", format!("no record\n{A}\n{B}\nand this\n"));
    import(&dir, "a.jsonl");
    assert_eq!(current(&dir).len(), 2);
}

#[test]
fn a_rotated_log_has_its_rejects_where_it_lies_now() {
    let dir = TestDir::new();
    write(&dir, "app.jsonl", format!("{A}\nno record\n"));
    import(&dir, "app.jsonl");
    std::fs::rename(dir.join("app.jsonl"), dir.join("app.jsonl.1")).unwrap();
    write(&dir, "app.jsonl", format!("{B}\n"));
    import(&dir, "app.jsonl.1 app.jsonl");
    assert_eq!(current(&dir), [("app.jsonl.1".to_owned(), 51)]);
}

#[test]
fn a_moved_log_has_its_rejects_where_it_lies_now_and_a_copied_one_has_them_twice() {
    let dir = TestDir::new();
    write(&dir, "a.jsonl", format!("{A}\nno record\n"));
    import(&dir, "a.jsonl");
    std::fs::copy(dir.join("a.jsonl"), dir.join("copy.jsonl")).unwrap();
    import(&dir, "copy.jsonl");
    let (a, copy) = (("a.jsonl".to_owned(), 51), ("copy.jsonl".to_owned(), 51));
    assert_eq!(current(&dir), [a.clone(), copy.clone()]);
    std::fs::rename(dir.join("a.jsonl"), dir.join("moved.jsonl")).unwrap();
    import(&dir, "moved.jsonl");
    let moved = ("moved.jsonl".to_owned(), 51);
    assert_eq!(current(&dir), [copy.clone(), moved]);
    // It is back, and the moved one was repaired.
    write(&dir, "a.jsonl", format!("{A}\nno record\n"));
    write(&dir, "moved.jsonl", format!("{A}\n{B}\n"));
    import(&dir, "a.jsonl moved.jsonl");
    assert_eq!(current(&dir), [a, copy]);
}

#[test]
fn a_log_that_was_compressed_when_it_was_moved_is_the_same_log() {
    let dir = TestDir::new();
    let text = format!("{A}\nno record\n");
    write(&dir, "a.jsonl", &text);
    import(&dir, "a.jsonl");
    std::fs::remove_file(dir.join("a.jsonl")).unwrap();
    write(&dir, "a.jsonl.gz", gzip(&text));
    import(&dir, "a.jsonl.gz");
    assert_eq!(current(&dir), [("a.jsonl.gz".to_owned(), 51)]);
}

#[test]
fn an_import_that_leaves_records_out_closes_no_rejects_of_one_that_did_not() {
    let dir = TestDir::new();
    let conflict = |n: u32| {
        format!(
            "{{\"event_id\": \"e\", \"event_type\": \"A\", \"timestamp\": \"2025-10-25T10:00:00Z\", \"n\": {n}}}\n"
        )
    };
    write(&dir, "a.jsonl", conflict(1) + &conflict(2));
    import(&dir, "a.jsonl");
    import(&dir, "a.jsonl --since 2025-10-26");
    assert_eq!(current(&dir).len(), 1, "nothing was read of it");
    write(&dir, "a.jsonl", conflict(1));
    import(&dir, "a.jsonl");
    assert_eq!(current(&dir).len(), 0);
}

#[test]
fn what_a_retry_made_of_a_reject_is_counted_when_its_log_is_imported_again_unchanged() {
    let dir = TestDir::new();
    let twice = "{\"type\": \"A\", \"timestamp\": \"2025-10-26T02:30:00\"}\n";
    write(&dir, "a.jsonl", twice.to_owned() + "no record\n");
    let berlin = || quiet(&dir).env("MISSION_CONTROL_TIMEZONE", "Europe/Berlin");
    let import = || {
        let run =
            berlin().run(&format!("--format json import-legacy a.jsonl --dst reject --into {DATABASE}"));
        let report: Value = serde_json::from_str(&run.stdout).unwrap();
        ["records", "already_present", "rejected"].map(|count| report[count].as_u64().unwrap())
    };
    assert_eq!(import(), [2, 0, 2]);
    assert_eq!(berlin().run("rejects retry").code, 1);
    for _ in 0..2 {
        assert_eq!(import(), [2, 1, 1]);
    }
    assert_eq!(rejects(&dir, "").len(), 2);
}

#[test]
fn the_bytes_of_an_earlier_version_can_still_be_exported() {
    let dir = TestDir::new();
    let damaged = format!("no record\n{A}\n");
    write(&dir, "a.jsonl", &damaged);
    import(&dir, "a.jsonl");
    write(&dir, "a.jsonl", format!("{B}\n"));
    import(&dir, "a.jsonl");
    quiet(&dir).run("export --source 1 --to out").result();
    assert_eq!(std::fs::read_to_string(dir.join("out/a.jsonl")).unwrap(), damaged);
}

#[test]
fn whole_records_that_an_earlier_version_of_the_program_rejected_are_told_and_found_when_the_log_is_moved() {
    let dir = TestDir::new();
    let glued = format!("{B}{}", B.replace("\"B\"", "\"C\""));
    write(&dir, "a.jsonl", format!("{}\n{A}\n", "x".repeat(glued.len())));
    import(&dir, "a.jsonl");
    // As that version read it: the line is one reject.
    tamper(&dir.join(DATABASE), &format!("UPDATE reject_texts SET text = CAST('{glued}' AS BLOB)"));
    let retried = quiet(&dir).env("MISSION_CONTROL_TIMEZONE", "UTC").run("rejects retry");
    assert_eq!(retried.code, 1);
    assert!(
        retried.stdout.contains("\n1 of them holds whole records, which an earlier version"),
        "{}",
        retried.stdout
    );
    std::fs::remove_file(dir.join("a.jsonl")).unwrap();
    write(&dir, "moved.jsonl", format!("{glued}\n{A}\n"));
    import(&dir, "moved.jsonl");
    assert_eq!(quiet(&dir).run("--format jsonl events recent").result().lines().count(), 3);
}
