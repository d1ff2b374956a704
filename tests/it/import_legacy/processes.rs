//! Several imports at once.

use std::collections::HashSet;
use std::fs::File;

use super::generator::python_json::Layout;
use super::generator::{Plan, write_legacy};
use super::{Counts, DATABASE, Report, ids, import_into, quiet, rows};
use crate::support::cli::Running;
use crate::support::events_to_last;
use crate::support::test_dir::TestDir;

pub(super) fn write_log(dir: &TestDir, name: &str, seed: u64, events: u64) {
    let plan = Plan { seed, events, ..Plan::default() };
    write_legacy(&plan, Layout::Compact, File::create(dir.join(name)).unwrap()).unwrap();
}

pub(super) fn start(dir: &TestDir, log: &str) -> Running {
    quiet(dir).start(&format!("--format json import-legacy {log} --into {DATABASE}"))
}

#[test]
fn two_imports_of_one_log_at_once_leave_every_event_once() {
    const EVENTS: u64 = events_to_last(7_000, 25_000);
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
    const EVENTS: u64 = events_to_last(500, 1_500);
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
