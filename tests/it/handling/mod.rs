//! Handlers over real stores of events and a real handler store.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use mission_events::internals::application::handling::store::{Durability, HandlerStore};
use mission_events::internals::application::handling::{
    EventHandler, EventTypes, Handled, HandlerContext, HandlerError, HandlerKind, HandlerOperations,
    Registration, RetryPolicy, Runner, RunnerSettings, StartFrom,
};
use mission_events::internals::application::task_handlers::default_registrations;
use mission_events::internals::infrastructure::handler_store::SqliteHandlerStore;
use mission_events::internals::infrastructure::system_clock::SystemClock;
use mission_events::{
    DomainEvent, EventId, EventRepository, JsonlEventRepository, SqliteEventRepository, StoredEvent,
};
use rusqlite::Connection;
use rusqlite::types::Value;

use crate::support::test_dir::TestDir;
use crate::support::{event, utc};

/// Is everything that is stored handled, whatever ended before it was, and in whatever order it is stored?
mod catching_up;

/// Is nothing lost where a process is killed between storing, handling and progress?
mod killed;

/// Is a store that is not the one that was handled refused, with a remedy that helps?
mod other_stores;

/// Does a replay make the read models that live handling has made?
mod replays;

/// A kind of event store, opened in the folder of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Backend {
    Jsonl,
    Sqlite,
}

impl Backend {
    const ALL: [Self; 2] = [Self::Jsonl, Self::Sqlite];

    fn open(self, dir: &TestDir) -> Arc<dyn EventRepository> {
        match self {
            Self::Jsonl => Arc::new(JsonlEventRepository::open(dir.join("events"), utc()).unwrap()),
            Self::Sqlite => Arc::new(SqliteEventRepository::open(dir.join("events.db"), utc()).unwrap()),
        }
    }
}

fn operations(
    events: &Arc<dyn EventRepository>,
    handlers: &Path,
    registrations: Vec<Registration>,
) -> HandlerOperations {
    let store = Arc::new(SqliteHandlerStore::open(handlers).unwrap());
    HandlerOperations::new(Arc::clone(events), store, Arc::new(SystemClock::default()), 7, registrations)
}

/// A runner in a process of its own, as far as the files can tell.
fn runner(events: &Arc<dyn EventRepository>, handlers: &Path, registrations: Vec<Registration>) -> Runner {
    let store = Arc::new(SqliteHandlerStore::open(handlers).unwrap());
    let settings = RunnerSettings { page: 7, look_again: Duration::from_millis(20) };
    let runner = Runner::new(Arc::clone(events), store, Arc::new(SystemClock::default()), settings);
    registrations.into_iter().for_each(|registration| runner.register(registration).unwrap());
    runner
}

fn projections() -> Vec<Registration> {
    default_registrations(&utc())
}

/// Waits until every handler that is known has come to the end of every stream.
fn wait_until_handled(events: &Arc<dyn EventRepository>, handlers: &Path) {
    let store = SqliteHandlerStore::open_existing(handlers).unwrap().unwrap();
    let mut session = store.session(Durability::Later).unwrap();
    let start = Instant::now();
    let mut is_handled = || {
        let streams = events.streams().unwrap();
        let mut view = session.snapshot().unwrap();
        let handlers = view.handlers().unwrap();
        assert!(!handlers.is_empty());
        handlers.iter().all(|handler| {
            let progress = view.progress(&handler.name).unwrap();
            let is_at_head = |(stream, head)| {
                progress.iter().any(|progress| progress.stream == stream && progress.position == head)
            };
            streams.iter().all(|stream| is_at_head((stream.id.clone(), stream.head)))
        })
    };
    while !is_handled() {
        assert!(start.elapsed() < Duration::from_secs(60), "handlers do not come to the end");
        thread::sleep(Duration::from_millis(5));
    }
}

/// All rows of all read models, each with its table.
pub fn read_models(handlers: &Path) -> Vec<String> {
    let database = Connection::open(handlers).unwrap();
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'
        AND name NOT LIKE 'handle%' AND name <> 'refinery_schema_history' ORDER BY name";
    let mut statement = database.prepare(tables).unwrap();
    let tables: Vec<String> =
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert!(tables.iter().any(|table| table == "task_changes"), "{tables:?}");
    let mut all = Vec::new();
    for table in tables {
        let mut statement = database.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let row: Vec<Value> = (0..columns).map(|column| row.get(column).unwrap()).collect();
            all.push(format!("{table} {row:?}"));
        }
    }
    all.sort();
    all
}

/// The read models that are made from nothing of all that is stored now.
fn read_models_from_nothing(events: &Arc<dyn EventRepository>) -> Vec<String> {
    let dir = TestDir::new();
    let handlers = dir.join("handlers.db");
    let not_run = operations(events, &handlers, projections()).run_to_end(&|| true).unwrap();
    assert!(not_run.is_empty());
    read_models(&handlers)
}

/// A moment of a day of October 2025.
fn moment(day: u32, second: u32) -> String {
    format!("2025-10-{day:02}T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

fn update(id: &str, task: &str, day: u32, second: u32) -> DomainEvent {
    event(id)
        .of_type("TaskUpdated")
        .at(&moment(day, second))
        .about(task)
        .with("changes", &format!(r#"{{"title": "{id}"}}"#))
        .build()
}

fn save(events: &Arc<dyn EventRepository>, saved: &[DomainEvent]) {
    events.save_events(saved).unwrap();
}

/// An effect that keeps the ids of the events that it was given.
#[derive(Default)]
struct Recorder {
    given: Mutex<Vec<EventId>>,
}

impl Recorder {
    fn given(&self) -> Vec<EventId> {
        self.given.lock().unwrap().clone()
    }
}

impl EventHandler for Recorder {
    fn name(&self) -> &str {
        "recorder"
    }

    fn handle(&self, event: &StoredEvent, context: &mut HandlerContext<'_>) -> Result<Handled, HandlerError> {
        assert_eq!(context.idempotency_key(), event.event.event_id());
        self.given.lock().unwrap().push(context.idempotency_key().clone());
        Ok(Handled::Done)
    }
}

fn effect(recorder: &Arc<Recorder>) -> Registration {
    Registration {
        handler: Arc::clone(recorder) as Arc<dyn EventHandler>,
        event_types: EventTypes::All,
        kind: HandlerKind::Effect,
        start: StartFrom::Beginning,
        retry: RetryPolicy::default(),
        version: 1,
        intervals: Vec::new(),
    }
}
