//! `move`: is a store in PostgreSQL and back with all that it had, whatever is interrupted, and is every difference found?

mod cut_over;
mod differences;
mod disturbed;
mod killed;
mod meanwhile;
mod standby;
mod there_and_back;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use mission_events::internals::domain::event::DomainEvent;
use mission_events::internals::domain::repository::EventRepository;
use mission_events::internals::infrastructure::sqlite::SqliteEventRepository;
use mission_events::internals::wire::zone::Zone;
use rusqlite::Connection;
use rusqlite::types::Value;

use super::schema;
use crate::support::cli::{Cli, cli, write};
use crate::support::postgres::server;
use crate::support::tamper;
use crate::support::test_dir::TestDir;

const STORE: &str = "events.db";

/// The program whose active store is the SQLite file.
fn on_sqlite(dir: &TestDir) -> Cli {
    cli(dir)
        .env("MISSION_CONTROL_USE_NEW_EVENT_SYSTEM", "true")
        .env("MISSION_CONTROL_STORAGE_BACKEND", "sqlite")
        .env("MISSION_CONTROL_SQLITE_PATH", STORE)
        .env("MISSION_CONTROL_TIMEZONE", "Europe/Berlin")
}

/// A live event of a task, as the new system writes it.
fn native(number: usize) -> String {
    // Names that no column of PostgreSQL can hold, and those of its keys.
    let id = match number {
        3 => "e\\u0000".to_owned(),
        4 => "e\u{2400}".to_owned(),
        5 => "x".repeat(3_000),
        _ => format!("native-{number}"),
    };
    let task = if number == 6 { "T\\u0000" } else { "T" };
    format!(
        r#"{{"event_id": "{id}", "event_type": "TaskCreated", "timestamp": "2025-10-25T10:{:02}:00+00:00", "aggregate_id": "{task}{number}", "title": "Aufgabe Ü {number}", "x": "\ud800\u0000"}}"#,
        number % 60
    )
}

/// The same life, as the legacy system writes it.
fn legacy(number: usize) -> String {
    format!(
        r#"{{"type": "TaskCreated", "timestamp": "2025-10-25T12:{:02}:00+02:00", "task_id": "T{number}", "title": "Aufgabe Ü {number}", "x": "\ud800\u0000"}}"#,
        number % 60
    )
}

fn save_native(path: &Path, numbers: std::ops::Range<usize>) {
    let store = SqliteEventRepository::open(path, Zone::utc()).unwrap();
    let events: Vec<DomainEvent> =
        numbers.map(|number| DomainEvent::from_json(&native(number), &Zone::utc()).unwrap()).collect();
    store.save_events(&events).unwrap();
}

const REJECTED: &[u8] = b"\n{\"type\": \"A\", \"timestamp\": \"25.10.2025\"}\n\
    {\"type\": \"A\", \"timestamp\": \"2025-10-26T02:30:00\"}\n\
    {\"type\": \"\xff\"}\n\
    {\"type\": \"A\", \"timest";

/// The logs that the store was made of.
const LOGS: [&str; 3] = ["legacy.json", "rejected.jsonl", "again.jsonl"];

/// The store of [`make_store_with_everything`] with its logs, which is made once.
fn store_with_everything(dir: &TestDir) {
    static MADE: LazyLock<TestDir> = LazyLock::new(|| {
        let dir = TestDir::new();
        make_store_with_everything(&dir);
        dir
    });
    let files = LOGS.iter().copied().chain([STORE]);
    for name in files {
        std::fs::copy(MADE.join(name), dir.join(name)).unwrap();
    }
}

/// A store with native events, and with three logs that bring twins, repeats in other spellings, rejects of which one was tried
/// again, and text around records; and with a repair.
fn make_store_with_everything(dir: &TestDir) {
    save_native(&dir.join(STORE), 0..30);
    let records: Vec<String> = (0..60).map(legacy).collect();
    write(dir, "legacy.json", format!("[\n  {},\n 42]", records.join(",\n  ")));
    write(dir, "rejected.jsonl", REJECTED);
    let again: String = (50..70).map(|number| legacy(number).replace("\", \"", "\",\"") + "\n").collect();
    write(dir, "again.jsonl", format!("{again}\n\n{}\n", legacy(69)));
    for (log, more) in [("legacy.json", ""), ("rejected.jsonl", "--dst reject"), ("again.jsonl", "")] {
        let run = on_sqlite(dir).run(&format!("-q import-legacy {log} {more}"));
        assert!(run.code <= 1, "{log}: {}", run.stderr);
    }
    let run = on_sqlite(dir).run("-q rejects retry");
    assert!(run.code <= 1, "{}", run.stderr);
    // As a repair leaves it; in its path is what no text of PostgreSQL can hold.
    tamper(&dir.join(STORE), "INSERT INTO repairs VALUES (31, 'a' || char(0) || 'b', 7, 1, -1)");
    save_native(&dir.join(STORE), 30..35);
    for (table, at_least) in [
        ("events", 60),
        ("twins", 20),
        ("sources", 3),
        ("source_texts", 3),
        ("source_repeats", 10),
        ("rejects", 4),
        ("reject_texts", 4),
        ("repairs", 1),
        ("rejects WHERE retried_position IS NOT NULL", 1),
        ("source_repeats WHERE text IS NOT NULL", 1),
    ] {
        let rows = count(&dir.join(STORE), table);
        assert!(rows >= at_least, "{table} has {rows} rows");
    }
    assert!(!dir.join("events.db-wal").exists(), "all of it is in the file that is copied");
}

fn count(path: &Path, table: &str) -> i64 {
    let connection = Connection::open(path).unwrap();
    connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

/// All rows of all tables, apart from when the schema was made.
fn all_rows(path: &Path) -> BTreeMap<String, Vec<Vec<Value>>> {
    let connection = Connection::open(path).unwrap();
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT IN ('refinery_schema_history', 'sqlite_stat1')";
    let mut statement = connection.prepare(tables).unwrap();
    let names: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let rows_of = |table: &String| {
        let mut statement = connection.prepare(&format!("SELECT * FROM {table} ORDER BY 1, 2")).unwrap();
        let columns = statement.column_count();
        let rows =
            statement.query_map([], |row| (0..columns).map(|column| row.get(column)).collect()).unwrap();
        rows.map(Result::unwrap).collect()
    };
    names.iter().map(|table| (table.clone(), rows_of(table))).collect()
}

/// The files of an export, by their names.
fn exported(dir: &TestDir, store: &str, folder: &str) -> BTreeMap<String, Vec<u8>> {
    let run = on_sqlite(dir).run(&format!("-q --store {store} export --force --to {folder}"));
    assert!(run.code <= 1, "{}", run.stderr);
    let files = std::fs::read_dir(dir.join(folder)).unwrap().map(Result::unwrap);
    files
        .filter(|file| file.file_type().unwrap().is_file())
        .map(|file| (file.file_name().into_string().unwrap(), std::fs::read(file.path()).unwrap()))
        .collect()
}

/// Changes a row of the target, whose triggers would refuse it, as a superuser can.
fn tamper_with(url: &str, sql: &str) {
    server()
        .psql(&format!("SET session_replication_role = replica; SET search_path = {}; {sql}", schema(url)));
}
