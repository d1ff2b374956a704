//! Stores that earlier versions of the program wrote.

use rusqlite::Connection;

use crate::support::cli::{cli, write};
use crate::support::test_dir::TestDir;

/// A store of schema version 2: two logs, with a repeated record, a duplicate, a rejected record and a
/// `NaN` in them.
const VERSION_2: &[u8] = include_bytes!("fixtures/store-v2.db.zst");

fn version_2() -> TestDir {
    let dir = TestDir::new();
    write(&dir, "events.db", zstd::decode_all(VERSION_2).unwrap());
    dir
}

/// The cells of a query, as SQLite shows them.
fn cells(dir: &TestDir, query: &str) -> Vec<String> {
    let connection = Connection::open(dir.join("events.db")).unwrap();
    let mut statement = connection.prepare(query).unwrap();
    let columns = statement.column_count();
    let mut rows = statement.query([]).unwrap();
    let mut cells = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        cells.extend((0..columns).map(|column| format!("{:?}", row.get_ref(column).unwrap())));
    }
    cells
}

const EVENTS: &str = "SELECT * FROM events ORDER BY position";
const REPEATS: &str = "SELECT source_id, offset, line, position, kind, text FROM source_repeats";
const VERSION: &str = "SELECT max(version) FROM refinery_schema_history";

#[test]
fn a_store_of_version_2_is_brought_to_the_current_one_by_what_writes_to_it_and_keeps_what_it_has() {
    let dir = version_2();
    let before = [EVENTS, REPEATS].map(|query| cells(&dir, query));
    assert_eq!(cells(&dir, VERSION), ["Integer(2)"]);
    let read = cli(&dir).run("--store events.db events recent");
    assert_eq!((read.code, cells(&dir, VERSION)), (4, vec!["Integer(2)".to_owned()]), "{}", read.stderr);
    write(&dir, "empty.jsonl", "");
    let environment = [("MISSION_CONTROL_STORAGE_BACKEND", "sqlite"), ("MISSION_CONTROL_TIMEZONE", "UTC")];
    let quiet = || environment.iter().fold(cli(&dir), |cli, (name, value)| cli.env(name, value));
    quiet().run("import-legacy empty.jsonl --into events.db").result();
    assert_eq!(cells(&dir, VERSION), ["Integer(3)"]);
    assert_eq!([EVENTS, REPEATS].map(|query| cells(&dir, query)), before);
    assert_eq!(cells(&dir, "PRAGMA integrity_check"), [r#"Text([111, 107])"#]);
    // What the legacy log has of an event of the new system is a twin from now on.
    write(
        &dir,
        "events.json",
        r#"[{"type": "TaskCreated", "task_id": "T2", "title": "My Task", "timestamp": "2025-10-25T10:00:00"}]"#,
    );
    let report = quiet().run("--format json import-legacy events.json --into events.db").json();
    assert_eq!((&report["matched_existing"], &report["store"]["events"]), (&1.into(), &6.into()));
    // The export compares each log with the hash that the old version has written down of it.
    quiet().run("--store events.db export --to out").result();
    let exported = std::fs::read_to_string(dir.join("out/events-2025-10-25.jsonl")).unwrap();
    assert_eq!(exported.matches("\"e1\"").count(), 2);
}
