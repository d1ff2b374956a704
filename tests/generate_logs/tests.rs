//! The generator is held against readers that share no code with it.

mod reader;

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::generator::python_json::{self, Layout, Spelling, Value as Python};
use crate::generator::shapes::EventIds;
use crate::generator::summary::Summary;
use crate::generator::{self, Plan};
use reader::Counts;

fn plan() -> Plan {
    Plan { events: 2_000, days: 9, ..Plan::default() }
}

fn with_traps(seed: u64) -> Plan {
    // Enough for every variant of every trap to have its turn.
    Plan { seed, traps: true, events: 8_000, ..plan() }
}

fn legacy(plan: &Plan, layout: Layout) -> (Vec<u8>, Summary) {
    let mut log = Vec::new();
    let summary = generator::write_legacy(plan, layout, &mut log).unwrap();
    (log, summary)
}

/// The files of a folder by name, in order.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_file())
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    files
}

fn daily(plan: &Plan) -> (Vec<(String, Vec<u8>)>, Summary) {
    let folder = TempDir::new().unwrap();
    let summary = generator::write_daily(plan, folder.path()).unwrap();
    (files(folder.path()), summary)
}

fn daily_events(plan: &Plan) -> Vec<(String, Value)> {
    let mut events = Vec::new();
    for (name, bytes) in daily(plan).0 {
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.ends_with('\n'), "{name} ends with a whole line");
        for line in text.lines() {
            events.push((name.clone(), serde_json::from_str(line).unwrap()));
        }
    }
    events
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_gives_others() {
    for traps in [false, true] {
        let first = Plan { traps, ..plan() };
        let other = Plan { seed: 2, ..first.clone() };
        assert_eq!(daily(&first).0, daily(&first).0);
        assert_ne!(daily(&first).0, daily(&other).0);
        assert_eq!(legacy(&first, Layout::Compact).0, legacy(&first, Layout::Compact).0);
        assert_ne!(legacy(&first, Layout::Compact).0, legacy(&other, Layout::Compact).0);
    }
}

#[test]
fn a_log_without_traps_is_plain_json_with_as_many_events_as_were_asked_for() {
    assert_eq!(daily_events(&plan()).len(), 2_000);
    for layout in [Layout::Compact, Layout::Tight, Layout::Indented(2)] {
        let (log, summary) = legacy(&plan(), layout);
        let events: Vec<Value> = serde_json::from_slice(&log).unwrap();
        assert_eq!(events.len(), 2_000);
        assert_eq!((summary.records, summary.imported), (2_000, 2_000));
        assert!(summary.traps.is_empty());
    }
}

#[test]
fn an_empty_workload_is_an_empty_array() {
    let none = Plan { events: 0, traps: false, ..plan() };
    assert_eq!(legacy(&none, Layout::Compact).0, b"[]");
    assert_eq!(legacy(&none, Layout::Indented(2)).0, b"[]");
}

#[test]
fn new_events_lie_in_the_file_of_their_day_and_their_ids_ascend_with_their_times() {
    // So dense that a time cut to whole seconds could fall before the one that precedes it.
    let dense = Plan { events: 40_000, days: 2, ..plan() };
    let events = daily_events(&dense);
    for (name, event) in &events {
        let day = &event["timestamp"].as_str().unwrap()[..10];
        assert_eq!(*name, format!("events-{day}.jsonl"));
    }
    for pair in events.windows(2) {
        let field = |index: usize, key: &str| pair[index].1[key].as_str().unwrap().to_owned();
        assert!(field(0, "timestamp") <= field(1, "timestamp"));
        assert!(field(0, "event_id") < field(1, "event_id"));
    }
}

#[test]
fn ids_ascend_within_a_millisecond_and_within_a_microsecond() {
    let mut ids = EventIds::new(1);
    let made = [1_000, 1_001, 1_001, 1_001, 1_002, 1_999, 2_000].map(|at| ids.next(at));
    assert!(made.is_sorted_by(|earlier, later| earlier < later), "{made:?}");
}

#[test]
fn ids_are_version_7_uuids_that_carry_the_time_of_the_event() {
    for (_, event) in daily_events(&plan()) {
        let id: uuid::Uuid = event["event_id"].as_str().unwrap().parse().unwrap();
        let time = event["timestamp"].as_str().unwrap();
        let millis = chrono::DateTime::parse_from_rfc3339(time).unwrap().timestamp_millis();
        assert_eq!(id.get_version_num(), 7);
        let (seconds, nanos) = id.get_timestamp().unwrap().to_unix();
        assert_eq!(seconds as i64 * 1000 + i64::from(nanos / 1_000_000), millis);
    }
}

#[test]
fn both_forms_tell_the_same_workload() {
    let (log, _) = legacy(&plan(), Layout::Compact);
    let old: Vec<Value> = serde_json::from_slice(&log).unwrap();
    for (old, (_, new)) in old.iter().zip(daily_events(&plan())) {
        assert_eq!(old["type"], new["event_type"]);
        assert_eq!(old["task_id"], new["aggregate_id"]);
        for (key, value) in old.as_object().unwrap() {
            if key != "type" && key != "timestamp" {
                assert_eq!(value, &new[key], "{key}");
            }
        }
    }
}

#[test]
fn the_changes_of_an_update_are_a_list_of_names_or_an_object_of_values() {
    let (mut lists, mut objects) = (0, 0);
    for (_, event) in daily_events(&plan()) {
        match &event["changes"] {
            Value::Array(names) => {
                lists += 1;
                let names = || names.iter().map(|name| name.as_str().unwrap());
                for values in ["old_values", "new_values"] {
                    assert!(names().eq(event[values].as_object().unwrap().keys()), "{event}");
                }
            }
            Value::Object(changes) => {
                objects += 1;
                assert!(changes.values().all(|change| change["old"] != change["new"]), "{event}");
                assert_eq!((&event["old_values"], &event["new_values"]), (&Value::Null, &Value::Null));
            }
            _ => assert_ne!(event["event_type"], "TaskUpdated", "{event}"),
        }
    }
    assert!(lists > 300 && objects > 300, "{lists} lists, {objects} objects");
}

#[test]
fn a_task_is_created_before_anything_else_happens_to_it_and_nothing_happens_after_its_end() {
    let mut open = std::collections::HashSet::new();
    for (_, event) in daily_events(&plan()) {
        let task = event["task_id"].as_str().unwrap().to_owned();
        match event["event_type"].as_str().unwrap() {
            "TaskCreated" => assert!(open.insert(task)),
            "TaskUpdated" => assert!(open.contains(&task)),
            _ => assert!(open.remove(&task)),
        }
    }
}

#[test]
fn strings_are_escaped_as_python_escapes_them() {
    let record = vec![("key", Python::text("a\"\\\n\u{1}\u{7f}ü🚀")), ("none", Python::Object(vec![]))];
    let written = |ascii| {
        let mut out = Vec::new();
        python_json::write_object(&mut out, &record, Spelling { layout: Layout::Compact, ascii });
        String::from_utf8(out).unwrap()
    };
    assert_eq!(written(true), r#"{"key": "a\"\\\n\u0001\u007f\u00fc\ud83d\ude80", "none": {}}"#);
    assert_eq!(written(false), "{\"key\": \"a\\\"\\\\\\n\\u0001\u{7f}ü🚀\", \"none\": {}}");
}

#[test]
fn the_counts_of_a_daily_log_with_traps_agree_with_an_independent_reader() {
    for seed in 0..4 {
        let (files, summary) = daily(&with_traps(seed));
        let mut counts = Counts::default();
        for (_, bytes) in &files {
            counts.read_lines(bytes);
        }
        counts.assert_agrees_with(&summary);
        assert!(!files[files.len() - 1].1.ends_with(b"\n"), "the last line is torn");
    }
}

#[test]
fn the_counts_of_a_legacy_log_with_traps_agree_with_an_independent_reader() {
    for (seed, layout) in [(0, Layout::Compact), (1, Layout::Indented(2)), (2, Layout::Tight)] {
        let (log, summary) = legacy(&with_traps(seed), layout);
        let mut counts = Counts::default();
        counts.read_array(&log);
        counts.assert_agrees_with(&summary);
    }
}

#[test]
fn traps_leave_the_workload_as_it_was() {
    let sound = |plan: &Plan| -> Vec<u8> {
        let (log, _) = legacy(plan, Layout::Indented(2));
        log[log.len() / 2..][..200].to_vec()
    };
    let (log, _) = legacy(&Plan { traps: true, ..plan() }, Layout::Indented(2));
    let passage = sound(&plan());
    assert!(log.windows(passage.len()).any(|window| window == passage));
}

#[test]
fn the_sample_data_is_what_the_generator_makes() {
    let folder = TempDir::new().unwrap();
    generator::write_fortnight(20_251_013, folder.path()).unwrap();
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");

    let made = fs::read(folder.path().join("events.json")).unwrap();
    assert!(made == fs::read(data.join("events.json")).unwrap(), "events.json differs");

    let days = files(&folder.path().join("events"));
    assert_eq!(days.len(), 7);
    for (name, made) in days {
        assert!(made == fs::read(data.join("events").join(&name)).unwrap(), "{name} differs");
    }
}
