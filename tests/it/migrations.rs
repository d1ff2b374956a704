//! Stores that earlier versions of the program wrote.

use mission_events::{EventQuery, EventRepository, SqliteError, SqliteEventRepository};
use refinery::Target;
use rusqlite::Connection;

use crate::support::cli::{cli, write};
use crate::support::test_dir::TestDir;
use crate::support::{event, utc};

mod shipped {
    refinery::embed_migrations!("migrations");
}

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
    assert_eq!(cells(&dir, VERSION), [format!("Integer({})", newest_version())]);
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

/// What marks a database as one of this program; a part of the file format.
const APPLICATION_ID: u32 = 0x4D45_7674;

/// Rows as each version has them, written by the first version that has the tables: events of both systems,
/// with and without id and aggregate, and a `NaN`; a log with a repeated record and a rejected one.
const ROWS: [(i32, &str); 4] = [
    (
        1,
        r#"INSERT INTO events (event_id, event_type, occurred_at, aggregate_id, body, origin, recorded_at, id_derived,
                               source_id, source_offset, source_line) VALUES
             ('e1', 'TaskCreated', 1761386400000000, 'T1',
              '{"event_id": "e1", "event_type": "TaskCreated", "timestamp": "2025-10-25T10:00:00Z", "aggregate_id": "T1"}',
              'native', 1761386400000001, 0, NULL, NULL, NULL),
             ('e2', 'Moon', -1, NULL,
              '{"event_id":"e2","event_type":"Moon","timestamp":"1969-12-31T23:59:59.999999Z","x":NaN,"é":"\ud83d\ude80"}',
              'native', 1761386400000002, 0, NULL, NULL, NULL),
             ('3f1c9a52-6d39-5a4e-9b1f-0d6f4a0f9c11', 'TaskDeleted', 1761390000000000, 'T1',
              '{"type": "TaskDeleted", "task_id": "T1", "timestamp": "2025-10-25T11:00:00"}',
              'history', 1761390000000003, 1, 1, 2, 1)"#,
    ),
    (
        2,
        r#"INSERT INTO sources VALUES
             (1, '/logs/events.json', 'json-array', NULL, '{}', x'2c20', 90, 'aa', 90, 'aa', 80, 1, 'bb',
              3, 1, 0, 0, 1, 1, 0, 0, 1761390000000003, 1761390000000004);
           INSERT INTO source_texts VALUES (1, 0, x'5b0a');
           INSERT INTO source_repeats (source_id, offset, line, position, kind, text)
             VALUES (1, 40, 2, 1, 'duplicate', '{"again": true}');
           INSERT INTO rejects VALUES (7, 1, 60, 3, 'syntax', 'expected a value', 1, 1761390000000004, NULL);
           INSERT INTO reject_texts VALUES (7, 60, x'7b7b')"#,
    ),
    (
        3,
        r#"INSERT INTO twins VALUES
             (1, 1, '8d0d3a4b-9f83-5d3b-8f53-1c5bb7b0a2c1', 'TaskCreated', 1761386400000000, 'T1',
              '{"type": "TaskCreated", "task_id": "T1", "timestamp": "2025-10-25T10:00:00"}', 'history',
              1761390000000003, 1, 1, 70, 3, 'matched')"#,
    ),
    (8, "INSERT INTO repairs VALUES (3, '/logs/events.json', 2, 1, 1761390000000005)"),
];

/// The versions, from the first to the newest.
fn versions() -> Vec<i32> {
    let runner = shipped::migrations::runner();
    let mut versions: Vec<i32> =
        runner.get_migrations().iter().map(|migration| migration.version()).collect();
    versions.sort_unstable();
    versions
}

fn newest_version() -> i32 {
    *versions().last().unwrap()
}

/// A store as the program of that schema version has left it, with rows of each version up to it.
fn of_version(version: i32) -> TestDir {
    let dir = TestDir::new();
    let mut connection = Connection::open(dir.join("events.db")).unwrap();
    connection.pragma_update(None, "page_size", 8192).unwrap();
    connection.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
    let migrate = |connection: &mut Connection, version| {
        let runner = shipped::migrations::runner().set_grouped(true).set_target(Target::Version(version));
        runner.run(connection).unwrap();
    };
    for (first, rows) in ROWS.iter().filter(|(first, _)| *first <= version) {
        migrate(&mut connection, *first);
        connection.execute_batch(rows).unwrap();
    }
    migrate(&mut connection, version);
    connection.pragma_update(None, "journal_mode", "wal").unwrap();
    dir
}

/// A query for every table, with the columns that it has now.
fn tables(dir: &TestDir) -> Vec<String> {
    let connection = Connection::open(dir.join("events.db")).unwrap();
    let query = "SELECT 'SELECT ' || group_concat(\"column\", ', ') || ' FROM ' || name FROM (
        SELECT tables.name, columns.name AS \"column\"
        FROM sqlite_schema AS tables, pragma_table_info(tables.name) AS columns
        WHERE tables.type = 'table' AND tables.name <> 'refinery_schema_history' ORDER BY 1, columns.cid
    ) GROUP BY name";
    let mut statement = connection.prepare(query).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn a_store_of_every_earlier_version_opens_with_every_event_and_all_that_it_had() {
    let newest = newest_version();
    let earlier = versions().into_iter().filter(|version| *version < newest);
    assert!(earlier.clone().count() > 1);
    for version in earlier {
        let dir = of_version(version);
        let path = dir.join("events.db");
        let tables = tables(&dir);
        let before: Vec<Vec<String>> = tables.iter().map(|table| cells(&dir, table)).collect();
        assert!(
            before.iter().all(|rows| !rows.is_empty()),
            "a table without a row proves nothing: {tables:?}"
        );
        assert_eq!(cells(&dir, VERSION), [format!("Integer({version})")]);
        let refused = SqliteEventRepository::open_for_reading(&path, utc()).err().unwrap();
        assert!(matches!(refused, SqliteError::Older { .. }), "{refused}");

        let store = SqliteEventRepository::open(&path, utc()).unwrap();
        let events = store.query(&EventQuery::chronological(), 10).unwrap();
        let found: Vec<_> = events
            .iter()
            .map(|stored| {
                let aggregate = stored.event.aggregate_id().map(|id| id.as_str());
                let time = stored.event.timestamp().timestamp_micros();
                (stored.position.get(), stored.event.event_type(), time, aggregate)
            })
            .collect();
        assert_eq!(
            found,
            [
                (2, "Moon", -1, None),
                (1, "TaskCreated", 1_761_386_400_000_000, Some("T1")),
                (3, "TaskDeleted", 1_761_390_000_000_000, Some("T1")),
            ],
            "version {version}"
        );
        for stored in &events {
            assert_eq!(store.find_by_id(stored.event.event_id()).unwrap().as_ref(), Some(stored));
            assert!(ROWS[0].1.contains(&format!("'{}'", stored.event.body())), "{}", stored.event.body());
        }
        let after: Vec<Vec<String>> = tables.iter().map(|table| cells(&dir, table)).collect();
        assert_eq!(after, before, "version {version}");
        assert_eq!(cells(&dir, VERSION), [format!("Integer({newest})")]);
        assert_eq!(cells(&dir, "PRAGMA foreign_key_check"), [] as [String; 0]);
        let next = store.save_events(&[event("e4").build()]).unwrap();
        assert_eq!(next[0].get(), 4, "version {version}");
        // What a version allows besides is allowed, and nothing else.
        let connection = Connection::open(&path).unwrap();
        let insert = |origin: &str| {
            let row =
                format!("(NULL, 'e-{origin}', 'A', 0, NULL, '{{}}', '{origin}', 0, 1, NULL, NULL, NULL)");
            connection.execute(&format!("INSERT INTO events VALUES {row}"), [])
        };
        insert("repaired").unwrap();
        assert!(insert("other").unwrap_err().to_string().contains("CHECK"));
        assert_eq!(cells(&dir, "PRAGMA integrity_check"), [r#"Text([111, 107])"#]);
        SqliteEventRepository::open_for_reading(&path, utc()).unwrap();
    }
}

#[test]
fn of_the_versions_of_a_log_in_an_old_store_the_later_one_stands_for_it() {
    let dir = of_version(3);
    let source = |id: i64, path: &str, settings: &str, out_of_range: u64, finished_at: &str| {
        let columns =
            "separator, resume_offset, resume_line, resume_sha256, records, imported, already_present,
            matched_existing, duplicates, rejected, has_repeated_hour, started_at";
        format!(
            "INSERT INTO sources (source_id, path, format, settings, out_of_range, finished_at, {columns})
             VALUES ({id}, '{path}', 'jsonl', '{settings}', {out_of_range}, {finished_at},
                     x'', 0, 1, '', 0, 0, 0, 0, 0, 0, 0, 0);"
        )
    };
    let rows = source(2, "/logs/a", "utc", 0, "7")
        + &source(3, "/logs/a", "utc", 0, "8")
        + &source(4, "/logs/a", "utc", 0, "NULL")
        + &source(5, "/logs/b", "utc", 0, "9")
        + &source(6, "/logs/b", "utc since", 3, "9")
        + &source(7, "/logs/b", "utc", 3, "9");
    Connection::open(dir.join("events.db")).unwrap().execute_batch(&rows).unwrap();
    drop(SqliteEventRepository::open(dir.join("events.db"), utc()).unwrap());
    let superseded =
        "SELECT source_id || ' by ' || superseded_by FROM sources WHERE superseded_by IS NOT NULL";
    // One that left records out stands for those alone that left out the same.
    assert_eq!(
        cells(&dir, superseded),
        [r#"Text([50, 32, 98, 121, 32, 51])"#, r#"Text([53, 32, 98, 121, 32, 55])"#]
    );
}

#[cfg(unix)]
#[test]
fn a_log_of_an_old_store_is_found_again_where_a_spelled_byte_is_in_its_name_and_told_from_the_byte() {
    use std::ffi::OsStr;
    use std::fs;
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;

    use mission_events::internals::domain::path_text::text_of;

    let dir = TestDir::new();
    let names = [&b"a\\x86.jsonl"[..], b"a\\x5Cx86\\x00.jsonl", b"a\\xff\\xF.jsonl", b"plain.jsonl"];
    let program =
        || cli(&dir).env("MISSION_CONTROL_TIMEZONE", "UTC").env("MISSION_CONTROL_STORAGE_BACKEND", "sqlite");
    let log = |number: usize| {
        let time = format!("2025-10-2{number}T10:00:00");
        format!("{{\"type\": \"A\", \"task_id\": \"T{number}\", \"timestamp\": \"{time}\"}}\n")
    };
    let import = |folder: &str| {
        program().run(&format!("--format json import-legacy {folder} --into events.db")).json()
    };
    for (number, name) in names.iter().enumerate() {
        write(&dir, "logs/x", log(number));
        fs::rename(dir.join("logs/x"), dir.join("logs").join(OsStr::from_bytes(name))).unwrap();
    }
    assert_eq!(import("logs")["imported"], 4);
    // As a version before has left it.
    let connection = Connection::open(dir.join("events.db")).unwrap();
    let paths = "SELECT source_id, path FROM sources ORDER BY source_id";
    let stored = |connection: &Connection| -> Vec<(i64, String)> {
        let mut statement = connection.prepare(paths).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let spelled = stored(&connection);
    for name in names {
        let path = fs::canonicalize(dir.join("logs").join(OsStr::from_bytes(name))).unwrap();
        let old = [("?1", path.to_str().unwrap()), ("?2", &text_of(&path))];
        assert_eq!(
            old[0].1 == old[1].1,
            !name.starts_with(b"a\\x86") && !name.starts_with(b"a\\x5C"),
            "{old:?}"
        );
        let changed = "UPDATE sources SET path = ?1 WHERE path = ?2";
        assert_eq!(connection.execute(changed, [old[0].1, old[1].1]).unwrap(), 1);
    }
    assert_ne!(stored(&connection), spelled);
    connection.execute("DELETE FROM refinery_schema_history WHERE version = 10", []).unwrap();
    drop(connection);
    // Another log, whose name has the byte.
    fs::write(dir.join("logs").join(Path::new(OsStr::from_bytes(b"a\x86.jsonl"))), log(7)).unwrap();
    let report = import("logs");
    assert_eq!((&report["imported"], &report["already_present"]), (&1.into(), &4.into()));
    let found = stored(&Connection::open(dir.join("events.db")).unwrap());
    assert_eq!((found.len(), &found[..4]), (5, &spelled[..]));
    program().run("--store events.db export --to out").result();
    for entry in fs::read_dir(dir.join("logs")).unwrap() {
        let name = entry.unwrap().file_name();
        let [before, after] = ["logs", "out"].map(|folder| fs::read(dir.join(folder).join(&name)).unwrap());
        assert_eq!(after, before, "{name:?}");
    }
}
