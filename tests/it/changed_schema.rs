//! What another program has changed in a store: the schema, rows, or what becomes of rows.

use mission_events::{EventRepository, SqliteEventRepository};
use rusqlite::Connection;

use crate::support::cli::{Cli, cli, write};
use crate::support::test_dir::TestDir;
use crate::support::{event, tamper, utc};

const LOG: &str = r#"{"type": "A", "timestamp": "2025-10-25T10:00:00"}
{"type": "B", "timestamp": "2025-10-25T10:00:01"}
{"type": "C", "timestamp": "2025-10-25T10:00:02"}
"#;
const MORE: &str = r#"{"type": "D", "timestamp": "2025-10-26T10:00:00"}
"#;

fn program(dir: &TestDir) -> Cli {
    cli(dir)
        .env("MISSION_CONTROL_STORAGE_BACKEND", "sqlite")
        .env("MISSION_CONTROL_SQLITE_PATH", "events.db")
        .env("MISSION_CONTROL_TIMEZONE", "UTC")
}

/// A store of three events, and a log of another one.
fn store() -> TestDir {
    let dir = TestDir::new();
    write(&dir, "log.jsonl", LOG);
    write(&dir, "more.jsonl", MORE);
    program(&dir).run("import-legacy log.jsonl").result();
    dir
}

fn change(dir: &TestDir, sql: &str) {
    Connection::open(dir.join("events.db")).unwrap().execute_batch(sql).unwrap();
}

/// Commands that read the store or write to it.
const COMMANDS: [&str; 7] = [
    "events recent",
    "rejects",
    "rejects retry",
    "rejects retry --dry-run",
    "import-legacy more.jsonl",
    "import-legacy more.jsonl --dry-run",
    "export --to out",
];

#[test]
fn every_command_refuses_a_store_whose_schema_is_another_one_and_says_what_is_different() {
    for (sql, said) in [
        ("DROP TRIGGER events_refuse_delete", "the trigger events_refuse_delete is missing"),
        ("DROP TRIGGER twins_refuse_update", "the trigger twins_refuse_update is missing"),
        ("DROP INDEX events_by_id", "the index events_by_id is missing"),
        (
            "DROP INDEX events_by_id; CREATE INDEX events_by_id ON events (event_id)",
            "the index events_by_id is another one",
        ),
        (
            "CREATE TRIGGER t BEFORE INSERT ON events BEGIN SELECT RAISE(IGNORE); END",
            "the trigger t on events was added",
        ),
        (
            "CREATE TRIGGER t AFTER UPDATE ON \"SOURCES\" BEGIN DELETE FROM source_texts; END",
            "the trigger t on SOURCES was added",
        ),
        ("CREATE UNIQUE INDEX u ON source_texts (text)", "the unique index u on source_texts was added"),
        ("ALTER TABLE rejects ADD COLUMN note TEXT", "the table rejects is another one"),
        ("DROP VIEW events_readable", "the view events_readable is missing"),
        (
            "DROP TABLE twins; CREATE VIEW twins AS WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n FROM r) SELECT * FROM r",
            "the table twins is a view",
        ),
    ] {
        let dir = store();
        change(&dir, sql);
        for command in COMMANDS {
            let run = program(&dir).run(command);
            assert_eq!((run.code, run.stdout.as_str()), (4, ""), "{command} after {sql}");
            let start = "error: the schema of events.db was changed by another program: ";
            assert!(run.stderr.starts_with(start) && run.stderr.contains(said), "{command}: {}", run.stderr);
        }
        let status = program(&dir).run("-q status");
        assert!(status.code == 4 && status.stdout.contains(said), "{}", status.stdout);
        let open = SqliteEventRepository::open(dir.join("events.db"), utc());
        assert!(open.err().unwrap().to_string().contains(said));
    }
}

#[test]
fn what_others_have_added_for_themselves_is_no_difference() {
    let dir = store();
    change(
        &dir,
        "CREATE INDEX mine ON rejects (source_id, offset); CREATE VIEW per_day AS SELECT count(*) FROM events;
         CREATE TABLE notes (position INTEGER REFERENCES events, note TEXT UNIQUE);
         CREATE TRIGGER on_notes AFTER INSERT ON notes BEGIN SELECT 1; END; ANALYZE; PRAGMA optimize",
    );
    for command in COMMANDS {
        program(&dir).run(command).result();
    }
}

#[test]
fn a_store_that_was_copied_restored_or_vacuumed_is_the_same_store() {
    for copy in ["VACUUM INTO 'copy.db'", "VACUUM"] {
        let dir = store();
        let copied = copy.replace("copy.db", dir.join("copy.db").to_str().unwrap());
        change(&dir, &copied);
        if dir.join("copy.db").exists() {
            std::fs::rename(dir.join("copy.db"), dir.join("events.db")).unwrap();
        }
        for command in COMMANDS {
            program(&dir).run(command).result();
        }
    }
}

#[test]
fn a_store_that_is_restored_from_its_statements_is_the_same_store_however_they_are_laid_out() {
    let dir = store();
    let original = Connection::open(dir.join("events.db")).unwrap();
    let restored = Connection::open(dir.join("restored.db")).unwrap();
    restored.pragma_update(None, "application_id", 0x4D45_7674).unwrap();
    restored.pragma_update(None, "foreign_keys", false).unwrap();
    let mut objects = original
        .prepare("SELECT sql, type, name FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type = 'trigger', rowid")
        .unwrap();
    let objects = objects.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    restored.execute("ATTACH ?1 AS original", [dir.join("events.db").to_str().unwrap()]).unwrap();
    for object in objects {
        let (sql, kind, name): (String, String, String) = object.unwrap();
        // One line, and no comments: as tools write it that take a statement apart.
        let lines = sql.lines().map(|line| line.split("--").next().unwrap().trim());
        restored.execute_batch(&lines.collect::<Vec<_>>().join(" ")).unwrap();
        if kind == "table" {
            restored
                .execute_batch(&format!("INSERT INTO main.{name} SELECT * FROM original.{name}"))
                .unwrap();
        }
    }
    drop(restored);
    std::fs::rename(dir.join("restored.db"), dir.join("events.db")).unwrap();
    for command in COMMANDS {
        program(&dir).run(command).result();
    }
}

#[test]
fn a_row_that_is_swallowed_while_the_store_is_open_is_an_error_and_no_success() {
    let dir = store();
    let store = SqliteEventRepository::open(dir.join("events.db"), utc()).unwrap();
    store.save_events(&[event("e1").build()]).unwrap();
    change(&dir, "CREATE TRIGGER t BEFORE INSERT ON events BEGIN SELECT RAISE(IGNORE); END");
    let error = store.save_events(&[event("e2").build()]).unwrap_err();
    let source = std::error::Error::source(&error.error).unwrap().to_string();
    assert!(source.contains("the database has taken 0 rows where one was to be stored"), "{source}");
    change(&dir, "DROP TRIGGER t");
    assert_eq!(store.save_events(&[event("e2").build()]).unwrap()[0].get(), 5);
}

#[test]
fn events_are_counted_and_missing_ones_are_told() {
    let dir = store();
    tamper(&dir.join("events.db"), "DELETE FROM events WHERE position = 2");
    let said = "has 2 events and twins where 3 were stored: another program has removed rows";
    let status = program(&dir).run("-q --format json status");
    let answer: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
    assert_eq!((status.code, &answer["store"]["events"]), (0, &2.into()));
    let status = program(&dir).run("status");
    assert_eq!(status.stderr.matches(said).count(), 1, "{}", status.stderr);
    for (options, events) in [("--dry-run", 2), ("", 3)] {
        let run = program(&dir).run(&format!("--format json import-legacy more.jsonl {options}"));
        let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(report["store"]["events"], events, "{options}");
        assert_eq!(run.stderr.matches("another program has removed rows").count(), 1, "{}", run.stderr);
    }
}
