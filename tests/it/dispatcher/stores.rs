//! What many threads, and dispatchers that share a store, dispatch is stored once and in order.

use std::collections::BTreeMap;
use std::thread;

use mission_events::EventRepository;
use mission_events::dispatch::EventDispatcherService;

use super::{Open, dispatcher, event, jsonl, sqlite};
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

/// Each dispatcher has a store and turns of its own, as in a process of its own.
fn two_dispatchers(open: Open) {
    let dir = TestDir::new();
    let answered: Vec<(String, i64)> = thread::scope(|scope| {
        let run = |name: &'static str| {
            let dispatcher = dispatcher(dir.path(), open);
            scope.spawn(move || dispatch_from_threads(&dispatcher, name))
        };
        let both = [run("a"), run("b")];
        both.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    check(&*open(dir.path()).0, &answered);
}

#[test]
fn two_dispatchers_share_a_sqlite_store() {
    two_dispatchers(sqlite);
}

#[test]
fn two_dispatchers_share_a_jsonl_store() {
    two_dispatchers(jsonl);
}
