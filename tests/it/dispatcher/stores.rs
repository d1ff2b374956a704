//! What many threads, and dispatchers that share a store, dispatch is stored once and in order.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::thread;

use mission_events::dispatch::{
    EventDispatcherService, EventHandler, EventTypes, Handled, HandlerContext, HandlerError, HandlerKind,
    Registration, RetryPolicy, StartFrom,
};
use mission_events::internals::application::handling::memory::MemoryHandlerStore;
use mission_events::{EventRepository, StoredEvent};

use super::{Open, dispatcher, dispatcher_with, event, jsonl, sqlite};
use crate::support::test_dir::TestDir;

const THREADS: usize = 8;
const EVENTS: usize = 40;

/// Dispatches from several threads; answers the id of each event with its position.
fn dispatch_from_threads(dispatcher: &EventDispatcherService, name: &str) -> Vec<(String, i64)> {
    let run = |thread: usize| {
        let dispatch = |number| {
            let id = format!("{name}-{thread}-{number:02}");
            let dispatched = dispatcher.dispatch(event(&id)).unwrap();
            assert!(dispatched.succeeded() && !dispatched.already_stored);
            (id, dispatched.position.get())
        };
        (0..EVENTS).map(dispatch).collect::<Vec<_>>()
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || run(thread))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

/// Every event stands where its dispatch has answered, and each thread's in its order.
fn check(store: &dyn EventRepository, answered: &[(String, i64)]) {
    let streams = store.streams().unwrap();
    let read = |stream: &mission_events::Stream| store.read_stream(&stream.id, None, usize::MAX).unwrap();
    let stored: BTreeMap<String, i64> = streams
        .iter()
        .flat_map(read)
        .map(|stored| (stored.event.event_id().as_str().to_owned(), stored.position.get()))
        .collect();
    assert_eq!(stored, answered.iter().cloned().collect());
    // Ids of a thread are in the order in which it has dispatched them, and neighbours here.
    let of_thread = |id: &str| id[..id.len() - 3].to_owned();
    let pairs: Vec<_> = stored.iter().collect();
    for pair in pairs.windows(2).filter(|pair| of_thread(pair[0].0) == of_thread(pair[1].0)) {
        assert!(pair[0].1 < pair[1].1, "{pair:?}");
    }
}

fn many_threads(open: Open) {
    let dir = TestDir::new();
    let dispatcher = dispatcher(dir.path(), open);
    let answered = dispatch_from_threads(&dispatcher, "a");
    assert_eq!(dispatcher.get_event_history(10).unwrap().len(), 10);
    drop(dispatcher);
    check(&*open(dir.path()).0, &answered);
}

#[test]
fn many_threads_dispatch_to_a_sqlite_store() {
    many_threads(sqlite);
}

#[test]
fn many_threads_dispatch_to_a_jsonl_store() {
    many_threads(jsonl);
}

/// Notes the position of each event that it is given.
#[derive(Default)]
struct Noting(Mutex<Vec<i64>>);

impl EventHandler for Noting {
    fn name(&self) -> &str {
        "noting"
    }

    fn handle(&self, event: &StoredEvent, _: &mut HandlerContext<'_>) -> Result<Handled, HandlerError> {
        self.0.lock().unwrap().push(event.position.get());
        Ok(Handled::Done)
    }
}

/// Each dispatcher has a store and turns of its own, as in a process of its own; and runs a projection, which is given what
/// both have stored.
fn two_dispatchers(open: Open) {
    let dir = TestDir::new();
    let (handlers, noting) = (MemoryHandlerStore::default(), Arc::new(Noting::default()));
    let answered: Vec<(String, i64)> = thread::scope(|scope| {
        let run = |name: &'static str| {
            let dispatcher = dispatcher_with(dir.path(), open, handlers.clone());
            let registration = Registration {
                handler: Arc::clone(&noting) as _,
                event_types: EventTypes::All,
                kind: HandlerKind::Projection,
                start: StartFrom::Beginning,
                retry: RetryPolicy::default(),
                version: 1,
                intervals: Vec::new(),
            };
            dispatcher.register(registration).unwrap();
            scope.spawn(move || dispatch_from_threads(&dispatcher, name))
        };
        let both = [run("a"), run("b")];
        both.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    check(&*open(dir.path()).0, &answered);
    let mut positions: Vec<i64> = answered.iter().map(|(_, position)| *position).collect();
    positions.sort_unstable();
    assert_eq!(*noting.0.lock().unwrap(), positions, "each is handled once, in the order of the store");
}

/// Else handlers would read each event from the store again.
fn what_was_saved_is_known_to_follow(open: Open) {
    let dir = TestDir::new();
    let (store, _) = open(dir.path());
    for batch in [vec![event("e1"), event("e2")], vec![event("e3")]] {
        assert!(store.save_each(&batch).iter().all(Result::is_ok));
    }
    let stream = store.streams().unwrap().remove(0).id;
    let events = store.read_stream(&stream, None, 10).unwrap();
    assert_eq!(events.len(), 3);
    assert!(events.windows(2).all(|pair| store.is_next(pair[1].position, &pair[0])));
}

#[test]
fn an_event_is_known_to_follow_the_one_before_it_in_each_store() {
    what_was_saved_is_known_to_follow(sqlite);
    what_was_saved_is_known_to_follow(jsonl);
}

#[test]
fn two_dispatchers_share_a_sqlite_store() {
    two_dispatchers(sqlite);
}

#[test]
fn two_dispatchers_share_a_jsonl_store() {
    two_dispatchers(jsonl);
}
