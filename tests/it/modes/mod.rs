//! The modes of the event system, as an operator runs them: where an event goes, how the mode is switched, what a comparison says of a
//! parallel run, and the way back.

mod compared;
mod left_behind;
mod reload;
mod rolled_back;
mod routed;

use serde_json::Value;

use crate::support::cli::{Cli, cli, write};
use crate::support::test_dir::TestDir;

/// The modes: the flag, whether both sides run, the name, and the side that is primary.
const LEGACY: (bool, bool) = (false, false);
const NEW: (bool, bool) = (true, false);
const PARALLEL: (bool, bool) = (false, true);
const PARALLEL_NEW: (bool, bool) = (true, true);
const MODES: [(bool, bool); 4] = [LEGACY, NEW, PARALLEL, PARALLEL_NEW];

/// The stores of the new side, by the setting `storage.backend`.
const BACKENDS: [&str; 2] = ["sqlite", "jsonl"];

/// The program, whose mode is that of `mission-events.toml`, or the default.
fn program(dir: &TestDir) -> Cli {
    cli(dir).without_flag()
}

/// Writes `mission-events.toml`; the mirror is waited for as long as it takes.
fn set(dir: &TestDir, backend: &str, (use_new, parallel): (bool, bool), more: &str) {
    let text = format!(
        "use_new_event_system = {use_new}\nparallel_run = {parallel}\n{more}\n[storage]\nbackend = \"{backend}\"\n\
         [parallel]\nsecondary_timeout_ms = 60000\n"
    );
    write(dir, "mission-events.toml", text);
}

/// A new task, as a program would dispatch it.
fn created(task: &str) -> String {
    format!(r#"{{"event_type": "TaskCreated", "task_id": "{task}", "title": "Task {task}"}}"#)
}

fn deleted(task: &str) -> String {
    format!(r#"{{"event_type": "TaskDeleted", "task_id": "{task}", "reason": "for {task}"}}"#)
}

/// Dispatches one event.
fn dispatch(dir: &TestDir, event: &str) -> Value {
    dispatch_by(program(dir), event)
}

fn dispatch_by(cli: Cli, event: &str) -> Value {
    cli.run_with(["-q", "--format", "json", "dispatch", event]).json()
}

/// The tasks of the records of the legacy log, in its order.
fn on_legacy_side(dir: &TestDir) -> Vec<String> {
    let Ok(text) = std::fs::read(dir.join("data/events.json")) else { return Vec::new() };
    tasks(serde_json::from_slice(&text).unwrap())
}

/// The tasks of the events of the store, in its order.
fn on_new_side(dir: &TestDir) -> Vec<String> {
    if !dir.join("data/events.db").exists() && !dir.join("data/events").exists() {
        return Vec::new();
    }
    let recent = program(dir).run("-q events recent --limit 1000 --format json").json();
    let mut events = recent["events"].as_array().unwrap().clone();
    events.reverse();
    tasks(events.iter().map(|event| serde_json::from_str(event["body"].as_str().unwrap()).unwrap()).collect())
}

fn tasks(events: Vec<Value>) -> Vec<String> {
    events.iter().map(|event| event["task_id"].as_str().unwrap().to_owned()).collect()
}
