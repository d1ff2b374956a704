//! Several imports at once, and one that is killed.

use std::collections::HashSet;
use std::fs::File;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use super::generator::python_json::Layout;
use super::generator::{Plan, write_legacy};
use super::{Counts, DATABASE, Report, ids, import, import_into, quiet, rows};
use crate::support::cli::Running;
use crate::support::test_dir::TestDir;

/// Long enough for a machine with much else to do; nothing waits that long where all is well.
const PATIENCE: Duration = Duration::from_secs(120);

fn write_log(dir: &TestDir, name: &str, seed: u64, events: u64) {
    let plan = Plan { seed, events, ..Plan::default() };
    write_legacy(&plan, Layout::Compact, File::create(dir.join(name)).unwrap()).unwrap();
}

fn start(dir: &TestDir, log: &str) -> Running {
    quiet(dir).start(&format!("--format json import-legacy {log} --into {DATABASE}"))
}

#[test]
fn two_imports_of_one_log_at_once_leave_every_event_once() {
    const EVENTS: u64 = 25_000;
    let dir = TestDir::new();
    write_log(&dir, "events.json", 1, EVENTS);
    let runs = [start(&dir, "events.json"), start(&dir, "events.json")];
    let reports = runs.map(|run| Report::of(run.end()));
    for report in &reports {
        assert_eq!((report.total.records, report.total.duplicates), (EVENTS, 0));
        assert_eq!(report.total.imported + report.total.already_present, EVENTS);
    }
    assert_eq!(reports[0].total.imported + reports[1].total.imported, EVENTS);
    import_into(&dir, "events.json", "alone.db");
    assert!(rows(&dir, DATABASE) == rows(&dir, "alone.db"));
}

#[test]
fn eight_imports_into_one_new_store_at_once_all_succeed() {
    const EVENTS: u64 = 1_500;
    let dir = TestDir::new();
    let logs: Vec<String> = (1..=8).map(|number| format!("log-{number}.json")).collect();
    for (seed, log) in (1..).zip(&logs) {
        write_log(&dir, log, seed, EVENTS);
    }
    let running: Vec<Running> = logs.iter().map(|log| start(&dir, log)).collect();
    for run in running {
        // That it says nothing, be it of locks, is part of what every report must show.
        let report = Report::of(run.end());
        assert_eq!(report.total, Counts { records: EVENTS, imported: EVENTS, ..Counts::default() });
    }
    let together: HashSet<String> = ids(&dir, DATABASE).into_iter().collect();
    assert_eq!(together.len() as u64, 8 * EVENTS);
    for log in &logs {
        import_into(&dir, log, "alone.db");
    }
    assert_eq!(together, ids(&dir, "alone.db").into_iter().collect());
}

/// Waits until the store holds some events. The import must still be running then.
fn wait_for_some_events(import: &mut Running, dir: &TestDir) {
    let deadline = Instant::now() + PATIENCE;
    let count = || -> rusqlite::Result<i64> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(dir.join(DATABASE), flags)?;
        connection.query_row("SELECT count(*) FROM events", [], |row| row.get(0))
    };
    // Until there is a file, and a table in it, counting fails.
    while count().unwrap_or(0) == 0 {
        assert!(!import.has_ended(), "the import was over before it could be killed");
        assert!(Instant::now() < deadline, "the store stayed empty");
        std::thread::yield_now();
    }
}

#[test]
fn an_import_that_was_killed_is_finished_by_running_it_again() {
    const EVENTS: u64 = 60_000;
    let dir = TestDir::new();
    write_log(&dir, "events.json", 1, EVENTS);
    let mut running = start(&dir, "events.json");
    wait_for_some_events(&mut running, &dir);
    running.kill();

    let before = ids(&dir, DATABASE).len() as u64;
    assert!(0 < before && before < EVENTS, "it was killed in the middle: {before}");
    let second = import(&dir, "events.json");
    let (already_present, imported) = (before, EVENTS - before);
    assert_eq!(second.total, Counts { records: EVENTS, imported, already_present, ..Counts::default() });

    import_into(&dir, "events.json", "uninterrupted.db");
    assert!(rows(&dir, DATABASE) == rows(&dir, "uninterrupted.db"));
}
