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
    BatchWindow, DEFAULT_PRIORITY, EventQueue, NewEntry, QueueEntry, QueueError, QueueStatus,
};
pub use crate::legacy::registry::{Registry, RegistryError};
pub use crate::legacy::watchers::{Notes, WatchError, Watcher, WatcherPorts, Watching, watcher_for};

/// Routing: each event goes to the side, or sides, that the mode asks for.
///
/// A [`Router`](routing::Router) takes events as an [`EventDispatcherService`](crate::dispatch::EventDispatcherService)
/// does, so that [`EntryPoints`](crate::dispatch::EntryPoints) can lead to either. In a parallel run it brings what the primary
/// has to the other side.
pub mod routing {
    pub use crate::application::mode_log::{ModeChange, ModeLog, ProcessMode, UndecidedRecord};
    pub use crate::domain::event_system_mode::{EventSystemMode, Route, Routing, Side};
    pub use crate::infrastructure::handler_store::SqliteModeLog;
    pub use crate::legacy::routing::outbox_file::{OutboxError, OutboxFile};
    pub use crate::legacy::routing::ports::{
        LegacyLog, LegacyPlace, LegacyRecord, LegacySideError, LockedLegacyLog, Outbox, OutboxLine,
    };
    pub use crate::legacy::routing::{
        MirrorOutcome, MirrorStatus, MirrorTrouble, NewSide, Opener, PendingRoute, PrimaryAnswer, RouteError,
        Routed, Router, RouterPorts, RouterSettings,
    };
}
