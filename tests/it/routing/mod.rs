//! A parallel run over real files and stores.

mod killed;
mod legacy_log;
mod week;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mission_events::dispatch::{
    DispatchPorts, DispatchSettings, EventDispatcherService, Runner, RunnerSettings, SqliteHandlerStore,
    SqliteStoreTurn, SystemClock,
};
use mission_events::legacy_system::routing::{
    LegacyLog, NewSide, OutboxFile, Router, RouterPorts, RouterSettings, Routing, UndecidedRecord,
};
use mission_events::legacy_system::{EventsJson, LegacyWriter};
use mission_events::{EventRepository, SqliteEventRepository};

use crate::support::utc;

/// Longer than any mirror needs.
const LONG: Duration = Duration::from_secs(120);

/// The routing of a parallel run with the new side as primary, or the legacy one.
fn parallel(is_new_primary: bool) -> Routing {
    Routing::of(is_new_primary, true, std::collections::BTreeSet::new())
}

/// A router over the files of a folder; `secondary_timeout` is also how long it gives mirrors when it shuts down.
fn router(folder: &Path, routing: Routing, secondary_timeout: Duration) -> Router {
    let clock = Arc::new(SystemClock::default());
    let handlers = Arc::new(SqliteHandlerStore::open(folder.join("handlers.db")).unwrap());
    let (database, events_json) = (folder.join("events.db"), folder.join("events.json"));
    let (new_handlers, new_clock) = (Arc::clone(&handlers), Arc::clone(&clock));
    let new_side = move || {
        let store = Arc::new(SqliteEventRepository::open(&database, utc())?);
        let events: Arc<dyn EventRepository> = Arc::clone(&store) as _;
        let runner = Runner::new(
            Arc::clone(&events),
            Arc::clone(&new_handlers) as _,
            Arc::clone(&new_clock) as _,
            RunnerSettings::default(),
        );
        let ports =
            DispatchPorts { turn: Box::new(SqliteStoreTurn::new(store)), clock: Arc::clone(&new_clock) as _ };
        let settings = DispatchSettings::default();
        let dispatcher = EventDispatcherService::new(Arc::clone(&events), Arc::new(runner), ports, settings);
        Ok(NewSide { events, dispatcher: Arc::new(dispatcher) })
    };
    let legacy_log = move || {
        Ok(Arc::new(EventsJson::open(events_json.clone(), LegacyWriter::This)?) as Arc<dyn LegacyLog>)
    };
    let ports = RouterPorts {
        new_side: Box::new(new_side),
        legacy_log: Box::new(legacy_log),
        outbox: Arc::new(OutboxFile::at(folder.join("parallel/outbox.jsonl"))),
        modes: Arc::new(handlers.mode_log().unwrap()),
        handlers,
        clock,
        zone: utc(),
        pid: std::process::id(),
    };
    Router::open(routing, ports, RouterSettings { secondary_timeout, ..RouterSettings::default() }).unwrap()
}

/// The tasks of the events of the legacy log, in its order.
fn legacy_tasks(folder: &Path) -> Vec<String> {
    let text = fs::read(folder.join("events.json")).unwrap();
    let events: Vec<serde_json::Value> = serde_json::from_slice(&text).unwrap();
    events.iter().map(|event| event["task_id"].as_str().unwrap().to_owned()).collect()
}

/// The tasks of the events of the event store, in its order.
fn stored_tasks(folder: &Path) -> Vec<String> {
    let events = SqliteEventRepository::open(folder.join("events.db"), utc()).unwrap();
    let streams = events.streams().unwrap();
    let stored = streams.iter().flat_map(|stream| events.read_stream(&stream.id, None, usize::MAX).unwrap());
    stored.map(|stored| stored.event.aggregate_id().unwrap().as_str().to_owned()).collect()
}

fn undecided(folder: &Path) -> Vec<UndecidedRecord> {
    use mission_events::legacy_system::routing::ModeLog;
    let handlers = SqliteHandlerStore::open(folder.join("handlers.db")).unwrap();
    handlers.mode_log().unwrap().undecided().unwrap()
}
