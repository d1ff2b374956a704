//! Imports that are killed, at moments spread over their work: the same command finishes them.

use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use super::processes::{start, write_log};
use super::{BUILD_FOLDER, Counts, DATABASE, Row, import, import_into, rows};
use crate::support::cli::Running;
use crate::support::test_dir::TestDir;
use crate::support::{at_kill_moments, events_to_last};

/// Several batches.
const EVENTS: u64 = events_to_last(5_000, 12_000);
/// Long enough for a machine with much else to do; nothing waits that long where all is well.
const PATIENCE: Duration = Duration::from_secs(120);

/// Between two looks at how far an import has come: looking all the time would take the processor from it.
pub const PAUSE: Duration = Duration::from_millis(1);

/// Kills an import once it has come so far, unless it was faster than the look at it.
fn kill_when(mut import: Running, has_come_so_far: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !has_come_so_far() && !import.has_ended() {
        assert!(Instant::now() < deadline, "it does not get so far");
        std::thread::sleep(PAUSE);
    }
    import.kill();
}

/// The rows and what the store wrote down of its logs, times of writing apart.
fn everything(dir: &TestDir, database: &str) -> (Vec<Row>, Vec<String>) {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(dir.join(database), flags).unwrap();
    let mut described = Vec::new();
    for query in [
        "SELECT source_id, source_offset, source_line FROM events ORDER BY position",
        "SELECT source_id, content_bytes, content_sha256, resume_offset, records, imported + already_present,
                finished_at IS NOT NULL FROM sources",
        "SELECT * FROM source_texts",
    ] {
        let mut statement = connection.prepare(query).unwrap();
        let columns = statement.column_count();
        let mut found = statement.query([]).unwrap();
        while let Some(row) = found.next().unwrap() {
            let cells: Vec<String> =
                (0..columns).map(|column| format!("{:?}", row.get_ref(column).unwrap())).collect();
            described.push(cells.join("|"));
        }
    }
    (rows(dir, database), described)
}

#[test]
fn an_import_into_a_new_store_that_is_killed_at_any_moment_leaves_none_and_is_finished_by_another() {
    let dir = TestDir::new();
    write_log(&dir, "events.json", 1, EVENTS);
    import_into(&dir, "events.json", "uninterrupted.db");
    let expected = everything(&dir, "uninterrupted.db");
    let whole = dir.join("uninterrupted.db").metadata().unwrap().len();
    at_kill_moments(|moment, moments| {
        let store = dir.join(DATABASE);
        let far = whole * moment / moments;
        kill_when(start(&dir, "events.json"), || {
            let mut building = dir.names_like(BUILD_FOLDER).into_iter();
            let has_grown = |name: String| {
                let file = dir.join(&name).join("store.db");
                file.metadata().is_ok_and(|file| file.len() >= far)
            };
            building.any(has_grown) || store.exists()
        });
        let was_in_time = !store.exists();
        let report = import(&dir, "events.json");
        assert_eq!(report.total.imported + report.total.already_present, EVENTS);
        assert!(everything(&dir, DATABASE) == expected, "killed at {far} of {whole} bytes");
        assert_eq!(dir.names_like(BUILD_FOLDER), [""; 0]);
        for left in [DATABASE, "events.db-wal", "events.db-shm"] {
            std::fs::remove_file(dir.join(left)).ok();
        }
        was_in_time
    });
}

#[test]
fn an_import_into_a_filled_store_that_is_killed_at_any_moment_is_finished_by_another() {
    let dir = TestDir::new();
    write_log(&dir, "before.json", 2, 500);
    write_log(&dir, "events.json", 1, EVENTS);
    import_into(&dir, "before.json", "uninterrupted.db");
    import_into(&dir, "events.json", "uninterrupted.db");
    let expected = everything(&dir, "uninterrupted.db");
    at_kill_moments(|moment, moments| {
        import(&dir, "before.json");
        let far = (EVENTS * moment / moments) as i64;
        let stored = || -> rusqlite::Result<i64> {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(dir.join(DATABASE), flags)?;
            connection.query_row("SELECT max(position) - 500 FROM events", [], |row| row.get(0))
        };
        kill_when(start(&dir, "events.json"), || stored().is_ok_and(|stored| stored >= far));
        let before = stored().unwrap() as u64;
        let was_in_time = before < EVENTS;
        let report = import(&dir, "events.json");
        let (already_present, imported) = (before, EVENTS - before);
        assert_eq!(report.total, Counts { records: EVENTS, imported, already_present, ..Counts::default() });
        assert!(everything(&dir, DATABASE) == expected, "killed after {before} events");
        for left in [DATABASE, "events.db-wal", "events.db-shm"] {
            std::fs::remove_file(dir.join(left)).ok();
        }
        was_in_time
    });
}

#[test]
fn a_log_that_a_killed_import_has_begun_and_nothing_more_is_written_down_as_one_that_it_has_not() {
    let dir = TestDir::new();
    write_log(&dir, "before.json", 2, 20);
    write_log(&dir, "events.json", 1, 20);
    for database in ["not_begun.db", DATABASE] {
        import_into(&dir, "before.json", database);
    }
    let store = Connection::open(dir.join(DATABASE)).unwrap();
    let begin = "INSERT INTO sources (path, format, settings, separator, resume_offset, resume_line, resume_sha256, records,
            imported, already_present, matched_existing, duplicates, rejected, out_of_range, has_repeated_hour, started_at)
        SELECT replace(path, 'before', 'events'), format, settings, x'', 0, 1, 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', 0, 0, 0, 0, 0, 0, 0, 0, started_at
        FROM sources";
    assert_eq!(store.execute(begin, []).unwrap(), 1);
    store.close().unwrap();
    for database in ["not_begun.db", DATABASE] {
        import_into(&dir, "events.json", database);
    }
    let (begun, not_begun) = (everything(&dir, DATABASE), everything(&dir, "not_begun.db"));
    assert!(begun.0 == not_begun.0);
    assert_eq!(begun.1, not_begun.1);
}
