//! What is printed: for people, for scripts, line by line.

use serde_json::Value;

use super::{compare, different, run, three_days, write_both};
use crate::support::cli::write;
use crate::support::test_dir::TestDir;

/// Both logs, of which the new one has a changed title, lacks an event and has one of its own.
fn with_differences() -> TestDir {
    let dir = TestDir::new();
    let (control, mut candidate) = (three_days(), three_days());
    candidate[3].title = "another title".to_owned();
    candidate.remove(8);
    let mut extra = candidate[20].clone();
    (extra.task, extra.title) = ("X1".to_owned(), "extra".to_owned());
    candidate.push(extra);
    write_both(&dir, &control, &candidate);
    dir
}

#[test]
fn people_are_told_the_verdict_first_then_why_then_where() {
    let dir = with_differences();
    let run = run(&dir, "events.json new.jsonl");
    assert_eq!((run.code, run.stderr.as_str()), (1, ""));
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(
        lines[..4],
        [
            "DIFFERENT",
            "  - 1 event is missing from the candidate",
            "  - 1 event is in the candidate only",
            "  - 1 event has changed",
        ]
    );
    let at = |part: &str| {
        lines.iter().position(|line| line.contains(part)).unwrap_or_else(|| panic!("{part}: {}", run.stdout))
    };
    let order = [
        at("read from"),
        at("cause  what     events"),
        at("day         type"),
        at("changed: TaskCompleted of T3, 2025-10-20T06:07:00+00:00"),
        at("  control    events.json, line 1, byte "),
        at("  candidate  new.jsonl, line 4, byte "),
        at("  title: \"title 3\" -> \"another title\"  [real]"),
        at("clocks: the candidate is 4ms ahead (median of "),
        at("self-test: 12 checks passed on 20 events of this run and 24 synthetic ones"),
        at("not recorded: only a comparison of the configured logs is evidence"),
    ];
    assert!(order.is_sorted(), "{order:?} {}", run.stdout);
    assert!(
        lines[at("missing: TaskCreated of T8") + 1].starts_with("  control    events.json, line 1, byte ")
    );
    assert!(
        lines[at("extra: TaskCompleted of X1") + 1].starts_with("  candidate  new.jsonl, line 36, byte ")
    );
}

#[test]
fn people_are_told_in_one_line_that_all_is_well() {
    let dir = TestDir::new();
    write_both(&dir, &three_days(), &three_days());
    let said = run(&dir, "events.json new.jsonl").result();
    assert!(said.starts_with("CONSISTENT: 36 events are the same on both sides\n\n"), "{said}");
}

#[test]
fn scripts_find_every_key_of_the_contract() {
    let dir = with_differences();
    let found = compare(&dir, "events.json new.jsonl");
    for key in [
        "verdict",
        "reasons",
        "control",
        "candidate",
        "matched",
        "time_shifted",
        "changed",
        "retyped",
        "misfiled",
        "missing",
        "extra",
        "duplicated",
        "pending",
        "quarantined",
        "ignored",
        "reordered",
        "clock",
        "by_day",
        "by_type",
        "differences",
        "differences_truncated",
        "elapsed_seconds",
        "self_test",
    ] {
        assert!(!found[key].is_null(), "{key}");
    }
    for side in ["control", "candidate"] {
        for (key, is_there) in [("path", Value::is_string as fn(&Value) -> bool), ("events", Value::is_u64)] {
            assert!(is_there(&found[side][key]), "{side}.{key}");
        }
        assert!(found["duplicated"][side].is_u64() && found["pending"][side].is_u64());
        assert!(found["quarantined"][side].is_u64());
    }
    assert_eq!(
        (&found["control"]["path"], &found["candidate"]["path"]),
        (&"events.json".into(), &"new.jsonl".into())
    );
    assert_eq!((&found["matched"], &found["missing"], &found["extra"]), (&34.into(), &1.into(), &1.into()));
    assert_eq!(found["differences_truncated"], false);
    assert!(found["by_day"].as_array().unwrap().iter().all(|day| day["day"].is_string()));
    assert!(found["by_type"].as_array().unwrap().iter().all(|named| named["event_type"].is_string()));
}

#[test]
fn each_difference_says_what_where_and_why() {
    let dir = with_differences();
    let found = compare(&dir, "events.json new.jsonl");
    let listed = found["differences"].as_array().unwrap();
    assert_eq!(listed.len(), 3);
    let of = |class: &str| listed.iter().find(|difference| difference["class"] == class).unwrap();

    let changed = of("changed");
    assert_eq!((&changed["cause"], &changed["event_type"]), (&"real".into(), &"TaskCompleted".into()));
    assert_eq!(changed["aggregate_id"], "T3");
    assert_eq!(changed["timestamp"], "2025-10-20T06:07:00+00:00");
    assert_eq!(
        changed["fields"],
        serde_json::json!([{"path": "title", "cause": "real", "control": "\"title 3\"", "candidate": "\"another title\""}])
    );
    for (side, file) in [("control", "events.json"), ("candidate", "new.jsonl")] {
        let place = &changed[side];
        assert_eq!(place["path"], file);
        let text = std::fs::read_to_string(dir.join(file)).unwrap();
        let record = &text[place["offset"].as_u64().unwrap() as usize..];
        assert!(record.starts_with('{') && record.split('}').next().unwrap().contains("\"T3\""), "{record}");
    }
    assert_eq!((&changed["candidate"]["line"], &changed["candidate"]["event_id"]), (&4.into(), &"e3".into()));
    assert_eq!(changed["control"]["event_id"], Value::Null);

    assert!(of("missing")["candidate"].is_null() && of("missing")["control"].is_object());
    assert!(of("extra")["control"].is_null() && of("extra")["candidate"]["event_id"] == "e35");
}

#[test]
fn lines_of_json_are_the_differences_one_each() {
    let dir = with_differences();
    let run = super::quiet(&dir).run("--format jsonl compare-logs events.json new.jsonl");
    assert_eq!((run.code, run.stderr.as_str()), (1, ""));
    let lines: Vec<Value> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let document = compare(&dir, "events.json new.jsonl");
    assert_eq!(&lines, document["differences"].as_array().unwrap());
}

#[test]
fn a_limit_bounds_what_is_listed_and_never_what_is_counted() {
    let dir = with_differences();
    let expected = [("changed", 1), ("missing", 1), ("extra", 1)];
    for limit in [0, 2, 3] {
        let found = different(&dir, &format!("events.json new.jsonl --limit {limit}"), &expected);
        assert_eq!(found["differences"].as_array().unwrap().len(), limit);
        assert_eq!(found["differences_truncated"], limit < 3);
    }
}

#[test]
fn what_a_log_says_cannot_steer_a_terminal() {
    let dir = TestDir::new();
    let (control, mut candidate) = (three_days(), three_days());
    candidate[3].title = "\\u001b[2J\u{7f}".to_owned();
    candidate[4].task = "\u{9b}31m".to_owned();
    write_both(&dir, &control, &candidate);
    let run = run(&dir, "events.json new.jsonl");
    assert!(!run.stdout.contains(['\u{1b}', '\u{7f}', '\u{9b}']), "{}", run.stdout);
}

#[test]
fn every_reason_of_what_could_not_be_read_is_told_of_each_side_with_its_count_and_first_places() {
    let dir = TestDir::new();
    write_both(&dir, &three_days(), &three_days());
    let sound = std::fs::read_to_string(dir.join("new.jsonl")).unwrap();
    let nameless = "{\"timestamp\": \"2025-10-20T10:00:00\"}\n".repeat(250);
    let timeless = "{\"type\": \"A\"}\n".repeat(2);
    write(&dir, "new.jsonl", format!("{nameless}{sound}{timeless}{{\"type\": \"A\", \"ti"));
    write(
        &dir,
        "events.json",
        std::fs::read_to_string(dir.join("events.json")).unwrap().replace("]", ", 7]"),
    );
    let found = compare(&dir, "events.json new.jsonl");
    assert_eq!(found["verdict"], "inconclusive");
    assert_eq!(found["control"]["reasons"], serde_json::json!({"syntax": 1}));
    assert_eq!(
        found["candidate"]["reasons"],
        serde_json::json!({"no_type": 250, "no_timestamp": 2, "torn_tail": 1})
    );
    let listed = found["candidate"]["rejects"].as_array().unwrap();
    let of = |reason: &str| listed.iter().filter(|reject| reject["reason"] == reason).count();
    assert_eq!([listed.len(), of("no_type"), of("no_timestamp"), of("torn_tail")], [100, 97, 2, 1]);
    let said = run(&dir, "events.json new.jsonl").stdout;
    for part in [
        "\nrejected of the control, syntax: 1\n  events.json, line 1, byte ",
        "\nrejected of the candidate, no_type: 250\n  new.jsonl, line 1, byte 0: ",
        "\n  and 247 more (--format json lists 94 of them)\n",
        "\nrejected of the candidate, no_timestamp: 2\n  new.jsonl, line 287, byte ",
        "\nrejected of the candidate, torn_tail: 1\n  new.jsonl, line 289, byte ",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}
