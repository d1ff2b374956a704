//! What a comparison says of a parallel run whose start is recorded.

use serde_json::{Value, json};

use super::{BACKENDS, LEGACY, NEW, PARALLEL, PARALLEL_NEW, created, deleted, dispatch, program, set};
use crate::support::test_dir::TestDir;

fn compare(dir: &TestDir, line: &str) -> (i32, Value) {
    let run = program(dir).run(&format!("-q compare-logs --format json --settle 0s {line}"));
    (run.code, serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr)))
}

#[test]
fn a_comparison_begins_where_the_parallel_run_was_started_and_says_so() {
    for backend in BACKENDS {
        for parallel in [PARALLEL, PARALLEL_NEW] {
            let dir = TestDir::new();
            // Only the new side has it: by the first event alone, it would be missing on the other one.
            set(&dir, backend, NEW, "");
            dispatch(&dir, &created("T0"));
            set(&dir, backend, parallel, "");
            dispatch(&dir, &created("T1"));
            dispatch(&dir, &created("T2"));
            let (code, found) = compare(&dir, "");
            assert_eq!((code, &found["verdict"]), (0, &json!("consistent")), "{backend} {found}");
            assert_eq!((&found["matched"], &found["beginning"]["kind"]), (&json!(2), &json!("recorded")));
            let evidence = program(&dir).run("-q evidence list --format json").json();
            assert_eq!(evidence.to_string().matches("\"recorded\"").count(), 1, "{evidence}");
            // It can be declared all the same, and a comparison of everything is what it was.
            assert_eq!(compare(&dir, "--since all").1["extra"], 1);
            assert_eq!(compare(&dir, "--since 2099-01-01").1["beginning"]["kind"], "declared");
        }
    }
}

#[test]
fn an_event_of_the_run_that_one_side_lost_is_missing_be_it_the_first_one() {
    let dir = TestDir::new();
    set(&dir, "jsonl", PARALLEL, "");
    dispatch(&dir, &created("T1"));
    dispatch(&dir, &created("T2"));
    let day = dir.names_like("data/events");
    assert_eq!(day.len(), 0);
    let folder = std::fs::read_dir(dir.join("data/events")).unwrap();
    let file =
        folder.map(|entry| entry.unwrap().path()).find(|path| path.extension().is_some_and(|e| e == "jsonl"));
    let file = file.unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.split_once('\n').unwrap().1).unwrap();
    let (code, found) = compare(&dir, "");
    assert_eq!((code, &found["missing"]), (1, &json!(1)), "{found}");
}

#[test]
fn a_run_that_has_ended_or_was_never_started_has_no_recorded_start() {
    let dir = TestDir::new();
    set(&dir, "sqlite", PARALLEL, "");
    dispatch(&dir, &created("T1"));
    set(&dir, "sqlite", NEW, "");
    dispatch(&dir, &created("T2"));
    assert_eq!(compare(&dir, "").1["beginning"]["kind"], "inferred");
    std::fs::remove_file(dir.join("data/handlers.db")).unwrap();
    assert_eq!(compare(&dir, "").1["beginning"]["kind"], "inferred");
}

#[test]
fn with_named_types_on_the_new_system_they_alone_are_compared_and_the_report_says_so() {
    let dir = TestDir::new();
    set(&dir, "sqlite", PARALLEL, "new_event_types = [\"TaskCreated\"]");
    dispatch(&dir, &created("T1"));
    dispatch(&dir, &deleted("T2"));
    let (code, found) = compare(&dir, "");
    assert_eq!((code, &found["event_types"]), (0, &json!(["TaskCreated"])), "{found}");
    assert_eq!(
        (&found["control"]["other_types"], &found["candidate"]["other_types"]),
        (&json!(1), &json!(0))
    );
    let said = program(&dir).run("-q compare-logs --settle 0s").result();
    assert!(said.contains("only events of type TaskCreated are compared"), "{said}");
    // With the flag on, the list says nothing.
    set(&dir, "sqlite", PARALLEL_NEW, "");
    assert_eq!(compare(&dir, "").1["event_types"], json!([]));
    // Another pair of logs is compared as a whole.
    set(&dir, "sqlite", LEGACY, "new_event_types = [\"TaskCreated\"]");
    assert_eq!(compare(&dir, "data/events.json data/events.json").1["event_types"], json!([]));
}
