//! The program, run as an operator runs it: what it answers, what it says, how it exits.

mod answers;
mod configuration;
mod doctor;
#[cfg(feature = "legacy")]
mod doctor_modes;
mod doctor_report;
mod events;
mod events_output;
mod foreign_files;
mod general;
mod moved_stores;
mod status;
mod status_parts;
mod stores;
mod tasks;
#[cfg(unix)]
mod unreachable;

use crate::support::imports::open_import;
use mission_events::internals::application::import::{Batch, Identity, ImportRecord, SourceHeader};
use mission_events::internals::application::log_source::{LogFormat, Place};
use mission_events::internals::domain::event::DomainEvent;
use mission_events::internals::domain::repository::EventRepository;
use mission_events::internals::infrastructure::jsonl::JsonlEventRepository;
use mission_events::internals::infrastructure::sqlite::SqliteEventRepository;
use mission_events::internals::wire::record::{RecordFlags, Shape};

use crate::support::test_dir::TestDir;
use crate::support::{event, imported, utc};

/// The names under which `seed` puts the same events into a store of either kind.
const STORES: [&str; 2] = ["events.db", "daily"];

/// What a program with the legacy system says at start-up where nothing is set.
#[cfg(feature = "legacy")]
const CONFIG_LINES: &str = "[config] Configuration loaded:
[config]   USE_NEW_EVENT_SYSTEM = False
[config]   Event system mode: legacy_events
[config]   Source: Default (False)
";

/// A working directory that holds these events twice: in `events.db` and in `daily`.
fn seed(events: &[DomainEvent]) -> TestDir {
    let dir = TestDir::new();
    SqliteEventRepository::open(dir.join("events.db"), utc()).unwrap().save_events(events).unwrap();
    JsonlEventRepository::open(dir.join("daily"), utc()).unwrap().save_events(events).unwrap();
    dir
}

/// A working directory with a store `events.db` that this text was imported into as the event
/// `imported`, whatever its shape and its lines.
fn import(text: &str) -> TestDir {
    let dir = TestDir::new();
    let event = imported("imported", &utc(), text);
    let record = ImportRecord {
        place: Place { line: 1, offset: 0 },
        identity: Identity::Carried(event.event_id().clone()),
        event_type: event.event_type().to_owned(),
        occurred_at: event.timestamp(),
        aggregate_id: event.aggregate_id().cloned(),
        body: event.body().to_owned(),
        shape: Shape::Legacy,
        flags: RecordFlags::default(),
    };
    let batch = Batch { records: vec![record], ..Batch::default() };
    let header = SourceHeader {
        path: "/elsewhere/events.json".to_owned(),
        format: LogFormat::JsonArray,
        compression: None,
        settings: String::new(),
        file: None,
    };
    let mut target = open_import(&dir.join("events.db"), 0).unwrap();
    target.begin_source(&header, None).unwrap();
    target.store(&batch).unwrap();
    target.finish(&mut |_| ()).unwrap();
    target.publish().unwrap();
    dir
}

/// Four events of two tasks on three days; e3 and e4 arrive in the wrong order.
fn two_tasks() -> Vec<DomainEvent> {
    vec![
        event("e1").at("2025-10-20T08:00:00Z").about("T1").with("title", "\"Call Zürich\"").build(),
        event("e2").at("2025-10-21T09:30:00.25+00:00").about("T2").build(),
        event("e4").of_type("TaskDeleted").at("2025-10-22T00:00:00Z").about("T2").build(),
        event("e3").of_type("TaskCompleted").at("2025-10-21T23:59:59.999999Z").about("T1").build(),
    ]
}
