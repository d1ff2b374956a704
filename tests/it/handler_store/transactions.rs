use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use chrono::NaiveDate;
use mission_events::Position;
use mission_events::internals::application::handling::failure::FailureState;
use mission_events::internals::application::handling::store::{
    Durability, HandlerStore, HandlerStoreError, HandlerTransaction, HandlingFigures,
};
use mission_events::internals::application::read_models::TaskChange;
use rusqlite::Connection;

use super::{at, failure, handler, open, positions, progress, session, write};
use crate::support::test_dir::TestDir;

fn change(position: i64) -> TaskChange<'static> {
    TaskChange {
        task_id: "T1",
        position: Position::new(position),
        changed_at: at(position),
        field: "priority",
        old_value: None,
        new_value: Some("\"P1\""),
    }
}

/// The positions of what is recorded of the task T1.
fn changes(dir: &TestDir) -> Vec<i64> {
    let database = Connection::open(dir.join("handlers.db")).unwrap();
    let mut statement =
        database.prepare("SELECT position FROM task_changes WHERE task_id = 'T1' ORDER BY position").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn a_transaction_that_is_dropped_has_changed_nothing_and_one_that_is_committed_all_of_it() {
    let dir = TestDir::new();
    let store = open(&dir.join("handlers.db"));
    write(&store, |transaction| transaction.put_handler(&handler("task_history")).unwrap());
    for (commits, found) in [(false, vec![]), (true, vec![1])] {
        let mut session = session(&store);
        let mut transaction = session.begin().unwrap();
        transaction.read_models().record_change(&change(1)).unwrap();
        transaction.put_progress("task_history", &progress(1)).unwrap();
        if commits {
            transaction.commit().unwrap();
        } else {
            drop(transaction);
        }
        assert_eq!((positions(&store, "task_history"), changes(&dir)), (found.clone(), found));
    }
}

#[test]
fn the_version_is_another_one_after_another_session_has_committed_and_only_then() {
    let dir = TestDir::new();
    let store = open(&dir.join("handlers.db"));
    let mut session = session(&store);
    let mut change = |row: &str| {
        let mut transaction = session.begin().unwrap();
        let version = transaction.version().unwrap().unwrap();
        transaction.put_handler(&handler(row)).unwrap();
        transaction.commit().unwrap();
        version
    };
    let first = change("own");
    assert_eq!(change("own_again"), first);
    write(&store, |transaction| transaction.put_handler(&handler("of_another_session")).unwrap());
    assert_ne!(change("own_later"), first);
}

#[test]
fn a_session_can_go_on_after_a_transaction_that_was_dropped() {
    let dir = TestDir::new();
    let store = open(&dir.join("handlers.db"));
    let mut session = session(&store);
    drop(session.begin().unwrap());
    drop(session.snapshot().unwrap());
    let mut transaction = session.begin().unwrap();
    transaction.put_handler(&handler("task_history")).unwrap();
    transaction.commit().unwrap();
    assert_eq!(session.snapshot().unwrap().handlers().unwrap(), [handler("task_history")]);
}

#[test]
fn what_is_undone_to_a_savepoint_is_gone_and_what_was_before_or_is_released_stays() {
    let dir = TestDir::new();
    let store = open(&dir.join("handlers.db"));
    write(&store, |transaction| {
        transaction.put_handler(&handler("task_history")).unwrap();
        for (position, is_kept) in [(1, true), (2, false), (3, true)] {
            transaction.set_savepoint().unwrap();
            transaction.read_models().record_change(&change(position)).unwrap();
            if is_kept {
                transaction.release_savepoint().unwrap();
            } else {
                transaction.undo_to_savepoint().unwrap();
            }
        }
        assert!(transaction.undo_to_savepoint().is_err(), "there is no point");
        transaction.put_progress("task_history", &progress(3)).unwrap();
    });
    assert_eq!((changes(&dir), positions(&store, "task_history")), (vec![1, 3], vec![3]));
}

#[test]
fn readers_see_the_old_state_until_a_replay_is_committed_and_a_snapshot_keeps_its_own() {
    let dir = TestDir::new();
    let store = open(&dir.join("handlers.db"));
    write(&store, |transaction| {
        transaction.put_handler(&handler("task_history")).unwrap();
        transaction.put_progress("task_history", &progress(7)).unwrap();
        transaction.read_models().record_change(&change(7)).unwrap();
    });
    let mut reading = session(&store);
    let mut snapshot = reading.snapshot().unwrap();
    write(&store, |transaction| {
        transaction.clear_read_models("task_history").unwrap();
        transaction.clear_progress("task_history").unwrap();
        for position in 1..=5_000 {
            transaction.read_models().record_change(&change(position)).unwrap();
        }
        transaction.put_progress("task_history", &progress(5_000)).unwrap();
        assert_eq!((positions(&store, "task_history"), changes(&dir)), (vec![7], vec![7]));
    });
    assert_eq!(snapshot.progress("task_history").unwrap(), [progress(7)]);
    assert_eq!((positions(&store, "task_history"), changes(&dir).len()), (vec![5_000], 5_000));
}

#[test]
fn a_transaction_begins_when_the_one_of_another_session_has_ended_and_sees_what_it_did() {
    let dir = TestDir::new();
    let store = open(&dir.join("handlers.db"));
    write(&store, |transaction| transaction.put_handler(&handler("task_history")).unwrap());
    let (begun, has_begun) = mpsc::channel();
    thread::scope(|threads| {
        let mut first = session(&store);
        let mut transaction = first.begin().unwrap();
        let store = &store;
        threads.spawn(move || {
            let mut second = session(store);
            let mut transaction = second.begin().unwrap();
            begun.send(transaction.progress("task_history").unwrap()).unwrap();
        });
        assert!(has_begun.recv_timeout(Duration::from_millis(300)).is_err(), "two at a time");
        transaction.put_progress("task_history", &progress(4)).unwrap();
        transaction.commit().unwrap();
        assert_eq!(has_begun.recv_timeout(Duration::from_secs(30)).unwrap(), [progress(4)]);
    });
}

#[test]
fn a_transaction_that_waits_for_too_long_is_refused_as_busy() {
    let dir = TestDir::new();
    let store = open(&dir.join("handlers.db"));
    let (mut first, mut second) = (session(&store), session(&store));
    let _open = first.begin().unwrap();
    let refusal = second.begin().err();
    assert!(matches!(refusal, Some(HandlerStoreError::Busy { .. })), "{refusal:?}");
}

#[test]
fn one_at_a_time_has_the_right_to_run_an_effect_handler() {
    let dir = TestDir::new();
    let path = dir.join("handlers.db");
    let (one, other) = (open(&path), open(&path));
    let claim = one.claim("notifications").unwrap().expect("nothing else has it");
    assert!(one.claim("notifications").unwrap().is_none(), "within the store");
    assert!(other.claim("notifications").unwrap().is_none(), "in another one");
    assert!(other.claim("legacy_mirror").unwrap().is_some(), "another handler");
    drop(claim);
    assert!(other.claim("notifications").unwrap().is_some());
    assert!(dir.join("handlers.db.notifications.lock").exists(), "a lock is never deleted");
}

#[test]
fn a_name_that_is_no_plain_word_is_refused_by_the_lock_and_by_the_database() {
    let dir = TestDir::new();
    let store = open(&dir.join("handlers.db"));
    for name in ["", "../escape", "Task", "task-history", "täsk", "a b", "a\0b", &"a".repeat(65)] {
        let refusal = store.claim(name).err().expect(name);
        let mut session = session(&store);
        let kept = session.begin().unwrap().put_handler(&handler(name)).expect_err(name);
        for refusal in [refusal, kept] {
            let reason = std::error::Error::source(&refusal).unwrap().to_string();
            assert!(reason.ends_with(": expected 1 to 64 of a-z, 0-9 and _"), "{reason}");
        }
    }
    let longest = &"z".repeat(64);
    assert!(store.claim(longest).unwrap().is_some());
    write(&store, |transaction| transaction.put_handler(&handler(longest)).unwrap());
}

#[test]
fn what_is_said_of_a_handler_that_is_not_known_cannot_be_committed() {
    let dir = TestDir::new();
    let store = open(&dir.join("handlers.db"));
    let day = NaiveDate::from_ymd_opt(2025, 10, 25).unwrap();
    let changes: [fn(&mut dyn HandlerTransaction, NaiveDate); 3] = [
        |transaction, _| transaction.put_progress("late", &progress(1)).unwrap(),
        |transaction, _| transaction.put_failure("late", &failure(1, FailureState::Parked)).unwrap(),
        |transaction, day| transaction.add_figures("late", day, &HandlingFigures::default()).unwrap(),
    ];
    for change in changes {
        let mut session = session(&store);
        let mut transaction = session.begin().unwrap();
        change(&mut *transaction, day);
        assert!(transaction.commit().is_err());
        assert_eq!(session.snapshot().unwrap().progress("late").unwrap(), []);
        assert_eq!(session.snapshot().unwrap().failures("late").unwrap(), []);
    }
    write(&store, |transaction| {
        transaction.put_progress("late", &progress(1)).unwrap();
        transaction.put_handler(&handler("late")).unwrap();
    });
    assert_eq!(positions(&store, "late"), [1], "in any order within a transaction");
}

#[test]
fn figures_that_do_not_fit_are_an_error_and_leave_what_was_there() {
    let dir = TestDir::new();
    let store = open(&dir.join("handlers.db"));
    let day = NaiveDate::from_ymd_opt(2025, 10, 25).unwrap();
    let figures = |handled| HandlingFigures { handled, ..HandlingFigures::default() };
    write(&store, |transaction| {
        transaction.put_handler(&handler("task_history")).unwrap();
        transaction.add_figures("task_history", day, &figures(i64::MAX as u64)).unwrap();
        assert!(transaction.add_figures("task_history", day, &figures(1)).is_err());
        assert!(transaction.add_figures("task_history", day, &figures(u64::MAX)).is_err());
    });
    let mut session = store.session(Durability::AtCommit).unwrap();
    assert_eq!(session.snapshot().unwrap().events_handled("task_history").unwrap(), i64::MAX as u64);
}
