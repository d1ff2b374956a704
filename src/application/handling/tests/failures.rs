//! Events that fail: when they are tried again, what waits for them, and when a handler stops.

use super::doubles::{Ending, projection};
use super::*;
use crate::application::handling::failure::FailureState::{Parked, Resolved, Retrying, Skipped, Waiting};
use crate::application::handling::retry::OPEN_FAILURES;
use crate::domain::value_objects::EventId;

fn failure(id: &str, state: FailureState, attempts: u32) -> (String, FailureState, u32) {
    (id.to_owned(), state, attempts)
}

/// Events about tasks A and B by turns: a1, b1, a2, b2, …
fn append_of_two_tasks(setting: &Setting, each: u32) {
    for number in 1..=each {
        setting.events.append(1, &format!("a{number}"), "TaskUpdated", Some("A"));
        setting.events.append(1, &format!("b{number}"), "TaskUpdated", Some("B"));
    }
}

#[test]
fn a_failing_event_is_tried_after_1_10_and_60_seconds_and_parked_while_other_tasks_go_on() {
    let (setting, tasks) = (Setting::new(), Recorder::new("tasks"));
    append_of_two_tasks(&setting, 3);
    tasks.fail("a1", &[Ending::Transient; 4]);
    let mut process = setting.process(&[projection(&tasks)]);
    process.catch_up();
    assert_eq!(setting.handled("tasks", 1), ["b1", "b2", "b3"]);
    let waiting = [failure("a2", Waiting, 0), failure("a3", Waiting, 0)];
    for (seconds, state, attempts) in [
        (0, Retrying, 1),
        (1, Retrying, 2),
        (9, Retrying, 2),
        (1, Retrying, 3),
        (59, Retrying, 3),
        (1, Parked, 4),
    ] {
        setting.after(seconds);
        process.catch_up();
        let expected = [failure("a1", state, attempts), waiting[0].clone(), waiting[1].clone()];
        assert_eq!(setting.failures("tasks"), expected, "after {seconds} more seconds");
    }
    setting.after(1_000_000);
    process.catch_up();
    assert_eq!(
        setting.failures("tasks")[0],
        failure("a1", Parked, 4),
        "a parked event is not tried by itself"
    );
}

#[test]
fn what_waits_is_handled_in_order_once_the_event_that_failed_is() {
    let (setting, tasks) = (Setting::new(), Recorder::new("tasks"));
    append_of_two_tasks(&setting, 3);
    tasks.fail("a1", &[Ending::Transient]);
    let mut process = setting.process(&[projection(&tasks)]);
    process.catch_up();
    setting.events.append(1, "a4", "TaskUpdated", Some("A"));
    process.catch_up();
    setting.after(1);
    process.catch_up();
    assert_eq!(setting.handled("tasks", 1), ["b1", "b2", "b3", "a1", "a2", "a3", "a4"]);
    assert!(
        setting
            .all_failures("tasks")
            .iter()
            .all(|failure| { failure.state == Resolved && failure.resolved_by.as_deref() == Some("retry") })
    );
}

#[test]
fn a_waiting_event_that_fails_in_turn_has_all_its_attempts() {
    let (setting, tasks) = (Setting::new(), Recorder::new("tasks"));
    append_of_two_tasks(&setting, 2);
    tasks.fail("a1", &[Ending::Transient]);
    tasks.fail("a2", &[Ending::Transient]);
    let mut process = setting.process(&[projection(&tasks)]);
    process.catch_up();
    setting.after(1);
    process.catch_up();
    assert_eq!(setting.failures("tasks"), [failure("a1", Resolved, 1), failure("a2", Retrying, 1)]);
    setting.after(1);
    process.catch_up();
    assert_eq!(setting.handled("tasks", 1), ["b1", "b2", "a1", "a2"]);
}

#[test]
fn a_permanent_error_parks_at_once_and_a_panic_is_tried_again() {
    let (setting, tasks) = (Setting::new(), Recorder::new("tasks"));
    append_of_two_tasks(&setting, 1);
    tasks.fail("a1", &[Ending::Permanent]);
    tasks.fail("b1", &[Ending::Panic]);
    let mut process = setting.process(&[projection(&tasks)]);
    process.catch_up();
    assert_eq!(setting.failures("tasks"), [failure("a1", Parked, 1), failure("b1", Retrying, 1)]);
    let errors: Vec<_> =
        setting.all_failures("tasks").into_iter().map(|failure| failure.error.unwrap()).collect();
    assert_eq!(errors, ["the event cannot be handled: the field is missing", "panicked: of the handler"]);
    setting.after(1);
    process.catch_up();
    assert_eq!(setting.handled("tasks", 1), ["b1"]);
}

#[test]
fn an_event_without_aggregate_is_waited_for_by_none() {
    let (setting, tasks) = (Setting::new(), Recorder::new("tasks"));
    append_many(&setting, 3);
    tasks.fail("e1", &[Ending::Permanent]);
    setting.process(&[projection(&tasks)]).catch_up();
    assert_eq!(setting.handled("tasks", 1), ["e2", "e3"]);
}

#[test]
fn a_retry_waits_for_an_earlier_event_that_arrived_late_and_failed() {
    let (setting, tasks) = (Setting::new(), Recorder::new("tasks"));
    setting.events.append(1, "other", "TaskUpdated", Some("B"));
    setting.events.append(2, "second", "TaskUpdated", Some("A"));
    tasks.fail("second", &[Ending::Transient]);
    tasks.fail("first", &[Ending::Transient, Ending::Transient]);
    let mut process = setting.process(&[projection(&tasks)]);
    process.catch_up();
    setting.events.append(1, "first", "TaskUpdated", Some("A"));
    process.catch_up();
    setting.after(1);
    process.catch_up();
    assert_eq!(setting.failures("tasks"), [failure("first", Retrying, 2), failure("second", Waiting, 1)]);
    setting.after(10);
    process.catch_up();
    let order: Vec<String> = tasks.attempts().into_iter().map(|(id, _)| id).collect();
    assert_eq!(order, ["other", "second", "first", "first", "first", "second"]);
    assert_eq!(setting.handled("tasks", 2), ["second"]);
}

#[test]
fn a_handler_stops_at_1025_open_failures_of_which_waiting_ones_are_none() {
    let (setting, tasks) = (Setting::new(), Recorder::new("tasks"));
    for number in 0..=OPEN_FAILURES + 1 {
        let (id, task) = (format!("x{number}"), format!("T{number}"));
        setting.events.append(1, &id, "TaskUpdated", Some(&task));
        tasks.fail(&id, &[Ending::Permanent]);
        if number < 3 {
            setting.events.append(1, &format!("w{number}"), "TaskUpdated", Some(&task));
        }
    }
    let mut process = setting.process(&[projection(&tasks)]);
    process.catch_up();
    assert_eq!(setting.state("tasks"), HandlerState::Stopped);
    assert!(setting.row("tasks").state_reason.unwrap().starts_with("more than 1024 events failed"));
    let open =
        |state| setting.all_failures("tasks").iter().filter(|failure| failure.state == state).count() as u64;
    assert_eq!((open(Parked), open(Waiting)), (OPEN_FAILURES + 1, 3));
    let last = setting.all_failures("tasks").last().unwrap().position;
    assert_eq!(setting.progress("tasks", 1).unwrap().position, last, "progress stays");
    let attempts = tasks.attempts().len();
    process.catch_up();
    setting.process(&[projection(&tasks)]).catch_up();
    assert_eq!(tasks.attempts().len(), attempts, "it is given nothing");
}

#[test]
fn a_poisoned_event_keeps_its_task_alone_waiting_and_retry_handles_the_rest_in_order() {
    let (setting, tasks) = (Setting::new(), Recorder::new("tasks"));
    for number in 0..1_000 {
        setting.events.append(1, &format!("n{number}"), "TaskUpdated", Some(&format!("T{}", number % 50)));
    }
    tasks.fail("n100", &[Ending::Permanent]);
    let registrations = [projection(&tasks)];
    setting.process(&registrations).catch_up();
    assert_eq!(setting.handled("tasks", 1).len(), 1_000 - 18);
    let retried = setting.operations(&registrations).retry("tasks", None).unwrap();
    assert_eq!((retried.handled, retried.open, retried.is_left), (18, Default::default(), false));
    let of_task: Vec<String> = setting
        .handled("tasks", 1)
        .into_iter()
        .filter(|id| id[1..].parse::<u32>().unwrap() % 50 == 0)
        .collect();
    assert_eq!(of_task, (0..20).map(|turn| format!("n{}", turn * 50)).collect::<Vec<_>>());
}

#[test]
fn a_skipped_event_is_left_out_with_its_reason_and_what_waits_goes_on() {
    let (setting, tasks) = (Setting::new(), Recorder::new("tasks"));
    append_of_two_tasks(&setting, 2);
    tasks.fail("a1", &[Ending::Permanent]);
    let registrations = [projection(&tasks)];
    setting.process(&registrations).catch_up();
    let operations = setting.operations(&registrations);
    let skipped = operations.skip("tasks", &EventId::new("a1").unwrap(), "the user is gone").unwrap();
    assert_eq!(skipped.handled, 2);
    assert_eq!(setting.failures("tasks"), [failure("a1", Skipped, 1), failure("a2", Resolved, 0)]);
    assert_eq!(setting.all_failures("tasks")[0].resolved_by.as_deref(), Some("skip: the user is gone"));
    assert_eq!(setting.handled("tasks", 1), ["b1", "b2", "a2"]);
}

#[test]
fn retry_tries_one_event_and_refuses_one_that_is_not_open() {
    let (setting, tasks) = (Setting::new(), Recorder::new("tasks"));
    append_of_two_tasks(&setting, 1);
    tasks.fail("a1", &[Ending::Permanent, Ending::Transient]);
    tasks.fail("b1", &[Ending::Permanent]);
    let registrations = [projection(&tasks)];
    setting.process(&registrations).catch_up();
    let operations = setting.operations(&registrations);
    operations.retry("tasks", Some(&EventId::new("a1").unwrap())).unwrap();
    assert_eq!(setting.failures("tasks"), [failure("a1", Retrying, 2), failure("b1", Parked, 1)]);
    let error = operations.retry("tasks", Some(&EventId::new("a9").unwrap())).unwrap_err();
    assert_eq!(
        error.to_string(),
        "event a9 is not among the open failures of tasks: `handlers failures tasks` lists them"
    );
}
