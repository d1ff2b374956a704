//! The handlers that are waited for.

use std::path::Path;
use std::sync::Arc;

use mission_events::dispatch::{HandlerStore, Registration, Runner, RunnerSettings, SystemClock};
use mission_events::internals::application::handling::memory::MemoryHandlerStore;
use mission_events::internals::application::task_handlers::default_registrations;
use mission_events::internals::infrastructure::handler_store::SqliteHandlerStore;
use mission_events::{EventRepository, Zone};

/// A runner of no handlers.
pub fn none(events: Arc<dyn EventRepository>) -> Arc<Runner> {
    runner(events, Arc::new(MemoryHandlerStore::default()), Vec::new())
}

/// A runner of the four projections of tasks, for the events from now on: what the store has before is not what is
/// measured.
pub fn four_projections(events: Arc<dyn EventRepository>, database: &Path) -> Arc<Runner> {
    let store = SqliteHandlerStore::open(database).unwrap();
    let registrations = default_registrations(&Zone::utc());
    assert_eq!(registrations.len(), 4);
    let registrations = registrations
        .into_iter()
        .map(|registration| Registration { start: mission_events::dispatch::StartFrom::Now, ..registration });
    runner(events, Arc::new(store), registrations.collect())
}

fn runner(
    events: Arc<dyn EventRepository>,
    store: Arc<dyn HandlerStore>,
    registrations: Vec<Registration>,
) -> Arc<Runner> {
    let clock = Arc::new(SystemClock::default());
    let runner = Runner::new(events, store, clock, RunnerSettings::default());
    registrations.into_iter().for_each(|registration| runner.register(registration).unwrap());
    Arc::new(runner)
}
