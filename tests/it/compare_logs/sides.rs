//! What may stand on either side, and what is said where it is not whole.

use std::io::Write;

use super::{
    array, compare, consistent, different, inconclusive, jsonl, legacy_records, new_records, quiet, run,
    three_days, write_both,
};
use crate::support::changing::while_changing;
use crate::support::cli::write;
use crate::support::events_to_last;
use crate::support::test_dir::TestDir;

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// The same events in every form that a side may have.
fn every_form() -> (TestDir, Vec<&'static str>) {
    let dir = TestDir::new();
    let events = three_days();
    let (old, new) = (legacy_records(&events), new_records(&events));
    write(&dir, "events.json", array(&old));
    write(&dir, "indented.json", array(&old).replace("}, {", "},\r\n  {"));
    write(&dir, "old.jsonl", jsonl(&old));
    write(&dir, "old.json.gz", gzip(&array(&old)));
    write(&dir, "new.jsonl", jsonl(&new));
    write(&dir, "new.jsonl.zst", zstd::encode_all(jsonl(&new).as_bytes(), 1).unwrap());
    write(&dir, "days/archive/events-2025-10-20.jsonl.gz", gzip(&jsonl(&new[..12])));
    write(
        &dir,
        "days/events-2025-10-21.jsonl.zst",
        zstd::encode_all(jsonl(&new[12..24]).as_bytes(), 1).unwrap(),
    );
    write(&dir, "days/events-2025-10-22.jsonl", jsonl(&new[24..]));
    let run = quiet(&dir).run("import-legacy new.jsonl --into events.db");
    assert!(run.code == 0, "{run:?}");
    (
        dir,
        vec![
            "events.json",
            "indented.json",
            "old.jsonl",
            "old.json.gz",
            "new.jsonl",
            "new.jsonl.zst",
            "days",
            "events.db",
        ],
    )
}

#[test]
fn every_form_of_a_log_may_stand_on_either_side_and_against_itself() {
    let (dir, forms) = every_form();
    // Without optimisation each form against itself and the next two: so it stands on either side three times.
    let others = if cfg!(debug_assertions) { 3 } else { forms.len() };
    for (number, control) in forms.iter().enumerate() {
        for candidate in forms.iter().cycle().skip(number).take(others) {
            consistent(&dir, &format!("{control} {candidate}"), 36);
        }
    }
}

#[test]
fn a_difference_is_found_and_placed_in_every_form() {
    let (dir, forms) = every_form();
    let mut changed = three_days();
    changed[30].title = "changed".to_owned();
    write(&dir, "changed.jsonl", jsonl(&new_records(&changed)));
    for control in forms {
        let found = different(&dir, &format!("{control} changed.jsonl"), &[("changed", 1)]);
        let difference = &found["differences"][0];
        assert_eq!(difference["fields"][0]["control"], "\"title 30\"", "{control}");
        let (path, key, number) = match control {
            "days" => ("days/events-2025-10-22.jsonl", "line", 7),
            "events.json" | "old.json.gz" => (control, "line", 1),
            "events.db" => (control, "position", 31),
            _ => (control, "line", 31),
        };
        assert_eq!(
            (&difference["control"]["path"], &difference["control"][key]),
            (&path.into(), &number.into())
        );
    }
}

#[test]
fn a_path_that_leads_nowhere_is_an_error_that_says_what_may_stand_there() {
    let dir = TestDir::new();
    write_both(&dir, &three_days(), &three_days());
    for arguments in ["nothing.json new.jsonl", "events.json nothing.json"] {
        run(&dir, arguments).fails(
            4,
            "error: there is no log and no store at nothing.json: name an events.json, a JSONL file, a folder of \
             daily JSONL or a SQLite store\n",
        );
    }
    let run = run(&dir, "");
    assert_eq!((run.code, run.stdout.as_str()), (4, ""));
    assert!(run.stderr.contains("data/events.json"), "{}", run.stderr);
}

#[test]
fn nothing_is_never_consistent_with_nothing() {
    let dir = TestDir::new();
    write_both(&dir, &three_days(), &three_days());
    for (name, text) in [("none.json", "[]"), ("none.jsonl", ""), ("blank.jsonl", "\n\n")] {
        write(&dir, name, text);
        inconclusive(&dir, &format!("{name} {name}"), "the control holds no event in the range");
    }
    std::fs::create_dir(dir.join("empty")).unwrap();
    inconclusive(&dir, "empty empty", "empty of the control was not read: it holds no log");
    for (arguments, class) in [("events.json none.jsonl", "missing"), ("none.json new.jsonl", "extra")] {
        let found = different(&dir, arguments, &[(class, 36)]);
        assert!(
            found["reasons"][1]
                .as_str()
                .unwrap()
                .ends_with("holds no event in the range: nothing was compared")
        );
    }
}

#[test]
fn a_torn_tail_is_inconclusive_on_either_side_and_has_its_place() {
    let dir = TestDir::new();
    write_both(&dir, &three_days(), &three_days());
    let (old, new) = (legacy_records(&three_days()), new_records(&three_days()));
    write(&dir, "torn.jsonl", format!("{}{}", jsonl(&new), &new[0][..40]));
    write(&dir, "torn.json", format!("[{}, {}", old.join(", "), &old[0][..40]));
    for (arguments, side) in [("events.json torn.jsonl", "candidate"), ("torn.json new.jsonl", "control")] {
        let reason = format!("1 record of the {side} could not be read as events and took no part");
        let found = inconclusive(&dir, arguments, &reason);
        assert_eq!((&found["quarantined"][side], &found["matched"]), (&1.into(), &36.into()));
        assert_eq!(found[side]["rejects"][0]["reason"], "torn_tail");
    }
    let found = inconclusive(&dir, "events.json torn.jsonl", "");
    let reject = &found["candidate"]["rejects"][0];
    assert_eq!((&reject["line"], &reject["offset"]), (&37.into(), &jsonl(&new).len().into()));
}

#[test]
fn a_torn_tail_that_took_an_event_with_it_is_different() {
    let dir = TestDir::new();
    write_both(&dir, &three_days(), &three_days());
    let new = new_records(&three_days());
    write(&dir, "torn.jsonl", format!("{}{}", jsonl(&new[..35]), &new[35][..40]));
    let found = different(&dir, "events.json torn.jsonl", &[("missing", 1)]);
    assert!(found["reasons"][1].as_str().unwrap().contains("could not be read"), "{found:#}");
}

#[test]
fn damage_in_an_array_is_inconclusive_and_the_rest_is_compared() {
    let dir = TestDir::new();
    write_both(&dir, &three_days(), &three_days());
    let old = legacy_records(&three_days());
    let damaged = array(&old).replace(&format!("{}, ", old[9]), &format!("{}, {{\"type\": oops, ", old[9]));
    write(&dir, "damaged.json", damaged);
    let found = inconclusive(&dir, "damaged.json new.jsonl", "could not be read as events");
    assert_eq!(
        (&found["matched"], &found["control"]["rejects"][0]["reason"]),
        (&36.into(), &"syntax".into())
    );
}

#[test]
fn a_side_that_does_not_stop_changing_is_inconclusive() {
    let dir = TestDir::new();
    let event = |number: u32| super::SharedEvent {
        event_type: "TaskUpdated",
        task: format!("T{number}"),
        title: "long ".repeat(40),
        minute: number % 4_000,
        ahead_ms: 4,
    };
    let events = events_to_last(5_000, 8_000) as u32;
    let long: Vec<super::SharedEvent> = (0..events).map(event).collect();
    write_both(&dir, &long, &long);
    for (name, side) in [("events.json", "control"), ("new.jsonl", "candidate")] {
        let said = while_changing(&dir.join(name), || {
            quiet(&dir).run("--format json compare-logs events.json new.jsonl")
        });
        let found = super::document(said);
        assert_eq!(found["verdict"], "inconclusive", "{side}");
        assert_eq!(found["reasons"][0], format!("{name} changed each time it was read"));
        consistent(&dir, "events.json new.jsonl", long.len());
    }
}

#[test]
fn a_file_that_is_no_log_is_an_error() {
    let dir = TestDir::new();
    write_both(&dir, &three_days(), &three_days());
    write(&dir, "utf-16.json", b"\xff\xfe[\x00]\x00");
    let run = run(&dir, "utf-16.json new.jsonl");
    assert_eq!((run.code, run.stdout.as_str()), (4, ""));
    assert!(run.stderr.contains("utf-16.json") && run.stderr.contains("it is UTF-16"), "{}", run.stderr);
}

#[test]
fn a_day_that_was_not_read_is_inconclusive_and_other_files_are_named() {
    let (dir, _) = every_form();
    write(&dir, "days/event_definitions.json", "[]");
    write(&dir, "days/notes/today.md", "");
    let found = consistent(&dir, "events.json days", 36);
    let left_out: Vec<_> =
        found["candidate"]["left_out"].as_array().unwrap().iter().map(|file| file["path"].clone()).collect();
    assert_eq!(left_out, ["days/event_definitions.json", "days/notes"]);
    let said = run(&dir, "events.json days").result();
    assert!(
        said.contains(
            "left out: days/event_definitions.json (not an events-*.jsonl file, and no event is in it)\n"
        ),
        "{said}"
    );
    for name in
        ["days/events-2025-10-23.jsonl.bz2", "days/events-2025-10-23.json", "days/archive/events.jsonl"]
    {
        write(&dir, name, "BZh9");
        let reason = format!("{name} of the candidate was not read: not an events-*.jsonl file");
        inconclusive(&dir, "events.json days", &reason);
        std::fs::remove_file(dir.join(name)).unwrap();
    }
}

#[test]
fn a_comparison_changes_nothing_on_either_side() {
    let (dir, forms) = every_form();
    let contents = || -> Vec<(std::path::PathBuf, Vec<u8>)> {
        let mut files: Vec<_> =
            std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
            .into_iter()
            .filter(|path| path.is_file())
            .map(|path| (path.clone(), std::fs::read(path).unwrap()))
            .collect()
    };
    let before = contents();
    for form in forms {
        compare(&dir, &format!("events.json {form}"));
    }
    let after: Vec<_> = contents();
    for (path, content) in before {
        let now = after.iter().find(|(other, _)| *other == path);
        assert!(now.is_some_and(|(_, now)| *now == content), "{}", path.display());
    }
    let names: Vec<_> = after.iter().map(|(path, _)| path.file_name().unwrap().to_str().unwrap()).collect();
    assert!(names.iter().all(|name| !name.contains("tmp")), "{names:?}");
}
