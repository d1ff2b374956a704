use std::path::Path;

use mission_events::internals::domain::repository::{EventRepository, EventRepositoryExt};
use mission_events::internals::infrastructure::sqlite::{SqliteError, SqliteEventRepository};
use mission_events::internals::wire::zone::Zone;
use rusqlite::Connection;

use crate::support::event;
use crate::support::test_dir::TestDir;

fn open(path: &Path) -> Result<SqliteEventRepository, SqliteError> {
    SqliteEventRepository::open(path, Zone::utc())
}

fn refusal(path: &Path) -> String {
    let by_writer = open(path).err().expect("a store that cannot be written to").to_string();
    let by_reader = SqliteEventRepository::open_for_reading(path, Zone::utc()).err().unwrap().to_string();
    assert_eq!(by_writer, by_reader);
    by_writer
}

/// A store with two events, seen by another program.
fn seen_by_another_program(dir: &TestDir) -> Connection {
    let path = dir.join("events.db");
    let store = open(&path).unwrap();
    store.save_event(&event("e1").at("2025-10-25T10:00:00.25Z").about("T1").build()).unwrap();
    store.save_event(&event("e2").at("1969-12-31T23:59:59.999999Z").build()).unwrap();
    Connection::open(path).unwrap()
}

#[test]
fn the_database_refuses_to_rewrite_history_to_every_program() {
    let dir = TestDir::new();
    let other = seen_by_another_program(&dir);
    let columns = "event_id, event_type, occurred_at, body, origin, recorded_at, id_derived";
    for (statement, refusal) in [
        ("UPDATE events SET body = '{}'".to_owned(), "events are never changed"),
        ("DELETE FROM events".to_owned(), "events are never deleted"),
        (
            format!(
                "INSERT OR REPLACE INTO events ({columns}) VALUES ('e1', 'x', 0, '{{}}', 'native', 0, 0)"
            ),
            "events are never replaced",
        ),
        (
            format!(
                "REPLACE INTO events (position, {columns}) VALUES (1, 'e9', 'x', 0, '{{}}', 'native', 0, 0)"
            ),
            "events are never replaced",
        ),
    ] {
        let error = other.execute(&statement, []).unwrap_err();
        assert_eq!(error.to_string(), refusal, "{statement}");
    }
    let held: i64 = other.query_row("SELECT count(*) FROM events", [], |row| row.get(0)).unwrap();
    assert_eq!(held, 2);
}

#[test]
fn a_log_without_its_database_is_neither_deleted_nor_applied_to_a_new_one() {
    for suffix in ["-wal", "-journal"] {
        let dir = TestDir::new();
        let (path, log) = (dir.join("events.db"), dir.join(&format!("events.db{suffix}")));
        std::fs::write(&log, "events that are nowhere else").unwrap();
        let refusal = open(&path).err().expect("a log whose database is missing").to_string();
        assert!(refusal.starts_with(&format!("{} lies there without", log.display())), "{refusal}");
        assert_eq!(std::fs::read(&log).unwrap(), b"events that are nowhere else");
        assert!(!path.exists());
        std::fs::write(&log, "").unwrap();
        assert!(open(&path).is_ok(), "an empty log holds nothing");
    }
}

#[test]
fn the_readable_view_shows_times_in_rfc_3339() {
    let dir = TestDir::new();
    let other = seen_by_another_program(&dir);
    let mut statement =
        other.prepare("SELECT timestamp, aggregate_id FROM events_readable ORDER BY position").unwrap();
    let rows: Vec<(String, Option<String>)> =
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
    assert_eq!(rows[0].0, "2025-10-25T10:00:00.250000+00:00");
    assert_eq!(rows[1].0, "1969-12-31T23:59:59.999999+00:00");
    assert_eq!(rows[0].1.as_deref(), Some("T1"));
}

#[test]
fn positions_count_from_one_without_gaps() {
    let dir = TestDir::new();
    let store = open(&dir.join("events.db")).unwrap();
    let save = |id: &str| store.save_event(&event(id).build()).unwrap().get();
    assert_eq!([save("a"), save("b"), save("a"), save("c")], [1, 2, 1, 3]);
    assert_eq!(store.summary().unwrap().events, 3);
}

#[test]
fn an_acknowledged_commit_is_on_disk() {
    let dir = TestDir::new();
    let other = seen_by_another_program(&dir);
    let journal: String = other.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
    assert_eq!(journal, "wal");
    let page: i64 = other.query_row("PRAGMA page_size", [], |row| row.get(0)).unwrap();
    assert_eq!(page, 4096);
}

#[test]
fn a_file_that_is_no_database_is_refused_and_stays_as_it_is() {
    let dir = TestDir::new();
    let path = dir.join("events.db");
    std::fs::write(&path, "just some text, longer than the header of a database would be ...").unwrap();
    assert!(refusal(&path).contains("is not a SQLite database"));
    assert!(std::fs::read_to_string(&path).unwrap().starts_with("just some text"));
}

#[test]
fn a_database_of_another_program_is_refused_and_stays_as_it_is() {
    let dir = TestDir::new();
    let path = dir.join("theirs.db");
    let theirs = Connection::open(&path).unwrap();
    theirs.execute_batch("CREATE TABLE events (id INTEGER); INSERT INTO events VALUES (7)").unwrap();
    assert!(refusal(&path).contains("not one of this program"));
    let tables: i64 = theirs.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap();
    assert_eq!(tables, 1);
}

#[test]
fn a_database_of_a_newer_version_is_refused() {
    let dir = TestDir::new();
    let other = seen_by_another_program(&dir);
    other
        .execute_batch(
            "INSERT INTO refinery_schema_history VALUES (999, 'from_the_future', '2030-01-01T00:00:00Z', '1')",
        )
        .unwrap();
    assert!(
        refusal(&dir.join("events.db")).contains("has schema version 999, this program knows versions up to")
    );
}

#[test]
fn a_damaged_migration_history_is_an_error_and_no_panic() {
    for damage in [
        "UPDATE refinery_schema_history SET applied_on = 'yesterday'",
        "UPDATE refinery_schema_history SET checksum = 'x'",
        "UPDATE refinery_schema_history SET name = NULL",
        "UPDATE refinery_schema_history SET applied_on = x'ff'",
        "DROP TABLE refinery_schema_history",
        "DROP TABLE refinery_schema_history; CREATE VIEW refinery_schema_history AS SELECT 1 AS version",
    ] {
        let dir = TestDir::new();
        seen_by_another_program(&dir).execute_batch(damage).unwrap();
        assert!(refusal(&dir.join("events.db")).contains("migration history"), "{damage}");
    }
}

#[test]
fn an_empty_file_becomes_a_store() {
    let dir = TestDir::new();
    let path = dir.join("events.db");
    std::fs::write(&path, "").unwrap();
    assert_eq!(open(&path).unwrap().summary().unwrap().events, 0);
}

#[test]
fn an_empty_database_with_pages_of_another_size_becomes_a_store() {
    for made_by in ["PRAGMA page_size = 8192; PRAGMA journal_mode = wal", "PRAGMA page_size = 1024; VACUUM"] {
        let dir = TestDir::new();
        let path = dir.join("events.db");
        Connection::open(&path).unwrap().execute_batch(made_by).unwrap();
        assert!(path.metadata().unwrap().len() > 0, "{made_by}");
        open(&path).unwrap().save_event(&event("e1").build()).unwrap();
        assert_eq!(open(&path).unwrap().summary().unwrap().events, 1, "{made_by}");
    }
}

#[test]
fn a_store_whose_making_was_interrupted_is_made_again() {
    let dir = TestDir::new();
    let path = dir.join("events.db");
    // What a process leaves that is killed right after the mark.
    let halfway = Connection::open(&path).unwrap();
    halfway.pragma_update(None, "application_id", 0x4D45_7674).unwrap();
    drop(halfway);
    assert_eq!(open(&path).unwrap().summary().unwrap().events, 0);
}

#[test]
fn a_reader_finds_a_missing_store_missing_and_makes_nothing() {
    let dir = TestDir::new();
    let path = dir.join("events.db");
    let error = SqliteEventRepository::open_for_reading(&path, Zone::utc()).err().unwrap();
    assert!(matches!(error, SqliteError::Missing { .. }));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_reader_cannot_save() {
    let dir = TestDir::new();
    drop(seen_by_another_program(&dir));
    let reader = SqliteEventRepository::open_for_reading(dir.join("events.db"), Zone::utc()).unwrap();
    assert!(reader.save_event(&event("e3").build()).is_err());
    assert_eq!(reader.summary().unwrap().events, 2);
}

#[test]
fn a_row_that_no_event_can_have_is_damage_and_no_panic() {
    let dir = TestDir::new();
    let other = seen_by_another_program(&dir);
    other
        .execute_batch(
            "INSERT INTO events (event_id, event_type, occurred_at, body, origin, recorded_at, id_derived)
             VALUES ('', 'x', 0, '{}', 'native', 0, 0)",
        )
        .unwrap();
    let store = open(&dir.join("events.db")).unwrap();
    let error = store.get_recent_events(10).unwrap_err();
    assert_eq!(error.to_string(), "event row 3 is damaged: an event id must not be empty");
}

#[test]
fn eight_threads_that_open_a_new_store_at_once_all_append() {
    let dir = TestDir::new();
    let path = dir.join("new/events.db");
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let path = &path;
            scope.spawn(move || {
                let store = open(path).unwrap();
                for n in 0..20 {
                    store.save_event(&event(&format!("{thread}-{n}")).build()).unwrap();
                }
            });
        }
    });
    assert_eq!(open(&path).unwrap().summary().unwrap().events, 160);
}
