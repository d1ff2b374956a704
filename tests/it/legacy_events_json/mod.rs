//! `events.json`, appended to in place.

mod imported;
mod killed;
mod layouts;
mod model;
mod others;
mod refused;
mod torn;

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, SystemTime};

use mission_events::internals::legacy::events_json::{EventsJson, EventsJsonError, LegacyWriter};
use serde_json::Value;
use tracing::{Dispatch, Level};

use crate::support::test_dir::TestDir;

/// An event of the legacy system, spelled as Python spells it.
fn event(number: u64) -> String {
    format!(
        r#"{{"type": "updated", "task_id": "T{number}", "timestamp": "2025-10-25T10:00:00", "changes": [{{"field": "status"}}]}}"#
    )
}

fn open(path: &Path) -> Result<EventsJson, EventsJsonError> {
    EventsJson::open(path.to_owned(), LegacyWriter::This)
}

/// A file with this content, which was left alone for an hour.
fn file(dir: &TestDir, content: impl AsRef<[u8]>) -> PathBuf {
    let path = dir.join("events.json");
    fs::write(&path, content).unwrap();
    leave_alone(&path);
    path
}

/// Sets the time of its last change back.
fn leave_alone(path: &Path) {
    let hour_ago = SystemTime::now() - Duration::from_secs(3_600);
    File::options().write(true).open(path).unwrap().set_modified(hour_ago).unwrap();
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

/// The elements of the array, as any reader of JSON has them.
#[track_caller]
fn elements(path: &Path) -> Vec<Value> {
    let text = fs::read(path).unwrap();
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&text);
    match serde_json::from_slice(text) {
        Ok(elements) => elements,
        Err(error) => panic!("{error}: {}", String::from_utf8_lossy(text)),
    }
}

/// The files beside it whose names begin so, with what is in them.
fn set_aside(dir: &TestDir) -> Vec<(String, Vec<u8>)> {
    let names = dir.names_like("events.json.torn-");
    names.into_iter().map(|name| (name.clone(), fs::read(dir.join(&name)).unwrap())).collect()
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
        .with_max_level(Level::WARN)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let result = tracing::subscriber::with_default(subscriber, work);
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    (result, text.lines().map(str::to_owned).collect())
}
