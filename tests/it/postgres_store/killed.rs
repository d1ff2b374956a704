//! A server that is killed while events are appended: what was acknowledged is there once, where it was said to be.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mission_events::internals::domain::repository::{EventRepository, RepositoryError};
use mission_events::internals::domain::value_objects::StreamId;

use super::open;
use crate::support::event;
use crate::support::postgres::Server;

const THREADS: usize = 8;

#[test]
fn what_was_acknowledged_outlives_a_server_that_is_killed() {
    let server = Server::start();
    let url = server.url("");
    let repository = open(&url);
    let (is_over, acknowledged) = (AtomicBool::new(false), Mutex::new(BTreeMap::new()));
    let append = |thread: usize| {
        // Two threads share the first connection, the others have their own.
        let own = (thread > 1).then(|| open(&url));
        let repository = own.as_ref().unwrap_or(&repository);
        for number in 0.. {
            let id = format!("{thread}-{number}");
            let saved = repository.save_each(&[event(&id).build()]).remove(0).unwrap();
            assert!(saved.is_new, "{id} was stored by this call, however often it was sent");
            acknowledged.lock().unwrap().insert(id, saved.position);
            if is_over.load(Ordering::SeqCst) {
                return;
            }
        }
    };
    std::thread::scope(|scope| {
        (0..THREADS).for_each(|thread| drop(scope.spawn(move || append(thread))));
        for _ in 0..crate::support::kill_moments() {
            let before = acknowledged.lock().unwrap().len();
            crate::support::until("some are acknowledged", || {
                acknowledged.lock().unwrap().len() > before + 50
            });
            std::thread::sleep(Duration::from_millis(fastrand::u64(0..20)));
            server.kill();
            server.start_again();
        }
        is_over.store(true, Ordering::SeqCst);
    });
    let stored = repository.read_stream(&StreamId::single(), None, usize::MAX).unwrap();
    let positions = stored.iter().map(|stored| stored.position.get());
    assert!(positions.eq(1..=stored.len() as i64), "without a gap");
    let stored: BTreeMap<String, _> = stored
        .into_iter()
        .map(|stored| (stored.event.event_id().as_str().to_owned(), stored.position))
        .collect();
    assert_eq!(stored, acknowledged.into_inner().unwrap(), "each once, where it was said to be");
}

#[test]
fn a_server_that_does_not_come_back_is_told_after_a_while() {
    let server = Server::start();
    let repository = open(&server.url(""));
    repository.save_event(&event("e1").build()).unwrap();
    server.kill();
    let refusal = repository.save_event(&event("e2").build()).unwrap_err();
    assert!(matches!(refusal, RepositoryError::Storage { .. }), "{refusal:?}");
    server.start_again();
    assert_eq!(
        repository.save_event(&event("e2").build()).unwrap().get(),
        2,
        "it goes on with a new connection"
    );
}
