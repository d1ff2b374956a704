//! Imports of a parallel run that are killed, or that run at once.

use std::time::{Duration, Instant};

use super::*;
use crate::import_legacy::{Report, import_into, quiet};
use crate::support::cli::Running;

const MOMENTS: u64 = 8;
/// Long enough for a machine with much else to do; nothing waits that long where all is well.
const PATIENCE: Duration = Duration::from_secs(120);

/// Many events in little time, so that an import takes several batches.
fn busy() -> Vec<Lived> {
    let mut lives = Vec::new();
    for number in 0..9_000 {
        let mut lived = Lived::new(day(0) + TimeDelta::seconds(number * 20), number as u32);
        (lived.by_legacy, lived.by_new) = (number % 97 != 3, number % 89 != 5);
        lives.push(lived);
    }
    lives
}

fn start(dir: &TestDir, logs: &str) -> Running {
    quiet(dir).start(&format!("--format json import-legacy {logs} --into {DATABASE}"))
}

/// Events and twins, as a set: which of two imports stored a record first is not told.
fn everything(dir: &TestDir, database: &str) -> Vec<String> {
    let connection = Connection::open(dir.join(database)).unwrap();
    let query = "SELECT event_id || ' ' || events.origin || ' ' || ifnull(twin.id || twin.class, 'alone')
        FROM events LEFT JOIN (SELECT position, event_id AS id, class FROM twins) AS twin USING (position)
        ORDER BY event_id";
    let mut statement = connection.prepare(query).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn an_import_that_was_killed_at_any_moment_is_finished_by_another_to_the_same_twins() {
    let (dir, lives) = (TestDir::new(), busy());
    write_legacy(&dir, &lives);
    write_native(&dir, &lives);
    import_into(&dir, "data/events", "uninterrupted.db");
    std::fs::copy(dir.join("uninterrupted.db"), dir.join("before.db")).unwrap();
    import_into(&dir, "data/events.json", "uninterrupted.db");
    let expected = everything(&dir, "uninterrupted.db");
    let twins = lives.iter().filter(|lived| lived.by_legacy && lived.by_new).count() as u64;
    let mut killed_midway = 0;
    for moment in 0..MOMENTS {
        std::fs::copy(dir.join("before.db"), dir.join(DATABASE)).unwrap();
        let mut running = start(&dir, "data/events.json");
        let (far, deadline) = (twins * moment / MOMENTS, Instant::now() + PATIENCE);
        let stored = || count(&dir, "SELECT count(*) FROM twins");
        while stored() < far.max(1) && !running.has_ended() {
            assert!(Instant::now() < deadline, "it does not get so far");
            std::thread::yield_now();
        }
        running.kill();
        killed_midway += u64::from(stored() < twins);
        let report = import_into(&dir, "data/events.json", DATABASE);
        assert_eq!(report.store.events, recorded(&lives));
        assert!(everything(&dir, DATABASE) == expected, "killed behind {far} twins");
        for left in [DATABASE, "events.db-wal", "events.db-shm"] {
            std::fs::remove_file(dir.join(left)).ok();
        }
    }
    assert!(killed_midway > MOMENTS / 2, "{killed_midway} were killed in time");
}

#[test]
fn the_two_logs_imported_at_once_count_each_event_once() {
    let (dir, lives) = (TestDir::new(), busy());
    write_legacy(&dir, &lives);
    write_native(&dir, &lives);
    let runs = ["data/events.json", "data/events", "data/events.json"].map(|log| start(&dir, log));
    for run in runs {
        Report::of(run.end());
    }
    assert_holds(&dir, &lives);
}
