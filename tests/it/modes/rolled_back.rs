//! The way back: what the new side alone has goes to the legacy log.

use serde_json::{Value, json};

use super::{LEGACY, NEW, PARALLEL, PARALLEL_NEW, created, deleted, dispatch, on_legacy_side, program, set};
use crate::support::test_dir::TestDir;
use crate::support::write;

fn export(dir: &TestDir, to: &str) -> Value {
    program(dir).run(&format!("-q export --legacy --only-new --format json --to {to}")).json()
}

#[test]
fn what_only_the_new_side_has_is_exported_and_appended_and_both_logs_agree() {
    let dir = TestDir::new();
    for (mode, task) in [(LEGACY, "T1"), (PARALLEL, "T2"), (NEW, "T3"), (NEW, "T4"), (PARALLEL_NEW, "T5")] {
        set(&dir, "sqlite", mode, "");
        dispatch(&dir, &created(task));
    }
    set(&dir, "sqlite", NEW, "");
    dispatch(&dir, &created("T6"));
    set(&dir, "sqlite", LEGACY, "");
    dispatch(&dir, &created("T7"));
    assert_eq!(on_legacy_side(&dir), ["T1", "T2", "T5", "T7"]);

    let exported = export(&dir, "only-new");
    assert_eq!(exported["files"][0]["records"], 3, "{exported}");
    let append = |said: Value| {
        let done = program(&dir).run("-q legacy append only-new/events.json --format json").json();
        assert_eq!(done, said);
    };
    append(json!({"path": "data/events.json", "records": 3, "appended": 3, "already_there": 0}));
    assert_eq!(on_legacy_side(&dir), ["T1", "T2", "T5", "T7", "T3", "T4", "T6"]);
    let log = std::fs::read(dir.join("data/events.json")).unwrap();
    append(json!({"path": "data/events.json", "records": 3, "appended": 0, "already_there": 3}));
    assert_eq!(std::fs::read(dir.join("data/events.json")).unwrap(), log);

    // The legacy side alone has T1 and T7, and everything of the new side is there.
    let found = program(&dir).run("-q compare-logs --format json --settle 0s --since all");
    let found: Value = serde_json::from_str(&found.stdout).unwrap();
    assert_eq!(
        (&found["matched"], &found["missing"], &found["extra"]),
        (&json!(5), &json!(2), &json!(0)),
        "{found}"
    );
}

#[test]
fn after_a_time_with_the_new_system_alone_the_appended_log_is_consistent_with_the_store() {
    let dir = TestDir::new();
    set(&dir, "sqlite", NEW, "");
    for task in 1..=20 {
        dispatch(&dir, &created(&format!("T{task}")));
    }
    set(&dir, "sqlite", LEGACY, "");
    export(&dir, "only-new");
    program(&dir).run("-q legacy append only-new/events.json").result();
    program(&dir).run("-q compare-logs --settle 0s").result();
}

#[test]
fn what_a_repair_has_added_is_on_both_sides() {
    let dir = TestDir::new();
    set(&dir, "sqlite", LEGACY, "");
    dispatch(&dir, &created("T1"));
    set(&dir, "sqlite", NEW, "");
    dispatch(&dir, &created("T2"));
    export(&dir, "only-new");
    program(&dir).run("-q legacy append only-new/events.json").result();
    let repaired = program(&dir).run("-q repair --since all --settle 0s --apply");
    assert_eq!((repaired.code, repaired.stdout.lines().count()), (0, 1), "{repaired:?}");
    assert_eq!(export(&dir, "again")["files"][0]["records"], 1, "T2 alone");
}

#[test]
fn a_jsonl_store_is_brought_back_by_dispatching_what_it_has_with_the_flag_off() {
    let dir = TestDir::new();
    set(&dir, "jsonl", LEGACY, "");
    dispatch(&dir, &created("T1"));
    set(&dir, "jsonl", NEW, "");
    for task in ["T2", "T3"] {
        dispatch(&dir, &created(task));
    }
    dispatch(&dir, &deleted("T3"));
    set(&dir, "jsonl", LEGACY, "");
    // An export of the SQLite store, which there may be as well, would have none of it.
    let refused = program(&dir).run("-q export --legacy --only-new --to only-new");
    refused.code_is(2, "to `dispatch -`, with use_new_event_system = false");
    let raw = program(&dir).run("-q events between 2000-01-01 2100-01-01 --limit 1000 --raw").result();
    write(&dir, "only-new.jsonl", &raw);
    let input = std::fs::File::open(dir.join("only-new.jsonl")).unwrap();
    let run = program(&dir).stdin(input).run("-q dispatch -");
    assert_eq!((run.code, run.stdout.lines().count()), (0, 3), "{}", run.stderr);
    assert_eq!(on_legacy_side(&dir), ["T1", "T2", "T3", "T3"]);
    let found = program(&dir).run("-q compare-logs --format json --settle 0s --since all");
    let found: Value = serde_json::from_str(&found.stdout).unwrap();
    assert_eq!((&found["matched"], &found["extra"]), (&json!(3), &json!(0)), "{found}");
}

#[test]
fn of_named_types_the_new_side_alone_has_the_events() {
    let dir = TestDir::new();
    set(&dir, "sqlite", LEGACY, "new_event_types = [\"TaskCreated\"]");
    dispatch(&dir, &created("T1"));
    dispatch(&dir, &deleted("T2"));
    assert_eq!(export(&dir, "only-new")["files"][0]["records"], 1);
}

#[test]
fn where_both_sides_have_everything_nothing_is_exported() {
    let dir = TestDir::new();
    set(&dir, "sqlite", PARALLEL_NEW, "");
    dispatch(&dir, &created("T1"));
    assert_eq!(export(&dir, "only-new")["files"], json!([]));
    assert!(!dir.join("only-new/events.json").exists());
    program(&dir).run("-q export --only-new --to x").code_is(2, "--legacy");
}

#[test]
fn only_records_in_the_legacy_shape_are_appended_and_all_of_them_or_none() {
    let dir = TestDir::new();
    let good = r#"{"type": "TaskCreated", "task_id": "T1", "timestamp": "2025-10-25T10:00:00"}"#;
    for bad in
        [r#"{"event_type": "A", "timestamp": "2025-10-25T10:00:00", "event_id": "e"}"#, r#"{"type": "A"}"#]
    {
        write(&dir, "some.json", format!("[{good}, {bad}]"));
        program(&dir).run("-q legacy append some.json").code_is(1, "nothing was appended");
    }
    assert!(!dir.join("data/events.json").exists());
    program(&dir).run("-q legacy append nowhere.json").code_is(4, "nowhere.json");
    write(&dir, "mission-events.toml", "legacy.writer = \"other\"");
    program(&dir).run("-q legacy append some.json").code_is(2, "legacy.writer");
}
