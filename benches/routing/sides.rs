//! A router over both sides, of which the secondary can be in trouble.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use mission_events::dispatch::{
    DispatchPorts, DispatchSettings, EventDispatcherService, JsonlStoreTurn, Runner, RunnerSettings,
    SqliteHandlerStore, SqliteStoreTurn, StoreTurn, SystemClock,
};
use mission_events::internals::application::handling::memory::MemoryHandlerStore;
use mission_events::internals::domain::query::EventQuery;
use mission_events::internals::domain::repository::{
    BatchError, RepositoryError, Saved, StoreSummary, StoredEvent, Stream,
};
use mission_events::legacy_system::routing::{
    LegacyLog, LegacyPlace, LegacyRecord, LegacySideError, LockedLegacyLog, NewSide, OutboxFile, Router,
    RouterPorts, RouterSettings, Routing,
};
use mission_events::legacy_system::{EventsJson, LegacyWriter};
use mission_events::{
    DomainEvent, EventId, EventRepository, JsonlEventRepository, Position, SqliteEventRepository, StreamId,
    Zone,
};

use crate::workload::Events;

/// Longer than a mirror takes.
const LONG: Duration = Duration::from_secs(120);

/// The folder of all runs, removed at the end.
pub struct Place(tempfile::TempDir);

impl Place {
    pub fn create() -> Self {
        let folder = std::env::var_os("BENCH_FOLDER").map_or_else(std::env::temp_dir, PathBuf::from);
        Self(tempfile::tempdir_in(folder).unwrap())
    }
}

/// The store of the new side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Jsonl,
}

impl Backend {
    pub fn of_this_run() -> Self {
        match std::env::var("BENCH_BACKEND").as_deref() {
            Ok("jsonl") => Self::Jsonl,
            _ => Self::Sqlite,
        }
    }

    fn open(self, folder: PathBuf) -> (Arc<dyn EventRepository>, Box<dyn StoreTurn>) {
        match self {
            Self::Sqlite => {
                let store =
                    Arc::new(SqliteEventRepository::open(folder.join("events.db"), Zone::utc()).unwrap());
                (Arc::clone(&store) as _, Box::new(SqliteStoreTurn::new(store)))
            }
            Self::Jsonl => {
                let folder = folder.join("events");
                let store = Arc::new(JsonlEventRepository::open(&folder, Zone::utc()).unwrap());
                (store, Box::new(JsonlStoreTurn::new(folder)))
            }
        }
    }
}

/// What is wrong with the secondary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Trouble {
    #[default]
    None,
    /// It answers nothing.
    Hangs,
    /// Whatever is asked of it fails.
    Fails,
    /// It can be read, and not be written.
    DiskFull,
}

#[derive(Default)]
struct Secondary {
    trouble: Mutex<Trouble>,
    changed: Condvar,
}

impl Secondary {
    fn set(&self, trouble: Trouble) {
        *self.trouble.lock().unwrap() = trouble;
        self.changed.notify_all();
    }

    /// Before it is used.
    fn using(&self) -> io::Result<()> {
        let trouble = self.trouble.lock().unwrap();
        let trouble = *self.changed.wait_while(trouble, |trouble| *trouble == Trouble::Hangs).unwrap();
        if trouble == Trouble::Fails { Err(io::ErrorKind::PermissionDenied.into()) } else { Ok(()) }
    }

    /// Before it is written.
    fn writing(&self) -> io::Result<()> {
        self.using()?;
        match *self.trouble.lock().unwrap() {
            Trouble::DiskFull => Err(io::ErrorKind::StorageFull.into()),
            _ => Ok(()),
        }
    }
}

/// A router, and where its files are.
pub struct Run {
    router: Arc<Router>,
    folder: PathBuf,
    secondary: Arc<Secondary>,
    events: Arc<dyn EventRepository>,
}

impl Run {
    pub fn begin(place: &Place, backend: Backend, use_new: bool, parallel: bool) -> Self {
        let number = fs::read_dir(place.0.path()).unwrap().count();
        let folder = place.0.path().join(number.to_string());
        fs::create_dir(&folder).unwrap();
        let secondary = Arc::<Secondary>::default();
        let (events, turn) = backend.open(folder.clone());
        let log: Arc<dyn LegacyLog> =
            Arc::new(EventsJson::open(folder.join("events.json"), LegacyWriter::This).unwrap());
        let (seen, log) = if use_new {
            let log = TroubledLog { log, secondary: Arc::clone(&secondary) };
            (Arc::clone(&events), Arc::new(log) as Arc<dyn LegacyLog>)
        } else {
            let store = TroubledStore { store: Arc::clone(&events), secondary: Arc::clone(&secondary) };
            (Arc::new(store) as Arc<dyn EventRepository>, log)
        };
        let clock = Arc::new(SystemClock::default());
        let runner = Runner::new(
            Arc::clone(&seen),
            Arc::new(MemoryHandlerStore::default()),
            Arc::clone(&clock) as _,
            RunnerSettings::default(),
        );
        let ports = DispatchPorts { turn, clock: Arc::clone(&clock) as _ };
        let settings = DispatchSettings::default();
        let dispatcher = EventDispatcherService::new(Arc::clone(&seen), Arc::new(runner), ports, settings);
        let new_side = NewSide { events: seen, dispatcher: Arc::new(dispatcher) };
        let handlers = Arc::new(SqliteHandlerStore::open(folder.join("handlers.db")).unwrap());
        let ports = RouterPorts {
            new_side: Box::new(move || Ok(new_side.clone())),
            legacy_log: Box::new(move || Ok(Arc::clone(&log))),
            outbox: Arc::new(OutboxFile::at(folder.join("parallel/outbox.jsonl"))),
            modes: Arc::new(handlers.mode_log().unwrap()),
            handlers,
            clock,
            zone: Zone::utc(),
            pid: std::process::id(),
        };
        let settings =
            RouterSettings { secondary_timeout: Duration::from_millis(250), behind_warn: u64::MAX };
        let routing = Routing::of(use_new, parallel, Default::default());
        let router = Arc::new(Router::open(routing, ports, settings).unwrap());
        Self { router, folder, secondary, events }
    }

    pub fn set(&self, trouble: Trouble) {
        self.secondary.set(trouble);
    }

    /// Threads that dispatch, each event after the answer to the one before.
    pub fn workers(&self, threads: u64) -> Vec<Box<dyn FnMut() + Send>> {
        let worker = |thread| -> Box<dyn FnMut() + Send> {
            let (router, mut events) = (Arc::clone(&self.router), Events::time_ordered(thread));
            Box::new(move || assert!(router.dispatch(events.next()).unwrap().succeeded()))
        };
        (0..threads).map(worker).collect()
    }

    /// Waits until both sides have every event; answers how many were left, and how long it took.
    pub fn catch_up(&self) -> (u64, Duration) {
        let behind = || self.router.mirrors().iter().map(|mirror| mirror.behind).sum::<u64>();
        let (left, began) = (behind(), Instant::now());
        while behind() > 0 {
            assert!(began.elapsed() < LONG, "{} events are left", behind());
            std::thread::sleep(Duration::from_millis(5));
        }
        let took = began.elapsed();
        let records = fs::read_to_string(self.folder.join("events.json")).unwrap();
        let records: Vec<serde_json::Value> = serde_json::from_str(&records).unwrap();
        assert_eq!(records.len() as u64, self.events.summary().unwrap().events);
        (left, took)
    }

    pub fn end(self) {
        assert!(self.router.shut_down(LONG));
    }
}

struct TroubledLog {
    log: Arc<dyn LegacyLog>,
    secondary: Arc<Secondary>,
}

struct TroubledLock<'l> {
    log: Box<dyn LockedLegacyLog + 'l>,
    secondary: &'l Secondary,
}

fn legacy_error(error: io::Error) -> LegacySideError {
    LegacySideError(Box::new(error))
}

impl LegacyLog for TroubledLog {
    fn lock(&self) -> Result<Box<dyn LockedLegacyLog + '_>, LegacySideError> {
        self.secondary.using().map_err(legacy_error)?;
        Ok(Box::new(TroubledLock { log: self.log.lock()?, secondary: &self.secondary }))
    }
}

impl LockedLegacyLog for TroubledLock<'_> {
    fn end(&self) -> u64 {
        self.log.end()
    }

    fn holds(&self, place: &LegacyPlace) -> Result<bool, LegacySideError> {
        self.log.holds(place)
    }

    fn records_after(&self, end: u64, limit: usize) -> Result<Option<Vec<LegacyRecord>>, LegacySideError> {
        self.log.records_after(end, limit)
    }

    fn plan(&mut self, records: &[String]) -> Result<Vec<LegacyPlace>, LegacySideError> {
        self.log.plan(records)
    }

    fn write(self: Box<Self>) -> Result<(), LegacySideError> {
        self.secondary.writing().map_err(legacy_error)?;
        self.log.write()
    }
}

struct TroubledStore {
    store: Arc<dyn EventRepository>,
    secondary: Arc<Secondary>,
}

impl TroubledStore {
    fn using(&self) -> Result<(), RepositoryError> {
        self.secondary.using().map_err(|error| RepositoryError::storage("use the store", error))
    }
}

impl EventRepository for TroubledStore {
    fn save_events(&self, events: &[DomainEvent]) -> Result<Vec<Position>, BatchError> {
        self.using()?;
        self.store.save_events(events)
    }

    fn save_each(&self, events: &[DomainEvent]) -> Vec<Result<Saved, RepositoryError>> {
        match self.secondary.writing().map_err(|error| RepositoryError::storage("save an event", error)) {
            Ok(()) => self.store.save_each(events),
            Err(error) => events.iter().map(|_| Err(error.clone())).collect(),
        }
    }

    fn find_by_id(&self, id: &EventId) -> Result<Option<StoredEvent>, RepositoryError> {
        self.using()?;
        self.store.find_by_id(id)
    }

    fn query(&self, query: &EventQuery, limit: usize) -> Result<Vec<StoredEvent>, RepositoryError> {
        self.using()?;
        self.store.query(query, limit)
    }

    fn streams(&self) -> Result<Vec<Stream>, RepositoryError> {
        self.using()?;
        self.store.streams()
    }

    fn read_stream(
        &self,
        stream: &StreamId,
        after: Option<Position>,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, RepositoryError> {
        self.using()?;
        self.store.read_stream(stream, after, limit)
    }

    fn stream_of(&self, position: Position) -> Result<Option<StreamId>, RepositoryError> {
        self.using()?;
        self.store.stream_of(position)
    }

    fn is_next(&self, position: Position, event: &StoredEvent) -> bool {
        self.store.is_next(position, event)
    }

    fn summary(&self) -> Result<StoreSummary, RepositoryError> {
        self.using()?;
        self.store.summary()
    }
}
