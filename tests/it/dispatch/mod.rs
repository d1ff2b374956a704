//! The event system as an operator runs it: `dispatch` and `handlers`.

mod handlers;
mod killed;
mod one;
mod stream;

use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout};

use rusqlite::Connection;
use serde_json::Value;

use crate::handling::read_models;
use crate::support::cli::{Cli, Running, cli};
use crate::support::test_dir::TestDir;

/// The stores that events are dispatched to: by name, as `--store` takes it.
const STORES: [&str; 2] = ["events.db", "daily"];

/// The program with the new event system switched on.
fn switched_on(dir: &TestDir) -> Cli {
    cli(dir)
        .env("MISSION_CONTROL_USE_NEW_EVENT_SYSTEM", "true")
        .env("MISSION_CONTROL_HANDLERS", "handlers.db")
}

/// The options that name a store which need not exist yet.
fn store(name: &str) -> [(&'static str, String); 2] {
    let (backend, path) = match name {
        "events.db" => ("sqlite", "MISSION_CONTROL_SQLITE_PATH"),
        _ => ("jsonl", "MISSION_CONTROL_EVENTS_DIR"),
    };
    [("MISSION_CONTROL_STORAGE_BACKEND", backend.to_owned()), (path, name.to_owned())]
}

/// The program on that store.
fn on(dir: &TestDir, name: &str) -> Cli {
    store(name).into_iter().fold(switched_on(dir), |cli, (variable, value)| cli.env(variable, &value))
}

/// A new task, as a program would dispatch it: without id and time.
fn created(task: &str) -> String {
    format!(
        r#"{{"event_type": "TaskCreated", "task_id": "{task}", "title": "Task {task}", "priority": "P1", "status": "not_started"}}"#
    )
}

/// `dispatch -` with a client at both ends.
struct Client {
    running: Running,
    input: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Client {
    fn start(cli: Cli, line: &str) -> Self {
        let (running, input, output) = cli.start_with_pipes(line);
        Self { running, input: Some(input), answers: BufReader::new(output) }
    }

    fn send(&mut self, line: &str) {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
    }

    /// The next answer; `None` where there is no more.
    fn answer(&mut self) -> Option<Value> {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        line.ends_with('\n').then(|| serde_json::from_str(&line).unwrap())
    }

    /// Ends the input, and gives the remaining answers and the exit code.
    fn finish(mut self) -> (Vec<Value>, i32) {
        self.input = None;
        let answers = std::iter::from_fn(|| self.answer()).collect();
        (answers, self.running.code())
    }
}

/// The projections that the program registers.
const PROJECTIONS: [&str; 4] = ["task_analytics", "task_completions", "task_state", "task_history"];

/// How many events are counted in the activity of all days.
fn activities(dir: &TestDir) -> u64 {
    let database = Connection::open(dir.join("handlers.db")).unwrap();
    database
        .query_row("SELECT ifnull(sum(events), 0) FROM task_activity_by_day", [], |row| row.get(0))
        .unwrap()
}

/// How many events a store holds.
fn events_in(dir: &TestDir, name: &str) -> u64 {
    let status = cli(dir).run(&format!("-q --store {name} status --format json")).json();
    status["store"]["events"].as_u64().unwrap()
}
