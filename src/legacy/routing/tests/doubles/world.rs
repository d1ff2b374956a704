//! What outlasts processes, and the processes.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use super::faults::Faults;
use super::handlers::ProcessHandlers;
use super::legacy_file::{LegacyFile, ProcessLog};
use super::mode_list::{ModeList, ProcessModes};
use super::new_store::ProcessStore;
use super::outbox_file::{OutboxFile, ProcessOutbox};
use crate::application::clock::Clock;
use crate::application::dispatch::{DispatchPorts, DispatchSettings, EventDispatcherService};
use crate::application::handling::memory::MemoryHandlerStore;
use crate::application::handling::{
    EventHandler, Handled, HandlerContext, HandlerError, Runner, RunnerSettings,
};
use crate::domain::event::DomainEvent;
use crate::domain::event_system_mode::Routing;
use crate::domain::repository::{EventRepository, StoredEvent, Stream};
use crate::infrastructure::memory::InMemoryEventRepository;
use crate::infrastructure::system_clock::SystemClock;
use crate::legacy::routing::ports::LegacyLog;
use crate::legacy::routing::sides::{NewSide, RouterPorts, Sides};
use crate::legacy::routing::{RouteError, Router, RouterSettings};
use crate::wire::zone::Zone;

pub const LONG: Duration = Duration::from_secs(60);

/// Both sides, as they are on disk.
pub struct World {
    pub legacy: Arc<Mutex<LegacyFile>>,
    pub outbox: Arc<Mutex<OutboxFile>>,
    pub store: Arc<InMemoryEventRepository>,
    pub handlers: MemoryHandlerStore,
    pub modes: Arc<Mutex<ModeList>>,
    pub clock: Arc<dyn Clock + Send + Sync>,
    pub opened_new: Arc<AtomicUsize>,
    pub opened_legacy: Arc<AtomicUsize>,
    /// How many events a handler of the new side was given; there is one where `has_handler`.
    pub handled: Arc<AtomicUsize>,
    pub has_handler: bool,
    pub pids: AtomicU32,
}

struct Counter(Arc<AtomicUsize>);

impl EventHandler for Counter {
    fn name(&self) -> &str {
        "counter"
    }

    fn handle(&self, _: &StoredEvent, _: &mut HandlerContext<'_>) -> Result<Handled, HandlerError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(Handled::Done)
    }
}

/// A clock that stands still until it is set on.
#[derive(Default)]
pub struct SetClock(Mutex<Duration>);

impl SetClock {
    pub fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for SetClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        *self.0.lock().unwrap()
    }

    fn wait(&self, duration: Duration) {
        self.advance(duration);
    }
}

impl Default for World {
    fn default() -> Self {
        Self {
            legacy: Arc::default(),
            outbox: Arc::default(),
            store: Arc::new(InMemoryEventRepository::new(Zone::utc())),
            handlers: MemoryHandlerStore::default(),
            modes: Arc::default(),
            clock: Arc::new(SystemClock::default()),
            opened_new: Arc::default(),
            opened_legacy: Arc::default(),
            handled: Arc::default(),
            has_handler: false,
            pids: AtomicU32::new(1),
        }
    }
}

/// A process: its router, and what goes wrong for it.
pub struct Process {
    pub router: Router,
    pub faults: Arc<Faults>,
}

impl World {
    /// What a router of a new process needs.
    pub fn ports(&self, faults: &Arc<Faults>) -> RouterPorts {
        let (store, clock, opened_new) =
            (Arc::clone(&self.store), Arc::clone(&self.clock), Arc::clone(&self.opened_new));
        let (new_faults, has_handler) = (Arc::clone(faults), self.has_handler);
        let handled = Arc::clone(&self.handled);
        let new_side = move || {
            opened_new.fetch_add(1, Ordering::SeqCst);
            let events: Arc<dyn EventRepository> =
                Arc::new(ProcessStore { store: Arc::clone(&store), faults: Arc::clone(&new_faults) });
            let runner = Runner::new(
                Arc::clone(&events),
                Arc::new(MemoryHandlerStore::default()),
                Arc::clone(&clock),
                RunnerSettings::default(),
            );
            let ports = DispatchPorts { turn: Box::new(()), clock: Arc::clone(&clock) };
            let dispatcher = EventDispatcherService::new(
                Arc::clone(&events),
                Arc::new(runner),
                ports,
                DispatchSettings { wait_for_handlers: Duration::ZERO, ..DispatchSettings::default() },
            );
            if has_handler {
                dispatcher.register_handler("TaskCreated", Arc::new(Counter(Arc::clone(&handled))))?;
            }
            Ok(NewSide { events, dispatcher: Arc::new(dispatcher) })
        };
        let (file, opened_legacy) = (Arc::clone(&self.legacy), Arc::clone(&self.opened_legacy));
        let legacy_faults = Arc::clone(faults);
        let legacy_log = move || {
            opened_legacy.fetch_add(1, Ordering::SeqCst);
            let log: Arc<dyn LegacyLog> =
                Arc::new(ProcessLog { file: Arc::clone(&file), faults: Arc::clone(&legacy_faults) });
            Ok(log)
        };
        let shared = || Arc::clone(faults);
        RouterPorts {
            new_side: Box::new(new_side),
            legacy_log: Box::new(legacy_log),
            outbox: Arc::new(ProcessOutbox { file: Arc::clone(&self.outbox), faults: shared() }),
            handlers: Arc::new(ProcessHandlers { store: self.handlers.clone(), faults: shared() }),
            modes: Arc::new(ProcessModes { list: Arc::clone(&self.modes), faults: shared() }),
            clock: Arc::clone(&self.clock),
            zone: Zone::utc(),
            pid: self.pids.fetch_add(1, Ordering::SeqCst),
        }
    }

    pub(in crate::legacy::routing) fn sides(&self, faults: &Arc<Faults>) -> Arc<Sides> {
        Arc::new(Sides::new(self.ports(faults)))
    }

    pub fn try_start(&self, routing: Routing, settings: RouterSettings) -> Result<Process, RouteError> {
        let faults = Arc::<Faults>::default();
        Ok(Process { router: Router::open(routing, self.ports(&faults), settings)?, faults })
    }

    pub fn start(&self, routing: Routing) -> Process {
        let settings = RouterSettings { secondary_timeout: LONG, ..RouterSettings::default() };
        self.try_start(routing, settings).unwrap()
    }

    /// The ids of the events of the legacy log, in its order: each has its id as title.
    pub fn legacy_ids(&self) -> Vec<String> {
        let legacy = self.legacy.lock().unwrap();
        let title = |text: &str| {
            let value: serde_json::Value = serde_json::from_str(text).unwrap();
            value["title"].as_str().unwrap().to_owned()
        };
        legacy.records.iter().map(|record| title(&record.text)).collect()
    }

    /// The ids of the new side's events, in its order.
    pub fn new_ids(&self) -> Vec<String> {
        let streams = self.store.streams().unwrap();
        let read = |stream: Stream| self.store.read_stream(&stream.id, None, usize::MAX).unwrap();
        let events = streams.into_iter().flat_map(read);
        events.map(|event| event.event.event_id().as_str().to_owned()).collect()
    }

    pub fn undecided(&self) -> Vec<(Option<String>, String)> {
        let modes = self.modes.lock().unwrap();
        modes.undecided.iter().map(|record| (record.event_id.clone(), record.detail.clone())).collect()
    }
}

impl Process {
    pub fn dispatch(&self, id: &str) -> Result<crate::legacy::routing::Routed, RouteError> {
        self.router.dispatch(event(id))
    }

    /// The process is killed: nothing that it does has an effect from now on.
    pub fn kill(self) {
        self.faults.kill();
    }

    /// The process ends in order.
    pub fn end(self) {
        assert!(self.router.shut_down(LONG));
    }
}

/// Waits until something is so, at most a minute.
pub fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + LONG;
    while !is_so() {
        assert!(Instant::now() < end, "not so within a minute: {what}");
        std::thread::yield_now();
    }
}

pub fn event(id: &str) -> DomainEvent {
    event_of(id, "TaskCreated")
}

pub fn event_of(id: &str, event_type: &str) -> DomainEvent {
    let text = format!(
        r#"{{"event_id": "{id}", "event_type": "{event_type}", "timestamp": "2025-10-25T10:00:00Z", "title": "{id}"}}"#
    );
    DomainEvent::from_json(&text, &Zone::utc()).unwrap()
}

pub fn routing(use_new_event_system: bool, parallel_run: bool) -> Routing {
    named(use_new_event_system, parallel_run, &[])
}

pub fn named(use_new_event_system: bool, parallel_run: bool, new_event_types: &[&str]) -> Routing {
    let types = new_event_types.iter().map(|name| (*name).to_owned()).collect();
    Routing::of(use_new_event_system, parallel_run, types)
}
