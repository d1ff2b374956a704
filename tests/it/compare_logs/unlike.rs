//! No false "consistent": logs that differ, however little, as files on disk.

use super::{
    SharedEvent, array, compare, different, jsonl, legacy_records, new_records, three_days, write_both,
};
use crate::support::cli::write;
use crate::support::test_dir::TestDir;

const BOTH: &str = "events.json new.jsonl";

#[test]
fn a_value_that_only_looks_the_same_is_different() {
    let with = |records: Vec<String>, value: &str| -> Vec<String> {
        let change = |(number, record): (usize, String)| match number {
            7 => record.replacen('{', &format!("{{\"value\": {value}, "), 1),
            _ => record,
        };
        records.into_iter().enumerate().map(change).collect()
    };
    let dir = TestDir::new();
    for (one, other) in [
        ("1", "true"),
        ("0", "false"),
        ("1", "\"1\""),
        ("null", "\"\""),
        ("null", "\"null\""),
        ("9007199254740992", "9007199254740993"),
        ("0.1", "0.10000000000000001"),
        ("1e400", "1e401"),
        ("\"é\"", "\"e\u{301}\""),
        ("\"a\"", "\"a \""),
        ("\"a\"", "\"A\""),
        ("\"\\ud800\"", "\"\\ud801\""),
        ("\"\\ud800\"", "\"\u{fffd}\""),
        ("[1, 2]", "[2, 1]"),
        ("[]", "{}"),
        ("{\"a\": null}", "{}"),
    ] {
        write(&dir, "events.json", array(&with(legacy_records(&three_days()), one)));
        write(&dir, "new.jsonl", jsonl(&with(new_records(&three_days()), other)));
        different(&dir, BOTH, &[("changed", 1)]);
    }
}

#[test]
fn null_for_a_missing_field_is_different() {
    let dir = TestDir::new();
    write_both(&dir, &three_days(), &three_days());
    let mut candidate = new_records(&three_days());
    candidate[3] = candidate[3].replacen('{', "{\"note\": null, ", 1);
    write(&dir, "new.jsonl", jsonl(&candidate));
    let found = different(&dir, BOTH, &[("changed", 1)]);
    assert_eq!(found["differences"][0]["cause"], "null-versus-missing");
}

#[test]
fn each_second_event_shifted_by_the_same_time_is_different() {
    let dir = TestDir::new();
    let mut candidate = three_days();
    candidate.iter_mut().step_by(2).for_each(|event| event.ahead_ms = 5_000);
    write_both(&dir, &three_days(), &candidate);
    different(&dir, BOTH, &[("time_shifted", 18)]);
}

#[test]
fn a_log_that_is_three_hours_off_is_different_and_a_zone_is_suspected() {
    let dir = TestDir::new();
    let mut candidate = three_days();
    candidate.iter_mut().for_each(|event| event.minute += 180);
    write_both(&dir, &three_days(), &candidate);
    let found = different(&dir, BOTH, &[("time_shifted", 36)]);
    assert!(found["reasons"][0].as_str().unwrap().contains("3h apart"), "{found:#}");
    assert_eq!(found["differences"][0]["cause"], "clock-or-zone");
}

#[test]
fn what_was_swapped_lost_repeated_or_filed_elsewhere_is_different() {
    type Change = fn(&mut Vec<SharedEvent>);
    let swap: Change = |events| {
        let title = events[10].title.clone();
        events[10].title = std::mem::replace(&mut events[13].title, title);
    };
    let retype: Change = |events| events[4].event_type = "TaskDeleted";
    let misfile: Change = |events| events[4].task = "T99".to_owned();
    let lose: Change = |events| drop(events.remove(4));
    let lose_a_day: Change = |events| events.retain(|event| event.minute / 1440 != 1);
    let stop: Change = |events| events.truncate(24);
    let repeat: Change = |events| events.push(events[4].clone());
    let dir = TestDir::new();
    for (change, expected) in [
        (swap, ("changed", 2)),
        (retype, ("retyped", 1)),
        (misfile, ("misfiled", 1)),
        (lose, ("missing", 1)),
        (lose_a_day, ("missing", 12)),
        (stop, ("missing", 12)),
        (repeat, ("duplicated by candidate", 1)),
    ] {
        let mut candidate = three_days();
        change(&mut candidate);
        write_both(&dir, &three_days(), &candidate);
        different(&dir, BOTH, &[expected]);
    }
}

#[test]
fn one_twin_of_a_repeated_event_that_was_removed_is_different() {
    let dir = TestDir::new();
    let mut control = three_days();
    control.push(control[4].clone());
    write_both(&dir, &control, &three_days());
    different(&dir, BOTH, &[("duplicated by control", 1)]);
}

#[test]
fn a_day_on_which_one_side_alone_has_events_shows_as_that_day() {
    let dir = TestDir::new();
    let candidate: Vec<SharedEvent> =
        three_days().into_iter().filter(|event| event.minute / 1440 != 1).collect();
    write_both(&dir, &three_days(), &candidate);
    let found = compare(&dir, BOTH);
    let day = &found["by_day"][1];
    assert_eq!(
        (&day["day"], &day["control"], &day["candidate"], &day["missing"]),
        (&"2025-10-21".into(), &12.into(), &0.into(), &12.into())
    );
}
