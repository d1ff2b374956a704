//! The data that ships with the program, and the form of the report.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{Counts, DATABASE, Report, import, quiet, rows};
use crate::support::cli::{cli, write};
use crate::support::test_dir::TestDir;

/// What happened in two weeks. In the second one both systems ran: the new one lost one event and wrote one
/// twice, the legacy one lost another.
const EVENTS: u64 = 315;
const RECORDS: u64 = 474;
const OF_BOTH: u64 = 158;

/// The shipped `data/`, in a folder of the test's own.
fn shipped() -> TestDir {
    let dir = TestDir::new();
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    fs::create_dir_all(dir.join("data/events")).unwrap();
    fs::copy(data.join("events.json"), dir.join("data/events.json")).unwrap();
    for entry in fs::read_dir(data.join("events")).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, dir.join("data/events").join(path.file_name().unwrap())).unwrap();
    }
    dir
}

#[test]
fn every_event_of_the_sample_data_becomes_one_event_and_a_second_run_imports_none() {
    let dir = shipped();
    let first = import_sample(&dir);
    let (imported, matched_existing) = (EVENTS, OF_BOTH);
    let counts = Counts { records: RECORDS, imported, matched_existing, duplicates: 1, ..Counts::default() };
    assert_eq!(first.total, counts);
    assert_eq!(
        first.twins,
        [("changed", 1), ("matched", OF_BOTH - 1)].map(|(class, n)| (class.to_owned(), n)).into()
    );
    assert_eq!((first.sources.len(), first.store.events), (8, EVENTS));
    let stored = rows(&dir, DATABASE);

    let second = import(&dir, "");
    let (already_present, duplicates) = (RECORDS - 1, 1);
    assert_eq!(second.total, Counts { records: RECORDS, already_present, duplicates, ..Counts::default() });
    assert_eq!(second.store.events, EVENTS);
    assert_eq!(rows(&dir, DATABASE), stored);
}

/// Imports it; one record of it differs, of which it warns.
#[track_caller]
fn import_sample(dir: &TestDir) -> Report {
    let mut run = quiet(dir).run(&format!("--format json import-legacy --into {DATABASE}"));
    assert_eq!(std::mem::take(&mut run.stderr), DIFFERING);
    Report::of(run)
}

const DIFFERING: &str = "warning: some records are not quite what the other system wrote of the same event \
    (changed 1); both texts are kept: run compare-logs\n";

#[test]
fn the_logs_are_read_in_the_order_of_the_settings_and_of_their_days() {
    let dir = shipped();
    let report = import_sample(&dir);
    let sources: Vec<(&str, &str)> =
        report.sources.iter().map(|source| (source.path.as_str(), source.format.as_str())).collect();
    assert_eq!(sources[0], ("data/events.json", "json-array"));
    assert_eq!(sources[1], ("data/events/events-2025-10-20.jsonl", "jsonl"));
    assert_eq!(sources[7], ("data/events/events-2025-10-26.jsonl", "jsonl"));
    assert!(sources[1..].is_sorted());
}

#[test]
fn the_import_changes_nothing_in_the_logs() {
    let dir = shipped();
    let logs = || -> Vec<Vec<u8>> {
        let mut names: Vec<_> =
            fs::read_dir(dir.join("data/events")).unwrap().map(|entry| entry.unwrap().path()).collect();
        names.push(dir.join("data/events.json"));
        names.sort();
        names.iter().map(|path| fs::read(path).unwrap()).collect()
    };
    let before = logs();
    import_sample(&dir);
    assert!(logs() == before);
}

#[test]
fn without_into_the_configured_database_is_imported_into() {
    let dir = shipped();
    let run = quiet(&dir).env("MISSION_CONTROL_SQLITE_PATH", "there/log.db").run("import-legacy");
    assert_eq!((run.code, run.stderr.as_str()), (0, DIFFERING));
    assert!(run.stdout.ends_with(" s)\n"));
    assert_eq!(rows(&dir, "there/log.db").len() as u64, EVENTS);
    let named = Report::of(quiet(&dir).run("--store there/log.db --format json import-legacy"));
    assert_eq!(named.total.already_present, RECORDS - 1);
    assert!(!dir.join("data/events.db").exists());
}

/// What the value of a key of the report must be.
type Kind = fn(&Value) -> bool;

const COUNTS: [(&str, Kind); 7] = [
    ("records", Value::is_u64),
    ("imported", Value::is_u64),
    ("already_present", Value::is_u64),
    ("matched_existing", Value::is_u64),
    ("duplicates", Value::is_u64),
    ("rejected", Value::is_u64),
    ("out_of_range", Value::is_u64),
];

#[track_caller]
fn assert_has(object: &Value, keys: &[(&str, Kind)]) {
    for (key, is_kind) in keys {
        let value = object.get(key).unwrap_or_else(|| panic!("{key} is missing in {object:#}"));
        assert!(is_kind(value), "{key} is {value}");
    }
}

#[test]
fn the_json_report_has_the_keys_that_scripts_rely_on() {
    let dir = TestDir::new();
    let event = r#"{"event_type": "A", "event_id": "e1", "timestamp": "2025-10-25T10:00:00Z", "v": NaN}"#;
    write(&dir, "logs/events-2025-10-25.jsonl", format!("{event}\nno record\n"));
    write(&dir, "logs/notes.txt", "");
    let run = quiet(&dir).run("--format json import-legacy logs --into events.db");
    let report: Value = serde_json::from_str(&run.stdout).unwrap();

    let total: [(&str, Kind); 7] = [
        ("sources", Value::is_array),
        ("conflicts", Value::is_u64),
        ("flags", Value::is_object),
        ("skipped_files", Value::is_array),
        ("rejects", Value::is_array),
        ("store", Value::is_object),
        ("elapsed_seconds", Value::is_f64),
    ];
    assert_has(&report, &total);
    assert_has(&report, &COUNTS);
    let source = &report["sources"][0];
    assert_has(source, &COUNTS);
    assert_has(source, &[("path", Value::is_string), ("format", Value::is_string)]);
    assert_has(source, &[("bytes", Value::is_u64), ("sha256", Value::is_string)]);
    assert_has(&report["store"], &[("path", Value::is_string), ("events", Value::is_u64)]);
    let place: [(&str, Kind); 2] = [("line", Value::is_u64), ("offset", Value::is_u64)];
    assert_has(&report["rejects"][0], &place);
    let why: [(&str, Kind); 3] =
        [("path", Value::is_string), ("reason", Value::is_string), ("detail", Value::is_string)];
    assert_has(&report["rejects"][0], &why);

    assert_eq!(report["flags"], serde_json::json!({"nan": 1}));
    assert_eq!(source["bytes"], event.len() + "\nno record\n".len());
    assert_eq!(source["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(report["skipped_files"][0]["path"], "logs/notes.txt");
}

#[test]
fn the_result_is_on_stdout_alone_and_warnings_are_on_stderr_alone() {
    let dir = shipped();
    let run = cli(&dir).run("--format json import-legacy");
    assert_eq!(run.code, 0);
    let report: Report = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report.total.imported, EVENTS);
    let warnings: Vec<&str> = run.stderr.lines().collect();
    assert_eq!(warnings.len(), 3, "{}", run.stderr);
    assert!(warnings[0].starts_with("warning: 314 records have a timestamp without offset"));
    assert_eq!(format!("{}\n", warnings[1]), DIFFERING);
    assert!(warnings[2].starts_with("warning: the active backend is jsonl"));

    let told_to_be_quiet = cli(&dir).run("-q --format json import-legacy");
    assert_eq!(told_to_be_quiet.stderr, "");
}

#[test]
fn the_report_as_jsonl_is_one_line() {
    let dir = shipped();
    let line = quiet(&dir).run("-q --format jsonl import-legacy").result();
    assert_eq!(line.matches('\n').count(), 1);
    assert_eq!(serde_json::from_str::<Report>(&line).unwrap().total.records, RECORDS);
}

#[test]
fn the_report_for_people_has_a_row_for_each_log_and_one_for_all() {
    let dir = shipped();
    let text = quiet(&dir).run("-q import-legacy").result();
    let columns = |line: &str| -> Vec<String> { line.split_whitespace().map(str::to_owned).collect() };
    let total = text.lines().find(|line| line.starts_with("total")).unwrap();
    assert_eq!(columns(total), ["total", "474", "315", "158", "0", "1", "0"]);
    let legacy = text.lines().find(|line| line.starts_with("data/events.json ")).unwrap();
    assert_eq!(columns(legacy), ["data/events.json", "314", "156", "158", "0", "0", "0"]);
    assert!(text.contains("\nkept, and flagged: naive 314\n"), "{text}");
    assert!(text.contains("data/events.db holds 315 events"), "{text}");
}
