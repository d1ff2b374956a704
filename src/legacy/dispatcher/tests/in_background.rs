//! The background loop: what it handles, and how it ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::super::{DispatcherSettings, EventDispatcher};
use super::fixture::{Fixture, definition, event, until};
use crate::legacy::handlers::{HandlerContext, HandlerResult};
use crate::legacy::queue::QueueStatus;

#[test]
fn what_is_queued_is_handled_in_the_background_without_waiting_for_it() {
    let fixture = Fixture::new();
    let dispatcher = fixture.dispatcher();
    dispatcher.registry().add(definition("a", "tests.done")).unwrap();
    dispatcher.queue_event(&event("a", "before", 5)).unwrap();
    dispatcher.start().unwrap();
    until(|| fixture.given().len() == 1);
    dispatcher.queue_event(&event("a", "after", 5)).unwrap();
    until(|| fixture.given() == ["before", "after"]);
}

#[test]
fn starting_and_stopping_twice_is_as_once_and_it_can_be_started_again() {
    let fixture = Fixture::new();
    let dispatcher = fixture.dispatcher();
    dispatcher.registry().add(definition("a", "tests.done")).unwrap();
    dispatcher.stop();
    for round in 1..=2 {
        dispatcher.start().unwrap();
        dispatcher.start().unwrap();
        dispatcher.queue_event(&event("a", "x", 5)).unwrap();
        until(|| fixture.given().len() == round);
        dispatcher.stop();
        dispatcher.stop();
    }
    dispatcher.queue_event(&event("a", "x", 5)).unwrap();
    // What is stopped handles nothing: one that still ran would look within a moment.
    std::thread::sleep(Duration::from_millis(120));
    assert_eq!(fixture.given().len(), 2);
}

/// A dispatcher whose handler `tests.slow` waits until it is let go.
fn with_slow_handler(
    fixture: &Fixture,
    stop_patience: Duration,
) -> (EventDispatcher, Arc<AtomicBool>, Arc<AtomicBool>) {
    let settings = DispatcherSettings { stop_patience, ..DispatcherSettings::default() };
    let dispatcher = fixture.dispatcher_with(settings);
    let (is_running, is_let_go) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (running, let_go) = (Arc::clone(&is_running), Arc::clone(&is_let_go));
    dispatcher.register_handler(
        "tests.slow",
        Arc::new(move |_: &HandlerContext| {
            running.store(true, Ordering::SeqCst);
            until(|| let_go.load(Ordering::SeqCst));
            HandlerResult::Success { output: String::new() }
        }),
    );
    for (id, handler) in [("slow", "tests.slow"), ("a", "tests.done")] {
        dispatcher.registry().add(definition(id, handler)).unwrap();
    }
    dispatcher.queue_event(&event("slow", "", 1)).unwrap();
    dispatcher.queue_event(&event("a", "later", 5)).unwrap();
    (dispatcher, is_running, is_let_go)
}

#[test]
fn stop_waits_for_the_event_that_is_being_handled_and_handles_what_is_due() {
    let fixture = Fixture::new();
    let (dispatcher, is_running, is_let_go) = with_slow_handler(&fixture, Duration::from_secs(30));
    dispatcher.start().unwrap();
    until(|| is_running.load(Ordering::SeqCst));
    std::thread::scope(|scope| {
        let stopping = scope.spawn(|| dispatcher.stop());
        std::thread::sleep(Duration::from_millis(20));
        assert!(!stopping.is_finished(), "a handler is not left in the middle");
        is_let_go.store(true, Ordering::SeqCst);
    });
    assert!(fixture.queue().iter().all(|entry| entry.status == QueueStatus::Done));
    assert_eq!(fixture.given(), ["later"]);
}

#[test]
fn what_is_due_when_the_patience_is_over_stays_in_the_queue() {
    let fixture = Fixture::new();
    let (dispatcher, is_running, is_let_go) = with_slow_handler(&fixture, Duration::ZERO);
    dispatcher.start().unwrap();
    until(|| is_running.load(Ordering::SeqCst));
    std::thread::scope(|scope| {
        let stopping = scope.spawn(|| dispatcher.stop());
        std::thread::sleep(Duration::from_millis(20));
        assert!(!stopping.is_finished());
        is_let_go.store(true, Ordering::SeqCst);
    });
    assert!(fixture.given().is_empty());
    assert!(
        dispatcher
            .queue()
            .entries()
            .iter()
            .any(|entry| entry.definition_id == "a" && entry.status == QueueStatus::Pending)
    );
}

#[test]
fn the_loop_goes_on_after_errors_of_handlers_and_of_files() {
    let fixture = Fixture::new();
    let dispatcher = fixture.dispatcher();
    for (id, handler) in [("a", "tests.done"), ("b", "tests.panicking")] {
        dispatcher.registry().add(definition(id, handler)).unwrap();
    }
    std::fs::create_dir_all(fixture.files().handler_log()).unwrap();
    dispatcher.queue_event(&event("b", "panics", 1)).unwrap();
    dispatcher.queue_event(&event("a", "no log", 5)).unwrap();
    dispatcher.start().unwrap();
    until(|| fixture.given().len() == 2);
    std::fs::remove_dir(fixture.files().handler_log()).unwrap();
    dispatcher.queue_event(&event("a", "fine", 5)).unwrap();
    until(|| fixture.given().len() == 3);
    dispatcher.stop();
    assert_eq!(fixture.handler_log().len(), 3, "those that could not be written are, when they can");
}

#[test]
fn a_handler_may_stop_its_own_dispatcher() {
    let fixture = Fixture::new();
    let dispatcher = Arc::new(fixture.dispatcher());
    let stopped = Arc::new(AtomicBool::new(false));
    let (weak, has_stopped) = (Arc::downgrade(&dispatcher), Arc::clone(&stopped));
    dispatcher.register_handler(
        "tests.stopping",
        Arc::new(move |_: &HandlerContext| {
            if let Some(dispatcher) = weak.upgrade() {
                dispatcher.stop();
            }
            has_stopped.store(true, Ordering::SeqCst);
            HandlerResult::Success { output: String::new() }
        }),
    );
    dispatcher.registry().add(definition("a", "tests.stopping")).unwrap();
    dispatcher.queue_event(&event("a", "1", 5)).unwrap();
    dispatcher.start().unwrap();
    until(|| stopped.load(Ordering::SeqCst));
}
