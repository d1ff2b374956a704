//! Processes with an effect and projections: one that is killed while it dispatches, after which the next one goes on,
//! and two at once.

use std::collections::BTreeMap;
use std::env;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use mission_events::dispatch::{
    DispatchPorts, DispatchSettings, EventDispatcherService, EventHandler, EventTypes, Handled,
    HandlerContext, HandlerError, HandlerKind, JsonlStoreTurn, Registration, RetryPolicy, Runner,
    RunnerSettings, SqliteHandlerStore, SqliteStoreTurn, StartFrom, StoreTurn, SystemClock,
};
use mission_events::{
    EventRepository, EventRepositoryExt, JsonlEventRepository, SqliteEventRepository, StoredEvent,
};

use super::{Backend, operations, projections, read_models, read_models_from_nothing, update};
use crate::support::test_dir::TestDir;
use crate::support::{kill_moments, killing, utc};

/// Names the backend, the beginning of the ids, how many events are dispatched, and the folder of a started process.
const CHILD: &str = "MISSION_EVENTS_TEST_CHILD";
const TASKS: u64 = 7;

/// Acts on the world: a line with the idempotency key goes to a file.
struct Letters(PathBuf);

impl EventHandler for Letters {
    fn name(&self) -> &str {
        "letters"
    }

    fn handle(&self, _: &StoredEvent, context: &mut HandlerContext<'_>) -> Result<Handled, HandlerError> {
        let sent = OpenOptions::new().create(true).append(true).open(&self.0);
        sent.and_then(|mut file| file.write_all(format!("{}\n", context.idempotency_key()).as_bytes()))
            .map_err(|error| HandlerError::Transient(error.into()))?;
        Ok(Handled::Done)
    }
}

fn registrations(folder: &Path) -> Vec<Registration> {
    let letters = Registration {
        handler: Arc::new(Letters(folder.join("letters"))),
        event_types: EventTypes::All,
        kind: HandlerKind::Effect,
        start: StartFrom::Now,
        retry: RetryPolicy::default(),
        version: 1,
        intervals: Vec::new(),
    };
    projections().into_iter().chain([letters]).collect()
}

/// Dispatches, and says what was acknowledged, until it is killed, or has dispatched all.
///
/// The tests start this program once more, for this test alone; else there is nothing to do.
#[test]
fn a_started_process_dispatches_until_it_is_killed() {
    let Some(child) = env::var(CHILD).ok() else { return };
    let mut words = child.splitn(4, ' ');
    let (backend, prefix) = (words.next().unwrap(), words.next().unwrap());
    let count: u64 = words.next().unwrap().parse().unwrap();
    let folder = Path::new(words.next().unwrap());
    let (events, turn): (Arc<dyn EventRepository>, Box<dyn StoreTurn>) = match backend {
        "Sqlite" => {
            let store = Arc::new(SqliteEventRepository::open(folder.join("events.db"), utc()).unwrap());
            (Arc::clone(&store) as _, Box::new(SqliteStoreTurn::new(store)))
        }
        _ => {
            let days = folder.join("events");
            (Arc::new(JsonlEventRepository::open(&days, utc()).unwrap()), Box::new(JsonlStoreTurn::new(days)))
        }
    };
    let clock = Arc::new(SystemClock::default());
    let handlers = Arc::new(SqliteHandlerStore::open(folder.join("handlers.db")).unwrap());
    let settings = RunnerSettings { page: 5, ..RunnerSettings::default() };
    let runner = Runner::new(Arc::clone(&events), handlers, Arc::clone(&clock) as _, settings);
    registrations(folder).into_iter().for_each(|registration| runner.register(registration).unwrap());
    let ports = DispatchPorts { turn, clock };
    let dispatcher =
        EventDispatcherService::new(events, Arc::new(runner), ports, DispatchSettings::default());
    for number in 0..count {
        let event = update(&format!("{prefix}{number}"), &format!("T{}", number % TASKS), 25, number as u32);
        let stored = dispatcher.dispatch_async(event).unwrap().stored().unwrap();
        println!("stored {}", stored.event_id());
        if number % 3 == 0 {
            stored.handled();
        }
    }
    assert!(dispatcher.shut_down(Duration::from_secs(60)));
}

#[test]
fn two_processes_at_once_store_every_event_once_project_it_once_and_give_it_to_its_effect_once() {
    for backend in Backend::ALL {
        let dir = TestDir::new();
        let count = 40;
        let children = ["a", "b"].map(|prefix| start(backend, prefix, count, dir.path()));
        for child in children {
            let output = child.wait_with_output().unwrap();
            let acknowledged = String::from_utf8_lossy(&output.stdout).matches("stored ").count();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            assert_eq!(acknowledged as u64, count);
        }
        let (events, handlers) = (backend.open(&dir), dir.join("handlers.db"));
        let operations = operations(&events, &handlers, registrations(dir.path()));
        assert!(operations.run_to_end(&|| true).unwrap().is_empty());
        let stored = events.get_recent_events(usize::MAX).unwrap();
        let mut ids: Vec<String> = stored.iter().map(|stored| stored.event.event_id().to_string()).collect();
        let letters = std::fs::read_to_string(dir.join("letters")).unwrap();
        let mut given: Vec<&str> = letters.lines().collect();
        ids.sort();
        given.sort();
        assert_eq!(ids.len() as u64, 2 * count, "{backend:?}");
        assert_eq!(given, ids, "{backend:?}: each event once");
        assert_eq!(read_models(&handlers), read_models_from_nothing(&events), "{backend:?}");
    }
}

/// Starts a process that dispatches so many events.
fn start(backend: Backend, prefix: &str, count: u64, folder: &Path) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["handling::killed::a_started_process_dispatches_until_it_is_killed", "--exact", "--nocapture"])
        .env(CHILD, format!("{backend:?} {prefix} {count} {}", folder.display()))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn every_acknowledged_event_is_stored_once_projected_once_and_given_to_its_effect() {
    let moments = kill_moments();
    for backend in Backend::ALL {
        let mut repeated = 0;
        for moment in 0..moments {
            let dir = TestDir::new();
            let acknowledged = killed_after(backend, dir.path(), 1 + 7 * moment);

            let (events, handlers) = (backend.open(&dir), dir.join("handlers.db"));
            let operations = operations(&events, &handlers, registrations(dir.path()));
            let not_run = operations.run_to_end(&|| true).unwrap();
            assert!(not_run.is_empty(), "{not_run:?}");

            let stored = events.get_recent_events(usize::MAX).unwrap();
            let mut times_given: BTreeMap<String, u32> =
                stored.iter().map(|stored| (stored.event.event_id().to_string(), 0)).collect();
            assert_eq!(times_given.len(), stored.len());
            for id in &acknowledged {
                assert!(times_given.contains_key(id), "{backend:?}: {id} was acknowledged");
            }
            for key in std::fs::read_to_string(dir.join("letters")).unwrap().lines() {
                *times_given.get_mut(key).unwrap() += 1;
            }
            assert!(times_given.values().all(|times| [1, 2].contains(times)), "{backend:?}: {times_given:?}");
            let twice = times_given.values().filter(|times| **times == 2).count();
            assert!(twice <= 1, "{backend:?}: one was in flight, {twice} were given again");
            repeated += twice;
            assert_eq!(read_models(&handlers), read_models_from_nothing(&events), "{backend:?}");
        }
        assert!(repeated as u64 <= moments);
    }
}

/// Starts the process, kills it after so many acknowledgements, and gives all that it has acknowledged.
fn killed_after(backend: Backend, folder: &Path, acknowledgements: u64) -> Vec<String> {
    let child = start(backend, "e", u64::MAX, folder);
    killing::killed_after(child, acknowledgements)
}
