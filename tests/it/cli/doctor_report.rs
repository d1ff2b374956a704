//! `doctor --bundle`: the report for maintainers.

use std::fs;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::cli::{Cli, cli, write};
use crate::support::test_dir::TestDir;

fn event(id: u32, event_type: &str) -> String {
    format!(
        r#"{{"event_id": "e{id}", "event_type": "{event_type}", "timestamp": "2025-10-25T10:00:{id:02}Z", "aggregate_id": "T{id}", "task_id": "T{id}", "title": "a secret plan"}}"#
    )
}

/// A store with 7 events of one type and one of another, and a handler that has failed on one of them.
fn prepared() -> TestDir {
    let dir = TestDir::new();
    let events: Vec<String> = (0..7).map(|id| event(id, "TaskCreated")).chain([event(9, "Sold")]).collect();
    write(&dir, "data/events/events-2025-10-25.jsonl", format!("{}\n", events.join("\n")));
    assert_eq!(program(&dir).run("-q handlers run").code, 0);
    let handlers = Connection::open(dir.join("data/handlers.db")).unwrap();
    let failure = format!(
        "INSERT INTO handler_failures (handler, stream, position, event_id, event_type, state, attempts, error)
         VALUES ('task_state', '2025-10-25', 1, 'e1', 'TaskCreated', 'parked', 4, '{}')",
        "the value was ".to_owned() + &"x".repeat(1_000)
    );
    handlers.execute(&failure, []).unwrap();
    dir
}

fn program(dir: &TestDir) -> Cli {
    let cli =
        cli(dir).env("MISSION_CONTROL_TIMEZONE", "UTC").env("MISSION_CONTROL_USE_NEW_EVENT_SYSTEM", "true");
    cli.env("HOME", dir.path().to_str().unwrap())
}

fn report(dir: &TestDir, line: &str) -> (String, Value) {
    let run = program(dir).run(line);
    assert_eq!(run.code, 1, "{} {}", run.stdout, run.stderr);
    let text = fs::read_to_string(dir.join("report.json")).unwrap();
    let document = serde_json::from_str(&text).unwrap();
    (text, document)
}

#[test]
fn the_report_has_what_a_maintainer_asks_for_and_no_event() {
    let dir = prepared();
    let (text, document) = report(&dir, "-q doctor --bundle report.json");
    assert!(!text.contains("a secret plan"), "{text}");
    let keys: Vec<&str> = document.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "note",
            "made_at",
            "program",
            "flag",
            "mode",
            "doctor",
            "status",
            "event_types",
            "failures",
            "events"
        ]
    );
    let source = "Environment (MISSION_CONTROL_USE_NEW_EVENT_SYSTEM=true)";
    assert_eq!(document["flag"], json!({"value": true, "source": source}));
    assert_eq!(document["event_types"], json!({"Sold": 1, "TaskCreated": 7}));
    assert_eq!((&document["events"], &document["mode"]), (&Value::Null, &json!("new_events")));
    assert!(document["status"]["settings"].as_array().unwrap().len() > 15);
    assert!(document["program"]["sqlite"].as_str().unwrap().starts_with("3."));
    let failure = &document["failures"][0];
    assert_eq!(
        (&failure["handler"], &failure["failures"][0]["event_id"]),
        (&json!("task_state"), &json!("e1"))
    );
}

#[test]
fn texts_of_errors_are_cut_and_it_is_said_so() {
    let dir = prepared();
    let (_, document) = report(&dir, "-q doctor --bundle report.json");
    let error = document["failures"][0]["failures"][0]["error"].as_str().unwrap();
    assert_eq!((error.chars().count(), error.ends_with("… (cut)")), (307, true), "{error}");
    assert!(document["note"].as_str().unwrap().contains("cut after 300 characters"));
}

#[test]
fn events_are_in_it_where_they_are_asked_for_and_five_of_a_type_at_most() {
    let dir = prepared();
    let (_, document) = report(&dir, "-q doctor --bundle report.json --with-events");
    let samples = document["events"].as_object().unwrap();
    assert_eq!(
        (samples["TaskCreated"].as_array().unwrap().len(), samples["Sold"].as_array().unwrap().len()),
        (5, 1)
    );
    assert_eq!(samples["TaskCreated"][0], json!(event(6, "TaskCreated")), "the newest one, as it is stored");
    program(&dir).run("doctor --with-events").code_is(2, "--bundle");
}

#[test]
fn paths_below_the_home_folder_are_shortened() {
    let dir = prepared();
    let store = dir.join("data/events");
    let (text, document) =
        report(&dir, &format!("-q --store {} doctor --bundle report.json", store.display()));
    assert!(!text.contains(dir.path().to_str().unwrap()), "{text}");
    assert_eq!(document["status"]["store"]["path"], "~/data/events");
}

#[test]
fn nothing_is_written_over() {
    let dir = prepared();
    write(&dir, "report.json", "mine");
    program(&dir).run("-q doctor --bundle report.json").code_is(2, "report.json is there already");
    assert_eq!(fs::read_to_string(dir.join("report.json")).unwrap(), "mine");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("nowhere", dir.join("link.json")).unwrap();
        program(&dir).run("-q doctor --bundle link.json").code_is(2, "link.json is there already");
        assert!(!dir.join("nowhere").exists());
    }
}

#[test]
fn a_report_that_cannot_be_written_is_an_error_that_names_it() {
    let dir = prepared();
    program(&dir)
        .run("-q doctor --bundle none/report.json")
        .code_is(4, "could not write the report to none/report.json");
}

#[test]
fn a_report_is_made_of_what_is_broken_too() {
    let dir = TestDir::new();
    write(
        &dir,
        "data/handlers.db",
        "no database, but a text that is longer than the header of one, which has a hundred bytes",
    );
    write(&dir, "data/events/events-2025-10-25.jsonl", "oops\n");
    let run = program(&dir).run("-q doctor --bundle report.json --with-events");
    assert_eq!(run.code, 4, "{}", run.stderr);
    let document: Value = serde_json::from_slice(&fs::read(dir.join("report.json")).unwrap()).unwrap();
    assert_eq!(document["event_types"], Value::Null);
    assert!(
        document["doctor"]["findings"]
            .as_array()
            .unwrap()
            .iter()
            .any(|finding| finding["could_not_look"] == true)
    );
}
