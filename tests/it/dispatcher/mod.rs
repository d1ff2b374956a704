//! The dispatcher over the stores of this crate. What it promises beyond that is tested in `src/application/dispatch/`.

mod stores;
mod turns;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mission_events::dispatch::{
    DispatchPorts, DispatchSettings, EventDispatcherService, JsonlStoreTurn, Runner, RunnerSettings,
    SqliteStoreTurn, StoreTurn, SystemClock,
};
use mission_events::internals::application::handling::memory::MemoryHandlerStore;
use mission_events::{DomainEvent, EventRepository, JsonlEventRepository, SqliteEventRepository, Zone};

/// Opens a store in a folder, with its turns, as a process of its own would.
type Open = fn(&Path) -> (Arc<dyn EventRepository>, Box<dyn StoreTurn>);

fn sqlite(folder: &Path) -> (Arc<dyn EventRepository>, Box<dyn StoreTurn>) {
    let store = Arc::new(SqliteEventRepository::open(folder.join("events.db"), Zone::utc()).unwrap());
    (Arc::clone(&store) as _, Box::new(SqliteStoreTurn::new(store)))
}

fn jsonl(folder: &Path) -> (Arc<dyn EventRepository>, Box<dyn StoreTurn>) {
    let folder = folder.join("events");
    let store = Arc::new(JsonlEventRepository::open(&folder, Zone::utc()).unwrap());
    (store, Box::new(JsonlStoreTurn::new(folder)))
}

fn dispatcher(folder: &Path, open: Open) -> EventDispatcherService {
    dispatcher_with(folder, open, MemoryHandlerStore::default())
}

fn dispatcher_with(folder: &Path, open: Open, handlers: MemoryHandlerStore) -> EventDispatcherService {
    let (store, turn) = open(folder);
    let clock = Arc::new(SystemClock::default());
    let runner = Runner::new(
        Arc::clone(&store),
        Arc::new(handlers),
        Arc::clone(&clock) as _,
        RunnerSettings::default(),
    );
    let settings = DispatchSettings {
        idle_after: Duration::ZERO,
        wait_for_handlers: Duration::from_secs(30),
        ..DispatchSettings::default()
    };
    EventDispatcherService::new(store, Arc::new(runner), DispatchPorts { turn, clock }, settings)
}

fn event(id: &str) -> DomainEvent {
    let text = format!(
        r#"{{"event_id": "{id}", "event_type": "TaskCreated", "timestamp": "2025-10-25T10:00:00Z", "aggregate_id": "T1"}}"#
    );
    DomainEvent::from_json(&text, &Zone::utc()).unwrap()
}
