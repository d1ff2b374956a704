//! What the legacy system writes, read by the import and the comparison.

use std::sync::Arc;
use std::time::Duration;

use mission_events::legacy_system::{DispatcherSettings, EventDispatcher, LegacyFiles, SystemClock};
use serde_json::{Value, json};

use super::{briefings, defined};
use crate::support::test_dir::TestDir;
use crate::support::{cli, write};

fn dispatcher(dir: &TestDir) -> EventDispatcher {
    let files = LegacyFiles::beside(&dir.join("data/events.json"), &dir.join("data/events"));
    EventDispatcher::open(files, DispatcherSettings::default(), Arc::new(SystemClock::default())).unwrap()
}

#[test]
fn what_queue_event_writes_is_imported_and_compared_without_a_reject_naive_times_included() {
    let dir = TestDir::new();
    let dispatcher = dispatcher(&dir);
    let events = [
        r#"{"type": "TaskCreated", "task_id": "T123", "title": "My Task", "timestamp": "2025-10-25T10:00:00"}"#,
        r#"{"type": "TaskUpdated", "task_id": "T123", "title": "Zoë \ud83d\ude00", "timestamp": "2025-10-25 10:00:00.5"}"#,
        r#"{"type": "TaskUpdated", "task_id": "T123", "cost": NaN, "n": 1.50, "timestamp": "2025-10-25T12:00:00+02:00"}"#,
        r#"{"type": "TaskDeleted", "task_id": "T123"}"#,
    ];
    for event in events {
        dispatcher.queue_event(event).unwrap();
    }
    drop(dispatcher);
    let import = cli(&dir).run("-q import-legacy data/events.json --into store.db --format json").json();
    assert_eq!(
        (&import["records"], &import["imported"], &import["rejected"]),
        (&json!(4), &json!(4), &json!(0))
    );
    let compared = cli(&dir).run("-q compare-logs data/events.json data/events.json --format json").json();
    assert_eq!((&compared["verdict"], &compared["matched"]), (&json!("consistent"), &json!(4)));
}

#[test]
fn every_event_that_was_queued_is_in_the_log_after_the_process_was_killed_and_python_can_read_it() {
    let dir = TestDir::new();
    let dispatcher = dispatcher(&dir);
    for number in 0..3 {
        dispatcher
            .queue_event(&format!(r#"{{"type": "TaskCreated", "task_id": "T{number}", "title": "é"}}"#))
            .unwrap();
    }
    // As a kill leaves it: nothing is closed.
    std::mem::forget(dispatcher);
    let log: Vec<Value> =
        serde_json::from_slice(&std::fs::read(dir.join("data/events.json")).unwrap()).unwrap();
    let tasks: Vec<&Value> = log.iter().map(|event| &event["task_id"]).collect();
    assert_eq!(tasks, ["T0", "T1", "T2"]);
}

#[test]
fn a_folder_of_events_that_holds_definitions_and_five_backups_imports_and_compares_with_0() {
    let dir = defined(&[briefings()]);
    for _ in 0..3 {
        for command in ["disable", "enable"] {
            cli(&dir).run(&format!("legacy definitions {command} file_changed_briefings")).result();
            // Backups are named by the time.
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    let backups = std::fs::read_dir(dir.join("data/events")).unwrap();
    let backups = backups.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name().into_string().unwrap();
        name.starts_with("event_definitions.json.backup.") && name.ends_with(".json")
    });
    assert_eq!(backups.count(), 5);
    let event = r#"{"event_id": "e1", "event_type": "TaskCreated", "timestamp": "2025-10-25T10:00:00Z", "aggregate_id": "T1"}"#;
    write(&dir, "data/events/events-2025-10-25.jsonl", format!("{event}\n"));
    write(&dir, "log.jsonl", format!("{event}\n"));
    let import = cli(&dir).run("-q import-legacy data/events --into store.db --format json").json();
    assert_eq!((&import["imported"], &import["rejected"]), (&json!(1), &json!(0)));
    let skipped = import["skipped_files"].as_array().unwrap();
    assert!(skipped.iter().all(|file| file["holds_events"] == false), "{skipped:?}");
    cli(&dir).run("-q compare-logs log.jsonl data/events").result();
}

#[test]
fn the_event_and_the_old_way_to_ask_for_it_are_those_of_the_migration_guide() {
    let dir = TestDir::new();
    let event = json!({"type": "TaskCreated", "task_id": "T123", "title": "My Task", "timestamp": "2025-10-25T10:00:00"});
    dispatcher(&dir).queue_event(&event.to_string()).unwrap();
    assert_eq!(
        std::fs::read_to_string(dir.join("data/events.json")).unwrap(),
        r#"[{"type": "TaskCreated", "task_id": "T123", "title": "My Task", "timestamp": "2025-10-25T10:00:00"}]"#
    );
}
