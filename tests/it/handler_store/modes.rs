//! What is recorded of modes.

use std::collections::BTreeSet;
use std::thread;

use mission_events::internals::application::mode_log::{ModeChange, ModeLog, ProcessMode, UndecidedRecord};
use mission_events::internals::domain::event_system_mode::Routing;
use mission_events::internals::infrastructure::handler_store::SqliteHandlerStore;
use mission_events::{Position, StreamId};
use rusqlite::Connection;

use super::{at, open};
use crate::support::test_dir::TestDir;

const MICROS: i64 = 1_761_386_400_250_000;

fn routing(use_new: bool, parallel: bool, types: &[&str]) -> Routing {
    Routing::of(use_new, parallel, types.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>())
}

fn change(to: Routing) -> ModeChange {
    let heads = [("2025-10-24", 7), ("2025-10-25", 0)];
    let heads = heads.map(|(stream, position)| (StreamId::new(stream), Position::new(position)));
    ModeChange { at: at(MICROS), from: None, to, heads: heads.to_vec(), legacy_end: Some(4_711) }
}

#[test]
fn switches_are_kept_in_their_order_with_what_was_before_and_only_where_they_lead_elsewhere() {
    let dir = TestDir::new();
    let store = open(&dir.join("handlers.db"));
    let modes = [
        routing(false, true, &["TaskCreated", "Töne \"x\""]),
        routing(true, true, &[]),
        routing(true, false, &[]),
        routing(false, false, &[]),
    ];
    let mut expected: Vec<ModeChange> = Vec::new();
    for mode in modes {
        for (log, is_added) in [(store.mode_log().unwrap(), true), (store.mode_log().unwrap(), false)] {
            assert_eq!(log.add_change(&change(mode.clone())).unwrap(), is_added);
        }
        let from = expected.last().map(|last| last.to.clone());
        expected.push(ModeChange { from, ..change(mode) });
    }
    assert_eq!(*store.mode_log().unwrap().changes().unwrap(), expected);
    let nothing = ModeChange { heads: Vec::new(), legacy_end: None, ..change(routing(true, false, &[])) };
    let log = store.mode_log().unwrap();
    assert!(log.add_change(&nothing).unwrap());
    let last = log.changes().unwrap().last().cloned().unwrap();
    assert_eq!((last.heads, last.legacy_end), (Vec::new(), None));
}

#[test]
fn of_processes_that_switch_alike_at_once_one_adds_it() {
    let dir = TestDir::new();
    let path = dir.join("handlers.db");
    open(&path);
    let switches: Vec<_> = (0..8)
        .map(|_| {
            let path = path.clone();
            thread::spawn(move || {
                open(&path).mode_log().unwrap().add_change(&change(routing(true, true, &[]))).unwrap()
            })
        })
        .collect();
    let added = switches.into_iter().filter_map(|switch| switch.join().unwrap().then_some(())).count();
    assert_eq!((added, open(&path).mode_log().unwrap().changes().unwrap().len()), (1, 1));
}

#[test]
fn a_process_is_known_by_its_number_until_it_ends() {
    let dir = TestDir::new();
    let log = open(&dir.join("handlers.db")).mode_log().unwrap();
    let process = |pid, micros| ProcessMode {
        pid,
        routing: routing(false, true, &["TaskDeleted"]),
        since: at(MICROS),
        seen_at: at(micros),
    };
    for (pid, micros) in [(u32::MAX, 1), (7, 2), (7, 3)] {
        log.put_process(&process(pid, micros)).unwrap();
    }
    assert_eq!(log.processes().unwrap(), [process(7, 3), process(u32::MAX, 1)]);
    log.remove_process(7).unwrap();
    log.remove_process(8).unwrap();
    assert_eq!(log.processes().unwrap(), [process(u32::MAX, 1)]);
}

#[test]
fn what_was_not_decided_is_said_once() {
    let dir = TestDir::new();
    let log = open(&dir.join("handlers.db")).mode_log().unwrap();
    let record = UndecidedRecord {
        mirror: "legacy_mirror".to_owned(),
        found_at: at(MICROS),
        event_id: Some("e1".to_owned()),
        legacy_offset: Some(17),
        detail: "unknown".to_owned(),
    };
    let records = [
        record.clone(),
        UndecidedRecord { mirror: "new_mirror".to_owned(), ..record.clone() },
        UndecidedRecord { event_id: None, ..record.clone() },
        UndecidedRecord { legacy_offset: None, ..record.clone() },
        UndecidedRecord { detail: "unknown too".to_owned(), ..record.clone() },
    ];
    for later in 0..2 {
        for record in &records {
            let again = UndecidedRecord { found_at: at(MICROS + later), ..record.clone() };
            log.add_undecided(&again).unwrap();
        }
    }
    assert_eq!(log.undecided().unwrap(), records);
}

#[test]
fn a_store_that_was_opened_for_reading_tells_modes_and_records_none() {
    let dir = TestDir::new();
    let path = dir.join("handlers.db");
    let mode = routing(true, false, &[]);
    open(&path).mode_log().unwrap().add_change(&change(mode.clone())).unwrap();
    let log = SqliteHandlerStore::open_existing(&path).unwrap().unwrap().mode_log().unwrap();
    assert_eq!(*log.changes().unwrap(), [change(mode.clone())]);
    let refusals = [log.add_change(&change(mode)).map(drop).unwrap_err(), log.remove_process(1).unwrap_err()];
    for refusal in refusals {
        let source = std::error::Error::source(&refusal).unwrap().to_string();
        assert_eq!(source, "the handler store was opened for reading");
    }
}

#[test]
fn a_row_of_modes_that_this_program_cannot_have_written_is_an_error_that_names_it() {
    for (damage, said) in [
        ("UPDATE mode_changes SET mode = 'both'", r#"mode_changes (1): "both" is no word of this program"#),
        (
            "UPDATE mode_changes SET new_event_types = '{'",
            r#"mode_changes (1): expected a JSON array of texts, found "{""#,
        ),
        ("UPDATE mode_changes SET legacy_end = -1", "mode_changes (1): Integer -1 out of range"),
    ] {
        let dir = TestDir::new();
        let path = dir.join("handlers.db");
        let log = open(&path).mode_log().unwrap();
        log.add_change(&change(routing(true, true, &[]))).unwrap();
        let other = Connection::open(&path).unwrap();
        other.execute_batch(&format!("PRAGMA ignore_check_constraints = 1; {damage}")).unwrap();
        let error = log.changes().unwrap_err().to_string();
        assert!(error.starts_with(&format!("the handler store is damaged: {said}")), "{error}");
    }
}

#[test]
fn views_show_switches_processes_and_what_was_not_decided_with_times_that_can_be_read() {
    let dir = TestDir::new();
    let path = dir.join("handlers.db");
    let log = open(&path).mode_log().unwrap();
    for mode in [routing(false, true, &["TaskCreated"]), routing(true, false, &[])] {
        log.add_change(&change(mode)).unwrap();
    }
    let (since, routing) = (at(MICROS), routing(true, false, &[]));
    log.put_process(&ProcessMode { pid: 7, routing, since, seen_at: since }).unwrap();
    let other = Connection::open(&path).unwrap();
    let row = |sql: &str| -> String { other.query_row(sql, [], |row| row.get(0)).unwrap() };
    assert_eq!(
        row("SELECT at || ' ' || from_mode || ' ' || from_primary_side || ' ' || mode || ' ' || primary_side FROM mode_switches
             WHERE from_mode IS NOT NULL"),
        "2025-10-25T10:00:00.250+00:00 parallel_events legacy new_events new"
    );
    assert_eq!(
        row("SELECT pid || ' ' || mode || ' ' || since FROM dispatching_processes"),
        "7 new_events 2025-10-25T10:00:00.250+00:00"
    );
    assert_eq!(row("SELECT count(*) || '' FROM undecided_events"), "0");
}
