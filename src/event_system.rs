//! Which event systems run, and where a program says what has happened to a task.
//!
//! The settings select a mode, in the environment, in `.env` or in `mission-events.toml`:
//!
//! ```
//! use mission_events::event_system::{EventSystemMode, get_event_system_mode};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! match get_event_system_mode()? {
//!     EventSystemMode::LegacyEvents => println!("the legacy system alone"),
//!     EventSystemMode::NewEvents => println!("the new system alone"),
//!     EventSystemMode::ParallelEvents => println!("both"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Where a program changes tasks, [`EntryPoints`](crate::dispatch::EntryPoints) say so, whichever event system, or both, takes the
//! events: that is decided by the [`EventRoute`](crate::dispatch::EventRoute), which a dispatcher is. With the cargo feature `legacy` a
//! `Router` is one too, which goes by the mode: `legacy_system::routing` shows it.
//!
//! ```
//! use std::sync::Arc;
//!
//! use mission_events::dispatch::{
//!     DispatchError, Dispatched, EntryPointError, EntryPoints, EventRoute, SystemClock, TimeOrderedIds,
//! };
//! use mission_events::{DomainEvent, Priority, Status};
//! # use std::time::Duration;
//! # use mission_events::dispatch::{
//! #     DispatchPorts, DispatchSettings, EventDispatcherService, Runner, RunnerSettings, SqliteHandlerStore, SqliteStoreTurn,
//! # };
//! # use mission_events::{EventRepositoryExt, SqliteEventRepository, Zone};
//!
//! /// Example of dual-path event routing: the route decides.
//! fn on_task_created<R: EventRoute>(
//!     entry_points: &EntryPoints<R>,
//!     task_id: &str,
//!     title: &str,
//! ) -> Result<R::Answer, EntryPointError<R::Error>> {
//!     entry_points.on_task_created(task_id, title, Priority::P1, Status::NotStarted)
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let events = Arc::new(SqliteEventRepository::open(folder.path().join("events.db"), Zone::utc())?);
//! # let handled = Arc::new(SqliteHandlerStore::open(folder.path().join("handlers.db"))?);
//! # let clock = Arc::new(SystemClock::default());
//! # let runner = Runner::new(events.clone(), handled, clock.clone(), RunnerSettings::default());
//! # let ports = DispatchPorts { turn: Box::new(SqliteStoreTurn::new(events.clone())), clock: clock.clone() };
//! # let dispatcher =
//! #     Arc::new(EventDispatcherService::new(events.clone(), Arc::new(runner), ports, DispatchSettings::default()));
//! let entry_points = EntryPoints::new(dispatcher, Box::new(TimeOrderedIds), clock);
//! let dispatched = on_task_created(&entry_points, "T123", "My Task")?;
//! assert!(dispatched.succeeded());
//!
//! let found = events.find_by_aggregate("T123", 10)?;
//! assert_eq!(found[0].event.event_id(), &dispatched.event_id);
//! # assert!(entry_points.route().shut_down(Duration::from_secs(5)));
//! # Ok(())
//! # }
//! ```

pub use crate::application::mode_log::{ModeChange, ModeLog, ProcessMode, UndecidedRecord};
pub use crate::domain::event_system_mode::{EventSystemMode, Route, Routing, Side};
pub use crate::infrastructure::config::ConfigError;
use crate::infrastructure::config::{Flags, load_for_process};

/// The mode that the settings of this process select: its environment, and `.env` and `mission-events.toml` in its working
/// directory. They are read again each time.
///
/// # Errors
/// A setting, of whichever key, is not allowed, or a file cannot be read.
pub fn get_event_system_mode() -> Result<EventSystemMode, ConfigError> {
    Ok(get_routing()?.mode)
}

/// The same, with the side that is primary and the types of events on the new system.
///
/// # Errors
/// As [`get_event_system_mode`].
pub fn get_routing() -> Result<Routing, ConfigError> {
    Ok(load_for_process(None, Flags::default())?.routing())
}
