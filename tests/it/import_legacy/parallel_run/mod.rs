//! A parallel run: both systems record the same events, and what was written is imported day by day.

mod daily;
mod interrupted;
mod random;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::Connection;

use super::DATABASE;
use crate::support::cli::write;
use crate::support::instant;
use crate::support::test_dir::TestDir;

/// An event that happened, and which systems recorded it.
#[derive(Debug, Clone)]
struct ActualEvent {
    at: DateTime<Utc>,
    event_type: &'static str,
    task: Option<u32>,
    title: String,
    by_legacy: bool,
    by_new: bool,
    /// By how much the clock of the new system is ahead then.
    ahead: TimeDelta,
}

impl ActualEvent {
    /// An event that both systems record, with a new clock that is 7 ms ahead.
    fn new(at: DateTime<Utc>, task: u32) -> Self {
        let (event_type, title) = ("TaskCreated", format!("Task no. {task} \u{e9}"));
        let ahead = TimeDelta::milliseconds(7);
        Self { at, event_type, task: Some(task), title, by_legacy: true, by_new: true, ahead }
    }

    /// As Python's `json.dump` writes it.
    fn legacy(&self) -> String {
        let Self { event_type, title, .. } = self;
        let task = self.task.map_or(String::new(), |task| format!(r#""task_id": "T{task}", "#));
        let title = title.replace('\u{e9}', r"\u00e9");
        let at = self.at.format("%Y-%m-%dT%H:%M:%S%.6f");
        format!(r#"{{"type": "{event_type}", {task}"title": "{title}", "timestamp": "{at}"}}"#)
    }

    fn native(&self, id: usize) -> String {
        let Self { event_type, title, .. } = self;
        let task = self.task.map_or(String::new(), |task| {
            format!(r#""aggregate_id": "T{task}", "task_id": "T{task}", "priority": "P1", "#)
        });
        let at = self.recorded_at().format("%Y-%m-%dT%H:%M:%S%.6f+00:00");
        format!(
            r#"{{"event_id": "n{id}", "event_type": "{event_type}", "timestamp": "{at}", {task}"title": "{title}", "metadata": {{"by": "new"}}}}"#
        )
    }

    fn recorded_at(&self) -> DateTime<Utc> {
        self.at + self.ahead
    }
}

/// The legacy log of these events.
fn write_legacy(dir: &TestDir, actual: &[ActualEvent]) {
    let records: Vec<String> =
        actual.iter().filter(|event| event.by_legacy).map(ActualEvent::legacy).collect();
    write(dir, "data/events.json", format!("[{}]", records.join(", ")));
}

/// The daily files of these events.
fn write_native(dir: &TestDir, actual: &[ActualEvent]) {
    let mut days: BTreeMap<String, String> = BTreeMap::new();
    for (id, event) in actual.iter().enumerate().filter(|(_, event)| event.by_new) {
        let day = days.entry(event.recorded_at().format("%Y-%m-%d").to_string()).or_default();
        day.push_str(&event.native(id));
        day.push('\n');
    }
    for (day, text) in days {
        write(dir, &format!("data/events/events-{day}.jsonl"), text);
    }
}

/// Everything that was recorded: what neither system wrote cannot be counted.
fn recorded(actual: &[ActualEvent]) -> u64 {
    actual.iter().filter(|event| event.by_legacy || event.by_new).count() as u64
}

/// The beginning of a day of the parallel run.
fn day(number: i64) -> DateTime<Utc> {
    instant("2025-10-20T00:00:00Z") + TimeDelta::days(number)
}

/// A week of the parallel run, in which each system misses a few events.
fn week() -> Vec<ActualEvent> {
    let mut actual = Vec::new();
    for number in 0..7 * 24 {
        let at = day(0) + TimeDelta::hours(number) + TimeDelta::seconds(number % 50);
        let mut event = ActualEvent::new(at, number as u32);
        event.ahead += TimeDelta::milliseconds(number % 5);
        (event.by_legacy, event.by_new) = (number % 29 != 3, number % 31 != 5);
        actual.push(event);
        // Content that repeats itself, without anything to tell one from another but its time.
        let mut beat = ActualEvent::new(at + TimeDelta::minutes(30), 0);
        (beat.event_type, beat.task, beat.title) = ("Heartbeat", None, "beat".to_owned());
        actual.push(beat);
    }
    actual
}

fn connection(dir: &TestDir) -> Connection {
    Connection::open(dir.join(DATABASE)).unwrap()
}

fn count(dir: &TestDir, query: &str) -> u64 {
    connection(dir).query_row(query, [], |row| row.get(0)).unwrap()
}

/// Each event with the text of its twin, by position.
fn told(dir: &TestDir) -> Vec<(String, Option<String>)> {
    let connection = connection(dir);
    let query =
        "SELECT events.body, twins.body FROM events LEFT JOIN twins USING (position) ORDER BY position";
    let mut statement = connection.prepare(query).unwrap();
    let told = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    told.unwrap().map(Result::unwrap).collect()
}

/// Demands that the store holds what was recorded: each event once, and both texts where both systems wrote one.
#[track_caller]
fn assert_holds(dir: &TestDir, actual: &[ActualEvent]) {
    assert_eq!(count(dir, "SELECT count(*) FROM events"), recorded(actual));
    let mut told: Vec<_> = told(dir)
        .into_iter()
        .map(|(one, other)| {
            let mut texts: Vec<String> = other.into_iter().chain([one]).collect();
            texts.sort();
            texts
        })
        .collect();
    let mut expected: Vec<Vec<String>> = actual
        .iter()
        .enumerate()
        .map(|(id, event)| {
            let legacy = event.by_legacy.then(|| event.legacy());
            let mut texts: Vec<String> =
                legacy.into_iter().chain(event.by_new.then(|| event.native(id))).collect();
            texts.sort();
            texts
        })
        .filter(|texts| !texts.is_empty())
        .collect();
    told.sort();
    expected.sort();
    assert_eq!(told, expected);
}
