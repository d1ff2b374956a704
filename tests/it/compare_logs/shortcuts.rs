//! Shortcuts save time, and nothing else: without them the report is the same.

use std::path::Path;

use serde_json::Value;

use super::{array, document, legacy_records, quiet, three_days};
use crate::support::cli::write;
use crate::support::test_dir::TestDir;

/// The document of a comparison, without the time that it took.
#[track_caller]
fn report(dir: &TestDir, arguments: &[&str]) -> Value {
    let mut found =
        document(quiet(dir).run_with([&["--format", "json", "compare-logs"], arguments].concat()));
    let elapsed = found.as_object_mut().unwrap().remove("elapsed_seconds");
    assert!(elapsed.is_some_and(|elapsed| elapsed.is_number()));
    found
}

/// The report of a comparison, after the demand that it is the same without shortcuts.
#[track_caller]
fn report_both_ways(dir: &TestDir, control: &str, candidate: &str) -> Value {
    let with = report(dir, &[control, candidate]);
    let without = report(dir, &["--no-shortcuts", control, candidate]);
    assert_eq!(with, without);
    with
}

#[test]
fn the_sample_data_gives_the_same_report_without_shortcuts() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    let [control, candidate] = ["events.json", "events"].map(|name| data.join(name).display().to_string());
    let found = report_both_ways(&TestDir::new(), &control, &candidate);
    assert_eq!(found["verdict"], "different");
    assert!(found["matched"].as_u64().unwrap() > 100, "{found:#}");
}

#[test]
fn identical_files_give_the_same_report_without_shortcuts() {
    let dir = TestDir::new();
    for name in ["one.json", "other.json"] {
        write(&dir, name, array(&legacy_records(&three_days())));
    }
    let found = report_both_ways(&dir, "one.json", "other.json");
    assert_eq!((&found["verdict"], &found["matched"]), (&"consistent".into(), &36.into()));
}
