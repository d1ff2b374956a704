//! What is rare in logs, and must be right all the same: the hour that comes twice, ids that are numbers,
//! times deep within, values that differ by the thousand.

use super::{consistent, different, document, jsonl, quiet};
use crate::support::cli::{Cli, cli, write};
use crate::support::test_dir::TestDir;

fn in_berlin(dir: &TestDir) -> Cli {
    cli(dir).env("MISSION_CONTROL_TIMEZONE", "Europe/Berlin")
}

fn compared_in_berlin(dir: &TestDir, arguments: &str) -> serde_json::Value {
    document(in_berlin(dir).run(&format!("--format json compare-logs {arguments}")))
}

fn lines(lines: &[&str]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[test]
fn naive_times_of_the_hour_that_comes_twice_are_the_same_in_any_order_by_id_or_by_content() {
    let dir = TestDir::new();
    let new = [
        r#"{"event_id": "e1", "event_type": "A", "timestamp": "2025-10-26T02:50:00", "aggregate_id": "T1", "v": 1}"#,
        r#"{"event_id": "e2", "event_type": "A", "timestamp": "2025-10-26T02:10:00", "aggregate_id": "T1", "v": 2}"#,
        r#"{"event_id": "e3", "event_type": "A", "timestamp": "2025-10-26T12:00:00", "aggregate_id": "T1", "v": 3}"#,
    ];
    let legacy = [
        r#"{"type": "A", "timestamp": "2025-10-26T02:50:00", "task_id": "T1", "v": 1}"#,
        r#"{"type": "A", "timestamp": "2025-10-26T02:10:00", "task_id": "T1", "v": 2}"#,
        r#"{"type": "A", "timestamp": "2025-10-26T12:00:00", "task_id": "T1", "v": 3}"#,
    ];
    write(&dir, "new.jsonl", lines(&new));
    write(&dir, "turned.jsonl", lines(&[new[2], new[1], new[0]]));
    write(&dir, "legacy.jsonl", lines(&legacy));
    write(&dir, "copy.jsonl", lines(&new));
    for sides in [
        "new.jsonl turned.jsonl",
        "legacy.jsonl new.jsonl",
        "legacy.jsonl turned.jsonl",
        "new.jsonl copy.jsonl",
    ] {
        let found = compared_in_berlin(&dir, sides);
        assert_eq!(
            (&found["verdict"], &found["matched"]),
            (&"consistent".into(), &3.into()),
            "{sides}: {found:#}"
        );
    }
}

#[test]
fn a_rule_disregards_a_field_in_the_hour_that_comes_twice_as_well() {
    let dir = TestDir::new();
    write(
        &dir,
        "naive.jsonl",
        lines(&[
            r#"{"type": "A", "timestamp": "2025-10-26T02:50:00", "task_id": "T1", "v": 1, "host": "a"}"#,
            r#"{"type": "A", "timestamp": "2025-10-26T12:00:00", "task_id": "T1", "v": 3, "host": "a"}"#,
        ]),
    );
    write(
        &dir,
        "utc.jsonl",
        lines(&[
            r#"{"type": "A", "timestamp": "2025-10-26T01:50:00Z", "task_id": "T1", "v": 1, "host": "b"}"#,
            r#"{"type": "A", "timestamp": "2025-10-26T11:00:00Z", "task_id": "T1", "v": 3, "host": "b"}"#,
        ]),
    );
    let found = compared_in_berlin(&dir, "naive.jsonl utc.jsonl --ignore host=machine");
    assert_eq!(found["verdict"], "consistent", "{found:#}");
    assert_eq!(found["ignored"][0]["pairs"], 2);
}

#[test]
fn ids_that_are_numbers_and_types_in_a_title_are_no_trouble_for_the_self_test() {
    let dir = TestDir::new();
    write(
        &dir,
        "a.jsonl",
        lines(&[r#"{"event_id": 1, "event_type": "A", "timestamp": "2025-10-20T10:00:00Z"}"#]),
    );
    consistent(&dir, "a.jsonl a.jsonl", 1);
    write(&dir, "b.jsonl", lines(&[r#"{"title": "opened", "t": "2025-10-20T10:00:00Z", "v": 1}"#]));
    consistent(&dir, "b.jsonl b.jsonl --event-id none --event-type title --timestamp t", 1);
}

#[test]
fn a_time_and_an_id_that_a_mapping_finds_deep_within_are_no_content() {
    let dir = TestDir::new();
    let log = |zone: &str, v: u32| {
        let event = |number: u32| {
            format!(
                r#"{{"meta": {{"more": [{{"t": 1}}], "t": "2025-10-25T10:00:0{number}{zone}", "id": "a{number}"}}, "kind": "A", "v": {v}}}"#
            )
        };
        jsonl(&(0..4).map(event).collect::<Vec<_>>())
    };
    write(&dir, "a.jsonl", log("", 1));
    write(&dir, "b.jsonl", log(".000+00:00", 1));
    write(&dir, "c.jsonl", log("Z", 2));
    let mapping = "--event-type kind --timestamp meta.t --event-id meta.id";
    consistent(&dir, &format!("a.jsonl b.jsonl {mapping}"), 4);
    consistent(
        &dir,
        "a.jsonl b.jsonl --event-type kind --timestamp meta.t --event-id none --aggregate meta.id",
        4,
    );
    different(&dir, &format!("a.jsonl c.jsonl {mapping}"), &[("changed", 4)]);
}

#[test]
fn events_of_one_time_in_several_spellings_are_paired_by_their_spelling_in_any_order() {
    let dir = TestDir::new();
    let event = |v: &str| {
        format!(r#"{{"type": "A", "task_id": "T", "timestamp": "2025-10-25T10:00:00Z", "v": {v}}}"#)
    };
    write(&dir, "a.jsonl", jsonl(&[event("1"), event("1.0")]));
    write(&dir, "b.jsonl", jsonl(&[event("1.0"), event("1")]));
    write(&dir, "c.jsonl", jsonl(&[event("1.0"), event("1.0")]));
    assert_eq!(consistent(&dir, "a.jsonl b.jsonl", 2)["representation"], 0);
    assert_eq!(consistent(&dir, "a.jsonl c.jsonl", 2)["representation"], 1);
}

#[test]
fn values_that_differ_by_the_thousand_are_all_shown() {
    let dir = TestDir::new();
    let log = |shift: u32| {
        let values: Vec<String> =
            (0..5_000).map(|number| format!("\"f{number}\": {}", number + shift)).collect();
        format!(
            "{{\"type\": \"A\", \"task_id\": \"T\", \"timestamp\": \"2025-10-25T10:00:00Z\", \"v\": 1, {}}}\n",
            values.join(", ")
        )
    };
    write(&dir, "a.jsonl", log(0));
    write(&dir, "b.jsonl", log(1));
    let found = different(&dir, "a.jsonl b.jsonl", &[("changed", 1)]);
    let fields = found["differences"][0]["fields"].as_array().unwrap();
    assert_eq!(fields.len(), 5_000);
    assert!(fields.iter().all(|field| field["control"].is_string() && field["candidate"].is_string()));
}

#[test]
fn naive_times_without_a_zone_are_warned_of() {
    let dir = TestDir::new();
    write(&dir, "a.jsonl", lines(&[r#"{"type": "A", "task_id": "T", "timestamp": "2025-10-25T10:00:00"}"#]));
    let said = cli(&dir).run("compare-logs a.jsonl a.jsonl").stderr;
    assert!(
        said.contains("1 event has a timestamp without offset") || said.contains("2 events have"),
        "{said}"
    );
    assert_eq!(quiet(&dir).run("compare-logs a.jsonl a.jsonl").stderr, "");
}
