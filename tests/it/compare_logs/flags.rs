//! What can be asked of a comparison: range, clock, rules, memory.

use super::{
    SharedEvent, compare, consistent, different, inconclusive, jsonl, new_records, quiet, run, three_days,
    write_both,
};
use crate::support::cli::write;
use crate::support::test_dir::TestDir;

const BOTH: &str = "events.json new.jsonl";

fn both(candidate: &[SharedEvent]) -> TestDir {
    let dir = TestDir::new();
    write_both(&dir, &three_days(), candidate);
    dir
}

#[test]
fn a_range_leaves_out_what_lies_outside_and_counts_it() {
    let mut candidate = three_days();
    candidate[2].title = "changed on the first day".to_owned();
    let dir = both(&candidate);
    different(&dir, BOTH, &[("changed", 1)]);
    let found = consistent(&dir, &format!("{BOTH} --since 2025-10-21"), 24);
    assert_eq!(
        (&found["control"]["out_of_range"], &found["candidate"]["out_of_range"]),
        (&12.into(), &12.into())
    );
    consistent(&dir, &format!("{BOTH} --since 2025-10-21 --until 2025-10-21"), 12);
    different(&dir, &format!("{BOTH} --until 2025-10-20"), &[("changed", 1)]);
    inconclusive(&dir, &format!("{BOTH} --since 2026-01-01"), "holds no event in the range");
    run(&dir, &format!("{BOTH} --since yesterday")).code_is(2, "--since");
}

#[test]
fn what_is_too_young_as_of_a_time_is_pending_and_not_missing() {
    // The last event of the control is of 2025-10-22T22:07:00.
    let dir = both(&three_days()[..35]);
    different(&dir, BOTH, &[("missing", 1)]);
    let found = consistent(&dir, &format!("{BOTH} --as-of 2025-10-22T22:07:30Z"), 35);
    assert_eq!(found["pending"]["control"], 1);
    different(&dir, &format!("{BOTH} --as-of 2025-10-22T22:09:00Z"), &[("missing", 1)]);
    let found = consistent(&dir, &format!("{BOTH} --as-of 2025-10-22T22:09:00Z --settle 5m"), 35);
    assert_eq!(found["pending"]["control"], 1);
}

#[test]
fn a_pair_may_lie_apart_as_far_as_the_tolerance_says() {
    let mut candidate = three_days();
    candidate[5].ahead_ms = 3_000;
    let dir = both(&candidate);
    different(&dir, BOTH, &[("time_shifted", 1)]);
    consistent(&dir, &format!("{BOTH} --tolerance 3s"), 36);
    different(&dir, &format!("{BOTH} --tolerance 0s"), &[("time_shifted", 1)]);
}

#[test]
fn the_same_content_far_away_is_another_event_beyond_the_greatest_shift() {
    let mut candidate = three_days();
    candidate[5].minute += 30;
    let dir = both(&candidate);
    different(&dir, BOTH, &[("time_shifted", 1)]);
    different(&dir, &format!("{BOTH} --max-shift 10m"), &[("missing", 1), ("extra", 1)]);
}

#[test]
fn clocks_that_are_too_far_apart_are_a_difference() {
    let mut candidate = three_days();
    candidate.iter_mut().for_each(|event| event.ahead_ms = 30_000);
    let dir = both(&candidate);
    let found = consistent(&dir, BOTH, 36);
    assert_eq!(
        (&found["clock"]["offset_us"], &found["clock"]["tolerance_us"]),
        (&30_000_000.into(), &2_000_000.into())
    );
    let found = different(&dir, &format!("{BOTH} --max-offset 10s"), &[("time_shifted", 36)]);
    assert!(
        found["reasons"][0].as_str().unwrap().contains("the clocks are 30s apart on 3 days"),
        "{found:#}"
    );
}

#[test]
fn an_ignored_field_is_counted_apart_and_a_useless_rule_is_told() {
    let mut candidate = three_days();
    candidate[5].title = "changed".to_owned();
    let dir = both(&candidate);
    let arguments = [
        "--format",
        "json",
        "compare-logs",
        "events.json",
        "new.jsonl",
        "--ignore",
        "title=it was reworded",
        "--ignore",
        "owner",
    ];
    let found = super::document(quiet(&dir).run_with(arguments));
    assert_eq!((&found["verdict"], &found["matched"]), (&"consistent".into(), &35.into()));
    let rules: Vec<_> = found["ignored"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| {
            (
                rule["field"].as_str().unwrap(),
                rule["reason"].as_str().unwrap(),
                rule["pairs"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(rules, [("title", "it was reworded", 1), ("owner", "no reason given", 0)]);
    let said = run(&dir, &format!("{BOTH} --ignore title --ignore owner")).result();
    assert!(said.starts_with(
        "CONSISTENT: 35 events are the same on both sides, 1 more agree only because of a rule\n"
    ));
    assert!(
        said.contains("ignored: 0 pairs agree only without `owner` (no reason given); the rule matched nothing; remove it?\n"),
        "{said}"
    );
    for bad in ["=reason", "title="] {
        run(&dir, &format!("{BOTH} --ignore {bad}"))
            .code_is(2, "bad --ignore: expected FIELD or FIELD=REASON");
    }
}

#[test]
fn a_profile_says_which_fields_one_side_alone_has_and_with_which_value() {
    let dir = both(&three_days());
    let fields = |status: &str| {
        format!(
            "name = \"strict\"\n[[one_sided]]\nfield = \"metadata\"\ndefault = '{{}}'\n[[one_sided]]\nfield = \"priority\"\n\
             default = '\"P1\"'\n[[one_sided]]\nfield = \"status\"\ndefault = '\"{status}\"'\n"
        )
    };
    write(&dir, "good.toml", fields("NOT_STARTED"));
    consistent(&dir, &format!("{BOTH} --profile good.toml"), 36);
    write(&dir, "bad.toml", fields("DONE"));
    let found = different(&dir, &format!("{BOTH} --profile bad.toml"), &[("changed", 36)]);
    assert_eq!(found["differences"][0]["cause"], "declared-default");
    write(&dir, "none.toml", "name = \"none\"\n");
    different(&dir, &format!("{BOTH} --profile none.toml"), &[("changed", 36)]);
    write(&dir, "ignoring.toml", "name = \"i\"\n[[ignore]]\nfield = \"title\"\nreason = \" \"\n");
    run(&dir, &format!("{BOTH} --profile ignoring.toml"))
        .code_is(2, "ignores `title` without a reason: say why");
    run(&dir, &format!("{BOTH} --profile missing.toml"))
        .code_is(2, "could not read the profile missing.toml");
}

#[test]
fn little_memory_gives_the_same_answer_and_less_is_refused() {
    let dir = TestDir::new();
    let event = |number: u32| SharedEvent {
        event_type: "TaskUpdated",
        task: format!("T{}", number % 700),
        title: format!("{number} {}", "long ".repeat(200)),
        minute: number % 4_000,
        ahead_ms: 4,
    };
    let control: Vec<SharedEvent> = (0..6_000).map(event).collect();
    let mut candidate = control.clone();
    candidate[77].title = "changed".to_owned();
    candidate.remove(4_000);
    write_both(&dir, &control, &candidate);
    let expected = [("changed", 1), ("missing", 1)];
    let [mut little, mut much] =
        ["16MiB", "1GiB"].map(|memory| different(&dir, &format!("{BOTH} --memory {memory}"), &expected));
    for found in [&mut little, &mut much] {
        found["elapsed_seconds"] = 0.into();
    }
    assert_eq!(little, much);
    run(&dir, &format!("{BOTH} --memory 1MiB")).code_is(2, "expected at least 16MiB, got 1MiB");
}

#[test]
fn a_length_of_time_without_its_unit_is_a_usage_error() {
    let dir = both(&three_days());
    for flag in ["--tolerance", "--max-shift", "--max-offset", "--settle"] {
        run(&dir, &format!("{BOTH} {flag} 5"))
            .code_is(2, "expected a length of time such as 500ms, 2s, 5m or 1h");
    }
    run(&dir, "--limit many events.json new.jsonl").code_is(2, "--limit");
}

#[test]
fn naive_times_are_read_in_the_configured_zone() {
    let dir = TestDir::new();
    // 02:07 in Berlin, in summer, is 00:07 in UTC.
    let local = |event: &SharedEvent| SharedEvent { minute: event.minute + 120, ..event.clone() };
    let control: Vec<SharedEvent> = three_days().iter().map(local).collect();
    write_both(&dir, &control, &three_days());
    let berlin = || super::cli(&dir).env("MISSION_CONTROL_TIMEZONE", "Europe/Berlin");
    let found = super::document(berlin().run("--format json compare-logs events.json new.jsonl"));
    assert_eq!((&found["verdict"], &found["matched"]), (&"consistent".into(), &36.into()));
    let found = compare(&dir, BOTH);
    assert_eq!(found["verdict"], "different");
    assert!(found["reasons"][0].as_str().unwrap().contains("time zone"), "{found:#}");
}

#[test]
fn snapshots_of_records_are_compared_by_their_id() {
    let dir = TestDir::new();
    let record = |id: u32, status: &str, hour: u32| {
        format!(
            "{{\"id\": \"n-{id}\", \"status\": \"{status}\", \"updated_at\": \"2025-10-20T{hour:02}:00:00Z\"}}\n"
        )
    };
    let before: String = (0..10).map(|id| record(id, "open", 1)).collect();
    // Three were closed later, one was touched, two are new.
    let after: String = (0..12)
        .map(|id| match id {
            0..3 => record(id, "closed", 9),
            3 => record(id, "open", 2),
            10.. => record(id, "open", 9),
            _ => record(id, "open", 1),
        })
        .collect();
    write(&dir, "before.jsonl", before);
    write(&dir, "after.jsonl", after);
    let mapping = "--event-id id --event-type status --timestamp updated_at --aggregate id";
    let found = compare(&dir, &format!("before.jsonl after.jsonl {mapping}"));
    assert_eq!(
        (&found["verdict"], &found["matched"], &found["extra"]),
        (&"different".into(), &6.into(), &2.into())
    );
    let paired: u64 =
        ["changed", "retyped", "time_shifted"].iter().map(|class| found[class].as_u64().unwrap()).sum();
    assert_eq!((paired, &found["missing"]), (4, &0.into()), "{found:#}");
}

#[test]
fn a_log_of_the_new_shape_is_compared_with_a_copy_by_its_ids_whatever_the_order() {
    let dir = TestDir::new();
    let mut records = new_records(&three_days());
    write(&dir, "one.jsonl", jsonl(&records));
    records.reverse();
    write(&dir, "other.jsonl", jsonl(&records));
    let found = consistent(&dir, "one.jsonl other.jsonl", 36);
    assert_eq!(found["reordered"], 0, "every task has one event");
}
