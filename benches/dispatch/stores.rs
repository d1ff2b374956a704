//! The stores: how they are filled, opened, written to without a dispatcher, and with one.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use mission_events::compare::TempScratch;
use mission_events::dispatch::{
    DispatchPorts, DispatchSettings, EventDispatcherService, JsonlStoreTurn, Runner, SqliteStoreTurn,
    StoreTurn,
};
use mission_events::import::{
    FileSystem, ImportPorts, ImportSettings, LogList, OverlapPolicy, ReadOptions, SqliteImport, SystemClock,
    import, open_log,
};
use mission_events::{DomainEvent, EventRepository, JsonlEventRepository, SqliteEventRepository, Zone};
use rusqlite::Connection;

use crate::workload::{self, Events};

/// The folder of all stores, removed at the end.
pub struct Place(tempfile::TempDir);

impl Place {
    pub fn create() -> Self {
        let folder = std::env::var_os("BENCH_FOLDER").map_or_else(std::env::temp_dir, PathBuf::from);
        Self(tempfile::tempdir_in(folder).unwrap())
    }

    /// Where there is no handler store of that backend yet.
    pub fn handler_store(&self, backend: Backend) -> PathBuf {
        let number = fs::read_dir(self.0.path()).unwrap().count();
        self.join(&format!("{}-handlers-{number}.db", backend.name()))
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Jsonl,
}

/// Work that one thread does again and again.
pub type Worker = Box<dyn FnMut() + Send>;

impl Backend {
    pub const ALL: [Self; 2] = [Self::Sqlite, Self::Jsonl];

    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Jsonl => "jsonl",
        }
    }

    pub fn path(self, place: &Place) -> PathBuf {
        place.join(match self {
            Self::Sqlite => "events.db",
            Self::Jsonl => "events",
        })
    }

    /// Makes the store with so many events of the past, whose ids are ordered by time.
    pub fn fill(self, place: &Place, events: u64) {
        match self {
            Self::Jsonl => write_days(self.path(place), events),
            Self::Sqlite => {
                let log = place.join("log.jsonl");
                let mut out = BufWriter::new(File::create(&log).unwrap());
                workload::past(events).for_each(|(_, text)| writeln!(out, "{text}").unwrap());
                drop(out);
                let settings = ImportSettings {
                    logs: LogList { files: vec![log.clone()], skipped: Vec::new() },
                    parts: false,
                    options: ReadOptions::new(Zone::utc()),
                    overlap: OverlapPolicy::Keep,
                    strict: true,
                    dry_run: false,
                };
                let ports = ImportPorts {
                    store: &SqliteImport::new(self.path(place), 0),
                    open_log: &open_log,
                    log_files: &FileSystem,
                    scratch: &|| Box::new(TempScratch::default()),
                    clock: &SystemClock::default(),
                    progress: &mut (),
                };
                import(&settings, ports).unwrap();
                fs::remove_file(log).unwrap();
            }
        }
    }

    /// The store, and the turns of those that write to it.
    fn open(self, path: PathBuf, with_turns: bool) -> (Arc<dyn EventRepository>, Box<dyn StoreTurn>) {
        match self {
            Self::Sqlite => {
                let store = Arc::new(SqliteEventRepository::open(path, Zone::utc()).unwrap());
                let turn: Box<dyn StoreTurn> = if with_turns {
                    Box::new(SqliteStoreTurn::new(Arc::clone(&store)))
                } else {
                    Box::new(())
                };
                (store, turn)
            }
            Self::Jsonl => {
                let store = Arc::new(JsonlEventRepository::open(&path, Zone::utc()).unwrap());
                let turn: Box<dyn StoreTurn> =
                    if with_turns { Box::new(JsonlStoreTurn::new(path)) } else { Box::new(()) };
                (store, turn)
            }
        }
    }

    /// Threads that dispatch to the store at that path, and wait for handlers where there are any.
    pub fn dispatching(
        self,
        path: PathBuf,
        threads: u64,
        with_turns: bool,
        runner: &dyn Fn(Arc<dyn EventRepository>) -> Arc<Runner>,
    ) -> Vec<Worker> {
        let (store, turn) = self.open(path, with_turns);
        let ports = DispatchPorts { turn, clock: Arc::new(SystemClock::default()) };
        let settings =
            DispatchSettings { wait_for_handlers: Duration::from_secs(5), ..DispatchSettings::default() };
        let runner = runner(Arc::clone(&store));
        let dispatcher = Arc::new(EventDispatcherService::new(store, runner, ports, settings));
        // The first event of a process has a JSONL store read all ids.
        dispatcher.dispatch(Events::time_ordered(threads).next()).unwrap();
        let worker = |thread| -> Worker {
            let (dispatcher, mut events) = (Arc::clone(&dispatcher), Events::time_ordered(thread));
            Box::new(move || assert!(dispatcher.dispatch(events.next()).unwrap().succeeded()))
        };
        (0..threads).map(worker).collect()
    }

    /// Threads that save one event at a time, each by itself.
    pub fn naive(self, path: &Path, threads: u64) -> Vec<Worker> {
        let worker = |thread| -> Worker {
            let mut events = Events::random(thread);
            match self {
                Self::Sqlite => {
                    let connection = naive_connection(path);
                    Box::new(move || insert(&connection, &events.next()))
                }
                Self::Jsonl => {
                    let store = JsonlEventRepository::open(path, Zone::utc()).unwrap();
                    store.save_event(&events.next()).unwrap();
                    Box::new(move || {
                        store.save_event(&events.next()).unwrap();
                    })
                }
            }
        };
        (0..threads).map(worker).collect()
    }
}

/// A thread that appends the texts of events to a file, and syncs after each.
pub fn limit(path: PathBuf) -> Vec<Worker> {
    let mut file = File::options().create(true).append(true).open(path).unwrap();
    let mut events = Events::time_ordered(0);
    vec![Box::new(move || {
        let line = format!("{}\n", events.next().body());
        file.write_all(line.as_bytes()).unwrap();
        file.sync_data().unwrap();
    })]
}

fn naive_connection(path: &Path) -> Connection {
    let mut connection = Connection::open(path).unwrap();
    let wait = |_: i32| {
        std::thread::sleep(Duration::from_millis(1));
        true
    };
    connection.busy_handler(Some(wait)).unwrap();
    connection.pragma_update(None, "synchronous", "FULL").unwrap();
    connection.pragma_update(None, "wal_autocheckpoint", 10_000).unwrap();
    connection
}

fn insert(connection: &Connection, event: &DomainEvent) {
    let sql = "INSERT INTO events (event_id, event_type, occurred_at, aggregate_id, body, origin, recorded_at, id_derived)
        VALUES (?1, ?2, ?3, ?4, ?5, 'native', ?6, 0)";
    let row = (
        event.event_id().as_str(),
        event.event_type(),
        event.timestamp().timestamp_micros(),
        event.aggregate_id().map(|id| id.as_str()),
        event.body(),
        Utc::now().timestamp_micros(),
    );
    connection.prepare_cached(sql).unwrap().execute(row).unwrap();
}

fn write_days(folder: PathBuf, events: u64) {
    fs::create_dir_all(&folder).unwrap();
    let mut day = None;
    for (at, text) in workload::past(events) {
        let name = format!("events-{}.jsonl", at.format("%Y-%m-%d"));
        if day.as_ref().is_none_or(|(named, _)| *named != name) {
            let file = BufWriter::new(File::create(folder.join(&name)).unwrap());
            day = Some((name, file));
        }
        let (_, file) = day.as_mut().unwrap();
        writeln!(file, "{text}").unwrap();
    }
}
