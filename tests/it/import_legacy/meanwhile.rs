//! Logs that are removed or rewritten while they are imported.

use std::time::{Duration, Instant};

use mission_events::internals::infrastructure::sqlite::SqliteEventRepository;
use rusqlite::{Connection, TransactionBehavior};

use super::processes::{start, write_log};
use super::{BUILD_FOLDER, DATABASE, ids, import, import_into, quiet, rows};
use crate::support::changing::while_changing;
use crate::support::cli::Run;
use crate::support::test_dir::TestDir;
use crate::support::{events_to_last, utc};

/// Long enough for a machine with much else to do; nothing waits that long where all is well.
const PATIENCE: Duration = Duration::from_secs(120);
const EVENTS: u64 = 12_000;
/// The events of a log that changes while it is read: so many that no moment in which the other thread has to wait for a
/// processor is as long as a pass over them.
const LONG: u64 = events_to_last(12_000, 40_000);

/// The first of some runs that fails, each in a folder of its own; the last one where none does. A disk or processors that others use
/// can keep a log from changing for as long as a pass over it takes: then it has not changed, and is rightly imported.
fn first_that_fails(run: impl Fn(&TestDir) -> Run) -> (TestDir, Run) {
    const RUNS: u32 = 5;
    let mut runs = (0..RUNS).map(|_| {
        let dir = TestDir::new();
        let ended = run(&dir);
        (dir, ended)
    });
    let first = runs.next().unwrap();
    if first.1.code == 0 { runs.find(|(_, run)| run.code != 0).unwrap_or(first) } else { first }
}

#[test]
fn a_log_that_does_not_stop_changing_is_said_to_be_and_makes_no_store() {
    let (dir, run) = first_that_fails(|dir| {
        write_log(dir, "events.json", 1, LONG);
        while_changing(&dir.join("events.json"), || start(dir, "events.json").end())
    });
    let size = dir.join("events.json").metadata().unwrap().len();
    run.fails(
        1,
        &format!(
            "error: events.json is changing: it was {size} bytes when opened and {size} when read to its end; \
             import it again when its writer is done\n"
        ),
    );
    assert!(!dir.join(DATABASE).exists() && dir.names_like(BUILD_FOLDER).is_empty());
    assert_eq!(import(&dir, "events.json").total.imported, LONG, "its writer is done");
}

#[test]
fn a_log_that_does_not_stop_changing_leaves_a_filled_store_to_be_finished_later() {
    let (dir, run) = first_that_fails(|dir| {
        write_log(dir, "before.json", 2, 500);
        write_log(dir, "events.json", 1, LONG);
        for database in [DATABASE, "alone.db"] {
            import_into(dir, "before.json", database);
        }
        while_changing(&dir.join("events.json"), || {
            quiet(dir).run(&format!("import-legacy events.json --overlap keep --into {DATABASE}"))
        })
    });
    assert_eq!((run.code, run.stdout.as_str()), (1, ""));
    assert!(run.stderr.contains("events.json is changing"), "{}", run.stderr);
    import(&dir, "events.json");
    import_into(&dir, "events.json", "alone.db");
    assert!(rows(&dir, DATABASE) == rows(&dir, "alone.db"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_log_that_is_removed_while_it_is_imported_is_named_and_the_store_stays_sound() {
    let dir = TestDir::new();
    write_log(&dir, "before.json", 2, 500);
    write_log(&dir, "events.json", 1, EVENTS);
    import(&dir, "before.json");
    // The first process that opens a new store for writing needs it for itself for a moment.
    drop(SqliteEventRepository::open(dir.join(DATABASE), utc()).unwrap());
    let log = dir.join("events.json").canonicalize().unwrap();
    let text = std::fs::read(&log).unwrap();
    // Nothing can be stored while the test writes to the store, so the import stands still after
    // it has opened the log.
    let mut other = Connection::open(dir.join(DATABASE)).unwrap();
    let writing = other.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    let mut running =
        quiet(&dir).start(&format!("import-legacy events.json --overlap keep --into {DATABASE}"));
    let deadline = Instant::now() + PATIENCE;
    while !running.has_open(&log) {
        assert!(Instant::now() < deadline && !running.has_ended(), "it does not open the log");
        std::thread::yield_now();
    }
    std::fs::remove_file(&log).unwrap();
    drop(writing);
    let run = running.end();
    assert_eq!((run.code, run.stdout.as_str()), (4, ""));
    let said = "caused by: No such file or directory (os error 2)\n";
    assert!(run.stderr.starts_with("error: could not ") && run.stderr.ends_with(said), "{}", run.stderr);
    assert!(run.stderr.contains("events.json"), "{}", run.stderr);
    assert_eq!(ids(&dir, DATABASE)[..500], ids_alone(&dir)[..], "what was there is there");
    std::fs::write(&log, text).unwrap();
    let report = import(&dir, "events.json");
    assert_eq!(report.total.imported + report.total.already_present, EVENTS);
    assert_eq!(rows(&dir, DATABASE).len() as u64, 500 + EVENTS);
}

#[cfg(target_os = "linux")]
fn ids_alone(dir: &TestDir) -> Vec<String> {
    import_into(dir, "before.json", "alone.db");
    ids(dir, "alone.db")
}

#[cfg(target_os = "linux")]
#[test]
fn a_strict_import_writes_nothing_where_another_writer_brings_what_speaks_against_it_meanwhile() {
    let dir = TestDir::new();
    write_log(&dir, "before.json", 2, 500);
    import(&dir, "before.json");
    drop(SqliteEventRepository::open(dir.join(DATABASE), utc()).unwrap());
    let event = |id: u64, event_type: &str| {
        format!(
            "{{\"event_id\": \"e{id}\", \"event_type\": \"{event_type}\", \"timestamp\": \"2030-01-01T00:00:00Z\"}}"
        )
    };
    let last = 2 * EVENTS;
    let log: String = (1..=last).map(|id| event(id, "A") + "\n").collect();
    std::fs::write(dir.join("events.jsonl"), log).unwrap();
    let log = dir.join("events.jsonl").canonicalize().unwrap();
    // The look at the log ends without a reject. Nothing can be stored yet, because another writes, and
    // what that brings conflicts with the last record.
    let mut other = Connection::open(dir.join(DATABASE)).unwrap();
    let writing = other.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    let mut running =
        quiet(&dir).start(&format!("--format json import-legacy events.jsonl --strict --into {DATABASE}"));
    let deadline = Instant::now() + PATIENCE;
    // It has the store, and looks at the log, and has done so.
    let lock = dir.path().canonicalize().unwrap().join("events.db.import.lock");
    for (file, is_open) in [(&lock, true), (&log, true), (&log, false)] {
        while running.has_open(file) != is_open {
            assert!(Instant::now() < deadline && !running.has_ended(), "it does not look at the log");
            std::thread::yield_now();
        }
    }
    writing
        .execute(
            "INSERT INTO events (position, event_id, event_type, occurred_at, body, origin, recorded_at, id_derived)
             VALUES (501, ?1, 'B', 0, ?2, 'native', 0, 0)",
            [format!("e{last}"), event(last, "B")],
        )
        .unwrap();
    writing.commit().unwrap();
    let run = running.end();
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((run.code, &report["refused"], &report["rejected"]), (1, &"strict".into(), &1.into()));
    assert_eq!(ids(&dir, DATABASE).len(), 501, "all or nothing");
    assert_eq!(report["store"]["events"], 501);
}
