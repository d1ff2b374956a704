//! A server or a client that is killed while events are appended: what was acknowledged is there once, where it was said to be.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mission_events::internals::domain::repository::{EventRepository, RepositoryError};
use mission_events::internals::domain::value_objects::{Position, StreamId};
use mission_events::internals::infrastructure::postgres::PostgresEventRepository;

use super::open;
use crate::support::cli::cli;
use crate::support::event;
use crate::support::postgres::{Server, server};
use crate::support::test_dir::TestDir;

const THREADS: usize = 8;

/// Saves a new event, and answers where it is. A server that takes longer to come back than a call waits for it has acknowledged
/// nothing: the event is saved again then, and may be there from the call before.
fn save(repository: &PostgresEventRepository, id: &str) -> Position {
    const CALLS: usize = 8;
    let events = [event(id).build()];
    let mut refusal = None;
    for call in 0..CALLS {
        match repository.save_each(&events).remove(0) {
            Ok(saved) => {
                assert!(saved.is_new || call > 0, "{id} was stored by this call, however often it was sent");
                return saved.position;
            }
            Err(error @ RepositoryError::Storage { .. }) => refusal = Some(error),
            Err(error) => panic!("{id}: {error:?}"),
        }
    }
    panic!("{id}: {refusal:?}");
}

#[test]
fn what_was_acknowledged_outlives_a_server_that_is_killed() {
    let server = Server::start();
    let url = server.url("");
    let repository = open(&url);
    // Two threads share the first connection, the others have their own; all are there before the first kill.
    let own: Vec<_> = (2..THREADS).map(|_| open(&url)).collect();
    let (is_over, acknowledged) = (AtomicBool::new(false), Mutex::new(BTreeMap::new()));
    let append = |thread: usize| {
        let repository = thread.checked_sub(2).map_or(&repository, |number| &own[number]);
        for number in 0.. {
            let id = format!("{thread}-{number}");
            let saved = save(repository, &id);
            acknowledged.lock().unwrap().insert(id, saved);
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
                acknowledged.lock().unwrap().len() > before + 20
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

#[test]
fn what_was_acknowledged_by_a_client_that_is_killed_is_there_once() {
    let (dir, url) = (TestDir::new(), server().new_store());
    let mut acknowledged = BTreeMap::new();
    let mut next = 0;
    for moment in 0..crate::support::kill_moments() {
        let program = cli(&dir)
            .env("MISSION_CONTROL_USE_NEW_EVENT_SYSTEM", "true")
            .env("MISSION_CONTROL_STORAGE_BACKEND", "postgres")
            .env("MISSION_CONTROL_POSTGRES_URL", &url);
        let (running, mut input, output) = program.start_with_pipes("-q dispatch -");
        let lines = BufReader::new(output).lines();
        let mut running = Some(running);
        std::thread::scope(|scope| {
            // What was sent and not answered is sent again by the next one.
            let first = next;
            scope.spawn(move || {
                for number in first.. {
                    let event = format!(
                        r#"{{"event_id": "c{number}", "event_type": "A", "timestamp": "2025-10-25T10:00:00Z"}}"#
                    );
                    if writeln!(input, "{event}").is_err() {
                        return;
                    }
                }
            });
            let mut answered = 0;
            for line in lines {
                // The last line can be torn.
                let Ok(answer) = serde_json::from_str::<serde_json::Value>(&line.unwrap()) else { break };
                let position = answer["position"].as_i64().unwrap_or_else(|| panic!("{answer}"));
                let id = answer["event_id"].as_str().unwrap().to_owned();
                assert_eq!(id, format!("c{next}"));
                assert!(acknowledged.insert(id, position).is_none());
                next += 1;
                answered += 1;
                if answered > 7 * moment
                    && let Some(running) = running.take()
                {
                    running.kill();
                }
            }
        });
    }
    let stored = open(&url).read_stream(&StreamId::single(), None, usize::MAX).unwrap();
    let stored: Vec<(String, i64)> = stored
        .into_iter()
        .map(|stored| (stored.event.event_id().as_str().to_owned(), stored.position.get()))
        .collect();
    assert!(stored.iter().map(|(_, position)| *position).eq(1..=stored.len() as i64), "without a gap");
    let places: BTreeMap<String, i64> = stored.iter().cloned().collect();
    assert_eq!(places.len(), stored.len(), "none is there twice");
    for (id, position) in acknowledged {
        assert_eq!(places.get(&id), Some(&position), "{id}");
    }
}
