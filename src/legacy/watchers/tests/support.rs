//! Folders, a sink that is polled until a deadline, and clocks.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use tempfile::TempDir;

use crate::application::clock::Clock;
use crate::infrastructure::system_clock::SystemClock;
use crate::legacy::definition::{FileChange, FileSource};
use crate::legacy::occurrence::{Occurrence, OccurrenceSink};
use crate::legacy::watchers::files::FileWatcher;
use crate::legacy::watchers::files::watch::Pace;
use crate::legacy::watchers::{Watcher, Watching};

/// Far more than anything here takes, on a loaded machine too.
const DEADLINE: Duration = Duration::from_secs(30);

/// A fast pace. What is missing is told soon.
pub const PACE: Pace = Pace {
    debounce: Duration::from_millis(20),
    absence: Duration::from_millis(100),
    second_look: Duration::from_millis(50),
    recheck: Duration::from_secs(2),
    poll: None,
};

/// What is missing is given time to come back, however slow the machine is.
pub const PATIENT: Pace = Pace { absence: Duration::from_secs(600), ..PACE };

/// Waits until something holds.
#[track_caller]
pub fn wait_until(mut holds: impl FnMut() -> bool, describe: impl Fn() -> String) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < DEADLINE, "{}", describe());
        thread::sleep(Duration::from_millis(5));
    }
}

/// Keeps what it is told.
#[derive(Default)]
pub struct Told(Mutex<Vec<Occurrence>>);

impl OccurrenceSink for Told {
    fn occurred(&self, occurrence: Occurrence) {
        self.0.lock().unwrap().push(occurrence);
    }
}

impl Told {
    pub fn occurrences(&self) -> Vec<Occurrence> {
        self.0.lock().unwrap().clone()
    }

    /// `created a.md`, `moved a.md to b.md`: by the names alone.
    pub fn lines(&self) -> Vec<String> {
        let name = |path: &serde_json::Value| {
            Path::new(path.as_str().unwrap()).file_name().unwrap().to_string_lossy().into_owned()
        };
        let line = |Occurrence { data, .. }: Occurrence| {
            let kind = data["event_type"].as_str().unwrap().to_owned();
            let src_path = data.get("src_path").map(|path| format!("{} to ", name(path))).unwrap_or_default();
            format!("{kind} {src_path}{}", name(&data["path"]))
        };
        self.occurrences().into_iter().map(line).collect()
    }

    #[track_caller]
    pub fn wait_for(&self, line: &str) {
        let describe = || format!("expected {line:?}, told were {:?}", self.lines());
        wait_until(|| self.lines().iter().any(|told| told == line), describe);
    }

    /// Waits for the last of these, and holds all that was told against them.
    #[track_caller]
    pub fn assert(&self, lines: &[&str]) {
        self.wait_for(lines.last().unwrap());
        assert_eq!(self.lines(), lines);
    }
}

/// A folder to watch, and beside it one of the same file system that nothing watches.
pub struct Place {
    pub root: TempDir,
}

impl Place {
    pub fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("watched")).unwrap();
        fs::create_dir(root.path().join("elsewhere")).unwrap();
        Self { root }
    }

    pub fn folder(&self) -> PathBuf {
        self.root.path().join("watched")
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    pub fn elsewhere(&self, name: &str) -> PathBuf {
        self.root.path().join("elsewhere").join(name)
    }

    /// In one step: what is half written is never seen.
    pub fn put(&self, name: &str, contents: &str) {
        put(&self.elsewhere("put"), &self.at(name), contents);
    }

    /// After it was told, all that happened before it has been told or never will be.
    #[track_caller]
    pub fn assert_with_sentinel(&self, told: &Told, lines: &[&str]) {
        self.put("zz-sentinel.md", "");
        told.assert(&[lines, &["created zz-sentinel.md"]].concat());
    }
}

pub fn put(aside: &Path, path: &Path, contents: &str) {
    fs::write(aside, contents).unwrap();
    fs::rename(aside, path).unwrap();
}

/// Every change of any file at `path`.
pub fn source(path: &Path) -> FileSource {
    let changes = vec![FileChange::Created, FileChange::Modified, FileChange::Deleted, FileChange::Moved];
    FileSource { path: path.to_owned(), changes, patterns: Vec::new(), poll_seconds: None }
}

pub fn with_patterns(path: &Path, patterns: &[&str]) -> FileSource {
    FileSource { patterns: patterns.iter().map(|pattern| (*pattern).to_owned()).collect(), ..source(path) }
}

pub fn file_watcher(source: &FileSource, own_paths: &[PathBuf], pace: Pace) -> FileWatcher {
    let clock = Arc::new(SystemClock::default());
    let mut watcher = FileWatcher::new("briefings".to_owned(), source, own_paths, false, clock).unwrap();
    watcher.pace = pace;
    watcher
}

pub fn watch(source: &FileSource, pace: Pace) -> (Arc<Told>, Watching) {
    let told = Arc::new(Told::default());
    let watching = Box::new(file_watcher(source, &[], pace)).start(told.clone()).unwrap();
    (told, watching)
}

/// A clock that stands still until it is waited for or set.
pub struct ManualClock(Mutex<(DateTime<Utc>, Duration)>);

impl ManualClock {
    pub fn at(now: &str) -> Self {
        Self(Mutex::new((now.parse().unwrap(), Duration::ZERO)))
    }

    /// Sets the wall clock; no time elapses.
    pub fn set(&self, now: &str) {
        self.0.lock().unwrap().0 = now.parse().unwrap();
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
        let mut times = self.0.lock().unwrap();
        times.0 += TimeDelta::from_std(duration).unwrap();
        times.1 += duration;
    }
}
