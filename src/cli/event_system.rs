//! The event system as the commands run it: the store, the handlers and the dispatcher of the settings.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::error::CliError;
use super::exit_code::ExitCode;
use super::store::{self, StoreError};
use crate::application::clock::Clock;
use crate::application::dispatch::{
    DispatchPorts, DispatchSettings, EventDispatcherService, EventIds, StoreTurn,
};
use crate::application::handling::memory::MemoryHandlerStore;
use crate::application::handling::store::HandlerStore;
use crate::application::handling::{HandlerOperations, HandlingError, Runner, RunnerSettings};
use crate::application::mode_log::{ModeChange, ModeLog};
use crate::application::task_handlers::default_registrations;
use crate::domain::error_chain::error_chain;
use crate::domain::event::DomainEvent;
use crate::domain::event_draft::{EventDraft, InvalidDraft};
use crate::domain::repository::{EventRepository, RepositoryError};
use crate::infrastructure::config::{Backend, Config};
use crate::infrastructure::event_ids::TimeOrderedIds;
use crate::infrastructure::handler_store::SqliteHandlerStore;
use crate::infrastructure::jsonl::{JsonlEventRepository, JsonlStoreTurn};
#[cfg(feature = "postgres")]
use crate::infrastructure::postgres::{PostgresAddress, PostgresError, PostgresEventRepository};
use crate::infrastructure::sqlite::turn::SqliteStoreTurn;
use crate::infrastructure::sqlite::{SqliteError, SqliteEventRepository};
use crate::infrastructure::system_clock::SystemClock;
use crate::wire::zone::Zone;

/// About how many events a replay reads in a second; for an estimate that is told.
pub const EVENTS_REPLAYED_A_SECOND: u64 = 25_000;

/// The version of the handler store that has a place for modes.
const MODES_SINCE_VERSION: i64 = 3;

/// How often a command that follows looks whether it is to end.
const LOOK: Duration = Duration::from_millis(50);

/// Opens the new event system as the settings say: its store, which is made where there is none, and the dispatcher with the
/// handlers of the program.
pub fn new_system(
    config: &Config,
    clock: &Arc<SystemClock>,
) -> Result<(Arc<dyn EventRepository>, Arc<EventDispatcherService>), CliError> {
    let StoreForSaving { events, turn } = open_for_saving(config, &config.timezone.value)?;
    let runner = Arc::new(run_handlers(config, Arc::clone(&events), clock)?);
    let settings =
        DispatchSettings { wait_for_handlers: config.handlers_wait.value, ..DispatchSettings::default() };
    let ports = DispatchPorts { turn, clock: Arc::clone(clock) as Arc<dyn Clock + Send + Sync> };
    let dispatcher = EventDispatcherService::new(Arc::clone(&events), runner, ports, settings);
    Ok((events, Arc::new(dispatcher)))
}

/// The event of that text, with an id and a time where it has none.
pub fn event_of(text: &str, zone: &Zone, clock: &SystemClock) -> Result<DomainEvent, InvalidDraft> {
    let draft = EventDraft::from_json(text, zone)?;
    Ok(draft.complete(clock.now(), || TimeOrderedIds.next()))
}

/// Says that what was waited for at the end has not ended.
pub fn warn_of_unfinished(waited: Duration) {
    tracing::warn!(
        "handlers had not ended after {} ms: what they have not handled is handled later",
        waited.as_millis()
    );
}

/// Whether a command changes what is known of handlers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandlerAccess {
    /// It does not, and makes no handler store.
    Reading,
    /// It does.
    Changing,
}

/// The operations on the handlers of the program, over the active store.
pub fn operations(config: &Config, access: HandlerAccess) -> Result<HandlerOperations, CliError> {
    let events = match access {
        HandlerAccess::Reading => store::open_to_answer(config)?.into_repository(),
        HandlerAccess::Changing => open_to_handle(config)?,
    };
    let path = &config.handlers_path.value;
    let store: Arc<dyn HandlerStore> = match access {
        HandlerAccess::Changing => Arc::new(SqliteHandlerStore::open(path).map_err(StoreError::Sqlite)?),
        HandlerAccess::Reading => {
            match SqliteHandlerStore::open_existing(path).map_err(StoreError::Sqlite)? {
                Some(store) => Arc::new(store),
                // No handler was ever run: as an empty one, which is not made for that.
                None => Arc::new(MemoryHandlerStore::default()),
            }
        }
    };
    let registrations = default_registrations(&config.timezone.value);
    let clock = Arc::new(SystemClock::default());
    Ok(HandlerOperations::new(events, store, clock, RunnerSettings::default().page, registrations))
}

/// Runs the handlers of the program over the active store until `is_to_end` says so; answers what was done, as a
/// sentence.
pub fn follow(config: &Config, is_to_end: &dyn Fn() -> bool) -> Result<String, CliError> {
    let events = open_to_handle(config)?;
    let clock = Arc::new(SystemClock::default());
    let runner = run_handlers(config, events, &clock)?;
    while !is_to_end() {
        clock.wait(LOOK);
    }
    Ok(if runner.shut_down(config.handlers_shutdown.value) {
        "the handlers have ended".to_owned()
    } else {
        "handlers had not ended when they were no longer waited for: what they have not handled is handled later"
            .to_owned()
    })
}

fn run_handlers(
    config: &Config,
    events: Arc<dyn EventRepository>,
    clock: &Arc<SystemClock>,
) -> Result<Runner, CliError> {
    let store = Arc::new(SqliteHandlerStore::open(&config.handlers_path.value).map_err(StoreError::Sqlite)?);
    let clock = Arc::clone(clock) as Arc<dyn Clock + Send + Sync>;
    let runner = Runner::new(events, store, clock, RunnerSettings::default());
    let registrations = default_registrations(&config.timezone.value).into_iter();
    let mut refused = registrations.filter_map(|registration| runner.register(registration).err());
    let Some(first) = refused.next() else { return Ok(runner) };
    let others: Vec<String> = refused.map(|error| error_chain(&error)).collect();
    Err(failed(first).with_details(others).with_details(["nothing was stored or handled".to_owned()]))
}

fn open_to_handle(config: &Config) -> Result<Arc<dyn EventRepository>, CliError> {
    if config.storage_backend.value == Backend::Jsonl {
        return open_or_empty(config);
    }
    Ok(store::open_to_handle(config)?.into_repository())
}

/// A JSONL store without a folder is empty: the first event that is saved makes it.
pub fn open_or_empty(config: &Config) -> Result<Arc<dyn EventRepository>, CliError> {
    if config.storage_backend.value != Backend::Jsonl {
        return Ok(store::open_active(config)?.into_repository());
    }
    let path = store::configured_path(Backend::Jsonl, config);
    let zone = config.timezone.value.clone();
    Ok(Arc::new(JsonlEventRepository::open(path, zone).map_err(StoreError::Jsonl)?))
}

/// A store, and its turns.
struct StoreForSaving {
    events: Arc<dyn EventRepository>,
    turn: Box<dyn StoreTurn>,
}

fn open_for_saving(config: &Config, zone: &Zone) -> Result<StoreForSaving, CliError> {
    let backend = config.storage_backend.value;
    let path = store::configured_path(backend, config);
    match backend {
        Backend::Sqlite => {
            let store = Arc::new(SqliteEventRepository::open(path, zone.clone()).map_err(StoreError::from)?);
            let turn = SqliteStoreTurn::new(Arc::clone(&store));
            Ok(StoreForSaving { events: store, turn: Box::new(turn) })
        }
        Backend::Jsonl => {
            let store = JsonlEventRepository::open(path, zone.clone()).map_err(StoreError::Jsonl)?;
            // Before a turn is taken, which leaves a file.
            store.ensure_writable().map_err(StoreError::Jsonl)?;
            Ok(StoreForSaving { events: Arc::new(store), turn: Box::new(JsonlStoreTurn::new(path)) })
        }
        #[cfg(feature = "postgres")]
        Backend::Postgres => {
            let address =
                PostgresAddress::of_path(path).map_err(PostgresError::from).map_err(StoreError::from)?;
            let needs_standby = config.postgres_require_standby.value;
            let store = PostgresEventRepository::open(address, zone.clone(), needs_standby);
            // The server has the transactions of all processes wait for each other in the order in which they come.
            Ok(StoreForSaving { events: Arc::new(store.map_err(StoreError::from)?), turn: Box::new(()) })
        }
    }
}

/// Every switch of the event system that is recorded, the earliest first; none where nothing was ever dispatched.
pub fn mode_changes(config: &Config) -> Result<Vec<ModeChange>, CliError> {
    let store = match SqliteHandlerStore::open_existing(&config.handlers_path.value) {
        Ok(Some(store)) => store,
        Ok(None) | Err(SqliteError::Empty { .. }) => return Ok(Vec::new()),
        // Earlier versions of this program recorded none.
        Err(SqliteError::Older { found, .. }) if found < MODES_SINCE_VERSION => return Ok(Vec::new()),
        Err(error) => return Err(StoreError::Sqlite(error).into()),
    };
    let changes = store.mode_log().map_err(StoreError::Sqlite)?.changes();
    changes.map(|changes| changes.to_vec()).map_err(|error| CliError::new(ExitCode::Storage, error))
}

/// Why a command on handlers failed: not found and refused is an answer, the rest a failure of a store.
pub fn failed(error: HandlingError) -> CliError {
    match error {
        HandlingError::Events(error) => RepositoryError::into(error),
        HandlingError::Store(error) => CliError::new(ExitCode::Storage, error),
        error => CliError::new(ExitCode::Negative, error),
    }
}

/// The system refused to tell of signals.
pub fn signals_refused(error: io::Error) -> CliError {
    CliError::new(ExitCode::Storage, anyhow::Error::new(error).context("could not watch for signals"))
}
