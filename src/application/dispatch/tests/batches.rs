//! What is stored together, and what becomes of each event.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use crossbeam_channel::unbounded;

use super::doubles::*;
use crate::application::dispatch::queue::Queue;
use crate::application::dispatch::writer::Writer;
use crate::application::dispatch::*;
use crate::domain::repository::RepositoryError;
use crate::infrastructure::system_clock::SystemClock;

fn names(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|number| format!("e{number}")).collect()
}

#[test]
fn a_batch_is_what_has_come_during_the_last_sync() {
    let (store, hold) = held_store();
    let dispatcher = dispatcher(&store);
    let submit = |id: &str| dispatcher.dispatch_async(event(id)).unwrap();
    let first = submit("e0");
    hold.wait();
    let rest = ["e1", "e2", "e3"].map(submit);
    drop(hold);
    for pending in [first].into_iter().chain(rest) {
        pending.stored().unwrap();
    }
    assert_eq!(store.batches(), [names(0..1), names(1..4)]);
}

#[test]
fn an_event_that_waits_for_nothing_is_stored_by_the_thread_that_dispatches_it() {
    let (by, stored_by) = unbounded();
    let store = Arc::new(Store::with(move |_| by.send(thread::current().id()).unwrap()));
    let dispatcher = dispatcher(&store);
    for id in names(0..2) {
        dispatcher.dispatch(event(&id)).unwrap();
        assert_eq!(stored_by.recv().unwrap(), thread::current().id());
    }
    dispatcher.dispatch_async(event("e2")).unwrap().stored().unwrap();
    assert_ne!(stored_by.recv().unwrap(), thread::current().id(), "nothing waits for it");
}

#[test]
fn what_comes_while_a_thread_stores_its_own_event_is_stored_after_that_and_before_the_end() {
    let (store, hold) = held_store();
    let dispatcher = dispatcher(&store);
    thread::scope(|scope| {
        let own = scope.spawn(|| dispatcher.dispatch(event("e0")).map(|_| ()));
        hold.wait();
        let rest = ["e1", "e2"].map(|id| dispatcher.dispatch_async(event(id)).unwrap());
        assert!(!dispatcher.shut_down(Duration::ZERO), "the first event is still being stored");
        drop(hold);
        assert!(dispatcher.shut_down(LONG));
        own.join().unwrap().unwrap();
        rest.into_iter().for_each(|pending| drop(pending.stored().unwrap()));
    });
    assert_eq!(store.batches(), [names(0..1), names(1..3)]);
}

#[test]
fn a_batch_has_512_events_at_most() {
    let (store, hold) = held_store();
    let dispatcher = dispatcher(&store);
    drop(dispatcher.dispatch_async(event("e0")).unwrap());
    hold.wait();
    for id in names(1..601) {
        drop(dispatcher.dispatch_async(event(&id)).unwrap());
    }
    drop(hold);
    drop(dispatcher);
    assert_eq!(store.batches(), [names(0..1), names(1..513), names(513..601)]);
}

#[test]
fn a_batch_takes_no_more_once_it_has_1_mib_of_texts() {
    let (store, hold) = held_store();
    let dispatcher = dispatcher(&store);
    drop(dispatcher.dispatch_async(event("e0")).unwrap());
    hold.wait();
    for id in names(1..4) {
        drop(dispatcher.dispatch_async(event_of(&id, 600_000)).unwrap());
    }
    drop(hold);
    drop(dispatcher);
    assert_eq!(store.batches(), [names(0..1), names(1..3), names(3..4)]);
}

#[test]
fn what_comes_while_the_turn_is_waited_for_is_in_the_batch() {
    let (before, hold) = hold();
    let store = Arc::new(Store::default());
    let turns = Turns { before, idles: unbounded().0 };
    let dispatcher = dispatcher_with(Arc::clone(&store) as _, Box::new(turns), LONG);
    drop(dispatcher.dispatch_async(event("e0")).unwrap());
    hold.wait();
    for id in names(1..3) {
        drop(dispatcher.dispatch_async(event(&id)).unwrap());
    }
    drop(hold);
    drop(dispatcher);
    assert_eq!(store.batches(), [names(0..3)]);
}

#[test]
fn the_events_of_a_thread_are_stored_in_the_order_in_which_it_has_dispatched_them() {
    let store = Arc::new(Store::default());
    let dispatcher = dispatcher(&store);
    thread::scope(|scope| {
        for thread in 0..4 {
            let dispatcher = &dispatcher;
            scope.spawn(move || {
                for number in 0..300 {
                    let event = event(&format!("{thread}-{number:03}"));
                    drop(dispatcher.dispatch_async(event).unwrap());
                }
            });
        }
    });
    drop(dispatcher);
    let ids = store.ids();
    assert_eq!(ids.len(), 1_200);
    for thread in 0..4 {
        let of_thread: Vec<_> = ids.iter().filter(|id| id.starts_with(&format!("{thread}-"))).collect();
        assert!(of_thread.is_sorted(), "thread {thread}: {of_thread:?}");
    }
}

#[test]
fn an_event_that_is_refused_fails_alone() {
    let (store, hold) = held_store();
    let dispatcher = dispatcher(&store);
    drop(dispatcher.dispatch_async(event("e0")).unwrap());
    hold.wait();
    let [good, bad, last] = ["e1", "bad", "e2"].map(|id| dispatcher.dispatch_async(event(id)).unwrap());
    drop(hold);
    let refused = bad.handled().unwrap_err();
    assert!(matches!(refused, DispatchError::Repository(RepositoryError::Conflict { .. })), "{refused}");
    assert_eq!(good.stored().unwrap().saved().position.get(), 2);
    assert_eq!(last.stored().unwrap().saved().position.get(), 3);
}

#[test]
fn a_panic_of_the_store_answers_every_caller_and_the_next_events_are_stored() {
    let (pass, hold) = hold();
    let store = Arc::new(Store::with(move |events| {
        pass();
        assert!(!events.iter().any(|event| event.event_id().as_str() == "panic"));
    }));
    let dispatcher = dispatcher(&store);
    let submit = |id: &str| dispatcher.dispatch_async(event(id)).unwrap();
    let before = submit("e0");
    hold.wait();
    let together = ["e1", "panic", "e2"].map(submit);
    drop(hold);
    before.stored().unwrap();
    for pending in together {
        assert!(matches!(pending.stored(), Err(DispatchError::Interrupted)));
    }
    dispatcher.dispatch(event("e3")).unwrap();
    assert_eq!(store.ids(), ["e0", "e3"]);
}

#[test]
fn a_panic_of_the_turn_keeps_no_event_from_being_stored() {
    let store = Arc::new(Store::default());
    let turns = Turns { before: || panic!("no turn"), idles: unbounded().0 };
    let dispatcher = dispatcher_with(Arc::clone(&store) as _, Box::new(turns), LONG);
    for id in ["e1", "e2"] {
        dispatcher.dispatch(event(id)).unwrap();
    }
    assert_eq!(store.ids(), ["e1", "e2"]);
}

#[test]
fn events_for_which_the_store_has_no_answer_are_answered() {
    let store = Arc::new(Store::default());
    let dispatcher = dispatcher(&store);
    let answer = dispatcher.dispatch(event("unanswered"));
    assert!(matches!(answer, Err(DispatchError::Interrupted)), "{answer:?}");
}

#[test]
fn the_runner_is_given_what_is_in_the_store_with_its_positions() {
    let (wake, woken) = unbounded();
    let writer = Writer {
        events: Arc::new(Store::default()),
        turn: Mutex::new(Box::new(())),
        clock: Arc::new(SystemClock::default()),
        when_saved: Box::new(move |saved| {
            let saved =
                saved.iter().map(|(event, saved)| (event.event_id().to_string(), saved.position.get()));
            wake.send(saved.collect::<Vec<_>>()).unwrap();
        }),
        hold_until_passed: Box::new(|_, _, _| {}),
    };
    let queue = Queue::new(writer, LONG);
    for id in ["e1", "old", "bad", "e2"] {
        let submitted = queue.submit(event(id), LONG).unwrap().unwrap();
        drop(submitted.reply.wait(LONG));
    }
    assert!(queue.close(LONG));
    drop(queue);
    let saved: Vec<(String, i64)> = woken.iter().flatten().collect();
    assert_eq!(
        saved,
        [("e1".to_owned(), 1), ("old".to_owned(), 2), ("e2".to_owned(), 3)],
        "the second event was there before, and may not be handled; the third was refused"
    );
}

#[test]
fn what_callers_dispatch_once_they_have_their_answers_is_in_the_next_batch() {
    let (store, hold) = held_store();
    let queue: Arc<OnceLock<Queue>> = Arc::default();
    let (come, comes) = unbounded();
    // Of the looks at the clock after the second batch was stored, the first is of that; then one is before others are let run, and one
    // after.
    let looks = AtomicUsize::new(0);
    let clock = LookedAt({
        let (store, queue) = (Arc::clone(&store), Arc::clone(&queue));
        move || {
            let is_after = store.batches().len() == 2;
            let look = if is_after { looks.fetch_add(1, Ordering::SeqCst) } else { 0 };
            if is_after && let Some(id) = [None, Some("e3"), Some("e4")].get(look).copied().flatten() {
                come.send(queue.get().unwrap().submit(event(id), LONG)).unwrap();
            }
        }
    });
    let writer = Writer {
        events: Arc::clone(&store) as _,
        turn: Mutex::new(Box::new(())),
        clock: Arc::new(clock),
        when_saved: Box::new(|_| {}),
        hold_until_passed: Box::new(|_, _, _| {}),
    };
    let queue = queue.get_or_init(|| Queue::new(writer, LONG));
    let submit = |id| queue.submit(event(id), LONG).unwrap().unwrap();
    let first = submit("e0");
    hold.wait();
    let rest = ["e1", "e2"].map(submit);
    drop(hold);
    for submitted in [first].into_iter().chain(rest) {
        submitted.reply.wait(LONG).unwrap().unwrap();
    }
    for _ in 0..2 {
        let came = comes.recv_timeout(Duration::from_secs(10)).expect("no others are let run");
        came.unwrap().unwrap().reply.wait(LONG).unwrap().unwrap();
    }
    assert!(queue.close(LONG));
    assert_eq!(store.batches(), [names(0..1), names(1..3), names(3..5)]);
}
