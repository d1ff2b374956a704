//! Records without identity in the time of the new system's events: the same events, perhaps, recorded twice.
//! What is refused, and what is kept; what is matched is tested in `twins` and `parallel_run`.

use serde_json::{Value, json};

use super::{BUILD_FOLDER, DATABASE, described, import, quiet, rows};
use crate::support::cli::write;
use crate::support::test_dir::TestDir;

const NATIVE: &str = r#"{"event_id": "e1", "event_type": "A", "timestamp": "2025-10-25T10:00:00Z"}
{"event_id": "e2", "event_type": "A", "timestamp": "2025-10-25T12:00:00Z"}
"#;

fn legacy(times: &[&str]) -> String {
    let records = times.iter().map(|time| format!(r#"{{"type": "A", "timestamp": "2025-10-25T{time}"}}"#));
    format!("[{}]", records.collect::<Vec<_>>().join(", "))
}

fn overlapping(dir: &TestDir) {
    write(dir, "new.jsonl", NATIVE);
    write(
        dir,
        "old.json",
        legacy(&["09:59:59.999999", "10:00:00", "11:00:00", "12:00:00", "12:00:00.000001"]),
    );
}

#[track_caller]
fn run(dir: &TestDir, arguments: &str, code: i32) -> Value {
    let run = quiet(dir).run(&format!("--format json import-legacy --into {DATABASE} {arguments}"));
    assert_eq!((run.code, run.stderr.as_str()), (code, ""), "{}", run.stdout);
    serde_json::from_str(&run.stdout).unwrap()
}

fn expected() -> Value {
    json!({"overlap": {
        "records": 3,
        "first": "2025-10-25T10:00:00Z",
        "last": "2025-10-25T12:00:00Z",
        "native_first": "2025-10-25T10:00:00Z",
        "native_last": "2025-10-25T12:00:00Z",
    }})
}

#[test]
fn both_logs_in_one_command_are_refused_in_either_order_and_no_store_is_made() {
    for logs in ["old.json new.jsonl", "new.jsonl old.json"] {
        let dir = TestDir::new();
        overlapping(&dir);
        let report = run(&dir, &format!("--overlap refuse {logs}"), 1);
        assert_eq!(report["refused"], expected(), "{logs}");
        assert!(!dir.join(DATABASE).exists() && dir.names_like(BUILD_FOLDER).is_empty());
    }
}

#[test]
fn a_log_that_overlaps_what_the_store_has_is_refused_and_no_row_is_written() {
    for (first, second) in [("old.json", "new.jsonl"), ("new.jsonl", "old.json")] {
        let dir = TestDir::new();
        overlapping(&dir);
        import(&dir, first);
        let before = described(&dir.join(DATABASE));
        let report = run(&dir, &format!("--overlap refuse {second}"), 1);
        // Where the native events come second they are what makes the overlap, of all legacy ones.
        assert_eq!(report["refused"], expected(), "{second}");
        assert!(described(&dir.join(DATABASE)) == before);
    }
}

#[test]
fn a_refusal_tells_people_the_times_and_the_ways_out_and_each_of_them_works() {
    let dir = TestDir::new();
    overlapping(&dir);
    let line = format!("import-legacy new.jsonl old.json --into {DATABASE}");
    let run = quiet(&dir).run(&format!("{line} --overlap refuse"));
    assert_eq!((run.code, run.stderr.as_str()), (1, ""));
    for said in [
        "nothing was imported: 3 records without identity, from 2025-10-25T10:00:00+00:00 to 2025-10-25T12:00:00+00:00",
        "events, from 2025-10-25T10:00:00+00:00 to 2025-10-25T12:00:00+00:00",
        "--until 2025-10-25T09:59:59.999999+00:00 ",
        "--overlap match ",
        "--overlap keep ",
    ] {
        assert!(run.stdout.contains(said), "{said}: {}", run.stdout);
    }
    let before = "import-legacy old.json --until 2025-10-25T09:59:59.999999+00:00 --into before.db";
    quiet(&dir).run(before).result();
    assert_eq!(rows(&dir, "before.db").len(), 1);
    quiet(&dir).run("import-legacy new.jsonl old.json --overlap match --into match.db").result();
    assert_eq!(rows(&dir, "match.db").len(), 5);
    quiet(&dir).run(&format!("{line} --overlap keep")).result();
    assert_eq!(rows(&dir, DATABASE).len(), 7);
}

#[test]
fn logs_whose_times_do_not_overlap_are_not_refused() {
    let dir = TestDir::new();
    write(&dir, "new.jsonl", NATIVE);
    write(&dir, "old.json", legacy(&["09:59:59.999999", "12:00:00.000001"]));
    assert_eq!(run(&dir, "--overlap refuse old.json new.jsonl", 0)["imported"], json!(4));
}

#[test]
fn a_log_whose_records_the_store_has_is_not_refused_when_it_is_imported_again() {
    let dir = TestDir::new();
    overlapping(&dir);
    run(&dir, "--overlap keep new.jsonl old.json", 0);
    write(&dir, "copy.json", std::fs::read(dir.join("old.json")).unwrap());
    for again in ["old.json", "copy.json", "new.jsonl", "old.json new.jsonl"] {
        let report = run(&dir, &format!("--overlap refuse {again}"), 0);
        assert_eq!((&report["refused"], &report["imported"]), (&Value::Null, &json!(0)), "{again}");
    }
    write(
        &dir,
        "old.json",
        legacy(&["09:59:59.999999", "10:00:00", "11:00:00", "12:00:00", "12:00:00.000001", "11:30:00"]),
    );
    let report = run(&dir, "--overlap refuse old.json", 1);
    assert_eq!(report["refused"]["overlap"]["records"], json!(1));
}

#[test]
fn records_with_ids_are_never_an_overlap() {
    let dir = TestDir::new();
    write(&dir, "new.jsonl", NATIVE);
    write(
        &dir,
        "more.jsonl",
        NATIVE.replace("\"e1", "\"f1").replace("\"e2", "\"f2").replace(":00:00Z", ":30:00Z"),
    );
    import(&dir, "new.jsonl");
    assert_eq!(import(&dir, "more.jsonl").total.imported, 2);
}
