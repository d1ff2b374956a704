//! The legacy event system, which is being strangled: one global dispatcher, events without a type of their own, files.
//!
//! It is built with the cargo feature `legacy`, and deleted with it. An [`EventDispatcher`]
//! is made where the program begins; events go to it from anywhere. One of a task is in `events.json` when
//! [`queue_event`](EventDispatcher::queue_event) returns:
//!
//! ```
//! use std::sync::Arc;
//! use mission_events::legacy_system::{
//!     DispatcherSettings, EventDispatcher, LegacyFiles, SystemClock, get_global_dispatcher, set_global_dispatcher,
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let data = folder.path();
//! let files = LegacyFiles::beside(&data.join("events.json"), &data.join("events"));
//! let clock = Arc::new(SystemClock::default());
//! set_global_dispatcher(Arc::new(EventDispatcher::open(files, DispatcherSettings::default(), clock)?))?;
//!
//! // Direct access to the global dispatcher.
//! let dispatcher = get_global_dispatcher()?;
//! let event = r#"{"type": "TaskCreated", "task_id": "T123", "title": "My Task", "timestamp": "2025-10-25T10:00:00"}"#;
//! dispatcher.queue_event(event)?;
//!
//! let log = std::fs::read_to_string(data.join("events.json"))?;
//! assert_eq!(log, format!("[{event}]"));
//! # Ok(())
//! # }
//! ```
//!
//! Its history is asked by reading the whole file:
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let events_json = folder.path().join("events.json");
//! # std::fs::write(&events_json, r#"[{"type": "TaskCreated", "task_id": "T123"}, {"type": "TaskCreated", "task_id": "T124"}]"#)?;
//! let all_events: Vec<serde_json::Value> = serde_json::from_slice(&std::fs::read(events_json)?)?;
//!
//! let task_events: Vec<_> = all_events.iter().filter(|event| event["task_id"] == "T123").collect();
//! assert_eq!(task_events.len(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! What happens to files, or at times, is a [`Definition`] with the dotted name of a
//! [`LegacyHandler`]:
//!
//! ```
//! use std::sync::Arc;
//! use mission_events::legacy_system::{
//!     Definition, DispatcherSettings, EventDispatcher, FollowUp, HandlerContext, HandlerResult, LegacyFiles, SystemClock,
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let data = folder.path();
//! let files = LegacyFiles::beside(&data.join("events.json"), &data.join("events"));
//! let clock = Arc::new(SystemClock::default());
//! let dispatcher = EventDispatcher::open(files, DispatcherSettings::default(), clock)?;
//! let definition = r#"{"id": "morning", "type": "time_based", "source": {"time": "09:00"}, "handler": "handlers.greet.run"}"#;
//! dispatcher.registry().add(Definition::from_json(definition)?)?;
//! dispatcher.register_handler(
//!     "handlers.greet.run",
//!     Arc::new(|context: &HandlerContext| HandlerResult::Success { output: format!("good {}", context.definition_id) }),
//! );
//!
//! dispatcher.queue_event(r#"{"definition_id": "morning", "data": {}, "priority": 1}"#)?;
//! let handled = dispatcher.process_next_event()?.expect("one is due");
//! assert_eq!(handled.result, HandlerResult::Success { output: "good morning".to_owned() });
//! assert_eq!(handled.follow_up, FollowUp::Done);
//! # Ok(())
//! # }
//! ```

pub use crate::application::clock::Clock;
pub use crate::infrastructure::system_clock::SystemClock;
pub use crate::legacy::definition::{
    Definition, FileChange, FileSource, InvalidDefinition, RateLimit, Schedule, Source, UnknownKeys,
};
pub use crate::legacy::dispatcher::{
    DispatcherError, DispatcherFigures, DispatcherSettings, EventDispatcher, FollowUp, GlobalDispatcherError,
    HandledEvent, InvalidLegacyEvent, LegacyFiles, get_global_dispatcher, set_global_dispatcher,
};
pub use crate::legacy::events_json::{Appended, EventsJson, EventsJsonError, InvalidRecord, LegacyWriter};
pub use crate::legacy::handlers::{
    ExamplePlaces, HandlerContext, HandlerLog, HandlerLogEntry, HandlerLogError, HandlerResult,
    LegacyHandler, example_handlers,
};
pub use crate::legacy::occurrence::{Occurrence, OccurrenceSink};
pub use crate::legacy::queue::{
    BatchWindow, DEFAULT_PRIORITY, EventQueue, NewEntry, QueueDamage, QueueEntry, QueueError, QueueStatus,
    ReadQueue,
};
pub use crate::legacy::registry::{Registry, RegistryError};
pub use crate::legacy::watchers::{Notes, WatchError, Watcher, WatcherPorts, Watching, watcher_for};

/// Routing: each event goes to the side, or sides, that the mode asks for.
///
/// A [`Router`](routing::Router) takes events as an [`EventDispatcherService`](crate::dispatch::EventDispatcherService)
/// does, so that [`EntryPoints`](crate::dispatch::EntryPoints) can lead to either. In a parallel run it brings what the primary
/// has to the other side. Here the legacy side is primary:
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use mission_events::dispatch::{
///     DispatchPorts, DispatchSettings, EntryPoints, EventDispatcherService, Runner, RunnerSettings, SqliteHandlerStore,
///     SqliteStoreTurn, SystemClock, TimeOrderedIds,
/// };
/// use mission_events::legacy_system::routing::{
///     MirrorOutcome, NewSide, OutboxFile, Router, RouterPorts, RouterSettings, Routing, Side,
/// };
/// use mission_events::legacy_system::{EventsJson, LegacyWriter};
/// use mission_events::{EventRepositoryExt, Priority, SqliteEventRepository, Status, Zone};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// # let folder = tempfile::tempdir()?;
/// # let data = folder.path().to_owned();
/// // Setup, once, where the program begins. `get_routing()` has the routing of the settings.
/// let events = Arc::new(SqliteEventRepository::open(data.join("events.db"), Zone::utc())?);
/// let handlers = Arc::new(SqliteHandlerStore::open(data.join("handlers.db"))?);
/// let clock = Arc::new(SystemClock::default());
/// let runner = Arc::new(Runner::new(events.clone(), handlers.clone(), clock.clone(), RunnerSettings::default()));
/// let ports = DispatchPorts { turn: Box::new(SqliteStoreTurn::new(events.clone())), clock: clock.clone() };
/// let dispatcher =
///     Arc::new(EventDispatcherService::new(events.clone(), runner, ports, DispatchSettings::default()));
/// let new_side = NewSide { events: events.clone(), dispatcher };
/// let events_json = data.join("events.json");
/// let ports = RouterPorts {
///     new_side: Box::new(move || Ok(new_side.clone())),
///     legacy_log: Box::new({
///         let events_json = events_json.clone();
///         move || Ok(Arc::new(EventsJson::open(events_json.clone(), LegacyWriter::This)?))
///     }),
///     outbox: Arc::new(OutboxFile::at(data.join("parallel").join("outbox.jsonl"))),
///     modes: Arc::new(handlers.mode_log()?),
///     handlers,
///     clock: clock.clone(),
///     zone: Zone::utc(),
///     pid: std::process::id(),
/// };
/// let settings = RouterSettings { secondary_timeout: Duration::from_secs(60), ..RouterSettings::default() };
/// let routing = Routing::of(false, true, Default::default());
/// let router = Arc::new(Router::open(routing, ports, settings)?);
///
/// // Wherever a task is created.
/// let tasks = EntryPoints::new(router, Box::new(TimeOrderedIds), clock);
/// let routed = tasks.on_task_created("T123", "My Task", Priority::P1, Status::NotStarted)?;
/// assert_eq!((routed.primary(), &routed.mirror), (Side::Legacy, &Some(MirrorOutcome::Done)));
///
/// let log = std::fs::read_to_string(events_json)?;
/// assert!(log.starts_with(r#"[{"type": "TaskCreated", "task_id": "T123", "#), "{log}");
/// let found = events.find_by_aggregate("T123", 10)?;
/// assert_eq!(found[0].event.event_id(), &routed.event_id);
///
/// // At the end.
/// assert!(tasks.route().shut_down(Duration::from_secs(5)));
/// # Ok(())
/// # }
/// ```
pub mod routing {
    pub use crate::event_system::{
        EventSystemMode, ModeChange, ModeLog, ProcessMode, Route, Routing, Side, UndecidedRecord,
    };
    pub use crate::infrastructure::handler_store::SqliteModeLog;
    pub use crate::legacy::routing::outbox_file::{OutboxError, OutboxFile};
    pub use crate::legacy::routing::ports::{
        LegacyLog, LegacyPlace, LegacyRecord, LegacySideError, LockedLegacyLog, Outbox, OutboxLine,
    };
    pub use crate::legacy::routing::{
        MirrorOutcome, MirrorStatus, MirrorTrouble, Mirrors, NewSide, Opener, PendingRoute, PrimaryAnswer,
        RouteError, Routed, Router, RouterPorts, RouterSettings,
    };
}
