//! A SQLite store on a side: what the new system wrote, and what was imported, are two proofs.

use super::{
    SharedEvent, array, compare, consistent, different, inconclusive, jsonl, legacy_records, new_records,
    quiet, run, three_days, write_both,
};
use crate::support::cli::write;
use crate::support::test_dir::TestDir;

fn import(dir: &TestDir, logs: &str) {
    let run = quiet(dir).run(&format!("import-legacy {logs} --overlap keep --into events.db"));
    assert!(run.code == 0, "{run:?}");
}

/// The first day is history, imported from the legacy log; from then on both systems ran, and the new
/// one wrote to the store as well.
fn parallel_run(control: &[SharedEvent], native: &[SharedEvent]) -> TestDir {
    let dir = TestDir::new();
    write(&dir, "before.json", array(&legacy_records(&three_days()[..12])));
    write(&dir, "events.json", array(&legacy_records(control)));
    write(&dir, "new.jsonl", jsonl(&new_records(native)));
    import(&dir, "before.json");
    import(&dir, "new.jsonl");
    dir
}

#[test]
fn the_parallel_run_is_compared_from_the_first_event_that_the_new_system_wrote() {
    let dir = parallel_run(&three_days(), &three_days()[12..]);
    let found = consistent(&dir, "events.json events.db", 24);
    assert_eq!(found["since"], "2025-10-21T00:07:00.004Z");
    assert_eq!((&found["control"]["out_of_range"], &found["history"]["holds"]), (&12.into(), &true.into()));
    assert_eq!((&found["history"]["matched"], &found["history"]["candidate"]), (&12.into(), &12.into()));
    consistent(&dir, "events.db events.db", 24);
}

#[test]
fn the_parallel_run_begins_with_the_partner_of_the_first_event_however_the_clocks_differ() {
    let shifted = |minutes: i32, ahead_ms: u32| -> Vec<SharedEvent> {
        let shift = |event: &SharedEvent| SharedEvent {
            minute: event.minute.checked_add_signed(minutes).unwrap(),
            ahead_ms,
            ..event.clone()
        };
        three_days()[12..].iter().map(shift).collect()
    };
    // The new system's clock: the same, ahead, ahead by much, late.
    let mut runs = vec![shifted(0, 0), shifted(0, 4), shifted(0, 59_000), shifted(-1, 59_000)];
    // The first event came late, or early, among others that did not.
    for (minutes, ahead_ms) in [(0, 1_500), (-1, 58_600)] {
        let mut run = shifted(0, 4);
        run[0] = shifted(minutes, ahead_ms).remove(0);
        runs.push(run);
    }
    for native in runs {
        let dir = parallel_run(&three_days(), &native);
        let found = consistent(&dir, "events.json events.db", 24);
        assert_eq!((&found["history"]["matched"], &found["history"]["holds"]), (&12.into(), &true.into()));
        assert_eq!(found["control"]["out_of_range"], 12);
    }
}

#[test]
fn a_clock_that_is_slow_does_not_draw_the_last_of_the_history_into_the_parallel_run() {
    let mut events = three_days();
    events[11].minute = events[12].minute - 1;
    let native: Vec<SharedEvent> =
        events[12..].iter().map(|event| SharedEvent { minute: event.minute - 3, ..event.clone() }).collect();
    let dir = parallel_run(&events, &native);
    write(&dir, "last.json", array(&legacy_records(&events[11..12])));
    import(&dir, "last.json");
    let found = compare(&dir, "events.json events.db");
    assert_eq!((&found["missing"], &found["matched"]), (&0.into(), &24.into()), "{found:#}");
    assert_eq!(found["control"]["out_of_range"], 12);
}

#[test]
fn what_the_new_system_wrote_before_the_first_pair_is_extra() {
    let mut native = three_days()[12..].to_vec();
    let early = SharedEvent { minute: native[0].minute - 2, task: "X1".to_owned(), ..native[0].clone() };
    native.insert(0, early);
    let dir = parallel_run(&three_days(), &native);
    let found = different(&dir, "events.json events.db", &[("extra", 1)]);
    assert_eq!((&found["matched"], &found["history"]["holds"]), (&24.into(), &true.into()));
}

#[test]
fn the_parallel_run_begins_by_the_clock_of_the_legacy_log_to_the_moment() {
    let mut native = three_days()[12..].to_vec();
    native[0].ahead_ms = 1_500;
    let extended = |second: &str| -> Vec<String> {
        let mut control = legacy_records(&three_days());
        control.push(control[12].replace("T12", "TZ").replace("T00:07:00.000000", second));
        control
    };
    for (second, is_before) in [("T00:07:00.500000", false), ("T00:06:59.900000", true)] {
        let dir = parallel_run(&three_days(), &native);
        write(&dir, "events.json", array(&extended(second)));
        let found = match is_before {
            // Of the time before, it has to be in the history.
            true => inconclusive(&dir, "events.json events.db", "import the log again (import-legacy)"),
            false => different(&dir, "events.json events.db", &[("missing", 1)]),
        };
        assert_eq!(found["history"]["not_imported_before"], u64::from(is_before), "{found:#}");
        assert_eq!(found["history"]["not_imported"], 25);
        write(&dir, "late.json", array(&extended(second)[36..]));
        import(&dir, "late.json");
        match is_before {
            true => drop(consistent(&dir, "events.json events.db", 24)),
            false => drop(different(&dir, "events.json events.db", &[("missing", 1)])),
        }
    }
}

#[test]
fn a_history_row_never_stands_in_for_a_native_one() {
    let mut native = three_days()[12..].to_vec();
    native.remove(3);
    let dir = parallel_run(&three_days(), &native);
    // Now the store has the event, by way of the legacy log.
    write(&dir, "lost.json", array(&legacy_records(&three_days()[15..16])));
    import(&dir, "lost.json");
    let found = compare(&dir, "events.json events.db");
    assert_eq!((&found["verdict"], &found["missing"]), (&"different".into(), &1.into()), "{found:#}");
}

#[test]
fn a_store_that_holds_history_alone_is_inconclusive_and_never_green() {
    let dir = TestDir::new();
    write_both(&dir, &three_days(), &three_days());
    import(&dir, "events.json");
    let found = inconclusive(&dir, "events.json events.db", "the parallel run has not begun");
    assert_eq!((&found["matched"], &found["since"]), (&0.into(), &serde_json::Value::Null));
    assert_eq!((&found["history"]["holds"], &found["history"]["matched"]), (&true.into(), &36.into()));
    let said = run(&dir, "events.json events.db");
    assert_eq!(said.code, 3);
    assert!(said.stdout.starts_with("INCONCLUSIVE\n  - the store holds no event that the new system wrote"));
    // A declared beginning means that the new system should have written from then on.
    different(&dir, "events.json events.db --since 2025-10-22", &[("missing", 12)]);
    inconclusive(&dir, "events.db events.db", "holds no event in the range: nothing was compared");
}

#[test]
fn a_history_that_is_not_that_of_the_legacy_log_is_different_though_the_rest_agrees() {
    let mut control = three_days();
    control[4].title = "rewritten since".to_owned();
    let dir = parallel_run(&control, &three_days()[12..]);
    let found = compare(&dir, "events.json events.db");
    assert_eq!((&found["verdict"], &found["matched"]), (&"different".into(), &24.into()));
    assert_eq!(found["history"]["holds"], false);
    assert_eq!(found["reasons"].as_array().unwrap().len(), 1);
    assert!(
        found["reasons"][0].as_str().unwrap().starts_with("the history of the store is not that"),
        "{found:#}"
    );
}

#[test]
fn a_legacy_log_that_begins_before_the_store_is_inconclusive_unless_a_beginning_is_named() {
    let dir = TestDir::new();
    write_both(&dir, &three_days(), &three_days()[12..]);
    import(&dir, "new.jsonl");
    inconclusive(&dir, "events.json events.db", "12 events of the control lie before the first event");
    consistent(&dir, "events.json events.db --since 2025-10-21", 24);
}

#[test]
fn a_row_of_a_store_is_told_by_its_position() {
    let mut native = three_days()[12..].to_vec();
    native[3].title = "another title".to_owned();
    let dir = parallel_run(&three_days(), &native);
    let found = different(&dir, "events.json events.db", &[("changed", 1)]);
    let changed = &found["differences"][0];
    // Twelve rows of history, then the fourth of the new system.
    assert_eq!(changed["candidate"]["position"], 16);
    assert!(changed["candidate"]["line"].is_null() && changed["candidate"]["offset"].is_null());
    assert_eq!(
        (&changed["control"]["line"], &changed["control"]["position"]),
        (&1.into(), &serde_json::Value::Null)
    );
    let said = run(&dir, "events.json events.db").stdout;
    assert!(said.contains("\n  candidate  events.db, position 16, id e3\n"), "{said}");
}

#[test]
fn a_database_of_another_program_is_no_side() {
    let dir = TestDir::new();
    write_both(&dir, &three_days(), &three_days());
    let bank = rusqlite::Connection::open(dir.join("bank.db")).unwrap();
    bank.execute_batch("CREATE TABLE accounts (id INTEGER)").unwrap();
    drop(bank);
    run(&dir, "events.json bank.db").code_is(4, "bank.db");
}
