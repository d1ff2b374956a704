//! The mirrors of a parallel run, without a router: for commands that dispatch nothing.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use super::router_ports::{router_ports, settings};
use crate::application::clock::Clock;
use crate::application::doctor::handlers::MIRRORS;
use crate::application::handling::HandlerStatus;
use crate::cli::error::CliError;
use crate::cli::event_system::open_or_empty;
use crate::cli::exit_code::ExitCode;
use crate::cli::outbox;
use crate::cli::store::StoreError;
use crate::domain::error_chain::error_chain;
use crate::infrastructure::config::Config;
use crate::infrastructure::handler_store::SqliteHandlerStore;
use crate::infrastructure::system_clock::SystemClock;
use crate::legacy::routing::outbox_file::OutboxFile;
use crate::legacy::routing::{Mirrors, RouteError, mirror_lags};

/// How often is looked whether another process has begun a parallel run.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// The mirrors for which something is left, while they run.
pub struct RunningMirrors {
    mirrors: Mirrors,
    clock: Arc<SystemClock>,
    patience: Duration,
    looked_at: Cell<Duration>,
    is_warned: Cell<bool>,
}

impl RunningMirrors {
    /// Starts them.
    pub fn start(config: &Config) -> Result<Self, CliError> {
        let clock = Arc::new(SystemClock::default());
        let ports = router_ports(config, &clock, None, None)?;
        let mirrors = Mirrors::open(ports, &settings(config)).map_err(failed)?;
        let (looked_at, is_warned) = (Cell::new(clock.elapsed()), Cell::new(false));
        Ok(Self { mirrors, clock, patience: config.handlers_shutdown.value, looked_at, is_warned })
    }

    /// To be called while others dispatch: starts those for which something has come, now and then.
    pub fn look(&self) {
        let now = self.clock.elapsed();
        if now.saturating_sub(self.looked_at.get()) < LOOK_AGAIN {
            return;
        }
        self.looked_at.set(now);
        let started = self.mirrors.start();
        let was_warned = self.is_warned.replace(started.is_err());
        if let Err(error) = started.as_ref()
            && !was_warned
        {
            tracing::warn!("what is to be mirrored could not be looked up: {}", error_chain(error));
        }
    }

    /// Waits until nothing is left, for as long as `goes_on` says; not for a mirror that does not go on, or that another process runs.
    pub fn catch_up(&self, goes_on: &dyn Fn() -> bool) {
        self.mirrors.catch_up(goes_on);
        for mirror in self.mirrors.statuses().iter().filter(|mirror| mirror.is_elsewhere) {
            tracing::warn!("{} is run by another process, which brings what is left", mirror.name);
        }
    }

    /// Ends them.
    pub fn end(self) {
        if !self.mirrors.shut_down(self.patience) {
            tracing::warn!(
                "a mirror had not ended when it was no longer waited for: the rest is mirrored later"
            );
        }
    }
}

/// What a mirror has still to bring to the other side.
pub fn lag_of(mirror: &HandlerStatus) -> Option<u64> {
    Some(mirror.behind.events)
}

/// Says of each mirror how far it is behind, by what it has to bring to the other side.
pub fn set_lags(statuses: &mut [HandlerStatus], config: &Config) -> Result<(), CliError> {
    let is_mirror = |status: &HandlerStatus| MIRRORS.contains(&status.name.as_str());
    if !statuses.iter().any(is_mirror) {
        return Ok(());
    }
    let path = &config.handlers_path.value;
    let Some(handlers) = SqliteHandlerStore::open_existing(path).map_err(StoreError::Sqlite)? else {
        return Ok(());
    };
    let (events, outbox) = (open_or_empty(config)?, OutboxFile::at(outbox::path(config)));
    let modes = handlers.mode_log().map_err(StoreError::Sqlite)?;
    let lags = mirror_lags(&*events, &handlers, &modes, &outbox)
        .map_err(|error| CliError::new(ExitCode::Storage, error))?;
    for (name, behind) in lags {
        statuses.iter_mut().filter(|status| status.name == name).for_each(|status| status.behind = behind);
    }
    Ok(())
}

fn failed(error: RouteError) -> CliError {
    CliError::new(ExitCode::Storage, error)
}
