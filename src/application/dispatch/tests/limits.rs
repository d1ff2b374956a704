//! How long is waited, and what holds when it was in vain.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crossbeam_channel::unbounded;

use super::doubles::*;
use crate::application::dispatch::*;
use crate::domain::repository::EventRepository;
use crate::infrastructure::memory::InMemoryEventRepository;
use crate::wire::zone::Zone;

const AT_ONCE: Duration = Duration::ZERO;

#[test]
fn an_event_whose_turn_does_not_come_is_answered_busy_and_never_stored() {
    let (before, hold) = hold();
    let store = Arc::new(Store::default());
    let turns = Turns { before, idles: unbounded().0 };
    let dispatcher = dispatcher_with(Arc::clone(&store) as _, Box::new(turns), AT_ONCE);
    for id in ["e1", "e2"] {
        assert!(matches!(dispatcher.dispatch(event(id)), Err(DispatchError::Busy { .. })));
    }
    drop(hold);
    drop(dispatcher);
    assert_eq!(store.batches(), [[""; 0]; 0], "not even an empty batch was saved");
}

#[test]
fn an_event_that_is_being_stored_is_waited_for_however_long_it_takes() {
    let (store, hold) = held_store();
    let dispatcher = dispatcher_with(Arc::clone(&store) as _, Box::new(()), AT_ONCE);
    let pending = dispatcher.dispatch_async(event("e1")).unwrap();
    hold.wait();
    thread::scope(|scope| {
        let caller = scope.spawn(|| pending.stored().is_ok());
        thread::yield_now();
        drop(hold);
        assert!(caller.join().unwrap());
    });
}

/// Fills the queue while the first event is being stored.
fn fill(dispatcher: &EventDispatcherService, hold: &Hold) {
    drop(dispatcher.dispatch_async(event("first")).unwrap());
    hold.wait();
    for number in 0..1_024 {
        drop(dispatcher.dispatch_async(event(&number.to_string())).unwrap());
    }
}

#[test]
fn a_full_queue_lets_callers_wait_until_there_is_room() {
    let (store, hold) = held_store();
    let dispatcher = dispatcher(&store);
    fill(&dispatcher, &hold);
    thread::scope(|scope| {
        let caller = scope.spawn(|| dispatcher.dispatch(event("last")).map(|_| ()));
        thread::yield_now();
        assert!(!caller.is_finished());
        drop(hold);
        caller.join().unwrap().unwrap();
    });
    assert_eq!(store.ids().len(), 1_026);
}

#[test]
fn the_time_before_a_full_queue_counts() {
    let (store, hold) = held_store();
    let dispatcher = dispatcher_with(Arc::clone(&store) as _, Box::new(()), AT_ONCE);
    fill(&dispatcher, &hold);
    assert!(matches!(dispatcher.dispatch_async(event("late")), Err(DispatchError::Busy { .. })));
    drop(hold);
    drop(dispatcher);
    assert_eq!(
        store.ids().len(),
        1_025,
        "what was in the queue is stored, though nothing waits for its answer"
    );
}

#[test]
fn what_is_answered_busy_is_not_stored_and_all_else_is() {
    let store = Arc::new(InMemoryEventRepository::new(Zone::utc()));
    let limit = Duration::from_micros(20);
    let dispatcher = dispatcher_with(Arc::clone(&store) as _, Box::new(()), limit);
    let answers: Vec<(String, bool)> = thread::scope(|scope| {
        let callers: Vec<_> = (0..8)
            .map(|thread| {
                let dispatcher = &dispatcher;
                scope.spawn(move || {
                    let dispatch = |number| {
                        let id = format!("{thread}-{number}");
                        let answer = dispatcher.dispatch(event(&id));
                        assert!(matches!(answer, Ok(_) | Err(DispatchError::Busy { .. })), "{answer:?}");
                        (id, answer.is_ok())
                    };
                    (0..60).map(dispatch).collect::<Vec<_>>()
                })
            })
            .collect();
        callers.into_iter().flat_map(|caller| caller.join().unwrap()).collect()
    });
    drop(dispatcher);
    for (id, is_stored) in answers {
        let found = store.find_by_id(event(&id).event_id()).unwrap();
        assert_eq!(found.is_some(), is_stored, "{id}");
    }
}

#[test]
fn idle_time_begins_once_when_nothing_comes() {
    let (idles, idle) = unbounded();
    let waited_for: Box<dyn StoreTurn> = Box::new(Turns { before: || {}, idles: idles.clone() });
    for turns in [waited_for, Box::new(FreeTurns(idles))] {
        let store = Arc::new(Store::default());
        let dispatcher = dispatcher_with(Arc::clone(&store) as _, turns, LONG);
        for id in ["e1", "e2"] {
            dispatcher.dispatch(event(id)).unwrap();
            idle.recv().unwrap();
        }
        drop(dispatcher);
        assert!(idle.try_recv().is_err(), "once for each time that events have come");
    }
}

#[test]
fn shutting_down_stores_what_was_submitted_and_lets_nothing_else_in() {
    let (store, hold) = held_store();
    let dispatcher = dispatcher(&store);
    let pending = ["e1", "e2", "e3"].map(|id| dispatcher.dispatch_async(event(id)).unwrap());
    hold.wait();
    assert!(!dispatcher.shut_down(AT_ONCE), "the first event is still being stored");
    assert!(matches!(dispatcher.dispatch(event("late")), Err(DispatchError::ShuttingDown)));
    drop(hold);
    assert!(dispatcher.shut_down(LONG));
    assert!(dispatcher.shut_down(AT_ONCE), "there is nothing left to do");
    for pending in pending {
        pending.stored().unwrap();
    }
    assert_eq!(store.ids(), ["e1", "e2", "e3"]);
}

#[test]
fn whatever_shuts_it_down_at_the_same_time_is_told_the_same() {
    let (store, hold) = held_store();
    let dispatcher = dispatcher(&store);
    drop(dispatcher.dispatch_async(event("e1")).unwrap());
    hold.wait();
    thread::scope(|scope| {
        let first = scope.spawn(|| dispatcher.shut_down(LONG));
        for _ in 0..1_000 {
            assert!(!dispatcher.shut_down(AT_ONCE), "the event is still being stored");
            thread::yield_now();
        }
        drop(hold);
        assert!(dispatcher.shut_down(LONG));
        assert!(first.join().unwrap());
    });
    assert_eq!(store.ids(), ["e1"]);
}

#[test]
fn a_dispatcher_that_never_was_used_has_nothing_to_shut_down() {
    assert!(dispatcher(&Arc::new(Store::default())).shut_down(AT_ONCE));
}

#[test]
fn a_flush_waits_for_what_was_submitted_before_also_where_the_answer_is_awaited_by_nothing() {
    let (store, hold) = held_store();
    let dispatcher = dispatcher(&store);
    for id in ["e1", "e2", "e3"] {
        drop(dispatcher.dispatch_async(event(id)).unwrap());
    }
    hold.wait();
    assert!(!dispatcher.flush(AT_ONCE), "the first event is still being stored");
    drop(hold);
    assert!(dispatcher.flush(LONG));
    assert_eq!(store.ids(), ["e1", "e2", "e3"]);
}

#[test]
fn a_flush_of_nothing_waits_for_nothing() {
    let dispatcher = dispatcher(&Arc::new(Store::default()));
    assert!(dispatcher.flush(AT_ONCE));
    dispatcher.dispatch(event("e1")).unwrap();
    assert!(dispatcher.flush(AT_ONCE));
}
