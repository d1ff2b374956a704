//! `compare-logs`, run as an operator runs it: verdict, exit code, report.

mod alike;
mod beginning;
mod compressed;
mod evidence;
mod flags;
mod history;
mod html_report;
#[cfg(target_os = "linux")]
mod interrupted;
mod known_files;
mod limits;
mod mappings;
#[cfg(unix)]
mod permissions;
mod rare;
mod reports;
mod shortcuts;
mod sides;
mod stores;
mod unlike;
mod unread_files;

use serde_json::Value;

use crate::support::cli::{Cli, Run, cli, write};
use crate::support::test_dir::TestDir;

/// An event that both systems recorded.
#[derive(Debug, Clone)]
struct SharedEvent {
    event_type: &'static str,
    task: String,
    title: String,
    /// Minutes since the beginning of 2025-10-20, UTC.
    minute: u32,
    /// By how many milliseconds the new system's clock is ahead.
    ahead_ms: u32,
}

impl SharedEvent {
    fn time(&self, ms: u32) -> String {
        let (day, hour, minute) = (20 + self.minute / 1440, self.minute / 60 % 24, self.minute % 60);
        format!("2025-10-{day:02}T{hour:02}:{minute:02}:{:02}.{:03}000", ms / 1000, ms % 1000)
    }

    /// As the legacy system writes it.
    fn as_legacy(&self) -> String {
        let Self { event_type, task, title, .. } = self;
        let at = self.time(0);
        format!(
            r#"{{"type": "{event_type}", "task_id": "{task}", "title": "{title}", "list": "inbox", "timestamp": "{at}"}}"#
        )
    }

    /// As the new system does.
    fn as_new(&self, id: usize) -> String {
        let Self { event_type, task, title, .. } = self;
        let at = self.time(self.ahead_ms);
        format!(
            r#"{{"event_id": "e{id}", "event_type": "{event_type}", "timestamp": "{at}+00:00", "aggregate_id": "{task}", "task_id": "{task}", "title": "{title}", "list": "inbox", "priority": "P1", "status": "NOT_STARTED", "metadata": {{}}}}"#
        )
    }
}

/// The events of three quiet days: one of its own task every two hours.
fn three_days() -> Vec<SharedEvent> {
    let event = |number: u32| SharedEvent {
        event_type: if number.is_multiple_of(3) { "TaskCompleted" } else { "TaskCreated" },
        task: format!("T{number}"),
        title: format!("title {number}"),
        minute: number * 120 + 7,
        ahead_ms: 4,
    };
    (0..36).map(event).collect()
}

fn legacy_records(events: &[SharedEvent]) -> Vec<String> {
    events.iter().map(SharedEvent::as_legacy).collect()
}

fn new_records(events: &[SharedEvent]) -> Vec<String> {
    events.iter().enumerate().map(|(number, event)| event.as_new(number)).collect()
}

fn array(records: &[String]) -> String {
    format!("[{}]", records.join(", "))
}

fn jsonl(records: &[String]) -> String {
    records.iter().map(|record| format!("{record}\n")).collect()
}

/// The logs of both systems, `events.json` and `new.jsonl`.
fn write_both(dir: &TestDir, control: &[SharedEvent], candidate: &[SharedEvent]) {
    write(dir, "events.json", array(&legacy_records(control)));
    write(dir, "new.jsonl", jsonl(&new_records(candidate)));
}

/// The program, set up so that it has nothing to warn of.
fn quiet(dir: &TestDir) -> Cli {
    cli(dir).env("MISSION_CONTROL_TIMEZONE", "UTC")
}

fn run(dir: &TestDir, arguments: &str) -> Run {
    quiet(dir).run(&format!("compare-logs {arguments}"))
}

/// The JSON document of a comparison, after what holds for every one of them: stderr is empty, the exit
/// code says what the verdict says, the classes of each side add up to its events, and what is not
/// consistent has a reason.
#[track_caller]
fn compare(dir: &TestDir, arguments: &str) -> Value {
    document(quiet(dir).run(&format!("--format json compare-logs {arguments}")))
}

#[track_caller]
fn document(run: Run) -> Value {
    assert_eq!(run.stderr, "", "{}", run.stdout);
    let found: Value = serde_json::from_str(&run.stdout).unwrap();
    let verdict = found["verdict"].as_str().unwrap();
    let code = match verdict {
        "consistent" => 0,
        "different" => 1,
        "inconclusive" => 3,
        other => panic!("{other}"),
    };
    assert_eq!(run.code, code, "{found:#}");
    assert_eq!(found["reasons"].as_array().unwrap().is_empty(), code == 0, "{found:#}");
    let days = found["by_day"].as_array().unwrap();
    let sum = |count: &dyn Fn(&Value) -> u64| days.iter().map(count).sum::<u64>();
    for (side, alone) in [("control", "missing"), ("candidate", "extra")] {
        let pairs = ["matched", "ignored", "time_shifted", "changed", "retyped", "misfiled"];
        let classes = sum(&|day| {
            let pairs: u64 = pairs.iter().map(|class| day[class].as_u64().unwrap()).sum();
            let alone = day[alone].as_u64().unwrap();
            let per_side = ["duplicated", "pending"].map(|class| day[class][side].as_u64().unwrap());
            pairs + alone + per_side.iter().sum::<u64>()
        });
        assert_eq!(found[side]["events"], classes, "{side}: {found:#}");
        assert_eq!(sum(&|day| day[side].as_u64().unwrap()), classes);
    }
    found
}

/// The counts that differ from zero, without what says that all is well.
fn differences(found: &Value) -> Vec<(&'static str, u64)> {
    let mut counts = Vec::new();
    for class in ["time_shifted", "changed", "retyped", "misfiled", "missing", "extra"] {
        counts.push((class, found[class].as_u64().unwrap()));
    }
    for (class, side) in [("duplicated by control", "control"), ("duplicated by candidate", "candidate")] {
        counts.push((class, found["duplicated"][side].as_u64().unwrap()));
    }
    counts.retain(|(_, count)| *count > 0);
    counts
}

/// Demands that every event of both sides has its partner.
#[track_caller]
fn consistent(dir: &TestDir, arguments: &str, events: usize) -> Value {
    let found = compare(dir, arguments);
    assert_eq!(found["verdict"], "consistent", "{found:#}");
    assert_eq!(found["matched"], events, "{found:#}");
    found
}

/// Demands exactly these differences.
#[track_caller]
fn different(dir: &TestDir, arguments: &str, expected: &[(&str, u64)]) -> Value {
    let found = compare(dir, arguments);
    assert_eq!(found["verdict"], "different", "{found:#}");
    assert_eq!(differences(&found), expected, "{found:#}");
    found
}

/// Demands that nothing can be said, and this reason.
#[track_caller]
fn inconclusive(dir: &TestDir, arguments: &str, reason: &str) -> Value {
    let found = compare(dir, arguments);
    assert_eq!(found["verdict"], "inconclusive", "{found:#}");
    let reasons: Vec<&str> = found["reasons"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(reasons.iter().any(|said| said.contains(reason)), "{reasons:?}");
    found
}
