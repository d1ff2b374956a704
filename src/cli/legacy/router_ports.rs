//! What a router, or mirrors without one, are made with, as the settings say.

use std::error::Error;
use std::sync::Arc;

use super::system;
use crate::application::clock::Clock;
use crate::cli::error::CliError;
use crate::cli::event_system::new_system;
use crate::cli::exit_code::ExitCode;
use crate::cli::outbox;
use crate::cli::store::StoreError;
use crate::infrastructure::config::Config;
use crate::infrastructure::handler_store::SqliteHandlerStore;
use crate::infrastructure::system_clock::SystemClock;
use crate::legacy::events_json::EventsJson;
use crate::legacy::routing::outbox_file::OutboxFile;
use crate::legacy::routing::ports::LegacyLog;
use crate::legacy::routing::{NewSide, RouterPorts, RouterSettings};

/// The ports; a side that is not open yet is opened when it is needed.
pub(super) fn router_ports(
    config: &Config,
    clock: &Arc<SystemClock>,
    new_side: Option<NewSide>,
    legacy_log: Option<Arc<dyn LegacyLog>>,
) -> Result<RouterPorts, CliError> {
    let handlers =
        Arc::new(SqliteHandlerStore::open(&config.handlers_path.value).map_err(StoreError::Sqlite)?);
    let modes = Arc::new(handlers.mode_log().map_err(StoreError::Sqlite)?);
    Ok(RouterPorts {
        new_side: Box::new({
            let (config, clock) = (config.clone(), Arc::clone(clock));
            move || match &new_side {
                Some(side) => Ok(side.clone()),
                None => self::new_side(&config, &clock).map_err(cause),
            }
        }),
        legacy_log: Box::new({
            let config = config.clone();
            move || match &legacy_log {
                Some(log) => Ok(Arc::clone(log)),
                None => self::legacy_log(&config).map_err(cause),
            }
        }),
        outbox: Arc::new(OutboxFile::at(outbox::path(config))),
        handlers,
        modes,
        clock: Arc::clone(clock) as Arc<dyn Clock + Send + Sync>,
        zone: config.timezone.value.clone(),
        pid: std::process::id(),
    })
}

/// How long is waited, and when there is a warning.
pub(super) fn settings(config: &Config) -> RouterSettings {
    RouterSettings {
        secondary_timeout: config.secondary_timeout.value,
        behind_warn: config.parallel_behind_warn.value,
    }
}

pub(super) fn new_side(config: &Config, clock: &Arc<SystemClock>) -> Result<NewSide, CliError> {
    let (events, dispatcher) = new_system(config, clock)?;
    Ok(NewSide { events, dispatcher })
}

pub(super) fn legacy_log(config: &Config) -> Result<Arc<dyn LegacyLog>, CliError> {
    let log = EventsJson::open(config.legacy_events_json.value.clone(), system::writer(config));
    Ok(Arc::new(log.map_err(|error| CliError::new(ExitCode::Storage, error))?))
}

fn cause(error: CliError) -> Box<dyn Error + Send + Sync> {
    match error {
        CliError::CommandLine(error) => Box::new(error),
        CliError::Failed { error, .. } => error.into(),
    }
}
