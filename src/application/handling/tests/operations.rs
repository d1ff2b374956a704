//! What the commands show and do.

use super::doubles::{Ending, effect, of_type, projection};
use super::*;

#[test]
fn the_list_has_registered_handlers_in_order_then_those_that_only_the_store_knows() {
    let (setting, tasks, gone) = (Setting::new(), Recorder::new("tasks"), Recorder::new("a_former_one"));
    append_many(&setting, 3);
    setting.process(&[projection(&gone), of_type("TaskCreated", projection(&tasks))]).catch_up();
    let mail = Recorder::new("mail");
    setting.events.append(1, "e4", "TaskCreated", None);
    setting.events.append(1, "other", "TaskDeleted", None);
    let list =
        setting.operations(&[of_type("TaskCreated", projection(&tasks)), effect(&mail)]).list().unwrap();
    let shown: Vec<_> = list
        .iter()
        .map(|status| (&*status.name, status.handled, status.behind.events, status.state))
        .collect();
    assert_eq!(
        shown,
        [
            ("tasks", 3, 1, Some(HandlerState::Running)),
            ("mail", 0, 0, None),
            ("a_former_one", 3, 2, Some(HandlerState::Running)),
        ]
    );
    assert_eq!(list[2].event_types, None);
}

#[test]
fn what_is_behind_is_counted_up_to_a_limit() {
    let (setting, tasks) = (Setting::new(), Recorder::new("tasks"));
    append_many(&setting, 10_010);
    let list = setting.operations(&[projection(&tasks)]).list().unwrap();
    assert_eq!(
        (list[0].behind.events, list[0].behind.is_at_least),
        (10_002, true),
        "whole pages are counted"
    );
}

#[test]
fn the_list_shows_open_failures_and_when_the_next_one_is_tried() {
    let (setting, tasks) = (Setting::new(), Recorder::new("tasks"));
    for (id, task) in [("a1", "A"), ("a2", "A"), ("b1", "B")] {
        setting.events.append(1, id, "TaskUpdated", Some(task));
    }
    tasks.fail("a1", &[Ending::Transient]);
    tasks.fail("b1", &[Ending::Permanent]);
    setting.process(&[projection(&tasks)]).catch_up();
    let status = &setting.operations(&[projection(&tasks)]).list().unwrap()[0];
    assert_eq!((status.open.retrying, status.open.parked, status.open.waiting), (1, 1, 1));
    let next = status.next_retry.as_ref().unwrap();
    assert_eq!(next.event_id.as_str(), "a1");
    assert_eq!(next.next_attempt_at, Some(setting.clock.now() + TimeDelta::seconds(1)));
}

#[test]
fn an_unknown_handler_is_refused_with_those_that_there_are() {
    let (setting, tasks) = (Setting::new(), Recorder::new("tasks"));
    let operations = setting.operations(&[projection(&tasks)]);
    let errors = [
        operations.failures("task").map(drop),
        operations.retry("task", None).map(drop),
        operations.replay("task", &mut to_the_end).map(drop),
        operations.pause("task"),
        operations.resume("task", false),
    ];
    for error in errors {
        assert_eq!(
            error.unwrap_err().to_string(),
            "there is no handler task: those that are registered are tasks"
        );
    }
    assert_eq!(operations.failures("tasks").unwrap(), [], "it was never run");
}

#[test]
fn a_run_to_the_end_handles_everything_and_names_what_was_not_run() {
    let (setting, tasks, mail) = (Setting::new(), Recorder::new("tasks"), Recorder::new("mail"));
    let former = Recorder::new("former");
    setting.process(&[effect(&mail), projection(&former)]).catch_up();
    append_many(&setting, 7);
    let taken = Registration { handler: Arc::clone(&former) as _, ..effect(&former) };
    let operations = setting.operations(&[projection(&tasks), effect(&mail), taken]);
    let not_run = operations.run_to_end(&|| true).unwrap();
    assert_eq!((setting.handled("tasks", 1), setting.handled("mail", 1)), (ids(1..=7), ids(1..=7)));
    assert_eq!(not_run.len(), 1);
    assert_eq!(
        not_run[0].error.to_string(),
        "former cannot be registered: a handler of that name is known as a projection"
    );
    assert!(setting.handlers.claim("mail").unwrap().is_some(), "others can run it now");
}

#[test]
fn a_stopped_or_paused_handler_is_run_again_after_resume_alone() {
    let (setting, tasks) = (Setting::new(), Recorder::new("tasks"));
    let registrations = [projection(&tasks)];
    append_many(&setting, 1);
    tasks.fail("e1", &[Ending::Permanent]);
    setting.process(&registrations).catch_up();
    let operations = setting.operations(&registrations);
    operations.pause("tasks").unwrap();
    assert!(operations.retry("tasks", None).unwrap().is_left);
    operations.run_to_end(&|| true).unwrap();
    assert_eq!(tasks.attempts().len(), 1);
    operations.resume("tasks", false).unwrap();
    operations.run_to_end(&|| true).unwrap();
    assert_eq!(setting.handled("tasks", 1), ["e1"]);
}
