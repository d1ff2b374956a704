//! `archive`, and what reads archived days.

mod beside;
mod commands;
#[cfg(unix)]
mod failures;
#[cfg(target_os = "linux")]
mod killed;
mod random;
mod read_by_others;

use std::fs;
use std::path::PathBuf;

use mission_events::{DomainEvent, EventRepository, JsonlEventRepository, StoredEvent};

use crate::support::cli::{Cli, cli};
use crate::support::test_dir::TestDir;
use crate::support::{event, everything, utc};

const ARCHIVE: &str = "archive --before 2025-11-01";

fn folder(dir: &TestDir) -> PathBuf {
    dir.join("data/events")
}

fn open(dir: &TestDir) -> JsonlEventRepository {
    JsonlEventRepository::open(folder(dir), utc()).unwrap()
}

/// One of October 2025.
fn of_day(id: &str, day: u32, second: u32) -> DomainEvent {
    let (minute, second) = (second / 60 % 60, second % 60);
    event(id).at(&format!("2025-10-{day:02}T10:{minute:02}:{second:02}+00:00")).about("T1").build()
}

/// Days of October 2025 with so many events each.
fn write_days(dir: &TestDir, days: std::ops::Range<u32>, events: u32) -> Vec<StoredEvent> {
    let store = open(dir);
    for day in days {
        let events: Vec<_> =
            (0..events).map(|number| of_day(&format!("e{day}-{number}"), day, number)).collect();
        store.save_events(&events).unwrap();
    }
    everything(&store)
}

fn quiet(dir: &TestDir) -> Cli {
    cli(dir).env("MISSION_CONTROL_TIMEZONE", "UTC")
}

/// The names in the folder of the store and in its archive.
fn names(dir: &TestDir) -> Vec<String> {
    let mut names = Vec::new();
    for folder in ["data/events", "data/events/archive"] {
        let Ok(entries) = fs::read_dir(dir.join(folder)) else { continue };
        for entry in entries {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.is_file() && !(name.starts_with(".events.")) {
                names.push(path.strip_prefix(dir.join("data/events")).unwrap().display().to_string());
            }
        }
    }
    names.sort();
    names
}
