use std::path::Path;
use std::thread;

use mission_events::internals::application::handling::failure::FailureState;
use mission_events::internals::application::handling::store::{Durability, HandlerStore};
use mission_events::internals::infrastructure::handler_store::SqliteHandlerStore;
use mission_events::internals::infrastructure::sqlite::SqliteEventRepository;
use mission_events::internals::wire::zone::Zone;
use refinery::{Migration, Runner, Target};
use rusqlite::Connection;

use super::{failure, handler, open, positions, progress, write};
use crate::support::test_dir::TestDir;

/// A store with a handler that is at position 7, as another program opens it.
fn seen_by_another_program(path: &Path) -> Connection {
    write(&open(path), |transaction| {
        transaction.put_handler(&handler("task_history")).unwrap();
        transaction.put_progress("task_history", &progress(7)).unwrap();
    });
    Connection::open(path).unwrap()
}

/// What is said where it is opened for writing, and for reading.
fn refusals(path: &Path) -> [String; 2] {
    let said = |opened: Result<(), _>| {
        opened.err().map_or_else(String::new, |error: mission_events::SqliteError| error.to_string())
    };
    [said(SqliteHandlerStore::open(path).map(drop)), said(SqliteHandlerStore::open_existing(path).map(drop))]
}

fn assert_refused(path: &Path, with: &str) {
    for refusal in refusals(path) {
        assert!(refusal.contains(with), "expected {with:?}, found {refusal:?}");
    }
}

#[test]
fn a_store_is_made_where_it_is_written_to_and_not_where_it_is_read() {
    let dir = TestDir::new();
    let path = dir.join("data/handlers.db");
    assert!(SqliteHandlerStore::open_existing(&path).unwrap().is_none());
    assert!(!dir.join("data").exists());
    let store = open(&path);
    assert_eq!(store.session(Durability::AtCommit).unwrap().snapshot().unwrap().handlers().unwrap(), []);
    assert!(SqliteHandlerStore::open_existing(&path).unwrap().is_some());
}

#[test]
fn a_store_that_was_opened_for_reading_is_read_alone() {
    let dir = TestDir::new();
    let path = dir.join("handlers.db");
    drop(seen_by_another_program(&path));
    let store = SqliteHandlerStore::open_existing(&path).unwrap().unwrap();
    assert_eq!(positions(&store, "task_history"), [7]);
    let mut session = store.session(Durability::AtCommit).unwrap();
    let refusals = [session.begin().err().map(source), store.claim("task_history").err().map(source)];
    assert_eq!(refusals, [(); 2].map(|()| Some("the handler store was opened for reading".to_owned())));
    assert_eq!(dir.names_like("handlers.db.task"), [] as [&str; 0]);
}

fn source(error: impl std::error::Error) -> String {
    error.source().unwrap().to_string()
}

#[test]
fn a_new_store_can_be_opened_by_many_at_once() {
    let dir = TestDir::new();
    let path = dir.join("handlers.db");
    let opened: Vec<_> = (0..8)
        .map(|_| {
            let path = path.clone();
            thread::spawn(move || SqliteHandlerStore::open(path).is_ok())
        })
        .collect();
    assert!(opened.into_iter().all(|opened| opened.join().unwrap()));
}

#[test]
fn what_is_no_handler_store_is_refused_and_stays_as_it_is() {
    let dir = TestDir::new();
    let path = dir.join("text.db");
    std::fs::write(&path, "just some text, longer than the header of a database would be ...").unwrap();
    assert_refused(&path, "is not a SQLite database: name another file");
    assert!(std::fs::read_to_string(&path).unwrap().starts_with("just some text"));

    let theirs = dir.join("theirs.db");
    Connection::open(&theirs).unwrap().execute_batch("CREATE TABLE handlers (id)").unwrap();
    assert_refused(&theirs, "not one of this program (application_id 0x00000000, expected 0x4d486e64)");
}

#[test]
fn an_event_store_and_a_handler_store_are_not_taken_for_each_other() {
    let dir = TestDir::new();
    let (events, handlers) = (dir.join("events.db"), dir.join("handlers.db"));
    SqliteEventRepository::open(&events, Zone::utc()).unwrap();
    open(&handlers);
    assert_refused(
        &events,
        "events.db is an event store of this program, and a handler store is expected there: name another file",
    );
    let refusal = SqliteEventRepository::open(&handlers, Zone::utc()).err().unwrap().to_string();
    assert!(
        refusal.contains("is a handler store of this program, and an event store is expected there"),
        "{refusal}"
    );
    assert!(
        SqliteEventRepository::open(&events, Zone::utc()).is_ok()
            && SqliteHandlerStore::open(&handlers).is_ok()
    );
}

#[test]
fn a_store_of_a_newer_version_is_refused() {
    let dir = TestDir::new();
    let path = dir.join("handlers.db");
    let other = seen_by_another_program(&path);
    other
        .execute_batch(
            "INSERT INTO refinery_schema_history VALUES (999, 'later', '2030-01-01T00:00:00Z', '1')",
        )
        .unwrap();
    assert_refused(&path, "has schema version 999, this program knows versions up to");
    assert_refused(&path, "use the newer program that wrote it");
}

#[test]
fn a_store_whose_schema_was_changed_is_refused_with_what_is_different() {
    for (sql, said) in [
        ("DROP INDEX handler_failures_by_aggregate", "the index handler_failures_by_aggregate is missing"),
        ("ALTER TABLE handler_progress ADD COLUMN note TEXT", "the table handler_progress is another one"),
        (
            "CREATE TRIGGER t BEFORE UPDATE ON handler_progress BEGIN SELECT RAISE(IGNORE); END",
            "the trigger t on handler_progress was added",
        ),
    ] {
        let dir = TestDir::new();
        let path = dir.join("handlers.db");
        seen_by_another_program(&path).execute_batch(sql).unwrap();
        assert_refused(&path, said);
        assert_refused(&path, "are in the files of handler_migrations/");
    }
}

#[test]
fn a_damaged_migration_history_is_refused() {
    for damage in
        ["UPDATE refinery_schema_history SET applied_on = 'yesterday'", "DROP TABLE refinery_schema_history"]
    {
        let dir = TestDir::new();
        let path = dir.join("handlers.db");
        seen_by_another_program(&path).execute_batch(damage).unwrap();
        assert_refused(&path, "the migration history of");
    }
}

#[test]
fn a_log_without_its_database_is_neither_deleted_nor_applied_to_a_new_one() {
    let dir = TestDir::new();
    let (path, log) = (dir.join("handlers.db"), dir.join("handlers.db-wal"));
    std::fs::write(&log, "progress that is nowhere else").unwrap();
    let refusal = SqliteHandlerStore::open(&path).err().unwrap().to_string();
    assert!(
        refusal.contains("may hold the progress of handlers that are nowhere else: put the database back"),
        "{refusal}"
    );
    assert_eq!(std::fs::read(&log).unwrap(), b"progress that is nowhere else");
}

#[test]
#[cfg(unix)]
fn a_store_with_several_names_is_read_and_not_written() {
    let dir = TestDir::new();
    let path = dir.join("handlers.db");
    drop(seen_by_another_program(&path));
    std::fs::hard_link(&path, dir.join("other.db")).unwrap();
    let [writing, reading] = refusals(&path);
    assert!(writing.contains("has 2 names (hard links)"), "{writing}");
    assert_eq!(reading, "");
}

#[test]
#[cfg(unix)]
fn what_lies_beside_a_store_lies_beside_the_file_that_links_lead_to() {
    let dir = TestDir::new();
    std::fs::create_dir(dir.join("disk")).unwrap();
    std::os::unix::fs::symlink("disk/handlers.db", dir.join("handlers.db")).unwrap();
    let (by_link, by_file) = (open(&dir.join("handlers.db")), open(&dir.join("disk/handlers.db")));
    let claim = by_link.claim("notifications").unwrap();
    assert!(claim.is_some() && by_file.claim("notifications").unwrap().is_none());
    assert_eq!(dir.names_like("handlers.db"), ["handlers.db"]);
    assert!(dir.join("disk/handlers.db.notifications.lock").exists());
}

#[test]
fn a_store_of_any_earlier_version_keeps_what_it_has_and_is_migrated_by_what_writes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("handler_migrations");
    let mut migrations: Vec<Migration> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| {
            let path = file.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            Migration::unapplied(&name, &std::fs::read_to_string(path).unwrap()).unwrap()
        })
        .collect();
    migrations.sort();
    let newest = migrations.len() as i32;
    for version in 1..=newest {
        let dir = TestDir::new();
        let path = dir.join("handlers.db");
        let mut old = Connection::open(&path).unwrap();
        old.pragma_update(None, "application_id", 0x4D48_6E64).unwrap();
        Runner::new(&migrations).set_target(Target::Version(version)).run(&mut old).unwrap();
        old.execute_batch(
            "INSERT INTO handlers VALUES ('task_history', 'projection', 1, 'running', NULL, 0);
            INSERT INTO handler_progress VALUES ('task_history', '', 7, 'e7', 0, NULL);",
        )
        .unwrap();
        drop(old);
        if version < newest {
            let refusal = SqliteHandlerStore::open_existing(&path).err().unwrap().to_string();
            assert!(
                refusal.contains("run a command that writes to it once, such as handlers run"),
                "{refusal}"
            );
        }
        assert_eq!(positions(&open(&path), "task_history"), [7], "version {version}");
    }
}

#[test]
fn a_row_that_no_handler_can_have_written_is_an_error_that_names_it() {
    for (damage, said) in [
        (
            "UPDATE handlers SET state = 'tired'",
            r#"handlers ("task_history"): "tired" is no word of this program"#,
        ),
        ("UPDATE handlers SET kind = ''", r#"handlers ("task_history"): "" is no word of this program"#),
        (
            "UPDATE handlers SET version = -1",
            r#"handlers ("task_history"): Integer -1 out of range at index 2"#,
        ),
        (
            "UPDATE handlers SET created_at = 9223372036854775807",
            r#"handlers ("task_history"): 9223372036854775807 microseconds since 1970 are no time"#,
        ),
        (
            "UPDATE handler_progress SET event_id = ''",
            r#"handler_progress ("task_history", ""): an event id must not be empty"#,
        ),
        (
            "UPDATE handler_failures SET attempts = -1",
            r#"handler_failures ("task_history", "", 9): Integer -1 out of range at index 7"#,
        ),
        (
            "UPDATE handler_failures SET event_id = ''",
            r#"handler_failures ("task_history", "", 9): an event id must not be empty"#,
        ),
        (
            "INSERT INTO handled_by_day VALUES ('task_history', '2025-10-25', -1, 0, 0, 0)",
            "handled_by_day (): Integer -1 out of range at index 0",
        ),
    ] {
        let dir = TestDir::new();
        let path = dir.join("handlers.db");
        let other = seen_by_another_program(&path);
        let store = open(&path);
        write(&store, |transaction| {
            transaction.put_failure("task_history", &failure(9, FailureState::Parked)).unwrap()
        });
        other.execute_batch("PRAGMA ignore_check_constraints = 1").unwrap();
        other.execute_batch(damage).unwrap();
        let mut session = store.session(Durability::Later).unwrap();
        let mut view = session.snapshot().unwrap();
        let name = "task_history";
        let errors = [
            view.handlers().err(),
            view.progress(name).err(),
            view.failures(name).err(),
            view.events_handled(name).err(),
        ];
        let errors: Vec<String> = errors.into_iter().flatten().map(|error| error.to_string()).collect();
        assert_eq!(errors, [format!("the handler store is damaged: {said}")], "{damage}");
    }
}

#[test]
fn its_views_show_what_is_open_and_times_that_can_be_read() {
    let dir = TestDir::new();
    let path = dir.join("handlers.db");
    let other = seen_by_another_program(&path);
    write(&open(&path), |transaction| {
        for (position, state) in [
            (8, FailureState::Parked),
            (9, FailureState::Waiting),
            (10, FailureState::Waiting),
            (11, FailureState::Skipped),
        ] {
            transaction.put_failure("task_history", &failure(position, state)).unwrap();
        }
    });
    let rows = |sql: &str| -> Vec<String> {
        let mut statement = other.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    assert_eq!(
        rows("SELECT handler || ' ' || retrying || ' ' || parked || ' ' || waiting || ' ' || handled || ' ' || created_at
            || ' ' || last_progress_at FROM handler_states"),
        ["task_history 0 1 2 0 2025-10-25T10:00:00.250+00:00 1970-01-01T00:00:00.000+00:00"]
    );
    assert_eq!(
        rows(
            "SELECT position || ' ' || state || ' ' || first_failed_at FROM open_failures ORDER BY position"
        ),
        [8, 9, 10].map(|position| {
            let state = if position == 8 { "parked" } else { "waiting" };
            format!("{position} {state} 2025-10-25T10:00:00.250+00:00")
        })
    );
    assert_eq!(rows("SELECT position || ' ' || state FROM resolved_failures"), ["11 skipped"]);
}
