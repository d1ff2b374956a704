//! Which records become twins of which events, and what is said of it.

use mission_events::internals::domain::repository::{EventRepository, RepositoryError};
use mission_events::internals::domain::value_objects::{EventId, Position};
use mission_events::internals::infrastructure::sqlite::SqliteEventRepository;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::{Counts, DATABASE, described, import, import_into, quiet};
use crate::support::cli::{Run, write};
use crate::support::test_dir::TestDir;
use crate::support::{cases, live, utc};

fn native(id: &str, event_type: &str, task: &str, time: &str, title: &str) -> String {
    format!(
        r#"{{"event_id": "{id}", "event_type": "{event_type}", "timestamp": "2025-10-25T{time}+00:00", "aggregate_id": "{task}", "task_id": "{task}", "title": "{title}", "list": "inbox", "metadata": {{}}}}"#
    )
}

fn legacy(event_type: &str, task: &str, time: &str, title: &str) -> String {
    format!(
        r#"{{"type": "{event_type}", "task_id": "{task}", "title": "{title}", "list": "inbox", "timestamp": "2025-10-25T{time}"}}"#
    )
}

fn write_logs(dir: &TestDir, natives: &[String], legacies: &[String]) {
    write(dir, "new.jsonl", natives.join("\n") + "\n");
    write(dir, "old.json", format!("[{}]", legacies.join(", ")));
}

/// Enough events on both sides that the clocks are known.
fn anchors() -> (Vec<String>, Vec<String>) {
    let times = |number: u32| [format!("08:{number:02}:00"), format!("08:{number:02}:00.004")];
    (0..8)
        .map(|number| {
            let ([old, new], task) = (times(number), format!("A{number}"));
            (native(&format!("a{number}"), "Begun", &task, &new, "t"), legacy("Begun", &task, &old, "t"))
        })
        .unzip()
}

fn import_and_say(dir: &TestDir, arguments: &str) -> (Run, Value) {
    let run = quiet(dir).run(&format!("--format json import-legacy --into {DATABASE} {arguments}"));
    let report = serde_json::from_str(&run.stdout).unwrap();
    (run, report)
}

/// Each twin: its text, its class, and the text of its event.
fn twins(dir: &TestDir, database: &str) -> Vec<(String, String, String)> {
    let connection = Connection::open(dir.join(database)).unwrap();
    let query = "SELECT twins.body, class, events.body FROM twins JOIN events USING (position)
        ORDER BY twins.occurred_at, twins.event_id";
    let mut statement = connection.prepare(query).unwrap();
    let twins = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    twins.unwrap().map(Result::unwrap).collect()
}

#[test]
fn what_differs_a_little_is_a_twin_with_both_texts_kept_and_is_told() {
    let (mut natives, mut legacies) = anchors();
    let pairs = [
        ("matched", native("e1", "A", "T1", "10:00:00.004", "x"), legacy("A", "T1", "10:00:00", "x")),
        ("time_shifted", native("e2", "A", "T2", "10:30:00", "x"), legacy("A", "T2", "10:00:00", "x")),
        ("changed", native("e3", "A", "T3", "11:00:00", "other"), legacy("A", "T3", "11:00:00", "x")),
        ("retyped", native("e4", "B", "T4", "12:00:00", "y"), legacy("A", "T4", "12:00:00", "y")),
        ("misfiled", native("e5", "A", "T6", "13:00:00", "z"), legacy("A", "T5", "13:00:00", "z")),
    ];
    natives.extend(pairs.iter().map(|(_, native, _)| native.clone()));
    legacies.extend(pairs.iter().map(|(_, _, legacy)| legacy.clone()));
    for logs in [vec!["old.json new.jsonl"], vec!["new.jsonl", "old.json"]] {
        let dir = TestDir::new();
        write_logs(&dir, &natives, &legacies);
        let (mut said, mut report) = (String::new(), Value::Null);
        for log in logs {
            let (run, told) = import_and_say(&dir, log);
            assert_eq!(run.code, 0);
            (said, report) = (run.stderr, told);
        }
        assert_eq!((&report["matched_existing"], &report["store"]["events"]), (&json!(13), &json!(13)));
        assert_eq!(
            report["twins"],
            json!({"matched": 9, "time_shifted": 1, "changed": 1, "retyped": 1, "misfiled": 1})
        );
        let expected = "warning: some records are not quite what the other system wrote of the same event \
            (changed 1, misfiled 1, retyped 1, time_shifted 1); both texts are kept: run compare-logs\n";
        assert_eq!(said, expected);
        let kept = twins(&dir, DATABASE);
        for (class, native, legacy) in &pairs {
            let twin = (legacy.clone(), (*class).to_owned(), native.clone());
            assert!(kept.contains(&twin), "{class}: {kept:?}");
        }
    }
}

#[test]
fn what_may_be_another_event_is_imported_on_its_own_and_told() {
    let (mut natives, mut legacies) = anchors();
    // Two updates of one task within a second: whose text was changed?
    natives.extend([
        native("e1", "A", "T1", "10:00:00", "one"),
        native("e2", "A", "T1", "10:00:01", "two"),
        native("e3", "A", "T2", "11:20:00", "far"),
    ]);
    legacies.extend([legacy("A", "T1", "10:00:00.5", "three"), legacy("A", "T2", "11:00:00", "away")]);
    let dir = TestDir::new();
    write_logs(&dir, &natives, &legacies);
    let (run, report) = import_and_say(&dir, "new.jsonl old.json");
    assert_eq!((run.code, &report["matched_existing"], &report["kept_apart"]), (0, &json!(8), &json!(2)));
    assert_eq!(report["store"]["events"], json!(8 + 3 + 2));
    let expected = "warning: 2 records resemble what the other system wrote, and it is not certain that they \
        are the same events: they are counted on their own; run compare-logs\n";
    assert_eq!(run.stderr, expected);
}

#[test]
fn a_record_that_was_written_twice_has_one_partner_and_the_other_one_is_imported() {
    let (mut natives, mut legacies) = anchors();
    natives.push(native("e1", "A", "T1", "10:00:00", "x"));
    legacies.extend([legacy("A", "T1", "10:00:00", "x"), legacy("A", "T1", "10:00:00", "x")]);
    let dir = TestDir::new();
    write_logs(&dir, &natives, &legacies);
    for (logs, matched, imported) in [("new.jsonl old.json", 9, 10), ("old.json", 0, 0)] {
        let total = import(&dir, logs).total;
        assert_eq!((total.matched_existing, total.imported), (matched, imported));
    }
}

#[test]
fn a_pair_stays_a_pair_and_a_late_record_gets_what_is_left() {
    let dir = TestDir::new();
    let natives = ["10:00:00", "10:00:02"].map(|time| native(&format!("e{time}"), "Beat", "T1", time, "x"));
    let late = legacy("Beat", "T1", "10:00:00.5", "x");
    let early = legacy("Beat", "T1", "10:00:01", "x");
    write_logs(&dir, &natives, std::slice::from_ref(&early));
    assert_eq!(import(&dir, "new.jsonl old.json").total.matched_existing, 1);
    // By its time alone it would have been the partner of the first.
    write_logs(&dir, &natives, &[early.clone(), late.clone()]);
    let report = import(&dir, "old.json");
    assert_eq!((report.total.matched_existing, report.store.events), (1, 2));
    let twins: Vec<(String, String)> =
        twins(&dir, DATABASE).into_iter().map(|(twin, _, event)| (twin, event)).collect();
    assert_eq!(twins, [(late, natives[1].clone()), (early, natives[0].clone())]);
}

#[test]
fn clocks_that_are_hours_apart_are_refused_and_the_ways_out_work() {
    let (natives, legacies) = anchors();
    let legacies: Vec<String> = legacies.iter().map(|record| record.replace("T08:", "T10:")).collect();
    for first in ["", "new.jsonl"] {
        let dir = TestDir::new();
        write_logs(&dir, &natives, &legacies);
        let logs = if first.is_empty() { "old.json new.jsonl" } else { "old.json" };
        if !first.is_empty() {
            import(&dir, first);
        }
        let (run, report) = import_and_say(&dir, logs);
        assert_eq!(run.code, 1);
        let clocks = json!({"day": "2025-10-25", "offset_ms": -7_199_996, "max_offset_ms": 300_000});
        assert_eq!(report["refused"], json!({"clocks": clocks}));
        assert_eq!(dir.join(DATABASE).exists(), !first.is_empty());
        let said = quiet(&dir).run(&format!("import-legacy {logs} --into {DATABASE}")).stdout;
        assert!(said.contains("on 2025-10-25 the clocks of the two systems are -7199.996 s apart"), "{said}");
        let berlin = quiet(&dir).env("MISSION_CONTROL_TIMEZONE", "Europe/Berlin");
        let right = berlin.run(&format!("--format json import-legacy {logs} --into {DATABASE}")).json();
        assert_eq!((&right["matched_existing"], &right["store"]["events"]), (&json!(8), &json!(8)));
    }
}

#[test]
fn a_few_events_that_are_far_apart_are_not_taken_for_clocks_that_are() {
    let dir = TestDir::new();
    write_logs(
        &dir,
        &[native("e1", "A", "T1", "13:00:00", "x"), native("e2", "B", "T2", "13:10:00", "y")],
        &[legacy("A", "T1", "10:00:00", "x"), legacy("B", "T2", "10:10:00", "y")],
    );
    let (run, report) = import_and_say(&dir, "new.jsonl old.json");
    assert_eq!((run.code, &report["store"]["events"], &report["kept_apart"]), (0, &json!(4), &json!(2)));
}

#[test]
fn keep_makes_events_of_both_and_what_was_kept_stays_so() {
    let (natives, legacies) = anchors();
    let dir = TestDir::new();
    write_logs(&dir, &natives, &legacies);
    assert_eq!(import(&dir, "--overlap keep new.jsonl old.json").store.events, 16);
    let again = import(&dir, "new.jsonl old.json").total;
    assert_eq!((again.imported, again.matched_existing, again.already_present), (0, 0, 16));
}

#[test]
fn the_id_of_a_twin_finds_its_event_and_belongs_to_no_other() {
    let (natives, legacies) = anchors();
    let dir = TestDir::new();
    write_logs(&dir, &natives, &legacies);
    import(&dir, "old.json");
    import(&dir, "new.jsonl");
    let store = SqliteEventRepository::open(dir.join(DATABASE), utc()).unwrap();
    let found = store.find_by_id(&EventId::new("a3").unwrap()).unwrap().unwrap();
    assert_eq!((found.position, found.event.body()), (Position::new(4), legacies[3].as_str()));
    // What the new system wrote is there, however it is saved again.
    assert_eq!(store.save_event(&live(&natives[3])).unwrap(), Position::new(4));
    let other = natives[3].replace("\"t\"", "\"u\"");
    let error = store.save_event(&live(&other)).unwrap_err();
    assert!(matches!(error, RepositoryError::Conflict { position, .. } if position.get() == 4), "{error}");
    assert_eq!(store.summary().unwrap().events, 8);
    let shown = quiet(&dir).run(&format!("--store {DATABASE} events show a3 --raw")).result();
    assert_eq!(shown, format!("{}\n", legacies[3]));
    write(&dir, "more.jsonl", other);
    let (run, report) = import_and_say(&dir, "more.jsonl");
    assert_eq!((run.code, &report["conflicts"]), (1, &json!(1)));
}

#[test]
fn twins_cannot_be_rewritten_by_any_program_that_opens_the_database() {
    let (natives, legacies) = anchors();
    let dir = TestDir::new();
    write_logs(&dir, &natives, &legacies);
    import(&dir, "new.jsonl old.json");
    let before = described(&dir.join(DATABASE));
    let connection = Connection::open(dir.join(DATABASE)).unwrap();
    for (statement, refusal) in [
        ("UPDATE twins SET body = '{}'", "twins are never changed"),
        ("DELETE FROM twins", "twins are never deleted"),
        ("INSERT OR REPLACE INTO twins SELECT * FROM twins", "twins are never replaced"),
    ] {
        let error = connection.execute(statement, []).unwrap_err().to_string();
        assert!(error.contains(refusal), "{statement}: {error}");
    }
    drop(connection);
    assert_eq!(described(&dir.join(DATABASE)), before);
}

#[test]
fn a_log_whose_end_was_torn_when_it_was_paired_goes_on_from_there() {
    let (natives, legacies) = anchors();
    let dir = TestDir::new();
    write_logs(&dir, &natives, &legacies);
    import(&dir, "new.jsonl");
    let whole = std::fs::read(dir.join("old.json")).unwrap();
    write(&dir, "old.json", &whole[..whole.len() - 30]);
    let (run, torn) = import_and_say(&dir, "old.json");
    assert_eq!((run.code, &torn["matched_existing"], &torn["rejected"]), (1, &json!(7), &json!(1)));
    write(&dir, "old.json", &whole);
    let total = import(&dir, "old.json").total;
    let expected = Counts { records: 8, already_present: 7, matched_existing: 1, ..Counts::default() };
    assert_eq!(total, expected);
    quiet(&dir).run(&format!("--store {DATABASE} export --to out")).result();
    assert_eq!(std::fs::read(dir.join("out/old.json")).unwrap(), whole);
}

/// Few contents, each in both shapes and in two spellings, some of them carrying ids that repeat.
const RECORDS: &[&str] = &[
    r#"{"type": "A", "task_id": "T1", "timestamp": "2025-10-25T10:00:00"}"#,
    r#"{"task_id": "T\u0031", "type": "A", "timestamp": "2025-10-25T10:00:00"}"#,
    r#"{"type": "A", "task_id": "T1", "timestamp": "2025-10-25T10:00:01"}"#,
    r#"{"type": "B", "task_id": "T1", "n": 1, "timestamp": "2025-10-25T10:00:01"}"#,
    r#"{"type": "A", "task_id": "T1", "timestamp": "2025-12-25T10:00:01"}"#,
    r#"{"event_id": "e1", "event_type": "A", "timestamp": "2025-10-25T10:00:00Z", "aggregate_id": "T1"}"#,
    r#"{"aggregate_id": "T1", "event_id": "e1", "event_type": "A", "timestamp": "2025-10-25T10:00:00Z"}"#,
    r#"{"event_id": "e2", "event_type": "A", "timestamp": "2025-10-25T10:00:01Z", "aggregate_id": "T1"}"#,
    r#"{"event_id": "e3", "event_type": "B", "timestamp": "2025-10-25T10:00:01Z", "n": 1, "aggregate_id": "T1"}"#,
    r#"{"event_id": "e3", "event_type": "B", "timestamp": "2025-10-25T10:00:01Z", "n": 2, "aggregate_id": "T1"}"#,
    r#"{"event_type": "A", "timestamp": "2025-10-25T10:00:00Z", "aggregate_id": "T1"}"#,
    "17",
];

/// The records of a log: an object is among them.
fn log() -> impl Strategy<Value = Vec<&'static str>> {
    let is_log = |records: &Vec<&str>| records.iter().any(|record| record.starts_with('{'));
    vec(select(RECORDS), 1..8).prop_filter("an object among the records", is_log)
}

/// Imports into a store, and answers how many records were paired, and how many events and twins it has.
/// Which of two is the event depends on which came first, where one log holds both shapes.
fn imported(dir: &TestDir, names: &str, database: &str) -> (Value, i64, i64) {
    let run = quiet(dir).run(&format!("--format json import-legacy {names} --into {database}"));
    let mut report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert!(run.code <= 1, "{}", run.stderr);
    let connection = Connection::open(dir.join(database)).unwrap();
    let query = "SELECT count(*), count(twin_id) FROM events LEFT JOIN twins USING (position)";
    let held = connection.query_row(query, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let (events, twins): (i64, i64) = held;
    (report["matched_existing"].take(), events, twins)
}

proptest! {
    #![proptest_config(cases(32))]

    #[test]
    fn repeated_records_have_as_many_twins_in_a_new_store_as_in_one_that_exists_and_come_back(
        logs in vec(log(), 1..4),
    ) {
        let dir = TestDir::new();
        let mut names = Vec::new();
        for (number, records) in logs.iter().enumerate() {
            names.push(format!("log-{number}.jsonl"));
            write(&dir, &names[number], records.join("\n") + "\n");
        }
        write(&dir, "empty.jsonl", "");
        import_into(&dir, "empty.jsonl", "existing.db");
        let new = imported(&dir, &names.join(" "), "new.db");
        let existing = imported(&dir, &names.join(" "), "existing.db");
        prop_assert_eq!(new, existing);
        for database in ["new.db", "existing.db"] {
            let out = format!("out-{database}");
            let run = quiet(&dir).run(&format!("--store {database} export --to {out}"));
            prop_assert_eq!(run.code, 0, "{}", run.stdout);
            for name in &names {
                let exported = std::fs::read(dir.join(&out).join(name)).unwrap();
                prop_assert!(exported == std::fs::read(dir.join(name)).unwrap(), "{} of {}", name, database);
            }
        }
    }
}
