//! Imports, comparisons and handlers over archived days: they are the same logs, and the same events.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mission_events::dispatch::{
    EventHandler, EventTypes, Handled, HandlerContext, HandlerError, HandlerKind, Outcome, Registration,
    RetryPolicy, Runner, RunnerSettings, SqliteHandlerStore, StartFrom, SystemClock,
};
use mission_events::{EventRepository, StoredEvent};

use super::{ARCHIVE, folder, of_day, open, write_days};
use crate::conformance::{compress_days, move_days};
use crate::support::cli::Cli;
use crate::support::test_dir::TestDir;
use crate::support::utc;

/// The program of an operator who goes over to SQLite.
fn quiet(dir: &TestDir) -> Cli {
    super::quiet(dir).env("MISSION_CONTROL_STORAGE_BACKEND", "sqlite")
}

#[test]
fn an_import_after_archiving_adds_nothing_and_a_comparison_is_as_before() {
    for archive in [compress_days, move_days] {
        let dir = TestDir::new();
        write_days(&dir, 10..14, 20);
        // A line without id is known by its content.
        let path = folder(&dir).join("events-2025-10-12.jsonl");
        let legacy =
            "{\"type\": \"TaskDeleted\", \"task_id\": \"T9\", \"timestamp\": \"2025-10-12T12:00:00\"}\n";
        std::fs::write(&path, std::fs::read_to_string(&path).unwrap() + legacy).unwrap();
        let import = "--format json import-legacy data/events --into events.db";
        let compare = "--format json compare-logs data/events events.db";
        let first = quiet(&dir).run(import).json();
        assert_eq!((first["imported"].as_u64(), first["rejected"].as_u64()), (Some(81), Some(0)), "{first}");
        let before = quiet(&dir).run(compare);
        archive(&folder(&dir), &utc());
        let again = quiet(&dir).run(import).json();
        assert_eq!((again["imported"].as_u64(), again["records"].as_u64()), (Some(0), Some(81)), "{again}");
        assert_eq!(again["store"]["events"], first["store"]["events"]);
        let after = quiet(&dir).run(compare);
        let counts = |stdout: &str| {
            let report: serde_json::Value = serde_json::from_str(stdout).unwrap();
            ["verdict", "matched", "missing", "extra", "changed", "duplicated"]
                .map(|key| report[key].to_string())
        };
        assert_eq!(
            (after.code, counts(&after.stdout)),
            (before.code, counts(&before.stdout)),
            "{}",
            after.stderr
        );

        // The day is archived, and goes on: both files are of it.
        open(&dir).save_event(&of_day("late", 11, 50)).unwrap();
        let late = quiet(&dir).run(import).json();
        assert_eq!((late["imported"].as_u64(), late["records"].as_u64()), (Some(1), Some(82)), "{late}");
        assert!(
            late["skipped_files"].as_array().unwrap().iter().all(|file| file["holds_events"] == false),
            "{late}"
        );
        archive(&folder(&dir), &utc());
        let again = quiet(&dir).run(import).json();
        assert_eq!(again["imported"].as_u64(), Some(0), "{again}");
    }
}

#[test]
fn what_a_killed_archive_was_writing_is_no_finding() {
    let dir = TestDir::new();
    write_days(&dir, 10..12, 5);
    quiet(&dir).run("archive --before 2025-10-11").result();
    let archived = folder(&dir).join("archive/events-2025-10-10.jsonl.zst");
    std::fs::copy(&archived, archived.with_file_name(".archiving-events-2025-10-11.jsonl.zst")).unwrap();
    let import = quiet(&dir).run("--format json import-legacy data/events --into events.db").json();
    assert_eq!((import["imported"].as_u64(), import["records"].as_u64()), (Some(10), Some(10)), "{import}");
    quiet(&dir).run(ARCHIVE).result();
    assert_eq!(super::names(&dir), [10, 11].map(|day| format!("archive/events-2025-10-{day}.jsonl.zst")));
}

/// Keeps the ids that it was given.
#[derive(Default)]
struct Recorder {
    given: Mutex<Vec<String>>,
}

impl EventHandler for Recorder {
    fn name(&self) -> &str {
        "recorder"
    }

    fn handle(&self, event: &StoredEvent, _: &mut HandlerContext<'_>) -> Result<Handled, HandlerError> {
        self.given.lock().unwrap().push(event.event.event_id().to_string());
        Ok(Handled::Done)
    }
}

#[test]
fn the_progress_of_a_handler_holds_over_archiving() {
    let dir = TestDir::new();
    write_days(&dir, 10..12, 3);
    let events: Arc<dyn EventRepository> = Arc::new(open(&dir));
    let recorder = Arc::new(Recorder::default());
    // In a process of its own, as far as the files can tell.
    let run = |event| {
        let store = Arc::new(SqliteHandlerStore::open(dir.join("handlers.db")).unwrap());
        let settings = RunnerSettings { page: 2, look_again: Duration::from_millis(20) };
        let runner = Runner::new(Arc::clone(&events), store, Arc::new(SystemClock::default()), settings);
        let registration = Registration {
            handler: Arc::clone(&recorder) as Arc<dyn EventHandler>,
            event_types: EventTypes::All,
            kind: HandlerKind::Effect,
            start: StartFrom::Beginning,
            retry: RetryPolicy::default(),
            version: 1,
            intervals: Vec::new(),
        };
        runner.register(registration).unwrap();
        let event: mission_events::DomainEvent = event;
        let position = events.save_events(std::slice::from_ref(&event)).unwrap();
        runner.saved(&position);
        let outcomes = runner.outcomes(event.event_type(), position[0], Duration::from_secs(60));
        assert_eq!(outcomes, [("recorder".to_owned(), Outcome::Done)]);
        runner
    };
    let mut runners = vec![run(of_day("a", 10, 30))];
    compress_days(&folder(&dir), &utc());
    runners.push(run(of_day("b", 11, 30)));
    runners.clear();
    move_days(&folder(&dir), &utc());
    drop(run(of_day("c", 10, 31)));
    compress_days(&folder(&dir), &utc());
    drop(run(of_day("d", 10, 32)));
    let mut given = recorder.given.lock().unwrap().clone();
    given.sort();
    assert_eq!(
        given,
        ["a", "b", "c", "d", "e10-0", "e10-1", "e10-2", "e11-0", "e11-1", "e11-2"],
        "once each"
    );
}
