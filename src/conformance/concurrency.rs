//! Threads: any number of them may use one store at a time, through one handle or through their own.

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::StoreUnderTest;
use super::events::event;
use super::questions::{StreamReader, everything};
use crate::domain::event::DomainEvent;
use crate::domain::repository::{EventRepository, RepositoryError};
use crate::domain::value_objects::Position;

const THREADS: usize = 4;
const EVENTS: usize = 25;

type Saved = Result<Position, RepositoryError>;

pub fn threads_that_save_different_events_lose_none(store: &dyn StoreUnderTest) {
    let answers = save_at_once(store, |thread, number| event(&format!("{thread}-{number}")).build());
    let stored = everything(&*store.open());
    assert_eq!(stored.len(), THREADS * EVENTS);
    for (thread, saved) in answers.into_iter().enumerate() {
        let positions: Vec<_> = saved.into_iter().map(Result::unwrap).collect();
        assert!(positions.is_sorted_by(|one, next| one < next), "each thread's own events are in its order");
        for (number, position) in positions.into_iter().enumerate() {
            let id = format!("{thread}-{number}");
            assert!(
                stored
                    .iter()
                    .any(|stored| stored.position == position && stored.event.event_id().as_str() == id),
                "{id} is not at the position that its save answered"
            );
        }
    }
}

pub fn threads_that_save_the_same_events_are_answered_the_same_positions(store: &dyn StoreUnderTest) {
    let answers = save_at_once(store, |_, number| event(&format!("e{number}")).build());
    let answers: BTreeSet<Vec<_>> =
        answers.into_iter().map(|saved| saved.into_iter().map(Result::unwrap).collect()).collect();
    assert_eq!(answers.len(), 1, "the threads were answered differently: {answers:?}");
    let stored = everything(&*store.open());
    assert_eq!(stored.len(), EVENTS, "each event is stored once");
    let positions: BTreeSet<_> = answers.into_iter().flatten().collect();
    assert!(stored.iter().map(|stored| stored.position).eq(positions));
}

pub fn one_of_several_threads_that_save_conflicting_events_wins(store: &dyn StoreUnderTest) {
    let contender = |thread: usize, number: usize| {
        event(&format!("e{number}")).with("thread", &thread.to_string()).build()
    };
    let answers = save_at_once(store, contender);
    let repository = store.open();
    assert_eq!(everything(&*repository).len(), EVENTS);
    for number in 0..EVENTS {
        let stored = repository.find_by_id(contender(0, number).event_id()).unwrap().unwrap();
        for (thread, saved) in answers.iter().enumerate() {
            match &saved[number] {
                Ok(position) => {
                    assert_eq!((stored.position, &stored.event), (*position, &contender(thread, number)));
                }
                Err(RepositoryError::Conflict { position, .. }) => {
                    assert_eq!(*position, stored.position);
                    assert_ne!(stored.event, contender(thread, number));
                }
                Err(error) => panic!("expected a conflict, found {error:?}"),
            }
        }
    }
}

pub fn a_reader_that_follows_while_threads_save_misses_nothing(store: &dyn StoreUnderTest) {
    let (repository, is_over) = (store.open(), AtomicBool::new(false));
    let follow = || {
        let (mut reader, mut read) = (StreamReader::default(), Vec::new());
        loop {
            // What was saved before it was over is read after that.
            let is_last = is_over.load(Ordering::SeqCst);
            read.extend(reader.read_on(&*repository, 3));
            if is_last {
                return read;
            }
        }
    };
    let mut read = thread::scope(|scope| {
        let follower = scope.spawn(follow);
        let saved = save_at_once(store, |thread, number| event(&format!("{thread}-{number}")).build());
        is_over.store(true, Ordering::SeqCst);
        assert!(saved.iter().flatten().all(Result::is_ok), "{saved:?}");
        follower.join().unwrap()
    });
    assert_eq!(read.len(), THREADS * EVENTS, "what a reader was given that went on after its last position");
    read.sort_by_key(|stored| stored.position);
    assert_eq!(read, everything(&*store.open()));
}

/// Lets all threads save their events at the same time; half of them share a handle, the others
/// open their own. Gives the answers of each thread, in the order of its events.
fn save_at_once(
    store: &dyn StoreUnderTest,
    event_of: impl Fn(usize, usize) -> DomainEvent + Sync,
) -> Vec<Vec<Saved>> {
    let (shared, start, event_of) = (store.open(), Barrier::new(THREADS), &event_of);
    let work = |thread: usize| {
        let own = thread.is_multiple_of(2).then(|| store.open());
        let repository: &dyn EventRepository = own.as_deref().unwrap_or(&*shared);
        start.wait();
        (0..EVENTS).map(|number| repository.save_event(&event_of(thread, number))).collect()
    };
    let work = &work;
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || work(thread))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}
