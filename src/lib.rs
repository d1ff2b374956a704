//! An event store in SQLite, and the proven migration of JSON event logs into it.
//!
//! Mission Control, a task application, kept its events in JSON. This crate holds its new event
//! system in hexagonal architecture: typed events, a port [`EventRepository`] with interchangeable
//! stores behind it (daily JSONL is the reference, SQLite the goal), and the tools that move a
//! history from one to the other without losing or changing a byte of it.
//!
//! ```text
//!   main.rs                          parse, run, print the error chain once, exit code
//!      |
//!     cli                            composition root: the only place that knows every concrete type
//!      |
//!      +---------------+-----------------+
//!      |               |                 |
//!  infrastructure      |               legacy    the system being strangled; cargo feature `legacy`
//!      |               |                 |
//!      |          application <----------+       use cases, and the small ports that they own
//!      |               |
//!      +---->  domain <+                         events, value objects, the EventRepository port: pure
//!      |          |
//!      |        wire                              JSON with its exact bytes, timestamps, mappings: pure
//!      |
//!   durable                                       files: lock, durable append, directories, free space
//! ```
//!
//! Beside them lies `conformance`, with the cargo feature of that name: the contract of the port as tests,
//! for the stores here and for those of other crates.
//!
//! # Invariants
//!
//! - Imports run downward in the picture, and `infrastructure` and `legacy` never meet.
//! - `wire`, `domain` and `application` have no I/O, no SQL, no clock, and print nothing.
//! - What is stored is what was written: the JSON text of an event is kept byte for byte.
//! - An event is never changed, overwritten or deleted; saving it twice stores it once.
//! - What was acknowledged is on disk.
//!
//! # What is public
//!
//! The names below, and no module: the layers are private, so that what is behind them can change. The
//! programs in `examples/` use these names alone. Fuzz targets, benches and integration tests reach the layers
//! through a hidden module behind the cargo feature `internals`, which promises nothing.
//!
//! # Example
//!
//! ```
//! use mission_events::{DomainEvent, EventRepository, EventRepositoryExt, SqliteEventRepository, Zone};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! let store = SqliteEventRepository::open(folder.path().join("events.db"), Zone::utc())?;
//!
//! let text = r#"{"event_id": "e1", "event_type": "TaskCreated", "timestamp": "2025-10-25T10:00:00+00:00", "aggregate_id": "T123", "title": "My Task"}"#;
//! let event = DomainEvent::from_json(text, &Zone::utc())?;
//! let position = store.save_event(&event)?;
//! assert_eq!(store.save_event(&event)?, position, "twice is once");
//!
//! let found = store.find_by_type("TaskCreated", 10)?;
//! assert_eq!(found[0].event.body(), text, "byte for byte");
//! # Ok(())
//! # }
//! ```

#![cfg_attr(
    feature = "internals",
    allow(missing_docs, reason = "what is public for tests alone is documented where that helps")
)]

mod application;
mod cli;
#[cfg(feature = "conformance")]
pub mod conformance;
mod domain;
mod durable;
mod infrastructure;
#[cfg(feature = "legacy")]
mod legacy;
mod wire;

// Events, and the port that stores them.
pub use domain::event::{DomainEvent, EventError};
pub use domain::query::{EventQuery, TimeOrder};
pub use domain::repository::{
    BatchError, DEFAULT_LIMIT, EventRepository, EventRepositoryExt, RepositoryError, StoreSummary,
    StoredEvent, Stream,
};
pub use domain::task_events::{
    InvalidTaskEvent, TaskCompleted, TaskCreated, TaskDeleted, TaskEvent, TaskUpdated,
};
pub use domain::value_objects::{AggregateId, EventId, InvalidValue, Position, Priority, Status, StreamId};
pub use infrastructure::zones::load_zone;
pub use wire::zone::Zone;

// The stores.
pub use infrastructure::jsonl::JsonlEventRepository;
pub use infrastructure::memory::InMemoryEventRepository;
pub use infrastructure::sqlite::{SqliteError, SqliteEventRepository};

// Logs, and the import of logs into the SQLite store.
pub use application::import::{
    ImportError, ImportPorts, ImportReport, ImportSettings, OverlapPolicy, ReadOptions, import,
};
pub use application::log_source::{LogList, SourceError};
pub use infrastructure::sources::open_log;
pub use infrastructure::sqlite::SqliteImport;
pub use infrastructure::system_clock::SystemClock;
pub use wire::local_time::DstPolicy;
pub use wire::mapping::Mapping;

// The comparison of two logs.
pub use application::compare::feed::CompareError;
pub use application::compare::profile::Profile;
pub use application::compare::report::{Comparison, Verdict};
pub use application::compare::settings::Settings as CompareSettings;
pub use application::compare::{Input, compare};
pub use infrastructure::compare_inputs::{LogFeed, TempScratch};

/// Runs the program `mission-events` on the arguments of this process. Errors are on stderr when it returns.
#[doc(hidden)]
pub fn run_program() -> std::process::ExitCode {
    cli::run_program().into()
}

/// The layers, for fuzz targets, benches and integration tests. No part of what this crate promises.
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod internals {
    pub mod application {
        pub use crate::application::*;
    }
    pub mod cli {
        pub use crate::cli::*;
    }
    pub mod domain {
        pub use crate::domain::*;
    }
    pub mod durable {
        pub use crate::durable::*;
    }
    pub mod infrastructure {
        pub use crate::infrastructure::*;
    }
    pub mod wire {
        pub use crate::wire::*;
    }
}
