//! How much of the legacy log the history of a store holds.

use serde_json::Value;

use super::{
    SharedEvent, array, compare, consistent, inconclusive, jsonl, legacy_records, new_records, quiet, run,
    three_days,
};
use crate::support::cli::write;
use crate::support::test_dir::TestDir;

fn import(dir: &TestDir, arguments: &str) {
    let run = quiet(dir).run(&format!("import-legacy {arguments} --into events.db"));
    assert!(run.code == 0, "{run:?}");
}

/// Both systems ran from the event `first` on; the store has what the new one wrote, and nothing of the legacy log.
fn parallel_run(first: usize) -> TestDir {
    let dir = TestDir::new();
    write(&dir, "events.json", array(&legacy_records(&three_days())));
    write(&dir, "new.jsonl", jsonl(&new_records(&three_days()[first..])));
    import(&dir, "new.jsonl");
    dir
}

fn legacy(events: &[SharedEvent]) -> String {
    array(&legacy_records(events))
}

fn counts(found: &Value) -> [u64; 5] {
    ["control", "matched", "missing", "not_imported", "not_imported_before"]
        .map(|key| found["history"][key].as_u64().unwrap())
}

#[test]
fn a_log_that_was_imported_in_part_is_told_with_what_is_not_imported_yet() {
    let dir = parallel_run(12);
    write(&dir, "first.json", legacy(&three_days()[..30]));
    import(&dir, "first.json");
    let found = consistent(&dir, "events.json events.db", 24);
    assert_eq!(counts(&found), [36, 30, 0, 6, 0]);
    assert_eq!((&found["history"]["holds"], &found["history"]["candidate"]), (&true.into(), &30.into()));
    let said = run(&dir, "events.json events.db").result();
    let expected = "\nhistory: the import holds: 30 of 36 events of the legacy log are in the store (30 there), \
                    6 later ones are not imported yet\n";
    assert!(said.contains(expected), "{said}");
    import(&dir, "events.json");
    assert_eq!(counts(&consistent(&dir, "events.json events.db", 24)), [36, 36, 0, 0, 0]);
}

#[test]
fn an_import_that_ended_before_the_run_began_is_to_be_made_again() {
    let dir = parallel_run(12);
    write(&dir, "first.json", legacy(&three_days()[..9]));
    import(&dir, "first.json");
    let found = inconclusive(
        &dir,
        "events.json events.db",
        "3 events of the legacy log lie before the beginning of the comparison and are not imported yet: import the \
         log again (import-legacy)",
    );
    assert_eq!(counts(&found), [36, 9, 0, 27, 3]);
    assert_eq!(found["reasons"].as_array().unwrap().len(), 1);
    import(&dir, "events.json");
    assert_eq!(counts(&consistent(&dir, "events.json events.db", 24)), [36, 36, 0, 0, 0]);
}

#[test]
fn an_import_up_to_a_time_is_no_hole_though_the_log_goes_back_in_time_after_it() {
    let dir = parallel_run(12);
    let mut order = three_days();
    order.rotate_left(17);
    write(&dir, "events.json", legacy(&order));
    import(&dir, "events.json --until 2025-10-21T12:00:00");
    let found = consistent(&dir, "events.json events.db", 24);
    assert_eq!(counts(&found), [36, 18, 0, 18, 0]);
}

#[test]
fn a_record_that_was_left_out_of_an_import_is_missing() {
    let dir = parallel_run(12);
    let mut events = three_days();
    events.truncate(20);
    events.remove(5);
    write(&dir, "first.json", legacy(&events));
    import(&dir, "first.json");
    let found = compare(&dir, "events.json events.db");
    assert_eq!((&found["verdict"], &found["history"]["holds"]), (&"different".into(), &false.into()));
    assert_eq!(counts(&found), [36, 19, 1, 16, 0]);
}

#[test]
fn each_log_of_a_folder_is_imported_up_to_a_place_of_its_own() {
    let dir = parallel_run(24);
    std::fs::create_dir(dir.join("legacy")).unwrap();
    // Two writers, each with a log of its own, side by side.
    let log_of = |events: &[SharedEvent], writer: usize| -> String {
        jsonl(&legacy_records(events).into_iter().skip(writer).step_by(2).collect::<Vec<_>>())
    };
    let logs = |events: [usize; 2]| {
        for writer in [0, 1] {
            write(&dir, &format!("legacy/{writer}.jsonl"), log_of(&three_days()[..events[writer]], writer));
        }
    };
    // The first log was imported when it was short, the second one when all was there.
    logs([10, 36]);
    import(&dir, "legacy");
    logs([36, 36]);
    let found = inconclusive(&dir, "legacy events.db", "7 events of the legacy log lie before");
    assert_eq!(counts(&found), [36, 23, 0, 13, 7]);
    import(&dir, "legacy");
    assert_eq!(counts(&consistent(&dir, "legacy events.db", 12)), [36, 36, 0, 0, 0]);
    // A log of which nothing was imported, though later events of another one were.
    std::fs::remove_file(dir.join("events.db")).unwrap();
    import(&dir, "new.jsonl");
    import(&dir, "legacy/0.jsonl");
    let found = compare(&dir, "legacy events.db");
    assert_eq!((&found["verdict"], counts(&found)), (&"different".into(), [36, 18, 17, 1, 0]));
}

#[test]
fn evidence_says_how_much_is_not_imported_yet() {
    let dir = TestDir::new();
    write(&dir, "data/events.json", legacy(&three_days()));
    write(&dir, "new.jsonl", jsonl(&new_records(&three_days()[12..])));
    write(&dir, "first.json", legacy(&three_days()[..11]));
    let program = || quiet(&dir).env("MISSION_CONTROL_STORAGE_BACKEND", "sqlite");
    for log in ["new.jsonl", "first.json"] {
        let imported = program().run(&format!("import-legacy {log} --into data/events.db"));
        assert_eq!(imported.code, 0, "{imported:?}");
    }
    let said = program().run("compare-logs");
    assert_eq!(said.code, 3, "{said:?}");
    let text = std::fs::read_to_string(dir.join("data/evidence.jsonl")).unwrap();
    let record: Value = serde_json::from_str(&text).unwrap();
    let history = &record["history"];
    assert_eq!((&history["not_imported"], &history["not_imported_before"]), (&25.into(), &1.into()));
    assert_eq!((&history["control"], &history["differences"]), (&36.into(), &0.into()));
    assert_eq!(history["verdict"], "inconclusive");
    assert_eq!(record["window"]["beginning"]["at"], "2025-10-21T00:07:00+00:00");
}
