//! A parallel run: both systems record one life, and what was written is imported day by day.

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

/// An event that lived, and who recorded it.
#[derive(Debug, Clone)]
struct Lived {
    at: DateTime<Utc>,
    event_type: &'static str,
    task: Option<u32>,
    title: String,
    by_legacy: bool,
    by_new: bool,
    /// By how much the clock of the new system is ahead then.
    ahead: TimeDelta,
}

impl Lived {
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
fn write_legacy(dir: &TestDir, lives: &[Lived]) {
    let records: Vec<String> = lives.iter().filter(|lived| lived.by_legacy).map(Lived::legacy).collect();
    write(dir, "data/events.json", format!("[{}]", records.join(", ")));
}

/// The daily files of these events.
fn write_native(dir: &TestDir, lives: &[Lived]) {
    let mut days: BTreeMap<String, String> = BTreeMap::new();
    for (id, lived) in lives.iter().enumerate().filter(|(_, lived)| lived.by_new) {
        let day = days.entry(lived.recorded_at().format("%Y-%m-%d").to_string()).or_default();
        day.push_str(&lived.native(id));
        day.push('\n');
    }
    for (day, text) in days {
        write(dir, &format!("data/events/events-{day}.jsonl"), text);
    }
}

/// Everything that was recorded: nobody can count what neither system wrote.
fn recorded(lives: &[Lived]) -> u64 {
    lives.iter().filter(|lived| lived.by_legacy || lived.by_new).count() as u64
}

/// The beginning of a day of the parallel run.
fn day(number: i64) -> DateTime<Utc> {
    instant("2025-10-20T00:00:00Z") + TimeDelta::days(number)
}

/// A week of the parallel run, in which each system misses a few events.
fn week() -> Vec<Lived> {
    let mut lives = Vec::new();
    for number in 0..7 * 24 {
        let at = day(0) + TimeDelta::hours(number) + TimeDelta::seconds(number % 50);
        let mut lived = Lived::new(at, number as u32);
        lived.ahead += TimeDelta::milliseconds(number % 5);
        (lived.by_legacy, lived.by_new) = (number % 29 != 3, number % 31 != 5);
        lives.push(lived);
        // Content that repeats itself, without anything to tell one from another but its time.
        let mut beat = Lived::new(at + TimeDelta::minutes(30), 0);
        (beat.event_type, beat.task, beat.title) = ("Heartbeat", None, "beat".to_owned());
        lives.push(beat);
    }
    lives
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

/// Demands that the store holds what lived: each event once, and both texts where both systems wrote one.
#[track_caller]
fn assert_holds(dir: &TestDir, lives: &[Lived]) {
    assert_eq!(count(dir, "SELECT count(*) FROM events"), recorded(lives));
    let mut told: Vec<_> = told(dir)
        .into_iter()
        .map(|(one, other)| {
            let mut texts: Vec<String> = other.into_iter().chain([one]).collect();
            texts.sort();
            texts
        })
        .collect();
    let mut expected: Vec<Vec<String>> = lives
        .iter()
        .enumerate()
        .map(|(id, lived)| {
            let legacy = lived.by_legacy.then(|| lived.legacy());
            let mut texts: Vec<String> =
                legacy.into_iter().chain(lived.by_new.then(|| lived.native(id))).collect();
            texts.sort();
            texts
        })
        .filter(|texts| !texts.is_empty())
        .collect();
    told.sort();
    expected.sort();
    assert_eq!(told, expected);
}
