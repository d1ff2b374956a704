//! Rows that another program has removed from a store, with its triggers dropped and made again.

mod of_logs;

use std::path::PathBuf;

use mission_events::{EventRepository, SqliteEventRepository};
use proptest::prelude::*;
use rusqlite::Connection;
use serde_json::Value;

use crate::support::cli::{Cli, cli, write};
use crate::support::test_dir::TestDir;
use crate::support::{event, some_pairs, tamper, utc};

const SAID: &str = "another program has removed rows";

fn program(dir: &TestDir) -> Cli {
    cli(dir)
        .env("MISSION_CONTROL_STORAGE_BACKEND", "sqlite")
        .env("MISSION_CONTROL_SQLITE_PATH", "events.db")
        .env("MISSION_CONTROL_TIMEZONE", "UTC")
}

fn database(dir: &TestDir) -> PathBuf {
    dir.join("events.db")
}

fn legacy(number: u32) -> String {
    format!(
        r#"{{"type": "A", "task_id": "T{number}", "title": "t {number}", "timestamp": "2025-10-25T{number:02}:00:00"}}"#
    )
}

fn native(number: u32) -> String {
    format!(
        r#"{{"event_id": "e{number}", "event_type": "A", "aggregate_id": "T{number}", "task_id": "T{number}", "title": "t {number}", "timestamp": "2025-10-25T{number:02}:00:00.1Z"}}"#
    )
}

/// A legacy log of ten events with two rejected lines, of which the new system has recorded those from the sixth on.
fn logs() -> TestDir {
    let dir = TestDir::new();
    let old: Vec<String> = (0..10).map(legacy).collect();
    write(&dir, "old.jsonl", old.join("\n") + "\nbroken\n{\"type\": \"A\"}\n");
    write(&dir, "sound.jsonl", old.join("\n"));
    write(&dir, "new.jsonl", (5..10).map(native).collect::<Vec<_>>().join("\n") + "\n");
    dir
}

fn import(dir: &TestDir, arguments: &str) -> (Value, String) {
    let run = program(dir).run(&format!("--format json import-legacy {arguments}"));
    assert_eq!(
        run.code,
        i32::from(arguments.contains("old.jsonl")),
        "its lines are rejected: {}",
        run.stderr
    );
    (serde_json::from_str(&run.stdout).unwrap(), run.stderr)
}

fn store() -> TestDir {
    let dir = logs();
    let (report, said) = import(&dir, "old.jsonl new.jsonl");
    assert_eq!((&report["store"]["events"], &report["matched_existing"]), (&10.into(), &5.into()), "{said}");
    dir
}

fn cells(dir: &TestDir, sql: &str) -> Vec<String> {
    let connection = Connection::open(database(dir)).unwrap();
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

/// What the store knows, positions and versions of logs apart.
fn known(dir: &TestDir) -> [Vec<String>; 4] {
    [
        "SELECT event_id || body || origin || source_offset FROM events ORDER BY event_id",
        "SELECT event_id || body || class || source_offset FROM twins ORDER BY event_id",
        "SELECT offset || reason || detail FROM rejects JOIN sources USING (source_id)
         WHERE current = 1 AND superseded_by IS NULL ORDER BY 1",
        "SELECT path || records || rejected || content_sha256 FROM sources WHERE superseded_by IS NULL ORDER BY path",
    ]
    .map(|sql| cells(dir, sql))
}

#[test]
fn every_command_tells_that_the_last_rows_are_missing() {
    for command in [
        "events recent",
        "events show e9",
        "rejects",
        "rejects retry --dry-run",
        "status",
        "import-legacy more.jsonl --dry-run",
        "import-legacy more.jsonl",
        "export --to out",
    ] {
        let dir = store();
        write(&dir, "more.jsonl", native(11) + "\n");
        tamper(&database(&dir), "DELETE FROM events WHERE position > 8");
        let run = program(&dir).run(command);
        assert_eq!(
            run.stderr.matches("has 13 events and twins where 15 were stored").count(),
            1,
            "{command}: {}",
            run.stderr
        );
        assert!(run.stderr.contains(SAID) && run.stderr.contains("import-legacy"), "{}", run.stderr);
    }
}

#[test]
fn rows_that_are_missing_anywhere_are_told_where_rows_are_counted_and_no_comparison_is_consistent() {
    for sql in [
        "DELETE FROM events WHERE position = 1",
        "DELETE FROM events WHERE position = 6",
        "DELETE FROM events WHERE position = 10",
        "DELETE FROM twins WHERE twin_id = 2",
        "DELETE FROM twins WHERE twin_id = 5",
    ] {
        let dir = store();
        let compare = |dir: &TestDir| program(dir).run("--format json compare-logs sound.jsonl events.db");
        assert_eq!(compare(&dir).code, 0);
        tamper(&database(&dir), sql);
        for command in ["status", "import-legacy new.jsonl --dry-run", "export --to out"] {
            let run = program(&dir).run(command);
            assert_eq!(run.stderr.matches(SAID).count(), 1, "{command} after {sql}: {}", run.stderr);
        }
        let run = compare(&dir);
        assert_ne!(run.code, 0, "after {sql}");
        assert!(run.stdout.contains(SAID), "{}", run.stdout);
    }
}

#[test]
fn what_is_missing_is_imported_again_from_its_log_though_that_has_not_changed() {
    for (sql, imported) in [
        ("DELETE FROM events WHERE position > 8", 2),
        ("DELETE FROM events WHERE position IN (1, 2, 4, 9)", 4),
        ("DELETE FROM events", 10),
        ("DELETE FROM twins WHERE twin_id > 3", 0),
        ("DELETE FROM rejects WHERE reject_id = 2", 0),
        ("DELETE FROM rejects", 0),
    ] {
        let dir = store();
        let before = known(&dir);
        tamper(&database(&dir), sql);
        let (report, _) = import(&dir, "new.jsonl old.jsonl --dry-run");
        assert_eq!(report["imported"], imported, "{sql}");
        let (report, _) = import(&dir, "new.jsonl old.jsonl");
        assert_eq!((&report["imported"], &report["rejected"]), (&imported.into(), &2.into()), "{sql}");
        assert_eq!(known(&dir), before, "{sql}");
        let again = cells(&dir, "SELECT CAST(count(*) AS TEXT) FROM sources");
        let (report, said) = import(&dir, "new.jsonl old.jsonl");
        assert_eq!((&report["imported"], said.as_str()), (&0.into(), ""), "{sql}");
        assert_eq!(cells(&dir, "SELECT CAST(count(*) AS TEXT) FROM sources"), again);
        let status = program(&dir).run("status");
        assert!(!status.stderr.contains(SAID), "{sql}: {}", status.stderr);
        program(&dir).run("compare-logs sound.jsonl events.db").result();
    }
}

/// Which event each twin tells again, by position and id.
fn events_of_twins(dir: &TestDir) -> Vec<String> {
    cells(
        dir,
        "SELECT position || ' ' || twins.event_id || ' ' || events.event_id FROM twins JOIN events USING (position)
         ORDER BY position",
    )
}

fn positions(dir: &TestDir) -> Vec<String> {
    cells(dir, "SELECT position || ' ' || event_id FROM events ORDER BY position")
}

#[test]
fn an_event_that_is_stored_again_gets_the_position_that_it_had_and_is_that_of_its_twin() {
    let removals = [
        "DELETE FROM events WHERE position = 7",
        "DELETE FROM events WHERE position IN (2, 3, 9)",
        "DELETE FROM events WHERE position > 7",
        "DELETE FROM events",
        "DELETE FROM events WHERE position IN (6, 8, 10)",
        "DELETE FROM events WHERE position < 9",
    ];
    for (sql, logs) in some_pairs(&removals, &["old.jsonl new.jsonl", "new.jsonl old.jsonl"]) {
        let dir = store();
        let before = (positions(&dir), events_of_twins(&dir));
        assert_eq!((before.0.len(), before.1.len()), (10, 5));
        tamper(&database(&dir), sql);
        import(&dir, logs);
        assert_eq!((positions(&dir), events_of_twins(&dir)), before, "{sql}, {logs}");
        program(&dir).run("compare-logs sound.jsonl events.db").result();
        program(&dir).run("export --to out").result();
        assert!(!program(&dir).run("status").stderr.contains(SAID));
    }
}

#[test]
fn a_store_that_does_not_say_how_many_rows_it_had_proves_nothing_until_an_import_has_counted_them() {
    for (removed, missing) in [("", 0), ("DELETE FROM events WHERE position IN (3, 9, 10)", 3)] {
        let dir = store();
        let before = (positions(&dir), events_of_twins(&dir));
        if !removed.is_empty() {
            tamper(&database(&dir), removed);
        }
        tamper(&database(&dir), "DELETE FROM stored_rows");
        let said = "does not say how many rows were stored";
        let status = program(&dir).run("status");
        assert_eq!(status.stderr.matches(said).count(), 1, "{}", status.stderr);
        assert!(
            status.stderr.contains("Import the logs again (import-legacy)"),
            "the way out: {}",
            status.stderr
        );
        let run = program(&dir).run("compare-logs sound.jsonl events.db");
        assert!(run.code != 0 && run.stdout.contains(said), "{}", run.stdout);
        assert!(run.stdout.contains("import the logs again (import-legacy)"), "{}", run.stdout);
        let (report, said) = import(&dir, "old.jsonl new.jsonl");
        assert!(said.contains("They are counted anew"), "{said}");
        assert_eq!(report["imported"], missing, "{said}");
        assert_eq!((positions(&dir), events_of_twins(&dir)), before);
        program(&dir).run("compare-logs sound.jsonl events.db").result();
        program(&dir).run("export --to out").result();
        assert_eq!(import(&dir, "old.jsonl new.jsonl").1, "");
    }
}

#[test]
fn a_log_that_the_store_has_forgotten_is_imported_again_and_given_back() {
    for sql in ["DELETE FROM sources WHERE source_id = 1", "DELETE FROM sources WHERE source_id = 2"] {
        let dir = store();
        tamper(&database(&dir), sql);
        let status = program(&dir).run("status");
        assert!(status.stderr.contains("of logs that it does not know"), "{sql}: {}", status.stderr);
        import(&dir, "old.jsonl new.jsonl");
        let status = program(&dir).run("status");
        assert!(!status.stderr.contains("of logs that it does not know"), "{sql}: {}", status.stderr);
        program(&dir).run("export --to out").result();
        for log in ["old.jsonl", "new.jsonl"] {
            assert!(
                std::fs::read(dir.join(log)).unwrap() == std::fs::read(dir.join("out").join(log)).unwrap()
            );
        }
    }
}

#[test]
fn an_event_that_was_saved_live_and_is_missing_is_told_also_after_others_were_saved() {
    let dir = store();
    let save = |id: &str| {
        let store = SqliteEventRepository::open(database(&dir), utc()).unwrap();
        store.save_events(&[event(id).build()]).unwrap()[0].get()
    };
    assert_eq!((save("live-1"), save("live-2")), (11, 12));
    tamper(&database(&dir), "DELETE FROM events WHERE position > 11");
    assert!(program(&dir).run("events recent").stderr.contains(SAID));
    assert_eq!(save("live-3"), 13, "no event gets the position of another one");
    assert!(program(&dir).run("status").stderr.contains("has 17 events and twins where 18 were stored"));
    import(&dir, "old.jsonl new.jsonl");
    assert!(program(&dir).run("status").stderr.contains(SAID), "no log has it");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_rows_are_removed_the_logs_bring_them_back(
        rows in proptest::collection::btree_set((0..3_usize, 1..11_u32), 1..8),
        cut in 0..10_usize,
    ) {
        let dir = logs();
        let old = std::fs::read_to_string(dir.join("old.jsonl")).unwrap();
        let begun: String = old.split_inclusive('\n').take(cut).collect();
        write(&dir, "old.jsonl", begun);
        program(&dir).run("import-legacy old.jsonl new.jsonl");
        write(&dir, "old.jsonl", &old);
        import(&dir, "old.jsonl new.jsonl");
        let before = known(&dir);
        for (table, id) in rows {
            let (table, column) = [("events", "position"), ("twins", "twin_id"), ("rejects", "reject_id")][table];
            let exists = format!("SELECT 'x' FROM {table} WHERE {column} = {id}");
            if !cells(&dir, &exists).is_empty() {
                tamper(&database(&dir), &format!("DELETE FROM {table} WHERE {column} = {id}"));
            }
        }
        import(&dir, "new.jsonl old.jsonl");
        prop_assert_eq!(known(&dir), before);
        let (_, said) = import(&dir, "new.jsonl old.jsonl");
        prop_assert_eq!(said, "");
    }
}
