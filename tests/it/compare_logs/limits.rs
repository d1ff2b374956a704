//! What a comparison cannot see, shown: each limit is one of the table in `docs/comparison.md`.

use super::{
    SharedEvent, array, compare, consistent, different, jsonl, legacy_records, new_records, run, three_days,
    write_both,
};
use crate::support::cli::write;
use crate::support::test_dir::TestDir;

const BOTH: &str = "events.json new.jsonl";

#[test]
fn a_lost_event_with_a_spurious_identical_one_within_the_tolerance_is_consistent() {
    let dir = TestDir::new();
    let mut candidate = three_days();
    let lost = candidate.remove(5);
    let spurious = SharedEvent { ahead_ms: lost.ahead_ms + 1_900, ..lost };
    candidate.push(spurious.clone());
    write_both(&dir, &three_days(), &candidate);
    consistent(&dir, BOTH, 36);
    // A little later, and it is seen.
    candidate.pop();
    candidate.push(SharedEvent { ahead_ms: spurious.ahead_ms + 1_000, ..spurious });
    write_both(&dir, &three_days(), &candidate);
    different(&dir, BOTH, &[("time_shifted", 1)]);
}

#[test]
fn which_of_several_identical_events_was_lost_is_not_known_only_that_one_was() {
    let dir = TestDir::new();
    let mut control = legacy_records(&three_days());
    let twin = |second: u32| control[5].replace(":00.000000", &format!(":00.{second}00000"));
    let (first, last) = (twin(2), twin(4));
    control.extend([first, last]);
    write(&dir, "events.json", array(&control));
    let mut found = Vec::new();
    for lost in [5, 36, 37] {
        let mut candidate = control.clone();
        candidate.remove(lost);
        write(&dir, "new.json", array(&candidate));
        found.push(different(&dir, "events.json new.json", &[("duplicated by control", 1)]));
    }
    let place = |found: &serde_json::Value| found["differences"][0]["control"]["offset"].clone();
    assert!(place(&found[0]) == place(&found[1]) || place(&found[1]) == place(&found[2]));
}

#[test]
fn what_a_rule_disregards_is_not_seen_but_counted() {
    let dir = TestDir::new();
    let mut candidate = three_days();
    candidate[5].title = "forged".to_owned();
    write_both(&dir, &three_days(), &candidate);
    let found = consistent(&dir, &format!("{BOTH} --ignore title=reworded"), 35);
    assert_eq!(found["ignored"][0]["pairs"], 1);
}

#[test]
fn a_field_that_the_new_system_alone_has_may_say_anything_where_no_default_is_declared() {
    let dir = TestDir::new();
    write_both(&dir, &three_days(), &three_days());
    let forged = jsonl(&new_records(&three_days())).replacen("\"P1\"", "\"forged\"", 1);
    write(&dir, "new.jsonl", forged);
    consistent(&dir, BOTH, 36);
    let strict = "name = \"s\"\n[[one_sided]]\nfield = \"priority\"\ndefault = '\"P1\"'\n[[one_sided]]\nfield = \"status\"\n\
                  [[one_sided]]\nfield = \"metadata\"\n";
    write(&dir, "strict.toml", strict);
    different(&dir, &format!("{BOTH} --profile strict.toml"), &[("changed", 1)]);
}

#[test]
fn what_neither_system_wrote_is_missed_by_both() {
    let dir = TestDir::new();
    let mut both = three_days();
    both.remove(5);
    write_both(&dir, &both, &both);
    consistent(&dir, BOTH, 35);
}

#[test]
fn the_time_of_an_event_is_compared_to_the_microsecond_and_times_within_it_to_the_last_digit() {
    let dir = TestDir::new();
    let with = |fraction: &str, completed: &str| -> String {
        let mut records = legacy_records(&three_days());
        records[5] = records[5].replace(":00.000000\"", &format!(":00.{fraction}\"")).replacen(
            '{',
            &format!("{{\"completed_date\": \"2025-10-20T10:00:00.{completed}\", "),
            1,
        );
        array(&records)
    };
    write(&dir, "events.json", with("1234567", "1234567"));
    for (fraction, completed, expected) in [
        ("1234567", "1234567", None),
        ("1234568", "1234567", None),
        ("123457", "1234567", Some(("time_shifted", 1))),
        ("1234567", "1234568", Some(("changed", 1))),
    ] {
        write(&dir, "other.json", with(fraction, completed));
        let arguments = "events.json other.json --tolerance 0s";
        match expected {
            None => drop(consistent(&dir, arguments, 36)),
            Some(expected) => drop(different(&dir, arguments, &[expected])),
        }
    }
}

#[test]
fn a_whole_log_that_is_off_by_less_than_the_greatest_offset_is_a_clock_and_said_to_be() {
    let dir = TestDir::new();
    let candidate: Vec<SharedEvent> =
        three_days().into_iter().map(|event| SharedEvent { ahead_ms: 59_000, ..event }).collect();
    write_both(&dir, &three_days(), &candidate);
    consistent(&dir, BOTH, 36);
    let said = run(&dir, BOTH).result();
    assert!(said.contains("clocks: the candidate is 59s ahead"), "{said}");
}

#[test]
fn clocks_are_not_set_where_no_content_occurs_exactly_once_on_both_sides() {
    let dir = TestDir::new();
    let twice = |ahead_ms: u32| -> Vec<SharedEvent> {
        let again = |event: SharedEvent| SharedEvent { minute: event.minute + 1, ..event };
        three_days()
            .into_iter()
            .flat_map(|event| [event.clone(), again(event)])
            .map(|event| SharedEvent { ahead_ms, ..event })
            .collect()
    };
    write_both(&dir, &twice(0), &twice(20_000));
    different(&dir, BOTH, &[("time_shifted", 72)]);
    let said = run(&dir, BOTH).stdout;
    assert!(
        said.contains("clocks: no event occurs exactly once on each side; they are taken as equal"),
        "{said}"
    );
    consistent(&dir, &format!("{BOTH} --tolerance 20s"), 72);
}

#[test]
fn the_order_of_a_task_s_events_is_told_and_does_not_decide() {
    let dir = TestDir::new();
    let mut control = three_days();
    control.iter_mut().for_each(|event| event.task = "T".to_owned());
    let mut candidate = new_records(&control);
    candidate.swap(5, 30);
    write(&dir, "events.json", array(&legacy_records(&control)));
    write(&dir, "new.jsonl", jsonl(&candidate));
    let found = consistent(&dir, BOTH, 36);
    assert_eq!(found["reordered"], 2);
}

#[test]
fn a_retry_under_another_id_is_extra_and_not_a_duplicate_where_both_sides_share_ids() {
    let dir = TestDir::new();
    let records = new_records(&three_days());
    write(&dir, "one.jsonl", jsonl(&records));
    let retried = [&records[..], &[records[5].replace("\"e5\"", "\"e5-again\"")]].concat();
    write(&dir, "other.jsonl", jsonl(&retried));
    let found = compare(&dir, "one.jsonl other.jsonl");
    assert_eq!((&found["verdict"], &found["matched"]), (&"different".into(), &36.into()));
    assert_eq!((&found["extra"], &found["duplicated"]["candidate"]), (&1.into(), &0.into()));
}

#[test]
fn a_few_events_that_were_moved_by_minutes_are_taken_for_the_clocks_of_their_days() {
    let dir = TestDir::new();
    let log = |times: [&str; 3]| {
        let event = |(number, time): (usize, &str)| {
            format!(
                "{{\"type\": \"A\", \"task_id\": \"T{number}\", \"timestamp\": \"2025-10-2{number}T{time}:00Z\"}}\n"
            )
        };
        times.into_iter().enumerate().map(event).collect::<String>()
    };
    write(&dir, "a.jsonl", log(["10:00", "10:00", "10:00"]));
    write(&dir, "b.jsonl", log(["10:00", "10:04", "09:56"]));
    let found = consistent(&dir, "a.jsonl b.jsonl", 3);
    assert_eq!(found["clock"]["days"]["2025-10-21"]["offset_us"], 240_000_000);
}
