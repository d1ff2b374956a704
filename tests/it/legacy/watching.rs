//! `legacy watch`: from a change of a file to the log of handlers, over crashes, until it is asked to end.

use std::fs::{self, File};

use serde_json::{Value, json};

use super::{add, briefings, defined, handled, lines_of};
use crate::support::cli::Running;
use crate::support::test_dir::TestDir;
use crate::support::{cli, kill_moments, until, write};

/// Starts watching, and waits until the definition is watched. stderr is appended to `logs/application.log`, as the README
/// shows it.
fn watch(dir: &TestDir, id: &str) -> Running {
    let before = log(dir).len();
    fs::create_dir_all(dir.join("logs")).unwrap();
    let log_file = File::options().create(true).append(true).open(dir.join("logs/application.log")).unwrap();
    let running = cli(dir).without_flag().stderr(log_file).start("legacy watch --format json");
    until("it watches", || log(dir)[before..].contains(&format!("[EventDispatcher] {id} is watched")));
    running
}

fn log(dir: &TestDir) -> String {
    fs::read_to_string(dir.join("logs/application.log")).unwrap_or_default()
}

/// The outputs of the handlers that have succeeded.
fn outputs(dir: &TestDir) -> Vec<String> {
    handled(dir).iter().filter_map(|entry| entry["output"].as_str().map(str::to_owned)).collect()
}

/// Asks it to end, and tells what it has answered.
fn end(running: Running, signal: &str) -> Value {
    running.signal(signal);
    let run = running.end();
    assert_eq!(run.code, 0, "{}", run.stderr);
    serde_json::from_str(&run.stdout).unwrap()
}

#[test]
fn a_file_that_is_written_comes_to_the_handler_of_its_definition() {
    let dir = defined(&[briefings()]);
    let running = watch(&dir, "file_changed_briefings");
    write(&dir, "data/briefings/notes.txt", "no briefing");
    write(&dir, "data/briefings/today.md", "one\ntwo\n");
    until("it is handled", || !handled(&dir).is_empty());
    let entry = &handled(&dir)[0];
    assert_eq!(
        (&entry["definition_id"], &entry["handler"], &entry["status"], &entry["error"]),
        (
            &json!("file_changed_briefings"),
            &json!("handlers.briefing_updated.run"),
            &json!("success"),
            &Value::Null
        )
    );
    let output = entry["output"].as_str().unwrap();
    assert!(output.starts_with("Briefing processed: ") && output.contains("today.md"), "{output}");
    let watched = end(running, "TERM");
    assert_eq!((&watched["watched"], &watched["failed"]), (&json!(["file_changed_briefings"]), &json!(0)));
    assert!(handled(&dir).iter().all(|entry| !entry["output"].to_string().contains("notes.txt")));
}

#[test]
fn both_signals_end_it_with_0_and_what_was_noticed_is_handled_or_queued() {
    for signal in ["INT", "TERM"] {
        let dir = defined(&[briefings()]);
        let running = watch(&dir, "file_changed_briefings");
        write(&dir, "data/briefings/today.md", "one");
        until("it is noticed", || !lines_of(&dir, "data/legacy/queue.jsonl").is_empty());
        let watched = end(running, signal);
        let open = watched["left"].as_u64().unwrap();
        assert!(open == 0 || watched["handled"] == 0, "{watched}");
        assert_eq!(outputs(&dir).is_empty(), open > 0);
    }
}

#[test]
fn a_signal_that_comes_twice_at_once_is_one_request() {
    let dir = defined(&[briefings()]);
    let running = watch(&dir, "file_changed_briefings");
    // As `timeout` sends it, to the process and to its group.
    running.signal("INT");
    end(running, "INT");
}

#[test]
fn definitions_that_are_added_disabled_or_broken_meanwhile_are_followed() {
    let dir = defined(&[]);
    fs::create_dir_all(dir.join("logs")).unwrap();
    let log_file = File::create(dir.join("logs/application.log")).unwrap();
    let running = cli(&dir).stderr(log_file).start("legacy watch --format json");
    until("it says that nothing is watched", || log(&dir).contains("no definition is enabled"));
    add(&dir, &briefings());
    until("it watches", || log(&dir).contains("file_changed_briefings is watched"));
    write(&dir, "data/briefings/today.md", "one");
    until("it is handled", || !handled(&dir).is_empty());

    let definitions = fs::read(dir.join("data/events/event_definitions.json")).unwrap();
    write(&dir, "data/events/event_definitions.json", "[{");
    until("it says that they stay", || log(&dir).contains("the definitions stay as they were read"));
    write(&dir, "data/briefings/tomorrow.md", "one");
    until("it is handled", || outputs(&dir).iter().any(|output| output.contains("tomorrow.md")));
    write(&dir, "data/events/event_definitions.json", definitions);

    cli(&dir).run("legacy definitions disable file_changed_briefings").result();
    until("it does not watch any more", || log(&dir).contains("is not watched any more"));
    assert_eq!(end(running, "TERM")["watched"], json!([]));
}

#[test]
fn what_cannot_be_watched_is_told_with_the_way_out_and_the_rest_is_watched() {
    let mut own = briefings();
    own["id"] = json!("own_files");
    own["source"]["path"] = json!("data/legacy");
    let dir = defined(&[]);
    write(&dir, "data/events/event_definitions.json", json!([own, briefings()]).to_string());
    let running = watch(&dir, "file_changed_briefings");
    until("it says so", || log(&dir).contains("own_files cannot be watched"));
    let watched = end(running, "TERM");
    assert_eq!(watched["watched"], json!(["file_changed_briefings"]));
    assert_eq!(watched["not_watched"][0]["id"], "own_files");
}

#[test]
fn a_second_process_that_watches_is_refused_and_the_queue_can_be_looked_at_meanwhile() {
    let dir = defined(&[briefings()]);
    let running = watch(&dir, "file_changed_briefings");
    let second = cli(&dir).run("-q legacy watch");
    assert_eq!((second.code, second.stdout.as_str()), (4, ""), "{}", second.stderr);
    write(&dir, "data/briefings/today.md", "one");
    until("it is handled", || !handled(&dir).is_empty());
    until("the queue knows it", || {
        let queue = cli(&dir).run("legacy queue --format json").json();
        queue["counts"]["done"].as_u64().unwrap() + queue["counts"]["processing"].as_u64().unwrap() > 0
    });
    end(running, "TERM");
}

#[test]
fn after_a_rollback_the_log_shows_the_mode_and_the_legacy_system_at_work() {
    let dir = defined(&[briefings()]);
    let running = watch(&dir, "file_changed_briefings");
    write(&dir, "data/briefings/today.md", "one");
    until("it is handled", || !handled(&dir).is_empty());
    end(running, "TERM");
    let log = log(&dir);
    assert!(log.contains("[config]   Event system mode: legacy_events\n"), "{log}");
    let at_work: Vec<&str> = log.lines().filter(|line| line.contains("EventDispatcher")).collect();
    assert!(at_work.len() >= 4, "started, watched, handled, stopped: {log}");
    assert!(at_work.iter().all(|line| line.contains("[EventDispatcher] ")), "{log}");
}

#[test]
fn a_watch_that_is_killed_handles_what_it_had_queued_when_it_is_started_again() {
    let mut slow = briefings();
    // It fails as long as the briefing is not there, and is tried again at once.
    slow["source"]["events"] = json!(["created", "modified"]);
    for moment in 0..kill_moments() {
        let dir = defined(&[slow.clone()]);
        let running = watch(&dir, "file_changed_briefings");
        for file in 0..10 {
            write(&dir, &format!("data/briefings/{file}.md"), "one\n");
        }
        until("some are queued", || lines_of(&dir, "data/legacy/queue.jsonl").len() as u64 > 2 * moment);
        running.kill();
        let queued: Vec<String> = lines_of(&dir, "data/legacy/queue.jsonl")
            .iter()
            .filter_map(|line| line["event_id"].as_str().map(str::to_owned))
            .collect();
        let running = watch(&dir, "file_changed_briefings");
        until("every accepted event is handled", || {
            let handled = handled(&dir);
            queued.iter().all(|id| handled.iter().any(|entry| entry["event_id"] == **id))
        });
        end(running, "TERM");
    }
}

#[test]
fn an_event_that_fails_is_tried_again_as_the_settings_say() {
    let mut failing = briefings();
    failing["handler"] = json!("handlers.unknown.run");
    let dir = TestDir::new();
    write(&dir, "data/briefings/.keep", "");
    assert_eq!(cli(&dir).run_with(["legacy", "definitions", "add", &failing.to_string()]).code, 0);
    write(&dir, "mission-events.toml", "[legacy]\nmax_retries = 2\nretry_delay_seconds = 0\n");
    let running = watch(&dir, "file_changed_briefings");
    write(&dir, "data/briefings/today.md", "one");
    until("it has failed", || handled(&dir).len() >= 3);
    let watched = end(running, "TERM");
    assert_eq!(watched["handled"], 0);
    let entries = handled(&dir);
    assert!(entries.iter().all(|entry| entry["status"] == "failure"));
    let error = entries[0]["error"].as_str().unwrap();
    assert!(error.contains("known handlers: handlers.briefing_updated.run, "), "{error}");
    let failed = cli(&dir).run("legacy queue --status failed --format json").json();
    assert!(failed["counts"]["failed"].as_u64().unwrap() >= 1, "{failed}");
}
