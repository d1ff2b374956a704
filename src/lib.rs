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
//! # Invariants
//!
//! - Imports run downward in the picture, and `infrastructure` and `legacy` never meet.
//! - `wire`, `domain` and `application` have no I/O, no SQL, no clock, and print nothing.
//! - What is stored is what was written: the JSON text of an event is kept byte for byte.
//! - An event is never changed, overwritten or deleted; saving it twice stores it once.
//! - What was acknowledged is on disk.
//!
//! # Example
//!
//! ```
//! use mission_events::domain::event::DomainEvent;
//! use mission_events::domain::repository::EventRepository;
//! use crate::wire::zone::Zone;
//! use mission_events::infrastructure::sqlite::SqliteEventRepository;
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
//!
//! [`EventRepository`]: domain::repository::EventRepository

mod durable;
pub mod wire;

pub mod domain;

pub mod application;

pub mod infrastructure;
#[cfg(feature = "legacy")]
pub mod legacy;

pub mod cli;
