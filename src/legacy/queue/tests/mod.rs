//! The queue: what it promises about entries, its file, and what is let in.

mod crashes;
mod damage;
mod files;
mod limits;
mod model;
mod order;
mod windows;

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::*;
use crate::application::clock::Clock;

/// A clock that is moved by tests.
struct ManualClock(Mutex<(DateTime<Utc>, Duration)>);

impl ManualClock {
    /// At 2025-10-16T11:46:40Z, which is second 1760615200.
    fn new() -> Arc<Self> {
        let start = DateTime::from_timestamp(1_760_615_200, 0).unwrap();
        Arc::new(Self(Mutex::new((start, Duration::ZERO))))
    }

    fn pass(&self, seconds: f64) {
        let time = Duration::from_secs_f64(seconds);
        let mut state = self.0.lock().unwrap();
        state.0 += TimeDelta::from_std(time).unwrap();
        state.1 += time;
    }

    /// Sets the time of day back, which takes no time.
    fn set_back(&self, seconds: i64) {
        self.0.lock().unwrap().0 -= TimeDelta::seconds(seconds);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        self.0.lock().unwrap().0
    }

    fn elapsed(&self) -> Duration {
        self.0.lock().unwrap().1
    }

    fn wait(&self, duration: Duration) {
        self.pass(duration.as_secs_f64());
    }
}

/// A queue in a folder of its own, and its clock.
struct Place {
    folder: TempDir,
    path: PathBuf,
    clock: Arc<ManualClock>,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("legacy/queue.jsonl");
        Self { folder, path, clock: ManualClock::new() }
    }

    fn open(&self) -> EventQueue {
        EventQueue::open(&self.path, Arc::clone(&self.clock) as _).unwrap()
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.path).unwrap()
    }

    /// The files beside the queue, but for its lock.
    fn others(&self) -> Vec<String> {
        let names = fs::read_dir(self.path.parent().unwrap()).unwrap();
        let mut names: Vec<_> =
            names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| !["queue.jsonl", "queue.jsonl.lock"].contains(&&**name));
        names.sort();
        names
    }

    /// Id and status of all entries, as another process reads them.
    fn read(&self) -> Vec<(String, QueueStatus)> {
        let queue = EventQueue::read(&self.path).unwrap();
        assert_eq!(queue.damage, []);
        queue.entries.into_iter().map(|entry| (entry.event_id, entry.status)).collect()
    }
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn new(definition: &str, priority: Option<i64>) -> NewEntry {
    let data = object(json!({"path": "data/briefings/b.md", "event_type": "modified"}));
    NewEntry { definition_id: definition.to_owned(), event_type: "file_system".to_owned(), data, priority }
}

fn next_id(queue: &EventQueue) -> Option<String> {
    queue.next().unwrap().map(|entry| entry.event_id)
}
