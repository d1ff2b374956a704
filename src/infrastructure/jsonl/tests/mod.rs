//! The store's own promises about its files. The contract of the port is tested over every backend
//! elsewhere.

mod appending;
mod archived;
mod archiving;
mod disaster;
mod each;
mod foreign_lines;
mod kept_open;
mod pages;
mod queries;
mod sharing;
mod streams;
mod torn_tail;
mod unwritten;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};

use jiff::tz::TimeZone;
use tempfile::TempDir;
use tracing::Dispatch;

use super::layout::Day;
use super::*;
use crate::domain::repository::EventRepositoryExt;

const DAY: &str = "events-2025-10-25.jsonl";

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn open(folder: &TempDir) -> JsonlEventRepository {
    JsonlEventRepository::open(folder.path(), Zone::utc()).unwrap()
}

fn zone(name: &str) -> Zone {
    Zone::new(name, TimeZone::get(name).unwrap())
}

/// An event on one line; `at` is its timestamp as written.
fn line(id: &str, at: &str) -> String {
    format!(
        r#"{{"event_id": "{id}", "event_type": "TaskCreated", "timestamp": "{at}", "aggregate_id": "T1"}}"#
    )
}

fn event(id: &str, at: &str) -> DomainEvent {
    DomainEvent::from_json(&line(id, at), &Zone::utc()).unwrap()
}

fn id(text: &str) -> EventId {
    EventId::new(text).unwrap()
}

fn ids(events: &[StoredEvent]) -> Vec<&str> {
    events.iter().map(|stored| stored.event.event_id().as_str()).collect()
}

/// The whole store, stream after stream.
fn all(store: &JsonlEventRepository) -> Vec<StoredEvent> {
    let streams = store.streams().unwrap();
    streams.iter().flat_map(|stream| store.read_stream(&stream.id, None, usize::MAX).unwrap()).collect()
}

fn stream(day: &str) -> StreamId {
    StreamId::new(day)
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != ".events.lock")
        .collect();
    names.sort();
    names
}

fn write(folder: &TempDir, name: &str, bytes: impl AsRef<[u8]>) {
    fs::write(folder.path().join(name), bytes).unwrap();
}

fn read(folder: &TempDir, name: &str) -> String {
    fs::read_to_string(folder.path().join(name)).unwrap()
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// What is warned of while `work` runs, a line each.
fn warnings<T>(work: impl FnOnce() -> T) -> (T, Vec<String>) {
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);
    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    // While one subscriber is alive alone, a test on another thread, which has none, can be the first
    // to reach a warning and have it disabled for all threads.
    static ANOTHER: LazyLock<Dispatch> =
        LazyLock::new(|| Dispatch::new(tracing_subscriber::fmt().with_writer(std::io::sink).finish()));
    LazyLock::force(&ANOTHER);
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .without_time()
        .with_writer(move || writer.clone())
        .finish();
    let result = tracing::subscriber::with_default(subscriber, work);
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    (result, text.lines().map(str::to_owned).collect())
}
