//! Projections: pages, progress, several handlers, several processes.

use std::sync::atomic::Ordering;

use super::doubles::{BusyStore, Ending, Recorder, change, of_type, projection};
use super::*;
use crate::application::handling::registration::PositionInterval;
use crate::application::handling::store::HandlerStoreError;
use crate::application::read_models::TaskReadModels;
use crate::application::read_models::memory::MemoryReadModels;
use crate::domain::value_objects::Position;

#[test]
fn every_event_is_handled_once_and_in_order_over_pages_and_streams() {
    let (setting, tasks) = (Setting::new(), Recorder::new("tasks"));
    append_many(&setting, 10);
    setting.events.append(2, "later", "TaskCreated", None);
    let mut process = setting.process(&[projection(&tasks)]);
    process.catch_up();
    process.catch_up();
    assert_eq!(setting.handled("tasks", 1), ids(1..=10));
    assert_eq!(setting.handled("tasks", 2), ["later"]);
    assert_eq!(tasks.attempts().len(), 11);
}

#[test]
fn an_event_that_arrives_late_for_an_earlier_stream_is_handled() {
    let (setting, tasks) = (Setting::new(), Recorder::new("tasks"));
    setting.events.append(1, "e1", "TaskCreated", None);
    setting.events.append(2, "e2", "TaskCreated", None);
    let mut process = setting.process(&[projection(&tasks)]);
    process.catch_up();
    setting.events.append(1, "late", "TaskCreated", None);
    process.catch_up();
    assert_eq!(setting.handled("tasks", 1), ["e1", "late"]);
}

#[test]
fn what_was_read_and_not_committed_is_handled_by_the_next_process() {
    let busy = BusyStore::default();
    let setting = Setting::with(busy.store.clone(), Arc::new(busy.clone()));
    let tasks = Recorder::new("tasks");
    append_many(&setting, 4);
    let mut killed = setting.process(&[projection(&tasks)]);
    killed.look().unwrap();
    assert!(killed.round().unwrap());
    busy.busy.store(1, Ordering::SeqCst);
    assert!(matches!(killed.round(), Err(HandlingError::Store(HandlerStoreError::Busy { .. }))));
    drop(killed);
    setting.process(&[projection(&tasks)]).catch_up();
    assert_eq!(setting.handled("tasks", 1), ids(1..=4));
}

#[test]
fn two_processes_never_handle_an_event_twice() {
    let (setting, tasks) = (Setting::new(), Recorder::new("tasks"));
    let mut first = setting.process(&[projection(&tasks)]);
    let mut second = setting.process(&[projection(&tasks)]);
    for round in 0..4 {
        for number in 1..=5 {
            setting.events.append(1, &format!("e{}", round * 5 + number), "TaskCreated", None);
        }
        first.look().unwrap();
        second.look().unwrap();
        // The second one has read nothing of what the first one handles.
        first.round().unwrap();
        second.catch_up();
        first.catch_up();
    }
    assert_eq!(setting.handled("tasks", 1), ids(1..=20));
    assert_eq!(tasks.attempts().len(), 20);
}

#[test]
fn a_new_projection_catches_up_while_the_others_go_on() {
    let (setting, old, new) = (Setting::new(), Recorder::new("old"), Recorder::new("new"));
    append_many(&setting, 9);
    setting.process(&[projection(&old)]).catch_up();
    setting.events.append(1, "e10", "TaskCreated", None);
    let mut process = setting.process(&[projection(&old), projection(&new)]);
    process.look().unwrap();
    process.round().unwrap();
    assert_eq!(setting.handled("old", 1), ids(1..=10), "it does not wait for the other");
    assert_eq!(setting.handled("new", 1), ids(1..=3));
    process.catch_up();
    assert_eq!(setting.handled("new", 1), ids(1..=10));
}

#[test]
fn events_of_other_types_pass_by_and_progress_passes_them_a_page_at_a_time() {
    let (setting, tasks) = (Setting::new(), Recorder::new("tasks"));
    setting.events.append(1, "e1", "TaskCreated", None);
    let registration = of_type("TaskCreated", projection(&tasks));
    let mut process = setting.process(std::slice::from_ref(&registration));
    process.catch_up();
    let first = setting.progress("tasks", 1).unwrap().position;
    setting.events.append(1, "other", "Unknown", None);
    while process.round().unwrap() {}
    assert_eq!(setting.progress("tasks", 1).unwrap().position, first, "one event is no page");
    let last = setting.events.append(1, "other again", "Unknown", None);
    process.catch_up();
    process.look().unwrap();
    assert_eq!(
        setting.progress("tasks", 1).unwrap().position,
        last,
        "recorded when nothing else is to be done"
    );
    for number in 0..PAGE {
        setting.events.append(1, &format!("more {number}"), "Unknown", None);
    }
    let mut process = setting.process(&[registration]);
    process.look().unwrap();
    process.round().unwrap();
    assert!(setting.progress("tasks", 1).unwrap().position > last, "recorded after a page");
    assert_eq!(setting.handled("tasks", 1), ["e1"]);
}

#[test]
fn intervals_limit_what_is_handled() {
    let (setting, tasks) = (Setting::new(), Recorder::new("tasks"));
    append_many(&setting, 6);
    setting.events.append(2, "other", "TaskCreated", None);
    let third = setting.events.read_stream(&stream_id(1), None, 10).unwrap()[2].position;
    let fifth = setting.events.read_stream(&stream_id(1), None, 10).unwrap()[4].position;
    let within = PositionInterval { stream: stream_id(1), after: Some(third), up_to: Some(fifth) };
    let registration = Registration { intervals: vec![within], ..projection(&tasks) };
    setting.process(&[registration]).catch_up();
    assert_eq!(tasks.attempts(), [("e4".to_owned(), 1), ("e5".to_owned(), 1)]);
    assert_eq!(setting.handled("tasks", 1), ["e4", "e5"]);
}

#[test]
fn a_failing_event_changes_nothing_and_progress_passes_it_with_its_failure() {
    let (setting, tasks) = (Setting::new(), Recorder::new("task_history"));
    append_many(&setting, 3);
    tasks.fail("e2", &[Ending::Transient]);
    setting.process(&[projection(&tasks)]).catch_up();
    let events = setting.events.read_stream(&stream_id(1), None, 10).unwrap();
    let mut expected = MemoryReadModels::default();
    expected.record_change(&change(&events[0])).unwrap();
    expected.record_change(&change(&events[2])).unwrap();
    assert_eq!(setting.handlers.read_models(), expected);
    assert_eq!(setting.progress("task_history", 1).unwrap().position, events[2].position);
    assert_eq!(setting.handled("task_history", 1), ["e1", "e3"]);
    let failure = &setting.all_failures("task_history")[0];
    assert_eq!((failure.position, failure.state), (events[1].position, FailureState::Retrying));
    assert_eq!(failure.error.as_deref(), Some("the event was not handled: the server is away"));
}

#[test]
fn wherever_in_a_page_an_event_fails_it_is_tried_once_and_each_other_one_is_handled_once() {
    for failing in 1..=PAGE as u32 {
        for (ending, state) in [
            (Ending::Transient, FailureState::Retrying),
            (Ending::Permanent, FailureState::Parked),
            (Ending::Panic, FailureState::Retrying),
        ] {
            let (setting, tasks) = (Setting::new(), Recorder::new("tasks"));
            let failing = format!("e{failing}");
            tasks.fail(&failing, &[ending]);
            append_many(&setting, PAGE as u32);
            let mut process = setting.process(&[projection(&tasks)]);
            process.look().unwrap();
            process.round().unwrap();
            let mut events = setting.events.read_stream(&stream_id(1), None, 10).unwrap();
            events.retain(|event| event.event.event_id().as_str() != failing);
            let mut expected = MemoryReadModels::default();
            events.iter().for_each(|event| expected.record_change(&change(event)).unwrap());
            assert_eq!(setting.handlers.read_models(), expected, "{failing} {ending:?}");
            let handled = events.iter().map(|event| event.event.event_id().to_string());
            assert_eq!(setting.handled("tasks", 1), handled.collect::<Vec<_>>());
            assert_eq!(setting.failures("tasks"), [(failing.clone(), state, 1)], "{ending:?}");
            let attempts = tasks.attempts();
            assert_eq!(attempts.iter().filter(|(id, _)| *id == failing).count(), 1, "{attempts:?}");
            assert!(attempts.iter().all(|(_, number)| *number == 1), "{attempts:?}");
            let mut session = setting.handlers.session(Durability::Later).unwrap();
            assert_eq!(session.snapshot().unwrap().events_handled("tasks").unwrap(), PAGE as u64 - 1);
        }
    }
}

#[test]
fn an_event_that_fails_with_one_projection_is_handled_once_by_another_in_the_same_page() {
    let (setting, tasks) = (Setting::new(), Recorder::new("tasks"));
    let others = [Recorder::new("before"), Recorder::new("after")];
    tasks.fail("e2", &[Ending::Transient]);
    append_many(&setting, 3);
    let projections = [projection(&others[0]), projection(&tasks), projection(&others[1])];
    setting.process(&projections).catch_up();
    assert_eq!(setting.handled("tasks", 1), ["e1", "e3"]);
    let failing = tasks.attempts().iter().filter(|(id, _)| id == "e2").count();
    assert_eq!(failing, 1, "it is known to fail when the page is begun again");
    let mut session = setting.store.session(Durability::Later).unwrap();
    let mut view = session.snapshot().unwrap();
    for name in ["before", "after"] {
        assert_eq!((setting.handled(name, 1), view.events_handled(name).unwrap()), (ids(1..=3), 3));
    }
}

#[test]
fn several_events_of_a_page_fail_each_for_itself_and_a_later_one_of_their_task_waits() {
    let (setting, tasks) = (Setting::new(), Recorder::new("tasks"));
    for (id, task) in [("a1", "A"), ("b1", "B"), ("a2", "A"), ("b2", "B"), ("c1", "C"), ("a3", "A")] {
        setting.events.append(1, id, "TaskUpdated", Some(task));
    }
    tasks.fail("a1", &[Ending::Permanent]);
    tasks.fail("b1", &[Ending::Permanent]);
    tasks.fail("c1", &[Ending::Transient]);
    setting.process(&[projection(&tasks)]).catch_up();
    let failures = [
        ("a1", FailureState::Parked, 1),
        ("b1", FailureState::Parked, 1),
        ("a2", FailureState::Waiting, 0),
        ("b2", FailureState::Waiting, 0),
        ("c1", FailureState::Retrying, 1),
        ("a3", FailureState::Waiting, 0),
    ];
    assert_eq!(setting.failures("tasks"), failures.map(|(id, state, tries)| (id.to_owned(), state, tries)));
    assert_eq!(setting.handled("tasks", 1), Vec::<String>::new());
}

#[test]
fn a_stream_that_is_said_to_reach_further_than_its_events_holds_up_neither_itself_nor_later_ones() {
    let (setting, tasks) = (Setting::new(), Recorder::new("tasks"));
    append_many(&setting, 1);
    setting.events.append(2, "next", "TaskCreated", None);
    let mut process = setting.process(&[projection(&tasks)]);
    process.look().unwrap();
    let mut heads = setting.events.streams().unwrap();
    heads[0].head = Position::new(heads[0].head.get() + 5);
    let rounds = (0..10).take_while(|_| process.workers[0].round(&heads).unwrap()).count();
    assert!(rounds < 10, "it ends");
    assert_eq!(
        (setting.handled("tasks", 1), setting.handled("tasks", 2)),
        (ids(1..=1), vec!["next".to_owned()])
    );
}

#[test]
fn a_paused_handler_is_given_nothing_until_it_is_resumed() {
    let (setting, tasks) = (Setting::new(), Recorder::new("tasks"));
    let mut process = setting.process(&[projection(&tasks)]);
    append_many(&setting, 1);
    process.catch_up();
    let operations = setting.operations(&[projection(&tasks)]);
    operations.pause("tasks").unwrap();
    setting.events.append(1, "e2", "TaskCreated", None);
    process.catch_up();
    assert_eq!(setting.handled("tasks", 1), ids(1..=1));
    operations.resume("tasks", false).unwrap();
    process.catch_up();
    assert_eq!(setting.handled("tasks", 1), ids(1..=2));
}
