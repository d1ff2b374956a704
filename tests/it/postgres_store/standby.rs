//! A standby: what it has confirmed outlives the primary, what it was not asked for may not, and both are told.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mission_events::internals::domain::repository::{EventRepository, Saved};
use mission_events::internals::domain::value_objects::{Position, StreamId};
use mission_events::internals::infrastructure::postgres::PostgresEventRepository;

use super::open;
use crate::support::cli::cli;
use crate::support::postgres::Server;
use crate::support::postgres_proxy::Proxy;
use crate::support::test_dir::TestDir;
use crate::support::{event, until};

const THREADS: usize = 8;

fn waits_for_the_standby(primary: &Server) -> bool {
    primary.psql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") != "0\n"
}

/// Positions by id.
fn stored(url: &str) -> BTreeMap<String, Position> {
    let stored = open(url).read_stream(&StreamId::single(), None, usize::MAX).unwrap();
    let positions = stored.iter().map(|stored| stored.position.get());
    assert!(positions.eq(1..=stored.len() as i64), "without a gap");
    stored.into_iter().map(|stored| (stored.event.event_id().as_str().to_owned(), stored.position)).collect()
}

#[test]
fn what_a_synchronous_standby_has_confirmed_outlives_the_primary() {
    let primary = Server::start();
    let proxy = Proxy::before(&primary, Duration::ZERO);
    let standby = primary.standby(proxy.sockets());
    primary.wait_for_standby();
    let url = primary.url_with(&standby);
    let (is_over, acknowledged) = (AtomicBool::new(false), Mutex::new(BTreeMap::new()));
    let longest = Mutex::new(Duration::ZERO);
    let append = &|thread: usize, repository: PostgresEventRepository| {
        for number in 0.. {
            let (id, began) = (format!("{thread}-{number}"), Instant::now());
            // An answer that is none is asked for again, as a dispatcher's caller does.
            let saved = loop {
                match repository.save_each(&[event(&id).build()]).remove(0) {
                    Ok(saved) => break saved,
                    Err(error) => assert!(began.elapsed() < Duration::from_secs(60), "{error:?}"),
                }
            };
            acknowledged.lock().unwrap().insert(id, saved.position);
            let mut longest = longest.lock().unwrap();
            *longest = began.elapsed().max(*longest);
            if is_over.load(Ordering::SeqCst) {
                return;
            }
        }
    };
    let count = || acknowledged.lock().unwrap().len();
    let goes_on = || {
        let before = count();
        until("events are acknowledged", || count() > before + 50);
    };
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let repository = open(&url);
            scope.spawn(move || append(thread, repository));
        }
        goes_on();
        proxy.cut();
        until("a commit waits", || waits_for_the_standby(&primary));
        let before = count();
        for _ in 0..5 {
            assert!(waits_for_the_standby(&primary));
        }
        assert_eq!(count(), before, "nothing is acknowledged that the standby has not");
        proxy.mend();
        goes_on();
        primary.kill();
        standby.promote();
        goes_on();
        is_over.store(true, Ordering::SeqCst);
    });
    eprintln!("the longest wait of a caller: {:?}", longest.into_inner().unwrap());
    let (stored, acknowledged) = (stored(&standby.url("")), acknowledged.into_inner().unwrap());
    assert_eq!(stored, acknowledged, "each once, where it was said to be");
}

#[test]
fn what_an_asynchronous_standby_may_lack_is_told_before_it_does() {
    let (dir, primary) = (TestDir::new(), Server::start());
    let proxy = Proxy::before(&primary, Duration::ZERO);
    let standby = primary.standby(proxy.sockets());
    let repository = open(&primary.url(""));
    repository.save_event(&event("first").build()).unwrap();
    until("the standby has it", || {
        standby.psql("SELECT count(*) FROM pg_tables WHERE tablename = 'events'") == "1\n"
            && standby.psql("SELECT count(*) FROM mission_events.events") == "1\n"
    });
    let status = |server: &Server| {
        let url = server.url("&schema=mission_events");
        let status = cli(&dir).run(&format!("-q --store {url} status --format json")).json();
        status["store"]["server"].as_str().unwrap().to_owned()
    };
    let said = status(&primary);
    assert!(said.contains("a standby that takes its place may lack the last events"), "{said}");
    let said = status(&standby);
    assert!(said.contains("standby: it takes no events"), "{said}");
    proxy.cut();
    repository.save_event(&event("second").build()).unwrap();
    primary.kill();
    standby.promote();
    assert_eq!(stored(&standby.url("")).into_keys().collect::<Vec<_>>(), ["first"]);
}

#[test]
fn a_wait_for_the_standby_that_is_cancelled_is_an_error_and_the_repeat_waits() {
    let primary = Server::start();
    let proxy = Proxy::before(&primary, Duration::ZERO);
    let _standby = primary.standby(proxy.sockets());
    let repository = open(&primary.url(""));
    primary.wait_for_standby();
    proxy.cut();
    let save = || repository.save_each(&[event("e1").build()]).remove(0);
    std::thread::scope(|scope| {
        let first = scope.spawn(save);
        until("it waits", || waits_for_the_standby(&primary));
        primary.psql("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
        let error = first.join().unwrap().unwrap_err();
        let told = format!("{error:?}");
        assert!(told.contains("Unconfirmed"), "{told}");

        let again = scope.spawn(save);
        until("the repeat waits as well", || waits_for_the_standby(&primary));
        assert!(!again.is_finished(), "what is on the disk of the primary alone is not acknowledged");
        proxy.mend();
        assert_eq!(again.join().unwrap().unwrap(), Saved { position: Position::new(1), is_new: false });
    });
}

#[test]
fn an_event_whose_commit_was_made_and_whose_answer_was_lost_is_answered_as_if_it_had_come() {
    let primary = Server::start();
    let proxy = Proxy::before(&primary, Duration::ZERO);
    let _standby = primary.standby(proxy.sockets());
    let repository = open(&primary.url(""));
    primary.wait_for_standby();
    for (number, events) in [vec!["one"], vec!["of two", "other of two"]].into_iter().enumerate() {
        let events: Vec<_> = events.into_iter().map(|id| event(id).build()).collect();
        proxy.cut();
        std::thread::scope(|scope| {
            let save = scope.spawn(|| repository.save_each(&events));
            until("the commit is made, and waits", || waits_for_the_standby(&primary));
            primary.psql(
                "SELECT pg_terminate_backend(pid, 15000) FROM pg_stat_activity WHERE wait_event = 'SyncRep'",
            );
            until("what was sent again waits as well", || waits_for_the_standby(&primary));
            proxy.mend();
            for (place, saved) in (1..).zip(save.join().unwrap()) {
                let position = Position::new(number as i64 + place);
                assert_eq!(saved.unwrap(), Saved { position, is_new: true }, "{events:?}");
            }
        });
    }
    assert_eq!(stored(&primary.url("")).len(), 3);
}
