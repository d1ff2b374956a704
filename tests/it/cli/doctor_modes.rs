//! What `doctor` and `status` tell of modes, their processes, and mirrors.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use mission_events::internals::application::handling::HandlerKind;
use mission_events::internals::application::handling::store::{
    Durability, HandlerRow, HandlerState, HandlerStore, StreamProgress,
};
use mission_events::internals::application::mode_log::{ModeChange, ModeLog, ProcessMode, UndecidedRecord};
use mission_events::internals::domain::event_system_mode::Routing;
use mission_events::internals::domain::value_objects::{EventId, Position, StreamId};
use mission_events::internals::infrastructure::handler_store::SqliteHandlerStore;
use serde_json::{Value, json};

use crate::support::cli::{Cli, cli, write};
use crate::support::test_dir::TestDir;

fn store(dir: &TestDir) -> SqliteHandlerStore {
    SqliteHandlerStore::open(dir.join("data/handlers.db")).unwrap()
}

fn routing(use_new: bool, parallel: bool) -> Routing {
    Routing::of(use_new, parallel, BTreeSet::new())
}

/// A parallel run with the new side as primary; other settings follow.
fn program(dir: &TestDir, use_new: &str) -> Cli {
    cli(dir)
        .env("MISSION_CONTROL_TIMEZONE", "UTC")
        .env("MISSION_CONTROL_PARALLEL_RUN", "true")
        .env("MISSION_CONTROL_USE_NEW_EVENT_SYSTEM", use_new)
}

fn told(dir: &TestDir, use_new: &str, check: &str) -> Vec<(String, String)> {
    let run = program(dir, use_new).run("-q doctor --format json");
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    let findings =
        document["findings"].as_array().unwrap().iter().filter(|finding| finding["check"] == check);
    findings
        .map(|finding| {
            (finding["severity"].as_str().unwrap().to_owned(), finding["detail"].as_str().unwrap().to_owned())
        })
        .collect()
}

fn put_mirror(store: &SqliteHandlerStore, name: &str, reason: Option<&str>, progress: &[(&str, i64)]) {
    let mut session = store.session(Durability::AtCommit).unwrap();
    let mut transaction = session.begin().unwrap();
    let row = HandlerRow {
        name: name.to_owned(),
        kind: HandlerKind::Effect,
        version: 1,
        state: HandlerState::Running,
        state_reason: reason.map(str::to_owned),
        created_at: DateTime::UNIX_EPOCH,
    };
    transaction.put_handler(&row).unwrap();
    for (stream, position) in progress {
        let progress = StreamProgress {
            stream: StreamId::new(*stream),
            position: Position::new(*position),
            event_id: EventId::new("e1").unwrap(),
            updated_at: DateTime::UNIX_EPOCH,
            detail: None,
        };
        transaction.put_progress(name, &progress).unwrap();
    }
    transaction.commit().unwrap();
}

#[test]
fn a_process_in_another_mode_is_found_and_one_that_does_not_run_is_noted() {
    let dir = TestDir::new();
    let now = Utc::now();
    let log = store(&dir).mode_log().unwrap();
    for (pid, routing, seen_at) in [
        (std::process::id(), routing(false, true), now),
        (u32::MAX, routing(true, true), now),
        (std::process::id() - 1, routing(true, true), now - TimeDelta::hours(1)),
    ] {
        log.put_process(&ProcessMode { pid, routing, since: now, seen_at }).unwrap();
    }
    drop(log);
    let found = told(&dir, "true", "processes");
    let severities: Vec<&str> = found.iter().map(|(severity, _)| severity.as_str()).collect();
    assert_eq!(severities, ["note", "finding", "note"], "{found:?}");
    assert!(
        found[1].1.starts_with("it dispatches in the mode parallel_events, legacy primary since"),
        "{found:?}"
    );
    let status = program(&dir, "true").run("-q status --format json").json();
    assert_eq!(status["processes"].as_array().unwrap().len(), 3);
    assert_eq!(
        status["processes"][2]["runs"],
        cfg!(target_os = "linux").then_some(false).map_or(Value::Null, Value::from)
    );
}

#[test]
fn switches_are_told_by_status_and_undecided_records_by_doctor() {
    let dir = TestDir::new();
    let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
    let log = store(&dir).mode_log().unwrap();
    for second in 0..12 {
        let to = routing(second % 2 == 1, true);
        log.add_change(&ModeChange { at: at(second), from: None, to, heads: Vec::new(), legacy_end: None })
            .unwrap();
    }
    log.add_undecided(&UndecidedRecord {
        mirror: "legacy_mirror".to_owned(),
        found_at: at(5),
        event_id: Some("e7".to_owned()),
        legacy_offset: Some(99),
        detail: "the power was cut".to_owned(),
    })
    .unwrap();
    drop(log);
    let status = program(&dir, "true").run("-q status --format json").json();
    let changes = status["mode_changes"].as_array().unwrap();
    assert_eq!(changes.len(), 10, "the last ten");
    assert_eq!(
        changes[9],
        json!({"at": "1970-01-01T00:00:11+00:00", "from": "parallel_events", "to": "parallel_events", "primary": "new"})
    );
    let found = told(&dir, "true", "undecided_records");
    assert_eq!(found, [("finding".to_owned(), "1970-01-01T00:00:05+00:00: the power was cut".to_owned())]);
    let human = program(&dir, "true").run("-q status").result();
    assert!(human.contains("\nswitches of the mode:\n"), "{human}");
}

#[cfg(feature = "legacy")]
#[test]
fn a_mirror_of_the_store_is_behind_by_the_events_that_it_has_to_bring_and_told_with_its_trouble() {
    use mission_events::{EventRepository, SqliteEventRepository};

    use crate::support::{live, utc};

    let dir = TestDir::new();
    let line = |id: u32| {
        format!(r#"{{"event_id": "e{id}", "event_type": "A", "timestamp": "2025-10-25T10:00:00Z"}}"#)
    };
    write(&dir, "log.jsonl", format!("{}\n", line(0)));
    let program = |use_new| program(&dir, use_new).env("MISSION_CONTROL_STORAGE_BACKEND", "sqlite");
    assert_eq!(program("true").run("-q import-legacy log.jsonl").code, 0);
    let events = SqliteEventRepository::open(dir.join("data/events.db"), utc()).unwrap();
    let head = (1..=2).map(|id| events.save_event(&live(&line(id))).unwrap()).last().unwrap();
    let change = ModeChange {
        at: DateTime::UNIX_EPOCH,
        from: None,
        to: routing(true, true),
        heads: vec![(StreamId::single(), head)],
        legacy_end: None,
    };
    store(&dir).mode_log().unwrap().add_change(&change).unwrap();
    for id in 3..=5 {
        events.save_event(&live(&line(id))).unwrap();
    }
    // Neither what was imported is counted nor what was stored before the run.
    put_mirror(&store(&dir), "legacy_mirror", Some("disk full"), &[("", 1)]);
    let status = |use_new| program(use_new).run("-q status --format json").json();
    let expected = json!({"mirror": "legacy_mirror", "state": "running", "reason": "disk full", "behind": 3});
    assert_eq!(status("true")["mirrors"][0], expected);
    assert_eq!(status("false")["mirrors"][0], expected, "it is left whatever the settings say");
    let run = program("true").env("MISSION_CONTROL_PARALLEL_BEHIND_WARN", "1").run("-q doctor --format json");
    assert!(run.stdout.contains("it is in trouble, and tries again: disk full"), "{}", run.stdout);
    assert!(run.stdout.contains("it is 3 events behind (parallel.behind_warn is 1)"), "{}", run.stdout);
}

#[cfg(feature = "legacy")]
#[test]
fn a_mirror_of_the_outbox_is_behind_by_its_lines() {
    use mission_events::internals::legacy::routing::outbox_file::OutboxFile;
    use mission_events::internals::legacy::routing::ports::{LegacyPlace, Outbox};
    let dir = TestDir::new();
    let outbox = OutboxFile::at(dir.join("data/parallel/outbox.jsonl"));
    std::fs::create_dir_all(dir.join("data/parallel")).unwrap();
    for offset in 0..5 {
        let place = LegacyPlace { offset: offset * 100, length: 10, sha256: [7; 32] };
        outbox
            .append(r#"{"event_id": "e1", "event_type": "A", "timestamp": "2025-10-25T10:00:00Z"}"#, &place)
            .unwrap();
    }
    put_mirror(&store(&dir), "new_mirror", None, &[("outbox", 2)]);
    let stored = r#"{"event_id": "e9", "event_type": "A", "timestamp": "2025-10-25T10:00:00Z"}"#;
    write(&dir, "data/events/events-2025-10-25.jsonl", format!("{stored}\n"));
    let status = program(&dir, "false").run("-q status --format json").json();
    assert_eq!(status["mirrors"][0]["behind"], 3);
    let listed = &status["handlers"]["handlers"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["handler"] == "new_mirror")
        .unwrap()
        .clone();
    assert_eq!(listed["behind"], 3, "no event of the store is one that it is given");
}
