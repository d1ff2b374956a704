//! Logs of other systems: where the fields of either side stand.

use super::{array, consistent, different, legacy_records, run, three_days};
use crate::support::cli::write;
use crate::support::test_dir::TestDir;

/// The events as the log of another system: `{"Records": [...]}`, numbers for times, all in other places.
fn foreign() -> String {
    let records: Vec<String> = three_days()
        .iter()
        .enumerate()
        .map(|(number, event)| {
            let seconds = 1_760_918_400 + u64::from(event.minute) * 60;
            format!(
                r#"{{"key": {number}, "what": {{"kind": "{}"}}, "at": {seconds}, "task_id": "{}", "title": "{}", "list": "inbox"}}"#,
                event.event_type, event.task, event.title
            )
        })
        .collect();
    format!("{{\"Records\": {}}}", array(&records))
}

const FOREIGN: &str = "event-id none --@event-type what.kind --@timestamp at --@timestamp-unit s --@aggregate task_id \
                       --@records Records";

fn flags(prefix: &str) -> String {
    format!("--@{FOREIGN}").replace('@', prefix)
}

#[test]
fn flags_for_one_side_leave_the_other_as_it_is() {
    let dir = TestDir::new();
    write(&dir, "foreign.json", foreign());
    // What is mapped is no content, wherever it stands; fields that nothing is made of are.
    let control: Vec<String> = three_days()
        .iter()
        .enumerate()
        .map(|(number, event)| {
            let record = event.as_legacy();
            record.replacen('{', &format!(r#"{{"key": {number}, "#), 1)
        })
        .collect();
    write(&dir, "events.json", array(&control));
    consistent(&dir, &format!("events.json foreign.json {}", flags("candidate-")), 36);
    consistent(&dir, &format!("foreign.json events.json {}", flags("control-")), 36);
    let mut changed = control;
    changed[7] = changed[7].replace("title 7", "title 8");
    write(&dir, "changed.json", array(&changed));
    different(&dir, &format!("changed.json foreign.json {}", flags("candidate-")), &[("changed", 1)]);
}

#[test]
fn flags_for_both_sides_read_both_and_each_side_may_differ_from_them() {
    let dir = TestDir::new();
    write(&dir, "foreign.json", foreign());
    consistent(&dir, &format!("foreign.json foreign.json {}", flags("")), 36);
    write(&dir, "other.json", foreign().replace("\"Records\"", "\"Entries\""));
    consistent(&dir, &format!("foreign.json other.json {} --candidate-records Entries", flags("")), 36);
}

#[test]
fn half_a_mapping_is_a_usage_error() {
    let dir = TestDir::new();
    write(&dir, "events.json", array(&legacy_records(&three_days())));
    run(&dir, "events.json events.json --event-type what").code_is(2, "timestamp");
    run(&dir, "events.json events.json --control-event-type what").code_is(2, "timestamp");
}
