//! Where a comparison of a legacy log with one of the new system begins.

use serde_json::{Value, json};

use super::{
    array, compare, consistent, different, inconclusive, jsonl, legacy_records, new_records, quiet, run,
    three_days,
};
use crate::support::cli::write;
use crate::support::test_dir::TestDir;

/// What [`begun_at`] gives: each kind of store of the new system.
const CANDIDATES: [&str; 6] = ["new.jsonl", "new.json", "new.jsonl.zst", "new.jsonl.gz", "days", "events.db"];

/// The legacy log of three days, and what the new system wrote of them from the event `first` on.
fn begun_at(first: usize) -> TestDir {
    let dir = TestDir::new();
    let new = new_records(&three_days()[first..]);
    write(&dir, "events.json", array(&legacy_records(&three_days())));
    write(&dir, "new.jsonl", jsonl(&new));
    write(&dir, "new.json", array(&new));
    write(&dir, "new.jsonl.zst", zstd::encode_all(jsonl(&new).as_bytes(), 1).unwrap());
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gz, jsonl(&new).as_bytes()).unwrap();
    write(&dir, "new.jsonl.gz", gz.finish().unwrap());
    std::fs::create_dir(dir.join("days")).unwrap();
    // A day on which nothing came yet.
    write(&dir, "days/events-2025-10-19.jsonl", "");
    for day in ["20", "21", "22"] {
        let of_day: Vec<String> =
            new.iter().filter(|record| record.contains(&format!("2025-10-{day}T"))).cloned().collect();
        write(&dir, &format!("days/events-2025-10-{day}.jsonl"), jsonl(&of_day));
    }
    let imported = quiet(&dir).run("import-legacy new.jsonl --into events.db");
    assert_eq!(imported.code, 0, "{imported:?}");
    dir
}

#[test]
fn the_run_begins_with_the_partner_of_the_first_event_whatever_the_candidate_is_read_from() {
    let dir = begun_at(14);
    let beginning =
        json!({"kind": "inferred", "at": "2025-10-21T04:07:00Z", "partial_day": "2025-10-21", "earlier": 14});
    for candidate in CANDIDATES {
        let found =
            inconclusive(&dir, &format!("events.json {candidate}"), "14 events of the control lie before");
        assert_eq!((&found["matched"], &found["beginning"]), (&22.into(), &beginning), "{candidate}");
        assert_eq!(found["reasons"].as_array().unwrap().len(), 1, "{candidate}");
        for way_out in ["import-legacy", "--since TIME", "--since all"] {
            assert!(found["reasons"][0].as_str().unwrap().contains(way_out), "{candidate}");
        }
        consistent(&dir, &format!("events.json {candidate} --since 2025-10-21T04:00:00"), 22);
        let all = different(&dir, &format!("events.json {candidate} --since all"), &[("missing", 14)]);
        assert_eq!((&all["beginning"]["kind"], &all["since"]), (&"all".into(), &Value::Null));
    }
}

#[test]
fn a_candidate_that_lost_its_first_event_begins_one_later_and_that_is_told() {
    let dir = begun_at(1);
    for candidate in CANDIDATES {
        let said = run(&dir, &format!("events.json {candidate}"));
        assert_eq!(said.code, 3, "{said:?}");
        let expected = "\nfrom 2025-10-20T02:07:00+00:00 on, the partner of the candidate's first event (inferred; \
                        --since TIME declares it); 1 event of the control is earlier\n\
                        2025-10-20 is compared in part, and does not count as a clean day\n";
        assert!(said.stdout.contains(expected), "{}", said.stdout);
    }
}

#[test]
fn a_history_proves_what_is_earlier_and_a_complete_run_needs_none() {
    let dir = begun_at(14);
    let before = array(&legacy_records(&three_days()[..14]));
    write(&dir, "before.json", before);
    let imported = quiet(&dir).run("import-legacy before.json --overlap keep --into events.db");
    assert_eq!(imported.code, 0, "{imported:?}");
    let found = consistent(&dir, "events.json events.db", 22);
    assert_eq!((&found["beginning"]["earlier"], &found["history"]["matched"]), (&14.into(), &14.into()));
    for candidate in CANDIDATES {
        let found = consistent(&begun_at(0), &format!("events.json {candidate}"), 36);
        assert_eq!(
            (&found["beginning"]["kind"], &found["beginning"]["earlier"]),
            (&"inferred".into(), &0.into())
        );
    }
}

#[test]
fn logs_of_one_kind_and_logs_in_which_the_legacy_one_is_the_candidate_are_compared_from_their_first_events_on()
 {
    let dir = begun_at(14);
    write(&dir, "late.json", array(&legacy_records(&three_days()[14..])));
    write(&dir, "all.jsonl", jsonl(&new_records(&three_days())));
    for (sides, class) in [
        ("events.json late.json", "missing"),
        ("late.json events.json", "extra"),
        ("new.jsonl events.json", "extra"),
        ("events.db events.json", "extra"),
    ] {
        let found = different(&dir, sides, &[(class, 14)]);
        assert_eq!((&found["beginning"]["kind"], &found["since"]), (&"all".into(), &Value::Null), "{sides}");
    }
    let found = compare(&dir, "all.jsonl new.jsonl");
    assert_eq!((&found["verdict"], &found["beginning"]["kind"]), (&"different".into(), &"all".into()));
}

#[test]
fn a_legacy_folder_that_begins_with_a_day_without_events_is_a_legacy_log() {
    let dir = begun_at(14);
    std::fs::create_dir(dir.join("legacy")).unwrap();
    write(&dir, "legacy/a.jsonl", "");
    write(&dir, "legacy/b.jsonl", jsonl(&legacy_records(&three_days())));
    let found = inconclusive(&dir, "legacy new.jsonl", "14 events of the control lie before");
    assert_eq!(found["beginning"]["kind"], "inferred");
}

#[test]
fn a_first_event_far_from_the_beginning_of_its_log_is_the_first_one_all_the_same() {
    let dir = begun_at(14);
    let expected = compare(&dir, "events.json new.jsonl");
    // More records than are looked at to begin with stand before it.
    let far: Vec<String> = (0..200)
        .map(|number| {
            format!(
                r#"{{"event_id": "x{number}", "event_type": "TaskViewed", "timestamp": "2025-11-02T00:{:02}:{:02}+00:00", "aggregate_id": "X{number}"}}"#,
                number / 60,
                number % 60
            )
        })
        .collect();
    let legacy: Vec<String> = (0..200)
        .map(|number| {
            format!(
                r#"{{"type": "TaskViewed", "timestamp": "2025-11-02T00:{:02}:{:02}", "task_id": "X{number}"}}"#,
                number / 60,
                number % 60
            )
        })
        .collect();
    write(&dir, "events.json", array(&[legacy_records(&three_days()), legacy].concat()));
    for (name, order) in [
        ("first-last.jsonl", [far.clone(), new_records(&three_days()[14..])].concat()),
        ("in-order.jsonl", [new_records(&three_days()[14..]), far].concat()),
    ] {
        write(&dir, name, jsonl(&order));
        let found = inconclusive(&dir, &format!("events.json {name}"), "14 events of the control lie before");
        assert_eq!((&found["matched"], &found["beginning"]), (&222.into(), &expected["beginning"]), "{name}");
    }
}

#[test]
fn evidence_says_how_the_beginning_was_known_and_that_its_day_is_not_whole() {
    let dir = TestDir::new();
    write(&dir, "data/events.json", array(&legacy_records(&three_days())));
    write(&dir, "data/events/events-2025-10-20.jsonl", jsonl(&new_records(&three_days()[..12])));
    write(&dir, "data/events/events-2025-10-21.jsonl", jsonl(&new_records(&three_days()[12..])));
    for (arguments, kind, whole) in [
        ("", "inferred", [false, true, true]),
        ("--since 2025-10-20", "declared", [true, true, true]),
        ("--since all", "all", [true, true, true]),
    ] {
        let said = run(&dir, arguments);
        assert_eq!(said.code, 0, "{said:?}");
        let text = std::fs::read_to_string(dir.join("data/evidence.jsonl")).unwrap();
        let record: Value = serde_json::from_str(text.lines().next_back().unwrap()).unwrap();
        assert_eq!(
            (&record["window"]["beginning"]["kind"], &record["verdict"]),
            (&kind.into(), &"consistent".into())
        );
        let days: Vec<&Value> = record["days"].as_array().unwrap().iter().map(|day| &day["whole"]).collect();
        assert_eq!(days, whole, "{arguments}");
    }
}
