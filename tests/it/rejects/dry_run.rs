//! A dry run of `rejects retry`: the same answers as the retry, and nothing that a writer waits for.

use std::path::Path;
use std::time::Duration;

use mission_events::internals::application::import::{Outcome, ReadOptions};
use mission_events::internals::application::rejects::{Quarantined, RejectStore, Retried, RetryRejects};
use mission_events::internals::domain::repository::RepositoryError;
use mission_events::internals::infrastructure::sources::holds_whole_record;
use mission_events::internals::infrastructure::sqlite::{RejectFilter, SqliteRejects};
use rusqlite::{Connection, TransactionBehavior};
use serde_json::Value;

use super::{DATABASE, import, in_berlin, with_rejects};
use crate::support::berlin;
use crate::support::cli::write;
use crate::support::test_dir::TestDir;

/// A store to whose database something else happens before each call.
struct Shared<'m> {
    store: SqliteRejects,
    meanwhile: &'m mut dyn FnMut(),
}

impl RejectStore for Shared<'_> {
    fn next(&mut self, previous: Option<&Quarantined>) -> Result<Option<Quarantined>, RepositoryError> {
        (self.meanwhile)();
        self.store.next(previous)
    }

    fn save(&mut self, records: &[Retried]) -> Result<Vec<Option<Outcome>>, RepositoryError> {
        (self.meanwhile)();
        self.store.save(records)
    }
}

/// Saves an event, and does not wait for anything.
fn save_at_once(database: &Path, number: usize) -> rusqlite::Result<usize> {
    let writer = Connection::open(database)?;
    writer.busy_timeout(Duration::ZERO)?;
    writer.execute(
        "INSERT INTO events (event_id, event_type, occurred_at, body, origin, recorded_at, id_derived)
         VALUES (?1, 'A', 0, '{}', 'native', 0, 0)",
        [format!("live-{number}")],
    )
}

#[test]
fn a_live_writer_never_waits_for_a_dry_run() {
    let dir = TestDir::new();
    let line = |n| format!("{{\"type\": \"A\", \"n\": {n}, \"timestamp\": \"2025-10-26T02:30:00\"}}\n");
    write(&dir, "a.jsonl", (0..1_203).map(line).collect::<String>());
    import(&dir, "a.jsonl");
    let database = dir.join(DATABASE);
    let mut saved = 0;
    let mut save = || {
        saved += 1;
        save_at_once(&database, saved).unwrap();
    };
    let store = SqliteRejects::open_for_retry(&database, RejectFilter::default(), true).unwrap();
    let mut shared = Shared { store, meanwhile: &mut save };
    let report =
        RetryRejects::new(ReadOptions::new(berlin()), &mut shared, &holds_whole_record).run().unwrap();
    assert_eq!((report.tried, report.imported), (1_203, 1_203));
    assert!(saved > 1_203);
    let events: usize = Connection::open(database)
        .unwrap()
        .query_row("SELECT count(*) FROM events", [], |row| row.get(0))
        .unwrap();
    assert_eq!(events, saved, "nothing else was stored");
}

#[test]
fn a_dry_run_does_not_wait_for_a_live_writer_either() {
    let dir = with_rejects();
    let mut writer = Connection::open(dir.join(DATABASE)).unwrap();
    let writing = writer.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    writing.execute("UPDATE sources SET settings = settings", []).unwrap();
    let report = answer(&dir, "--dry-run");
    assert_eq!((&report["imported"], &report["still_rejected"]), (&1.into(), &6.into()));
    drop(writing);
}

/// What a retry answers, without its name.
fn answer(dir: &TestDir, arguments: &str) -> Value {
    let run = in_berlin(dir).run(&format!("--format json rejects retry {arguments}"));
    let mut report: Value = serde_json::from_str(&run.stdout).unwrap();
    report.as_object_mut().unwrap().remove("dry_run");
    report["code"] = run.code.into();
    report
}

#[test]
fn a_dry_run_answers_as_the_retry_does_whatever_repeats_within_a_log_and_over_logs() {
    let at = "\"timestamp\": \"2025-10-26T02:30:00\"";
    let plain = format!("{{\"type\": \"A\", {at}}}\n");
    let with_id =
        |id: &str, n: &str| format!("{{\"event_id\": \"{id}\", \"event_type\": \"A\", {at}, \"n\": {n}}}\n");
    let sound = "{\"type\": \"B\", \"timestamp\": \"2025-10-26T04:00:00\"}\n";
    let dir = TestDir::new();
    write(
        &dir,
        "a.jsonl",
        [&*plain, &plain, sound, &with_id("x", "1"), &with_id("x", "1.0"), "nonsense\n"].concat(),
    );
    write(&dir, "b.jsonl", [&*plain, &with_id("x", "1"), &plain, &plain, &with_id("y", "2")].concat());
    write(&dir, "c.jsonl", with_id("y", "2") + &with_id("z", "3").repeat(2) + &plain.repeat(600));
    import(&dir, "a.jsonl b.jsonl c.jsonl");
    // What became events before is known to both.
    let some = dir.join("b.jsonl").canonicalize().unwrap();
    answer(&dir, &format!("--source {}", some.display()));
    import(&dir, "b.jsonl c.jsonl");
    let dry = answer(&dir, "--dry-run");
    assert_eq!(answer(&dir, "--dry-run"), dry, "it changes nothing");
    assert_eq!(answer(&dir, ""), dry);
    assert!(dry["imported"].as_u64() > Some(500) && dry["already_present"].as_u64() > Some(1), "{dry:#}");
    assert!(dry["duplicates"].as_u64() > Some(0) && dry["still_rejected"].as_u64() > Some(0), "{dry:#}");
}

#[test]
fn a_record_that_conflicts_with_one_of_the_same_dry_run_stays_rejected() {
    let dir = TestDir::new();
    let record = |n: u64| {
        format!(
            "{{\"event_id\": \"x\", \"event_type\": \"A\", \"n\": {n}, \"timestamp\": \"2025-10-26T02:30:00\"}}\n"
        )
    };
    write(&dir, "a.jsonl", record(1) + &record(2));
    import(&dir, "a.jsonl");
    let dry = answer(&dir, "--dry-run");
    assert_eq!((&dry["imported"], &dry["reasons"]["conflict"]), (&1.into(), &1.into()));
    let retried = answer(&dir, "");
    assert_eq!((&retried["imported"], &retried["reasons"]), (&dry["imported"], &dry["reasons"]));
}
