//! Rows that tell how a log was written: its rejected records, the records that repeat events, the text around records.

use std::fs;

use proptest::prelude::*;

use super::{cells, database, legacy, program};
use crate::support::cli::write;
use crate::support::tamper;
use crate::support::test_dir::TestDir;

const SAID: &str = "beside their events (rejected records";
/// With two logs of which one repeats events of the other, in another spelling, and both have text around records and
/// records that are rejected.
const LOGS: &str = "first.json again.jsonl";

fn logs() -> TestDir {
    let dir = TestDir::new();
    let first: Vec<String> = (0..6).map(legacy).collect();
    write(&dir, "first.json", format!("[\n  {},\n  {{\"type\": \"A\"}}\n]\n", first.join(",\n  ")));
    let respelled = legacy(2).replace("\": ", "\":  ");
    let again =
        [" ".to_owned(), legacy(1), respelled, "broken".to_owned(), legacy(7), legacy(4), "more".to_owned()];
    write(&dir, "again.jsonl", again.join("\n"));
    dir
}

/// Imports logs, one after the other; answers what was said.
fn import(dir: &TestDir, logs: &str) -> String {
    let import = |log: &str| {
        let run = program(dir).run(&format!("import-legacy {log}"));
        assert!(run.code < 2, "{}", run.stderr);
        run.stderr
    };
    logs.split(' ').map(import).collect()
}

fn store() -> TestDir {
    let dir = logs();
    assert_eq!(import(&dir, LOGS), "");
    for (table, rows) in [("events", "7"), ("source_repeats", "3"), ("reject_texts", "3")] {
        assert_eq!(cells(&dir, &format!("SELECT CAST(count(*) AS TEXT) FROM {table}")), [rows], "{table}");
    }
    dir
}

/// Demands that the store gives both logs back.
#[track_caller]
fn gives_back(dir: &TestDir) {
    let run = program(dir).run("export --to out --force");
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{}", run.stdout);
    for log in LOGS.split(' ') {
        assert!(fs::read(dir.join(log)).unwrap() == fs::read(dir.join("out").join(log)).unwrap(), "{log}");
    }
}

#[test]
fn whatever_row_of_a_log_is_missing_each_reader_of_them_says_so_and_an_import_brings_it_back() {
    for (sql, log) in [
        ("DELETE FROM source_texts WHERE source_id = 1 AND offset = 0", "first.json"),
        ("DELETE FROM source_texts WHERE source_id = 2", "again.jsonl"),
        ("DELETE FROM source_repeats WHERE text IS NOT NULL", "again.jsonl"),
        ("DELETE FROM source_repeats", "again.jsonl"),
        ("DELETE FROM reject_texts WHERE reject_id = (SELECT max(reject_id) FROM rejects)", "again.jsonl"),
        (
            "DELETE FROM reject_texts WHERE reject_id IN (SELECT reject_id FROM rejects WHERE source_id = 1)",
            "first.json",
        ),
        ("DELETE FROM rejects WHERE source_id = 1", "first.json"),
    ] {
        let dir = store();
        tamper(&database(&dir), sql);
        for command in ["status", "rejects", "rejects retry --dry-run", "import-legacy again.jsonl --dry-run"]
        {
            let run = program(&dir).run(command);
            assert_eq!(run.stderr.matches(SAID).count(), 1, "{command} after {sql}: {}", run.stderr);
            assert!(run.stderr.contains("(import-legacy)") && run.stderr.contains(log), "{}", run.stderr);
        }
        let run = program(&dir).run("export --to out");
        assert_eq!(
            (run.code, run.stderr.matches(SAID).count()),
            (1, 1),
            "export after {sql}: {}",
            run.stderr
        );
        let rejects = program(&dir).run("--format json rejects").stdout;
        assert!(import(&dir, LOGS).contains(SAID));
        assert_eq!(cells(&dir, "SELECT CAST(count(*) AS TEXT) FROM events"), ["7"], "{sql}");
        assert_eq!(import(&dir, LOGS), "", "{sql}");
        assert_eq!(program(&dir).run("status").stderr.matches(SAID).count(), 0);
        gives_back(&dir);
        if sql.contains("reject_texts") {
            assert_ne!(program(&dir).run("--format json rejects").stdout, rejects);
        }
    }
}

#[test]
fn a_row_that_was_added_is_told_and_the_log_is_written_down_anew() {
    let dir = store();
    tamper(&database(&dir), "INSERT INTO source_texts VALUES (1, 40, x'20')");
    assert!(program(&dir).run("status").stderr.contains(SAID));
    import(&dir, LOGS);
    assert_eq!(import(&dir, LOGS), "");
    gives_back(&dir);
}

#[test]
fn a_log_that_has_no_events_of_its_own_and_was_forgotten_is_told() {
    let dir = store();
    write(&dir, "copy.jsonl", legacy(3) + "\n" + &legacy(5) + "\n");
    program(&dir).run("import-legacy copy.jsonl").result();
    write(&dir, "broken.jsonl", "broken\n");
    import(&dir, "broken.jsonl");
    for (source_id, log) in [(3, "copy.jsonl"), (4, "broken.jsonl")] {
        tamper(&database(&dir), &format!("DELETE FROM sources WHERE source_id = {source_id}"));
        let told = || program(&dir).run("status").stderr.matches("of logs that it does not know").count();
        assert_eq!((told(), program(&dir).run("export --to out --force").code), (1, 1), "{log}");
        program(&dir).run(&format!("import-legacy {log}"));
        assert_eq!((told(), program(&dir).run("export --to out --force").code), (0, 0), "{log}");
    }
}

/// Which event each record that repeats one is, by its id.
fn repeats(dir: &TestDir) -> Vec<String> {
    cells(
        dir,
        "SELECT path || offset || ifnull(event_id, 'nothing') FROM source_repeats
         JOIN sources USING (source_id) LEFT JOIN events USING (position)
         WHERE superseded_by IS NULL AND path LIKE '%copy%' ORDER BY 1",
    )
}

#[test]
fn events_that_are_stored_again_elsewhere_are_told_and_the_logs_that_repeat_them_follow() {
    let dir = TestDir::new();
    let (one, two) = (|n: u32| legacy(n) + "\n", |n: u32| legacy(n + 10) + "\n");
    for n in 1..5 {
        write(&dir, "one.jsonl", (0..n).map(one).collect::<String>());
        write(&dir, "two.jsonl", (0..n).map(two).collect::<String>());
        program(&dir).run("import-legacy one.jsonl two.jsonl").result();
    }
    write(&dir, "copy.jsonl", (0..4).map(one).chain((0..4).map(two)).collect::<String>());
    program(&dir).run("import-legacy copy.jsonl").result();
    let before = repeats(&dir);
    assert_eq!(before.len(), 8);
    tamper(&database(&dir), "DELETE FROM events WHERE position IN (2, 3, 5, 6)");
    let run = program(&dir).run("import-legacy one.jsonl two.jsonl");
    assert_eq!(run.code, 0);
    assert!(
        run.stderr.contains("4 events are stored again in events.db at a new position"),
        "{}",
        run.stderr
    );
    let status = program(&dir).run("status").stderr;
    assert!(status.contains(SAID) && status.contains("copy.jsonl"), "{status}");
    import(&dir, "copy.jsonl");
    assert_eq!(repeats(&dir), before);
    assert_eq!(import(&dir, "one.jsonl two.jsonl copy.jsonl"), "");
    program(&dir).run("export --to out").result();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rows_are_counted_however_a_log_has_grown_and_any_of_them_comes_back(
        cuts in proptest::collection::vec(0..300_usize, 0..4),
        table in 0..4_usize,
        is_retried in any::<bool>(),
    ) {
        let dir = logs();
        let again = fs::read(dir.join("again.jsonl")).unwrap();
        let mut lengths: Vec<usize> = cuts.iter().map(|cut| (*cut).min(again.len())).collect();
        lengths.sort_unstable();
        for length in lengths {
            write(&dir, "again.jsonl", &again[..length]);
            prop_assert_eq!(import(&dir, LOGS), "");
            if is_retried {
                program(&dir).run("rejects retry");
            }
        }
        write(&dir, "again.jsonl", &again);
        import(&dir, LOGS);
        prop_assert_eq!(import(&dir, LOGS), "");
        let (table, key) = [
            ("source_texts", "source_id || ' ' || offset"),
            ("source_repeats", "source_id || ' ' || offset"),
            ("reject_texts", "reject_id || ' ' || offset"),
            ("rejects", "CAST(reject_id AS TEXT)"),
        ][table];
        let of_today = match table {
            "reject_texts" => "reject_id IN (SELECT reject_id FROM rejects WHERE current = 1)",
            "rejects" => "current = 1",
            _ => "true",
        };
        let rows = cells(&dir, &format!("SELECT {key} FROM {table} WHERE {of_today}"));
        tamper(&database(&dir), &format!("DELETE FROM {table} WHERE {key} = '{}'", rows[rows.len() / 2]));
        prop_assert!(import(&dir, LOGS).contains(SAID));
        prop_assert_eq!(import(&dir, LOGS), "");
        gives_back(&dir);
    }
}
