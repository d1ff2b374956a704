//! From the queue to a handler: order, retries, and what becomes of an event.

use std::fs;
use std::time::Duration;

use super::super::{DispatcherSettings, EventDispatcher, FollowUp, HandledEvent};
use super::fixture::{Fixture, definition, event};
use crate::legacy::handlers::HandlerResult;
use crate::legacy::queue::QueueStatus;

fn next(dispatcher: &EventDispatcher) -> HandledEvent {
    dispatcher.process_next_event().unwrap().expect("an event is due")
}

#[test]
fn the_smallest_priority_is_handled_first_and_then_the_oldest() {
    let fixture = Fixture::new();
    let dispatcher = fixture.dispatcher();
    dispatcher.registry().add(definition("a", "tests.done")).unwrap();
    for (n, priority) in [("first of 5", 5), ("first of 1", 1), ("second of 5", 5), ("second of 1", 1)] {
        dispatcher.queue_event(&event("a", n, priority)).unwrap();
        fixture.clock.put_forward(Duration::from_secs(1));
    }
    while dispatcher.process_next_event().unwrap().is_some() {}
    assert_eq!(fixture.given(), ["first of 1", "second of 1", "first of 5", "second of 5"]);
    assert_eq!(dispatcher.figures().handled, 4);
}

#[test]
fn an_event_that_is_handled_is_done_and_in_the_log_of_handlers() {
    let fixture = Fixture::new();
    let dispatcher = fixture.dispatcher();
    dispatcher.registry().add(definition("a", "tests.done")).unwrap();
    dispatcher.queue_event(&event("a", "1", 5)).unwrap();
    let handled = next(&dispatcher);
    assert_eq!(handled.result, HandlerResult::Success { output: "as it should be".to_owned() });
    assert_eq!((&*handled.event_id, handled.follow_up), ("a_1761386400", FollowUp::Done));
    let log = fixture.handler_log();
    assert_eq!(
        (&*log[0].event_id, &*log[0].status, &*log[0].timestamp),
        ("a_1761386400", "success", "2025-10-25T10:00:00Z")
    );
    assert_eq!(dispatcher.process_next_event().unwrap(), None);
}

#[test]
fn an_event_that_fails_is_tried_again_after_the_delay_and_has_failed_after_the_last_retry() {
    let fixture = Fixture::new();
    let dispatcher = fixture.dispatcher();
    dispatcher.registry().add(definition("a", "tests.failing")).unwrap();
    dispatcher.queue_event(&event("a", "1", 5)).unwrap();
    for attempt in 0..2 {
        let FollowUp::RetryAt(at) = next(&dispatcher).follow_up else { panic!("attempt {attempt}") };
        fixture.clock.put_forward(Duration::from_secs(59));
        assert_eq!(dispatcher.process_next_event().unwrap(), None, "it is not due yet");
        fixture.clock.put_forward(Duration::from_secs(1));
        assert_eq!(crate::application::clock::Clock::now(&*fixture.clock), at);
    }
    assert_eq!(next(&dispatcher).follow_up, FollowUp::Failed);
    fixture.clock.put_forward(Duration::from_secs(3_600));
    assert_eq!(dispatcher.process_next_event().unwrap(), None);
    let log = fixture.handler_log();
    assert_eq!(log.len(), 3, "an entry for each attempt");
    assert!(log.iter().all(|entry| entry.error.as_deref() == Some("out of paper")));
    assert_eq!(dispatcher.figures().failed, 1);
}

#[test]
fn with_no_retries_the_first_failure_is_the_last() {
    let fixture = Fixture::new();
    let settings = DispatcherSettings { max_retries: 0, ..DispatcherSettings::default() };
    let dispatcher = fixture.dispatcher_with(settings);
    dispatcher.registry().add(definition("a", "tests.failing")).unwrap();
    dispatcher.queue_event(&event("a", "1", 5)).unwrap();
    assert_eq!(next(&dispatcher).follow_up, FollowUp::Failed);
}

#[test]
fn events_behind_one_that_fails_or_panics_or_has_no_handler_are_handled() {
    let fixture = Fixture::new();
    let dispatcher = fixture.dispatcher();
    for (id, handler) in
        [("a", "tests.failing"), ("b", "tests.panicking"), ("c", "tests.missing"), ("d", "tests.done")]
    {
        dispatcher.registry().add(definition(id, handler)).unwrap();
        dispatcher.queue_event(&event(id, id, 5)).unwrap();
        fixture.clock.put_forward(Duration::from_secs(1));
    }
    let errors = ["a", "b", "c"].map(|_| match next(&dispatcher).result {
        HandlerResult::Failure { error } => error,
        HandlerResult::Success { output } => panic!("{output}"),
    });
    assert_eq!(errors[..2], ["out of paper", "panicked: out of ink"]);
    assert_eq!(
        errors[2],
        "there is no handler \"tests.missing\"; known handlers: tests.done, tests.failing, tests.panicking"
    );
    assert_eq!(next(&dispatcher).follow_up, FollowUp::Done);
}

#[test]
fn an_event_whose_definition_was_removed_or_disabled_meanwhile_has_failed_with_that_reason() {
    let fixture = Fixture::new();
    let dispatcher = fixture.dispatcher();
    for id in ["a", "b"] {
        dispatcher.registry().add(definition(id, "tests.done")).unwrap();
        dispatcher.queue_event(&event(id, id, 5)).unwrap();
        fixture.clock.put_forward(Duration::from_secs(1));
    }
    dispatcher.registry().remove("a").unwrap();
    dispatcher.registry().set_enabled("b", false).unwrap();
    for reason in ["its definition is not in the registry any more", "its definition is disabled"] {
        let handled = next(&dispatcher);
        assert_eq!(handled.result, HandlerResult::Failure { error: reason.to_owned() });
        assert_eq!(handled.follow_up, FollowUp::Failed);
    }
    assert!(fixture.given().is_empty());
    assert_eq!(fixture.handler_log().len(), 2, "each is in the log of handlers");
}

#[test]
fn a_log_of_handlers_that_cannot_be_written_is_an_error_and_the_event_is_not_handled_twice() {
    let fixture = Fixture::new();
    let dispatcher = fixture.dispatcher();
    dispatcher.registry().add(definition("a", "tests.done")).unwrap();
    fs::create_dir_all(fixture.files().handler_log()).unwrap();
    for n in ["1", "2"] {
        dispatcher.queue_event(&event("a", n, 5)).unwrap();
    }
    for _ in 0..2 {
        let error = dispatcher.process_next_event().unwrap_err().to_string();
        assert!(error.contains("the log of handlers"), "{error}");
    }
    assert_eq!(dispatcher.process_next_event().unwrap(), None);
    assert_eq!(fixture.given(), ["1", "2"]);
    assert!(fixture.queue().iter().all(|entry| entry.status == QueueStatus::Done));
    fs::remove_dir(fixture.files().handler_log()).unwrap();
    dispatcher.stop();
    assert_eq!(fixture.handler_log().len(), 2, "the lines are written when that can be done");
}

#[test]
fn what_was_queued_or_being_handled_when_a_process_ended_is_handled_by_the_next_one() {
    let fixture = Fixture::new();
    let dispatcher = fixture.dispatcher();
    dispatcher.registry().add(definition("a", "tests.done")).unwrap();
    for n in ["handled", "begun", "queued"] {
        dispatcher.queue_event(&event("a", n, 5)).unwrap();
        fixture.clock.put_forward(Duration::from_secs(1));
    }
    assert_eq!(next(&dispatcher).follow_up, FollowUp::Done);
    // As a process does that is killed while the handler runs.
    assert!(dispatcher.queue().next().unwrap().is_some());
    drop(dispatcher);
    let dispatcher = fixture.dispatcher();
    while dispatcher.process_next_event().unwrap().is_some() {}
    assert_eq!(fixture.given(), ["handled", "begun", "queued"]);
}

#[test]
fn events_are_handled_by_the_definitions_that_were_read_last_while_their_file_is_damaged() {
    let fixture = Fixture::new();
    let dispatcher = fixture.dispatcher();
    dispatcher.registry().add(definition("a", "tests.done")).unwrap();
    for n in ["sound", "damaged"] {
        dispatcher.queue_event(&event("a", n, 5)).unwrap();
        fixture.clock.put_forward(Duration::from_secs(1));
    }
    assert_eq!(next(&dispatcher).follow_up, FollowUp::Done);
    fs::write(fixture.files().definitions, "[{").unwrap();
    assert_eq!(next(&dispatcher).follow_up, FollowUp::Done);
}
