//! `rejects retry`: records that the present settings can read become events in their places.

use mission_events::internals::application::import::{Outcome, ReadOptions};
use mission_events::internals::application::rejects::{
    Quarantined, RejectStore, Retried, RetryRejects, RetryReport,
};
use mission_events::internals::domain::repository::RepositoryError;
use mission_events::internals::infrastructure::sources::holds_whole_record;
use mission_events::internals::infrastructure::sqlite::{RejectFilter, SqliteRejects};
use mission_events::internals::wire::local_time::DstPolicy;
use mission_events::internals::wire::mapping::Mapping;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::{DATABASE, import, in_berlin, quiet, rejects, with_rejects};
use crate::support::cli::write;
use crate::support::test_dir::TestDir;
use crate::support::{berlin, tamper};

/// The counts of a retry: imported, already present, duplicates, still rejected. They add up, and
/// the exit code says whether all became events.
#[track_caller]
fn retry(dir: &TestDir, arguments: &str) -> [u64; 4] {
    let run = in_berlin(dir).run(&format!("--format json rejects retry {arguments}"));
    assert_eq!(run.stderr, "");
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let counts = ["imported", "already_present", "duplicates", "still_rejected"]
        .map(|name| report[name].as_u64().unwrap());
    assert_eq!(report["tried"].as_u64().unwrap(), counts.iter().sum::<u64>());
    assert_eq!(run.code, i32::from(counts[3] > 0), "{report:#}");
    counts
}

fn ask<T: rusqlite::types::FromSql>(dir: &TestDir, sql: &str) -> T {
    Connection::open(dir.join(DATABASE)).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
}

/// Exports, and demands that each log is what it was.
#[track_caller]
fn comes_back(dir: &TestDir, logs: &[&str]) {
    let run = quiet(dir).run("export --force --to out");
    assert_eq!(run.code, 0, "{run:?}");
    for log in logs {
        let (original, copy) = (std::fs::read(dir.join(log)), std::fs::read(dir.join("out").join(log)));
        assert_eq!(original.unwrap(), copy.unwrap(), "{log}");
    }
}

const AMBIGUOUS: &str = r#"{"type": "A", "timestamp": "2025-10-26T02:30:00"}"#;
const NEXT: &str = r#"{"type": "B", "timestamp": "2025-10-26T04:00:00"}"#;

#[test]
fn what_can_be_read_now_becomes_an_event_of_its_log_and_the_rest_stays() {
    let dir = with_rejects();
    let before: i64 = ask(&dir, "SELECT max(position) FROM events");
    assert_eq!(retry(&dir, ""), [1, 0, 0, 6]);
    let event: String = ask(
        &dir,
        "SELECT json_array(position, source_id, source_offset, source_line, origin, occurred_at / 1000000, body)
         FROM events ORDER BY position DESC LIMIT 1",
    );
    let body = AMBIGUOUS.replace('"', "\\\"");
    // 02:30 in summer time, the earlier of the two.
    assert_eq!(event, format!("[{},1,41,2,\"history\",1761438600,\"{body}\"]", before + 1));
    let retried: Vec<Value> =
        rejects(&dir, "").into_iter().filter(|reject| !reject["retried_position"].is_null()).collect();
    assert_eq!(retried.len(), 1);
    assert_eq!(retried[0]["retried_position"], before + 1);
    assert_eq!(retried[0]["offset"], 41);
    comes_back(&dir, &["a.jsonl", "b.json"]);
}

#[test]
fn a_second_retry_finds_only_what_is_left() {
    let dir = with_rejects();
    assert_eq!(retry(&dir, ""), [1, 0, 0, 6]);
    let events: i64 = ask(&dir, "SELECT count(*) FROM events");
    assert_eq!(retry(&dir, ""), [0, 0, 0, 6]);
    assert_eq!(ask::<i64>(&dir, "SELECT count(*) FROM events"), events);
    let said = in_berlin(&dir).run("--format json rejects retry --dry-run").stdout;
    let said: Value = serde_json::from_str(&said).unwrap();
    let reasons = json!({"bad_timestamp": 1, "no_timestamp": 1, "syntax": 2, "torn_tail": 2});
    assert_eq!(said["reasons"], reasons, "what the import saw around a record holds");
    let kept = rejects(&dir, "")
        .iter()
        .map(|reject| reject["reason"].as_str().unwrap().to_owned())
        .collect::<Vec<_>>();
    assert_eq!(kept.iter().filter(|reason| *reason == "torn_tail").count(), 2, "reasons stay");
}

#[test]
fn all_become_events_where_the_filter_takes_only_such() {
    let dir = with_rejects();
    let path = dir.join("a.jsonl").canonicalize().unwrap();
    let fixed = "UPDATE reject_texts SET text = CAST(replace(CAST(text AS TEXT), '25.10.2025', '2025-10-25') AS BLOB)";
    Connection::open(dir.join(DATABASE)).unwrap().execute(fixed, []).unwrap();
    assert_eq!(retry(&dir, &format!("--source {} --reason bad_timestamp", path.display())), [2, 0, 0, 0]);
    assert_eq!(retry(&dir, "--reason bad_timestamp"), [0, 0, 0, 0]);
}

#[test]
fn a_dry_run_says_the_same_and_changes_nothing() {
    let dir = TestDir::new();
    write(&dir, "a.jsonl", format!("{AMBIGUOUS}\n{AMBIGUOUS}\nnonsense\n{NEXT}\n"));
    import(&dir, "a.jsonl");
    let state =
        "SELECT (SELECT count(*) FROM events) || (SELECT json_group_array(retried_position) FROM rejects)
                 || (SELECT rejected FROM sources)";
    let before: String = ask(&dir, state);
    assert_eq!(retry(&dir, "--dry-run"), [2, 0, 0, 1]);
    assert_eq!(ask::<String>(&dir, state), before);
    assert_eq!(retry(&dir, ""), [2, 0, 0, 1]);
    assert_ne!(ask::<String>(&dir, state), before);
}

#[test]
fn under_the_policy_that_rejected_them_they_stay_rejected() {
    let dir = TestDir::new();
    write(&dir, "a.jsonl", format!("{AMBIGUOUS}\n{NEXT}\n"));
    import(&dir, "a.jsonl");
    assert_eq!(retry(&dir, "--dst reject"), [0, 0, 0, 1]);
    assert_eq!(retry(&dir, ""), [1, 0, 0, 0]);
}

#[test]
fn another_time_zone_makes_events_of_them() {
    let dir = TestDir::new();
    write(&dir, "a.jsonl", format!("{AMBIGUOUS}\n{NEXT}\n"));
    import(&dir, "a.jsonl");
    let run = quiet(&dir).env("MISSION_CONTROL_TIMEZONE", "UTC").run("rejects retry --dst reject");
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(
        ask::<i64>(&dir, "SELECT occurred_at / 1000000 FROM events WHERE position = 2"),
        1_761_445_800
    );
}

#[test]
fn repeated_local_times_of_a_log_are_placed_in_their_order() {
    let dir = TestDir::new();
    let at = |time: &str| format!("{{\"type\": \"A\", \"timestamp\": \"2025-10-26T{time}\"}}\n");
    write(&dir, "a.jsonl", at("02:10") + &at("02:50") + &at("02:20"));
    write(&dir, "b.jsonl", at("02:05"));
    import(&dir, "a.jsonl b.jsonl");
    assert_eq!(retry(&dir, ""), [4, 0, 0, 0]);
    let minutes: String = ask(
        &dir,
        "SELECT group_concat((occurred_at / 1000000 - 1761436800) / 60) FROM (SELECT * FROM events ORDER BY position)",
    );
    assert_eq!(minutes, "10,50,80,5", "the third is of the second pass; another log has a clock of its own");
}

#[test]
fn identical_records_are_counted_with_those_that_the_log_has() {
    let dir = TestDir::new();
    write(&dir, "a.jsonl", format!("{AMBIGUOUS}\n{NEXT}\n{AMBIGUOUS}\n"));
    write(&dir, "b.jsonl", format!("{AMBIGUOUS}\n"));
    import(&dir, "a.jsonl");
    assert_eq!(retry(&dir, ""), [2, 0, 0, 0]);
    import(&dir, "b.jsonl");
    assert_eq!(retry(&dir, ""), [0, 1, 0, 0], "the store has two of them, of which one log has one");
    assert_eq!(ask::<i64>(&dir, "SELECT count(DISTINCT event_id) FROM events"), 3);
    comes_back(&dir, &["a.jsonl", "b.jsonl"]);
}

#[test]
fn logs_that_are_retried_together_are_counted_each_by_itself() {
    let dir = TestDir::new();
    for (name, lines) in [("a.jsonl", 2), ("b.jsonl", 1), ("c.jsonl", 3)] {
        write(&dir, name, format!("{AMBIGUOUS}\n").repeat(lines));
    }
    import(&dir, "a.jsonl b.jsonl c.jsonl");
    assert_eq!(retry(&dir, ""), [3, 3, 0, 0], "the store holds the maximum");
    comes_back(&dir, &["a.jsonl", "b.jsonl", "c.jsonl"]);
}

#[test]
fn the_ids_are_those_that_an_import_would_have_given() {
    let ids = "SELECT json_group_array(event_id) FROM (SELECT event_id FROM events ORDER BY event_id)";
    let (retried, imported) = (TestDir::new(), TestDir::new());
    for dir in [&retried, &imported] {
        write(dir, "a.jsonl", format!("{AMBIGUOUS}\n{NEXT}\n{AMBIGUOUS}\n"));
    }
    import(&retried, "a.jsonl");
    retry(&retried, "");
    let run = in_berlin(&imported).run("import-legacy a.jsonl");
    assert_eq!(run.code, 0);
    assert_eq!(ask::<String>(&retried, ids), ask::<String>(&imported, ids));
}

#[test]
fn a_conflict_stays_rejected_and_a_repeat_is_known_as_one() {
    let dir = TestDir::new();
    let with_id = |n: &str| {
        format!(
            "{{\"event_id\": \"x\", \"event_type\": \"A\", \"timestamp\": \"2025-10-26T02:30:00\", \"n\": {n}}}\n"
        )
    };
    write(&dir, "a.jsonl", with_id("1") + &with_id("2") + &with_id("1.0") + NEXT);
    import(&dir, "a.jsonl");
    assert_eq!(retry(&dir, ""), [1, 0, 1, 1]);
    assert_eq!(retry(&dir, ""), [0, 0, 0, 1]);
    comes_back(&dir, &["a.jsonl"]);
}

#[test]
fn the_counts_of_the_log_follow() {
    let dir = with_rejects();
    let counts = "SELECT json_array(records, imported, already_present, duplicates, rejected) FROM sources WHERE source_id = 1";
    assert_eq!(ask::<String>(&dir, counts), "[4,0,0,0,4]");
    retry(&dir, "");
    assert_eq!(ask::<String>(&dir, counts), "[4,1,0,0,3]");
}

#[test]
fn a_store_that_is_not_there_is_not_made() {
    let dir = TestDir::new();
    for line in ["rejects", "rejects retry", "rejects retry --dry-run"] {
        let run = quiet(&dir).run(line);
        assert_eq!((run.code, run.stdout.as_str()), (4, ""), "{line}");
        assert!(run.stderr.starts_with("error: there is no store at events.db"), "{}", run.stderr);
        assert!(!dir.join(DATABASE).exists(), "{line}");
    }
}

#[test]
fn many_rejects_become_events_over_several_transactions() {
    let dir = TestDir::new();
    let lines: String = (0..1_203)
        .map(|n| format!("{{\"type\": \"A\", \"n\": {n}, \"timestamp\": \"2025-10-26T02:30:00\"}}\n"))
        .collect();
    write(&dir, "a.jsonl", format!("{NEXT}\n{lines}"));
    import(&dir, "a.jsonl");
    assert_eq!(retry(&dir, ""), [1_203, 0, 0, 0]);
    assert_eq!(ask::<i64>(&dir, "SELECT count(*) FROM rejects WHERE retried_position IS NULL"), 0);
    comes_back(&dir, &["a.jsonl"]);
}

#[test]
fn the_export_of_a_log_rests_on_the_event_that_its_reject_became() {
    let dir = TestDir::new();
    write(&dir, "a.jsonl", format!("{AMBIGUOUS}\n{NEXT}\n"));
    import(&dir, "a.jsonl");
    retry(&dir, "");
    comes_back(&dir, &["a.jsonl"]);
    tamper(&dir.join(DATABASE), "UPDATE events SET body = replace(body, 'A', 'C') WHERE position = 2");
    assert_eq!(quiet(&dir).run("export --force --to out").code, 1);
}

#[test]
fn a_reject_that_another_run_has_retried_meanwhile_is_left_alone() {
    let dir = TestDir::new();
    write(&dir, "a.jsonl", format!("{AMBIGUOUS}\n{NEXT}\n"));
    import(&dir, "a.jsonl");
    let open = || SqliteRejects::open_for_retry(&dir.join(DATABASE), RejectFilter::default(), false).unwrap();
    let reading = ReadOptions {
        zone: berlin(),
        dst: DstPolicy::Resolve,
        mapping: Mapping::BuiltIn,
        since: None,
        until: None,
    };
    let mut slow = Slow {
        store: open(),
        meanwhile: Some(Box::new(|| {
            let mut store = open();
            RetryRejects::new(reading.clone(), &mut store, &holds_whole_record).run().unwrap()
        })),
    };
    let report = RetryRejects::new(reading.clone(), &mut slow, &holds_whole_record).run().unwrap();
    assert_eq!((report.tried, report.imported), (0, 0));
    assert_eq!(ask::<i64>(&dir, "SELECT count(*) FROM events"), 2);
}

/// A store to which something else happens before anything is saved.
struct Slow<'m> {
    store: SqliteRejects,
    meanwhile: Option<Box<dyn FnOnce() -> RetryReport + 'm>>,
}

impl RejectStore for Slow<'_> {
    fn next(&mut self, previous: Option<&Quarantined>) -> Result<Option<Quarantined>, RepositoryError> {
        self.store.next(previous)
    }

    fn save(&mut self, records: &[Retried]) -> Result<Vec<Option<Outcome>>, RepositoryError> {
        if let Some(meanwhile) = self.meanwhile.take() {
            assert_eq!(meanwhile().imported, 1);
        }
        self.store.save(records)
    }
}
