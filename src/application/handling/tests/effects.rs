//! Effects: at least once, by one process, from now on.

use std::sync::atomic::Ordering;

use super::doubles::{BusyStore, Ending, effect, of_type};
use super::*;
use crate::application::handling::registration::StartFrom;
use crate::application::handling::store::HandlerStoreError;
use crate::domain::repository::EventOrigin;
use crate::domain::value_objects::Position;

#[test]
fn an_effect_begins_with_what_is_stored_after_it_was_registered_first() {
    let (setting, mail) = (Setting::new(), Recorder::new("mail"));
    append_many(&setting, 4);
    let mut first = setting.process(&[effect(&mail)]);
    setting.events.append(1, "e5", "TaskCreated", None);
    setting.events.append(2, "next day", "TaskCreated", None);
    first.catch_up();
    drop(first);
    setting.events.append(1, "e6", "TaskCreated", None);
    setting.process(&[effect(&mail)]).catch_up();
    let attempts: Vec<String> = mail.attempts().into_iter().map(|(id, _)| id).collect();
    assert_eq!(attempts, ["e5", "next day", "e6"]);
}

#[test]
fn a_handler_begins_after_a_position_that_need_not_be_that_of_an_event() {
    for offset in [0, 5] {
        let (setting, mail) = (Setting::new(), Recorder::new("mail"));
        append_many(&setting, 9);
        setting.events.append(2, "next day", "TaskCreated", None);
        let fifth = setting.events.read_stream(&stream_id(1), None, 10).unwrap()[4].position;
        let start = StartFrom::After(Position::new(fifth.get() + offset));
        let registration = Registration { start, ..effect(&mail) };
        setting.process(&[registration]).catch_up();
        let attempts: Vec<String> = mail.attempts().into_iter().map(|(id, _)| id).collect();
        assert_eq!(attempts, ["e6", "e7", "e8", "e9", "next day"]);
    }
}

#[test]
fn an_effect_is_never_given_imported_or_repaired_events() {
    let (setting, mail) = (Setting::new(), Recorder::new("mail"));
    let mut process = setting.process(&[effect(&mail)]);
    setting.events.append_as(1, "history", "TaskCreated", None, EventOrigin::Imported);
    setting.events.append_as(1, "repaired", "TaskCreated", None, EventOrigin::Repaired);
    setting.events.append(1, "e1", "TaskCreated", None);
    process.catch_up();
    assert_eq!(mail.attempts(), [("e1".to_owned(), 1)]);
}

#[test]
fn an_effect_that_was_not_recorded_because_the_store_is_busy_is_not_run_again() {
    let busy = BusyStore::default();
    let setting = Setting::with(busy.store.clone(), Arc::new(busy.clone()));
    let mail = Recorder::new("mail");
    let mut process = setting.process(&[effect(&mail)]);
    process.look().unwrap();
    append_many(&setting, 2);
    busy.busy.store(3, Ordering::SeqCst);
    for _ in 0..3 {
        let refused = process.round();
        assert!(matches!(refused, Err(HandlingError::Store(HandlerStoreError::Busy { .. }))));
    }
    process.catch_up();
    assert_eq!(mail.attempts(), [("e1".to_owned(), 1), ("e2".to_owned(), 1)]);
    assert_eq!(setting.handled("mail", 1), ["e1", "e2"]);
}

#[test]
fn after_a_kill_an_effect_runs_again_with_the_same_key_and_only_the_last_one() {
    let busy = BusyStore::default();
    let setting = Setting::with(busy.store.clone(), Arc::new(busy.clone()));
    let mail = Recorder::new("mail");
    let mut killed = setting.process(&[effect(&mail)]);
    killed.look().unwrap();
    append_many(&setting, 1);
    killed.round().unwrap();
    setting.events.append(1, "e2", "TaskCreated", None);
    busy.busy.store(1, Ordering::SeqCst);
    killed.round().unwrap_err();
    drop(killed);
    setting.process(&[effect(&mail)]).catch_up();
    let attempts: Vec<String> = mail.attempts().into_iter().map(|(id, _)| id).collect();
    assert_eq!(attempts, ["e1", "e2", "e2"]);
    assert_eq!(setting.handled("mail", 1), ["e1", "e2"]);
}

#[test]
fn two_processes_never_run_one_effect_and_the_other_takes_over_at_the_end() {
    let (setting, mail) = (Setting::new(), Recorder::new("mail"));
    let mut first = setting.process(&[effect(&mail)]);
    let mut second = setting.process(&[effect(&mail)]);
    first.look().unwrap();
    append_many(&setting, 5);
    second.catch_up();
    assert_eq!(mail.attempts(), [], "the first one runs it");
    first.catch_up();
    drop(first);
    setting.events.append(1, "e6", "TaskCreated", None);
    second.catch_up();
    assert_eq!(setting.handled("mail", 1), ids(1..=6));
    assert_eq!(mail.attempts().len(), 6);
}

#[test]
fn a_failing_effect_is_tried_again_and_later_events_of_its_task_wait() {
    let (setting, mail) = (Setting::new(), Recorder::new("mail"));
    let mut process = setting.process(&[effect(&mail)]);
    for (id, task) in [("a1", "A"), ("a2", "A"), ("b1", "B")] {
        setting.events.append(1, id, "TaskUpdated", Some(task));
    }
    mail.fail("a1", &[Ending::Transient, Ending::Panic]);
    process.catch_up();
    setting.after(1);
    process.catch_up();
    setting.after(10);
    process.catch_up();
    let expected = [("a1", 1), ("b1", 1), ("a1", 2), ("a1", 3), ("a2", 1)];
    assert_eq!(mail.attempts(), expected.map(|(id, attempt)| (id.to_owned(), attempt)));
    assert_eq!(setting.handled("mail", 1), ["b1", "a1", "a2"]);
}

#[test]
fn an_effect_records_what_passes_by_when_nothing_else_is_to_be_done() {
    let (setting, mail) = (Setting::new(), Recorder::new("mail"));
    let mut process = setting.process(&[of_type("TaskCreated", effect(&mail))]);
    let last = setting.events.append(1, "e1", "TaskDeleted", None);
    process.catch_up();
    process.look().unwrap();
    assert_eq!(setting.progress("mail", 1).unwrap().position, last);
}

#[test]
fn a_paused_effect_is_let_go_and_goes_on_where_it_was() {
    let (setting, mail) = (Setting::new(), Recorder::new("mail"));
    let registrations = [effect(&mail)];
    let mut process = setting.process(&registrations);
    process.look().unwrap();
    setting.operations(&registrations).pause("mail").unwrap();
    append_many(&setting, 2);
    process.catch_up();
    assert_eq!(mail.attempts(), []);
    assert!(setting.handlers.claim("mail").unwrap().is_some(), "the right to run it was given back");
    setting.operations(&registrations).resume("mail", false).unwrap();
    process.catch_up();
    assert_eq!(setting.handled("mail", 1), ids(1..=2));
}

#[test]
fn a_process_that_runs_the_effect_takes_up_what_another_one_retries() {
    let (setting, mail) = (Setting::new(), Recorder::new("mail"));
    let registrations = [effect(&mail)];
    let mut process = setting.process(&registrations);
    process.look().unwrap();
    append_many(&setting, 1);
    mail.fail("e1", &[Ending::Permanent]);
    process.catch_up();
    let retried = setting.operations(&registrations).retry("mail", None).unwrap();
    assert!(retried.is_left);
    assert_eq!(mail.attempts().len(), 1);
    process.catch_up();
    assert_eq!(mail.attempts().len(), 2);
    assert_eq!(setting.handled("mail", 1), ["e1"]);
}
