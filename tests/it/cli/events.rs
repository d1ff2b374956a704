//! `events`: which events each query gives, from either kind of store.

use serde_json::{Value, json};

use super::{STORES, seed, two_tasks};
use crate::support::test_dir::TestDir;
use crate::support::{cli, event, write};

/// The ids that a query gives, from both stores, which must agree.
fn ids(dir: &TestDir, query: &str) -> String {
    let [sqlite, jsonl] = STORES.map(|store| {
        let document = cli(dir).run(&format!("-q events {query} --store {store} --format json")).json();
        let events = document["events"].as_array().unwrap().clone();
        events.iter().map(|event| event["event_id"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
    });
    assert_eq!(sqlite, jsonl, "{query}");
    sqlite
}

#[test]
fn each_query_gives_its_events_in_its_order() {
    let dir = seed(&two_tasks());
    for (query, expected) in [
        ("recent", "e4 e3 e2 e1"),
        ("recent --limit 2", "e4 e3"),
        ("recent --limit 0", ""),
        ("by-type TaskCreated", "e2 e1"),
        ("by-type taskcreated", ""),
        ("of T2", "e2 e4"),
        ("of T2 --limit 1", "e2"),
        ("of T", ""),
        ("show e3", "e3"),
        ("between 2025-10-20T08:00:00Z 2025-10-21T09:30:00.25Z", "e1 e2"),
        ("between 2025-10-20T08:00:00.000001Z 2025-10-21T09:30:00.249999Z", ""),
        ("between 2025-10-20 2025-10-21", "e1 e2 e3"),
        ("between 2025-10-21 2025-10-21", "e2 e3"),
        ("between 2025-10-22 2025-10-22", "e4"),
        ("between 2025-10-20 2025-10-22 --limit 3", "e1 e2 e3"),
    ] {
        assert_eq!(ids(&dir, query), expected, "{query}");
    }
}

#[test]
fn documents_of_both_stores_are_the_same_but_for_positions() {
    let dir = seed(&two_tasks());
    let [sqlite, jsonl] = STORES.map(|store| {
        let mut document = cli(&dir).run(&format!("--store {store} events recent --format json")).json();
        for event in document["events"].as_array_mut().unwrap() {
            assert!(event.as_object_mut().unwrap().remove("position").unwrap().is_i64());
        }
        document
    });
    assert_eq!(sqlite, jsonl);
    assert_eq!(
        sqlite["events"][2],
        json!({
            "event_id": "e2",
            "event_type": "TaskCreated",
            "timestamp": "2025-10-21T09:30:00.250000+00:00",
            "aggregate_id": "T2",
            "body": two_tasks()[1].body(),
        })
    );
}

#[test]
fn an_event_without_aggregate_has_null() {
    let dir = seed(&[event("e1").build()]);
    let line = cli(&dir).run("--store daily events show e1 --format jsonl").result();
    assert_eq!(serde_json::from_str::<Value>(&line).unwrap()["aggregate_id"], Value::Null);
}

#[test]
fn times_without_offset_are_read_in_the_configured_zone() {
    let dir = seed(&two_tasks());
    let found = |zone: &str, query: &str| {
        let run = cli(&dir).env("MISSION_CONTROL_TIMEZONE", zone);
        let lines = run.run(&format!("events between {query} --store events.db --format jsonl")).result();
        lines.lines().count()
    };
    assert_eq!(found("UTC", "2025-10-20T08:00 2025-10-20T08:00"), 1);
    assert_eq!(found("Europe/Berlin", "2025-10-20T08:00 2025-10-20T08:00"), 0);
    assert_eq!(found("Europe/Berlin", "2025-10-20T10:00 2025-10-20T10:00"), 1);
    // In Berlin, e3 and e4 are of the night to the 22nd, and the 21st ends before them.
    assert_eq!(found("Europe/Berlin", "2025-10-21 2025-10-21"), 1);
    assert_eq!(found("Europe/Berlin", "2025-10-22 2025-10-22"), 2);
}

#[test]
fn a_zone_that_was_not_set_is_named_where_it_decides() {
    let dir = seed(&two_tasks());
    let warning = "warning: the setting timezone is not set: times without offset are read in UTC\n";
    let stderr = |range: &str| cli(&dir).run(&format!("--store daily events between {range}")).stderr;
    assert_eq!(stderr("2025-10-20 2025-10-21"), warning);
    assert_eq!(stderr("2025-10-20T00:00Z 2025-10-21"), warning);
    assert_eq!(stderr("2025-10-20T00:00Z 2025-10-21T00:00+02"), "");
}

#[test]
fn local_times_that_come_twice_or_never_are_placed_by_rule_and_said() {
    let dir = seed(&two_tasks());
    let run = cli(&dir)
        .env("MISSION_CONTROL_TIMEZONE", "Europe/Berlin")
        .run("--store daily events between 2025-03-30T02:30 2025-10-26T02:30");
    assert_eq!(run.code, 0);
    assert_eq!(
        run.stderr,
        "warning: START 2025-03-30T02:30 does not exist in Europe/Berlin: taken as \
         2025-03-30T01:30:00+00:00; write it with its offset to choose\n\
         warning: END 2025-10-26T02:30 comes twice in Europe/Berlin: taken as \
         2025-10-26T00:30:00+00:00; write it with its offset to choose\n"
    );
}

#[test]
fn bounds_that_are_no_times_or_stand_the_wrong_way_round_are_usage_errors() {
    let dir = seed(&two_tasks());
    cli(&dir).run("--store daily events between 2025-10-20 yesterday").fails(
        2,
        "error: bad END\n  caused by: expected a date as YYYY-MM-DD (week dates, ordinal dates and the \
         basic format are not read), got \"yesterday\"\n",
    );
    cli(&dir).run("-q --store daily events between 2025-10-21 2025-10-20").fails(
        2,
        "error: expected END at or after START, got 2025-10-20T23:59:59.999999+00:00 before \
         2025-10-21T00:00:00+00:00: exchange them\n",
    );
    // What the operator typed is looked at before the store is.
    let run = cli(&TestDir::new()).run("events between 2025-10-20T25:00 2025-10-21");
    assert_eq!(run.code, 2);
}

#[test]
fn an_event_that_is_not_there_is_a_no() {
    let dir = seed(&two_tasks());
    for store in STORES {
        for format in ["human", "json", "jsonl"] {
            cli(&dir)
                .run(&format!("--store {store} events show E1 --format {format}"))
                .fails(1, "error: there is no event E1 in the store\n");
        }
    }
    let run = cli(&dir).run_with(["--store", "daily", "events", "show", ""]);
    assert_eq!(run.code, 2, "{}", run.stderr);
}

#[test]
fn a_list_without_events_is_done_and_prints_no_more_than_an_empty_document() {
    let dir = seed(&[]);
    write(&dir, "daily/events-2025-10-20.jsonl", "");
    for store in STORES {
        let printed = |form: &str| cli(&dir).run(&format!("--store {store} events recent {form}")).result();
        assert_eq!(printed(""), "");
        assert_eq!(printed("--format jsonl"), "");
        assert_eq!(printed("--raw"), "");
        assert_eq!(serde_json::from_str::<Value>(&printed("--format json")).unwrap(), json!({"events": []}));
    }
}

#[test]
fn a_list_that_was_cut_says_so_and_one_that_just_fits_does_not() {
    let dir = seed(&two_tasks());
    for (query, warning) in [
        ("recent --limit 3", "warning: there are more than the newest 3 events: raise --limit\n"),
        ("recent --limit 4", ""),
        ("of T1 --limit 1", "warning: there are more than the first 1 event: raise --limit\n"),
        ("of T1 --limit 2", ""),
    ] {
        for format in ["human", "json"] {
            let run = cli(&dir).run(&format!("--store daily events {query} --format {format}"));
            assert_eq!((run.code, run.stderr.as_str()), (0, warning), "{query}");
        }
    }
}
