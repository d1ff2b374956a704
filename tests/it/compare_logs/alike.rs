//! No false difference: logs that say the same, each in its own way, as files on disk.

use super::{SharedEvent, array, cli, consistent, document, jsonl, legacy_records, new_records, three_days};
use crate::support::cli::write;
use crate::support::test_dir::TestDir;

/// Rewrites the new log of events whose titles have something to spell.
fn rewritten(rewrite: impl Fn(&str) -> String) -> TestDir {
    let dir = TestDir::new();
    let mut events = three_days();
    events.iter_mut().for_each(|event| event.title.push_str(" für Ümläut/en"));
    write(&dir, "events.json", array(&legacy_records(&events)));
    write(&dir, "new.jsonl", rewrite(&jsonl(&new_records(&events))));
    dir
}

#[test]
fn what_says_the_same_in_another_spelling_is_the_same() {
    for (what, representation, rewrite) in [
        ("nothing", 0, Box::new(|text: &str| text.to_owned()) as Box<dyn Fn(&str) -> String>),
        ("CRLF", 0, Box::new(|text: &str| text.replace('\n', "\r\n"))),
        ("no last newline", 0, Box::new(|text: &str| text.trim_end().to_owned())),
        ("blank lines", 0, Box::new(|text: &str| text.replace('\n', "\n\n"))),
        ("a BOM", 0, Box::new(|text: &str| format!("\u{feff}{text}"))),
        ("white space", 0, Box::new(|text: &str| text.replace("\": ", "\"\t:  "))),
        ("Z", 0, Box::new(|text: &str| text.replace("+00:00", "Z"))),
        ("zeros", 0, Box::new(|text: &str| text.replace(".004000+00:00", ".004+00:00"))),
        (
            "another offset",
            0,
            Box::new(|text: &str| {
                text.replace("T00:07", "T01:07")
                    .replace(
                        "00.004000+00:00\", \"aggregate_id\": \"T0\"",
                        "00.004000+01:00\", \"aggregate_id\": \"T0\"",
                    )
                    .replace("T01:07:00.004000+00:00", "T00:07:00.004000+00:00")
            }),
        ),
        ("escapes", 36, Box::new(|text: &str| text.replace('ü', "\\u00fc"))),
        ("escaped solidus", 36, Box::new(|text: &str| text.replace("t/e", "t\\/e"))),
        ("escaped names", 36, Box::new(|text: &str| text.replace("\"title\"", "\"t\\u0069tle\""))),
        (
            "order of keys",
            0,
            Box::new(|text: &str| {
                text.replace("\"priority\": \"P1\", \"status\": \"NOT_STARTED\", ", "")
                    .replace("{\"event_id\"", "{\"status\": \"DONE\", \"priority\": \"P1\", \"event_id\"")
            }),
        ),
        (
            "order of lines",
            0,
            Box::new(|text: &str| {
                let mut lines: Vec<&str> = text.lines().collect();
                lines.rotate_left(17);
                lines.iter().map(|line| format!("{line}\n")).collect()
            }),
        ),
        (
            "no ids",
            0,
            Box::new(|text: &str| {
                text.lines().map(|line| format!("{{{}\n", line.split_once(", ").unwrap().1)).collect()
            }),
        ),
    ] {
        let dir = rewritten(rewrite);
        let found = consistent(&dir, "events.json new.jsonl", 36);
        assert_eq!(found["representation"], representation, "{what}");
    }
}

#[test]
fn numbers_of_one_value_are_the_same_number() {
    let dir = TestDir::new();
    let with = |number: &str| -> String {
        let records: Vec<String> = legacy_records(&three_days())
            .iter()
            .map(|record| record.replacen('{', &format!("{{\"cost\": {number}, "), 1))
            .collect();
        array(&records)
    };
    for (one, other) in [("1", "1.0"), ("100", "1E+2"), ("0.5", "5e-1"), ("-0.0", "-0.00")] {
        write(&dir, "one.json", with(one));
        write(&dir, "other.json", with(other));
        let found = consistent(&dir, "one.json other.json", 36);
        assert_eq!(found["representation"], 36, "{one} and {other}");
    }
}

#[test]
fn a_clock_that_is_off_by_less_than_the_limit_is_set_right() {
    let dir = TestDir::new();
    for ahead_ms in [0, 4, 900, 59_000] {
        let candidate: Vec<SharedEvent> =
            three_days().into_iter().map(|event| SharedEvent { ahead_ms, ..event }).collect();
        super::write_both(&dir, &three_days(), &candidate);
        for (arguments, sign) in [("events.json new.jsonl", 1), ("new.jsonl events.json", -1)] {
            let found = consistent(&dir, arguments, 36);
            assert_eq!(found["clock"]["offset_us"], sign * i64::from(ahead_ms) * 1_000);
        }
    }
}

#[test]
fn a_night_in_which_the_clocks_go_back_is_the_same_night() {
    let dir = TestDir::new();
    // The clocks of Berlin go back on 2025-10-26 at 01:00 UTC.
    let night: Vec<(String, String)> = (0..40)
        .map(|number| {
            let minute = number * 10;
            let utc = format!(
                "2025-10-2{}T{:02}:{:02}:00",
                if minute < 120 { 5 } else { 6 },
                (22 + minute / 60) % 24,
                minute % 60
            );
            let ahead = if minute < 180 { 120 } else { 60 };
            let local = 22 * 60 + minute + ahead;
            let local = format!("2025-10-2{}T{:02}:{:02}:00", 5 + local / 1440, local / 60 % 24, local % 60);
            (local, utc)
        })
        .collect();
    let record = |number: usize, at: &str| {
        format!(r#"{{"type": "TaskCreated", "task_id": "T{number}", "title": "t", "timestamp": "{at}"}}"#)
    };
    let (mut control, mut candidate) = (Vec::new(), Vec::new());
    for (number, (local, utc)) in night.iter().enumerate() {
        control.push(record(number, local));
        candidate.push(record(number, &format!("{utc}+00:00")));
    }
    write(&dir, "events.json", array(&control));
    write(&dir, "new.json", array(&candidate));
    let berlin = cli(&dir).env("MISSION_CONTROL_TIMEZONE", "Europe/Berlin");
    let found = document(berlin.run("--format json compare-logs events.json new.json"));
    assert_eq!((&found["verdict"], &found["matched"]), (&"consistent".into(), &40.into()), "{found:#}");
}
