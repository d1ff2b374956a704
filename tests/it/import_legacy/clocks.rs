//! Times without offset: which zone they are read in, and what is said about it.

use std::collections::BTreeMap;

use super::{Counts, DATABASE, Report, rows};
use crate::support::cli::{Run, cli, write};
use crate::support::instant;
use crate::support::test_dir::TestDir;

/// A working directory whose `events.json` has a record for each of the times.
fn log_of(times: &[&str]) -> TestDir {
    let record = |time: &&str| format!(r#"{{"type": "A", "timestamp": "{time}"}}"#);
    let records: Vec<String> = times.iter().map(record).collect();
    let dir = TestDir::new();
    write(&dir, "events.json", format!("[{}]", records.join(", ")));
    dir
}

/// Imports it with what the operator has set.
fn run(dir: &TestDir, settings: &[(&str, &str)], arguments: &str) -> Run {
    let program = cli(dir).env("MISSION_CONTROL_STORAGE_BACKEND", "sqlite");
    let program = settings.iter().fold(program, |program, (name, value)| program.env(name, value));
    program.run(&format!("--format json import-legacy events.json --into {DATABASE} {arguments}"))
}

fn in_berlin(dir: &TestDir, arguments: &str) -> Report {
    Report::of(run(dir, &[("MISSION_CONTROL_TIMEZONE", "Europe/Berlin")], arguments))
}

fn flags<const N: usize>(flags: [(&str, u64); N]) -> BTreeMap<String, u64> {
    flags.map(|(name, count)| (name.to_owned(), count)).into()
}

#[track_caller]
fn assert_times(dir: &TestDir, expected: &[&str]) {
    let stored: Vec<i64> = rows(dir, DATABASE).iter().map(|row| row.occurred_at).collect();
    let expected: Vec<i64> = expected.iter().map(|time| instant(time).timestamp_micros()).collect();
    assert_eq!(stored, expected);
}

const PLAIN: [&str; 3] = ["2025-10-25T10:00:00", "2025-10-25T10:00:01Z", "2025-10-25 10:00:02.5"];

#[test]
fn naive_times_are_warned_of_while_no_zone_is_set() {
    let dir = log_of(&PLAIN);
    let run = run(&dir, &[], "");
    assert_eq!(run.code, 0);
    assert_eq!(
        run.stderr,
        "warning: 2 records have a timestamp without offset, which was read as UTC, because no `timezone` is set. \
         If the log was written in another zone, set it and import into a new store\n"
    );
    let report: Report = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report.flags, flags([("naive", 2)]));
    assert_times(&dir, &["2025-10-25T10:00:00Z", "2025-10-25T10:00:01Z", "2025-10-25T10:00:02.5Z"]);
}

#[test]
fn naive_times_are_read_in_the_zone_that_is_set_without_a_warning() {
    let dir = log_of(&PLAIN);
    let report = in_berlin(&dir, "");
    assert_eq!(report.flags, flags([("naive", 2)]));
    assert_times(&dir, &["2025-10-25T08:00:00Z", "2025-10-25T10:00:01Z", "2025-10-25T08:00:02.5Z"]);

    let dir = log_of(&PLAIN);
    write(&dir, "mission-events.toml", "timezone = \"Asia/Kolkata\"\n");
    Report::of(run(&dir, &[], ""));
    assert_times(&dir, &["2025-10-25T04:30:00Z", "2025-10-25T10:00:01Z", "2025-10-25T04:30:02.5Z"]);
}

#[test]
fn a_log_without_naive_times_is_not_warned_of() {
    let dir = log_of(&["2025-10-25T10:00:00Z", "2025-10-25T10:00:00+02:00"]);
    assert_eq!(Report::of(run(&dir, &[], "")).flags, flags([]));
}

#[test]
fn the_repeated_hour_is_the_earlier_one_until_the_log_steps_back_and_then_the_later_one() {
    let dir = log_of(&[
        "2025-10-26T01:59:59",
        "2025-10-26T02:10:00",
        "2025-10-26T02:50:00",
        "2025-10-26T02:20:00",
        "2025-10-26T02:55:00",
        "2025-10-26T03:00:00",
    ]);
    let report = in_berlin(&dir, "");
    assert_eq!(report.total, Counts { records: 6, imported: 6, ..Counts::default() });
    assert_eq!(report.flags, flags([("naive", 6), ("ambiguous_local_time", 4)]));
    assert_times(
        &dir,
        &[
            "2025-10-25T23:59:59Z",
            "2025-10-26T00:10:00Z",
            "2025-10-26T00:50:00Z",
            "2025-10-26T01:20:00Z",
            "2025-10-26T01:55:00Z",
            "2025-10-26T02:00:00Z",
        ],
    );
}

#[test]
fn each_log_steps_back_for_itself() {
    let dir = log_of(&["2025-10-26T02:50:00", "2025-10-26T02:20:00"]);
    write(&dir, "more.jsonl", r#"{"type": "B", "timestamp": "2025-10-26T02:20:00"}"#);
    in_berlin(&dir, "more.jsonl");
    assert_times(&dir, &["2025-10-26T00:50:00Z", "2025-10-26T01:20:00Z", "2025-10-26T00:20:00Z"]);
}

#[test]
fn a_missing_hour_moves_forward() {
    let dir = log_of(&["2025-03-30T01:59:59", "2025-03-30T02:30:00", "2025-03-30T03:00:00"]);
    let report = in_berlin(&dir, "");
    assert_eq!(report.flags, flags([("naive", 3), ("missing_local_time", 1)]));
    assert_times(&dir, &["2025-03-30T00:59:59Z", "2025-03-30T01:30:00Z", "2025-03-30T01:00:00Z"]);
}

#[test]
fn local_times_that_come_twice_or_never_are_rejected_where_that_is_asked_for() {
    let dir = log_of(&[
        "2025-03-30T02:30:00",
        "2025-10-26T02:30:00",
        "2025-10-26T02:30:00+01:00",
        "2025-10-26T12:00:00",
    ]);
    let report = in_berlin(&dir, "--dst reject");
    assert_eq!(report.total, Counts { records: 4, imported: 2, rejected: 2, ..Counts::default() });
    assert_eq!(report.reasons(), ["bad_timestamp", "bad_timestamp"]);
    assert_eq!(report.flags, flags([("naive", 1)]));
    for (reject, time) in report.rejects.iter().zip(["2025-03-30", "2025-10-26"]) {
        assert!(reject.detail.contains(time) && reject.detail.contains("Europe/Berlin"), "{reject:?}");
    }
    assert_times(&dir, &["2025-10-26T01:30:00Z", "2025-10-26T11:00:00Z"]);
}

#[test]
fn a_leap_second_is_the_next_second_and_flagged() {
    let dir = log_of(&["2016-12-31T23:59:60Z", "2025-10-25T10:00:60Z"]);
    let report = in_berlin(&dir, "");
    assert_eq!(report.flags, flags([("leap_second", 1)]));
    assert_eq!(report.reasons(), ["bad_timestamp"]);
    assert_times(&dir, &["2017-01-01T00:00:00Z"]);
}
