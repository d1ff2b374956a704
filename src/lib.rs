//! An event store in SQLite, and the proven migration of JSON event logs into it.
//!
//! Mission Control, a task application, kept its events in JSON. This crate holds its new event
//! system in hexagonal architecture: typed events, a port [`EventRepository`] that interchangeable
//! stores implement (daily JSONL is the reference, SQLite the goal), and the tools that move a
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
//! - Imports run downward in the picture, and neither of `infrastructure` and `legacy` imports the other.
//! - `wire`, `domain` and `application` have no I/O, no SQL, no clock, and print nothing.
//! - What is stored is what was written: the JSON text of an event is kept byte for byte.
//! - An event is never changed, overwritten or deleted; saving it twice stores it once.
//! - What was acknowledged is on disk.
//!
//! # What is public
//!
//! The event store at the root, and its use cases in a module each: [`dispatch`], [`import`], [`compare`] and [`gate`]; which event systems
//! run, in [`event_system`]; with the cargo feature `legacy`, the legacy system as the module `legacy_system`. The layers themselves are private, so that they
//! can change. The programs in `examples/` use public names alone. Fuzz targets, benches and integration tests reach
//! the layers through a hidden module of the cargo feature `internals`, which promises nothing.
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
#[cfg(test)]
#[path = "../tests/property_cases/mod.rs"]
mod property_cases;
mod wire;

// Events, and the port that stores them.
pub use domain::event::{DomainEvent, EventError};
pub use domain::event_draft::{EventDraft, InvalidDraft};
pub use domain::query::{EventQuery, TimeOrder};
pub use domain::recorded_fields::{RecordedElement, RecordedFields};
pub use domain::recorded_task_event::{FieldChange, RecordedTaskEvent, TaskDetail, TaskLinks, Word};
pub use domain::repository::{
    BatchError, DEFAULT_LIMIT, EventOrigin, EventRepository, EventRepositoryExt, RepositoryError, Saved,
    StoreSummary, StoredEvent, Stream,
};
pub use domain::task_events::{
    InvalidTaskEvent, TaskCompleted, TaskCreated, TaskDeleted, TaskEvent, TaskUpdated,
};
pub use domain::value_objects::{AggregateId, EventId, InvalidValue, Position, Priority, Status, StreamId};
pub use infrastructure::zones::load_zone;
pub use wire::zone::Zone;

// The stores.
#[cfg(feature = "postgres")]
pub use infrastructure::config::{BadPostgresUrl, PostgresUrl};
pub use infrastructure::jsonl::JsonlEventRepository;
pub use infrastructure::memory::InMemoryEventRepository;
#[cfg(feature = "postgres")]
pub use infrastructure::postgres::{
    AddressError, PostgresAddress, PostgresError, PostgresEventRepository, Server,
};
pub use infrastructure::sqlite::{SqliteError, SqliteEventRepository};

/// The dispatch of events: each is stored, acknowledged, and given to the handlers of its type.
///
/// An [`EventDispatcherService`](dispatch::EventDispatcherService) stores what any number of threads dispatch, with one sync
/// for all that has come meanwhile. A [`Runner`](dispatch::Runner) runs its handlers, each a
/// [`Registration`](dispatch::Registration) of an [`EventHandler`](dispatch::EventHandler): a *projection* makes read models,
/// an *effect* acts on the world.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use mission_events::dispatch::{
///     DispatchPorts, DispatchSettings, EventDispatcherService, EventHandler, Handled, HandlerContext, HandlerError, Outcome,
///     Runner, RunnerSettings, SqliteHandlerStore, SqliteStoreTurn, SystemClock,
/// };
/// use mission_events::{DomainEvent, SqliteEventRepository, StoredEvent, Zone};
///
/// struct Announcer;
///
/// impl EventHandler for Announcer {
///     fn name(&self) -> &str {
///         "announcer"
///     }
///
///     fn handle(&self, event: &StoredEvent, context: &mut HandlerContext<'_>) -> Result<Handled, HandlerError> {
///         println!("{} ({})", event.event.event_type(), context.idempotency_key());
///         Ok(Handled::Done)
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let folder = tempfile::tempdir()?;
/// let events = Arc::new(SqliteEventRepository::open(folder.path().join("events.db"), Zone::utc())?);
/// let handled = Arc::new(SqliteHandlerStore::open(folder.path().join("handlers.db"))?);
/// let clock = Arc::new(SystemClock::default());
/// let runner = Runner::new(events.clone(), handled, clock.clone(), RunnerSettings::default());
/// let ports = DispatchPorts { turn: Box::new(SqliteStoreTurn::new(events.clone())), clock };
/// let dispatcher = EventDispatcherService::new(events, Arc::new(runner), ports, DispatchSettings::default());
/// dispatcher.register_handler("TaskCreated", Arc::new(Announcer))?;
///
/// let text = r#"{"event_id": "e1", "event_type": "TaskCreated", "timestamp": "2025-10-25T10:00:00Z", "aggregate_id": "T1"}"#;
/// let dispatched = dispatcher.dispatch(DomainEvent::from_json(text, &Zone::utc())?)?;
/// assert!(dispatched.succeeded());
/// assert_eq!(dispatched.handlers, [("announcer".to_owned(), Outcome::Done)]);
/// assert!(dispatcher.shut_down(Duration::from_secs(5)));
/// # Ok(())
/// # }
/// ```
///
/// [`EntryPoints`](dispatch::EntryPoints) build events and dispatch them: [`event_system`] shows how.
pub mod dispatch {
    pub use crate::application::clock::Clock;
    pub use crate::application::dispatch::{
        CurrentDispatcherError, DispatchError, DispatchPorts, DispatchSettings, Dispatched,
        EventDispatcherService, EventIds, PendingDispatch, StoreTurn, StoredDispatch, Timing, Turn,
        get_event_dispatcher, set_event_dispatcher,
    };
    pub use crate::application::entry_points::{EntryPointError, EntryPoints, EventRoute};
    pub use crate::application::figures::{
        DamagedLine, DayFigures, DispatchOutcome, DispatchRecorder, FiguresError, FiguresLine, FiguresLog,
        InvalidHistogram, InvalidLine, Latencies, RecordedFigures, figures_by_day,
    };
    pub use crate::application::handling::failure::{Failure, FailureState};
    pub use crate::application::handling::store::{
        HandlerRow, HandlerSession, HandlerState, HandlerStore, HandlerStoreError, HandlerTransaction,
        HandlerView, HandlingFigures, OpenFailures, StreamProgress,
    };
    pub use crate::application::handling::{
        EventHandler, EventTypes, Handled, HandlerContext, HandlerError, HandlerKind, Outcome,
        PositionInterval, Registration, RetryPolicy, Runner, RunnerSettings, StartFrom,
    };
    pub use crate::domain::event_system_mode::EventSystemMode;
    pub use crate::infrastructure::dispatch_figures::JsonlDispatchFigures;
    pub use crate::infrastructure::event_ids::TimeOrderedIds;
    pub use crate::infrastructure::handler_store::SqliteHandlerStore;
    pub use crate::infrastructure::jsonl::JsonlStoreTurn;
    pub use crate::infrastructure::sqlite::turn::SqliteStoreTurn;
    pub use crate::infrastructure::system_clock::SystemClock;
}

/// The import of logs into a SQLite store.
///
/// [`import`](import::import) replays the files of a [`LogList`](import::LogList) through
/// [`ImportPorts`](import::ImportPorts), and answers what became of each record. What the store has already is
/// left as it is; a record that is no event is kept apart with its bytes. [`SqliteImport`](import::SqliteImport)
/// is the store of this crate; another one implements [`ImportStore`](import::ImportStore).
///
/// ```
/// use mission_events::Zone;
/// use mission_events::compare::TempScratch;
/// use mission_events::import::{
///     FileSystem, ImportPorts, ImportSettings, LogList, OverlapPolicy, ReadOptions, SqliteImport, SystemClock,
///     import, open_log,
/// };
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// let log = folder.path().join("events.json");
/// std::fs::write(&log, r#"[{"event_type": "TaskCreated", "timestamp": "2025-10-25T10:00:00Z", "aggregate_id": "T1"}]"#)?;
/// let settings = ImportSettings {
///     logs: LogList { files: vec![log.clone()], skipped: Vec::new() },
///     parts: false,
///     options: ReadOptions::new(Zone::utc()),
///     overlap: OverlapPolicy::Match,
///     strict: false,
///     dry_run: false,
/// };
/// let ports = ImportPorts {
///     store: &SqliteImport::new(&folder.path().join("events.db"), log.metadata()?.len()),
///     open_log: &open_log,
///     log_files: &FileSystem,
///     scratch: &|| Box::new(TempScratch::default()),
///     clock: &SystemClock::default(),
///     progress: &mut (),
/// };
/// let total = import(&settings, ports)?.total;
/// assert_eq!((total.records, total.imported), (1, 1));
/// # Ok(())
/// # }
/// ```
pub mod import {
    pub use crate::application::clock::Clock;
    pub use crate::application::import::report::{SourceReport, StoreReport};
    pub use crate::application::import::target::{Rejected, SourceText};
    pub use crate::application::import::{
        Batch, BuildingSink, ClockRefusal, Correction, Identity, ImportError, ImportPorts, ImportPreview,
        ImportProgress, ImportRecord, ImportReport, ImportSettings, ImportSink, ImportStore, ImportSurvey,
        ImportedLog, IncrementalSink, KnownPart, KnownSource, Outcome, Overlap, OverlapFeeds, OverlapPolicy,
        OverlapView, PartState, PartVersion, ReadOptions, RecordCounts, Refusal, RejectedRecord,
        SharedCounts, SharedRecords, SourceHeader, StoreError, SystemTimes, TimeWindow, TwinPair, import,
    };
    pub use crate::application::log_files::LogFiles;
    pub use crate::application::log_source::{
        LogFormat, LogList, LogPiece, LogSource, PieceContent, Place, Reject, ResumePoint, SkippedFile,
        SourceDigest, SourceError,
    };
    pub use crate::infrastructure::sources::{FileSystem, open_log};
    pub use crate::infrastructure::sqlite::SqliteImport;
    pub use crate::infrastructure::system_clock::SystemClock;
    pub use crate::wire::json::ScanError;
    pub use crate::wire::local_time::{DstPolicy, TimeFlags};
    pub use crate::wire::mapping::{DeclaredMapping, FieldPath, FieldPathError, Mapping};
    pub use crate::wire::record::{Record, RecordError, RecordFlags, RecordReader, Shape};
    pub use crate::wire::timestamp::{TimestampError, WrittenTimestamp};
    pub use crate::wire::unix_time::{TimestampUnit, UnixTimeError, UnknownUnit};
}

/// The comparison of two logs, and its record as evidence.
///
/// [`compare`](compare::compare) compares two [`Input`](compare::Input)s. A
/// [`ParallelRun`](compare::ParallelRun) compares a legacy log with a store that may hold what was imported
/// from it, as two proofs; [`compare_and_record`](compare::compare_and_record) does so and records the result in
/// an [`EvidenceLog`](compare::EvidenceLog). The answer is a [`Comparison`](compare::Comparison). How records are
/// read is in [`import`], where it is needed as well.
///
/// ```
/// use mission_events::Zone;
/// use mission_events::compare::{FoundSide, ParallelRun, Settings, TempScratch, Verdict};
/// use mission_events::import::Mapping;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// let log = folder.path().join("events.jsonl");
/// let text = r#"{"event_id": "e1", "event_type": "TaskCreated", "timestamp": "2025-10-25T10:00:00Z", "aggregate_id": "T1"}"#;
/// std::fs::write(&log, format!("{text}\n"))?;
/// let run = ParallelRun {
///     settings: &Settings::new(Zone::utc(), "2025-10-26T00:00:00Z".parse()?),
///     control: &FoundSide::find(&log, Mapping::BuiltIn)?,
///     candidate: &FoundSide::find(&log, Mapping::BuiltIn)?,
///     new_scratch: &|| Box::new(TempScratch::default()),
/// };
/// let comparison = run.compare()?;
/// assert_eq!((comparison.verdict, comparison.matched), (Verdict::Consistent, 1));
/// # Ok(())
/// # }
/// ```
pub mod compare {
    pub use crate::application::compare::feed::{
        CompareError, Fed, Feed, FeedFacts, Scratch, TakeAgain, read_again,
    };
    pub use crate::application::compare::parallel_run::{
        FirstRecords, Medium, ParallelRun, ParallelSide, RowCounts, Rows,
    };
    pub use crate::application::compare::profile::{IgnoreRule, OneSided, Profile};
    pub use crate::application::compare::report::{
        BeginningKind, BeginningReport, Cause, CauseCount, Check, CheckOutcome, Class, ClassCounts,
        ClockReport, ClockStep, Comparison, DayClock, DayCounts, DayDigest, Difference, DifferentField,
        EventPlace, FileReport, HistogramBucket, HistoryReport, IgnoredByRule, OffsetMode, PerSide,
        RecordLocation, RejectedPlace, RuleKind, SelfTest, Side, SideReport, Spread, TypeCounts, UnusedRule,
        Verdict,
    };
    pub use crate::application::compare::settings::{Settings, Start};
    pub use crate::application::compare::{Input, compare};
    pub use crate::application::evidence::{
        EvidenceError, EvidenceLog, EvidencePorts, Line, RecordedComparison, Recording, compare_and_record,
        of_comparison,
    };
    pub use crate::infrastructure::compare_inputs::{
        FeedWrapper, FoundSide, LogFeed, SideError, TempScratch,
    };
    pub use crate::infrastructure::evidence::log::JsonlEvidenceLog;
    pub use crate::infrastructure::sources::Surroundings;
    pub use crate::infrastructure::sqlite::StoreFeed;

    /// What is recorded of a comparison as evidence, with everything in it.
    pub mod evidence {
        pub use crate::application::evidence::record::{
            BeginningEvidence, BeginningKind, ClockEvidence, ComparisonEvidence, DayEvidence, DaySide,
            FileEvidence, HistoryEvidence, LeftOutFile, Prefix, ProfileEvidence, RuleEvidence, SelfTestCheck,
            SelfTestEvidence, SelfTestOutcome, SettingsEvidence, SideEvidence, SideKind, StoreEvidence,
            Window,
        };
        pub use crate::application::evidence::{
            Evidence, EvidenceRecord, Rehearsal, RehearsalEvidence, RehearsalFindings, UnknownEvidence,
            record_rehearsal,
        };
    }
}

/// What is known of tasks: the handlers that keep read models of them, and what is asked of these.
pub mod tasks {
    pub use crate::application::read_models::reports::{
        ChangeReport, CompletionFigures, CompletionReport, DayActivity, DayCompletions, DeletionReport,
        LinkReport, TaskReport, TaskReports, TaskStateReport, TaskStatistics,
    };
    pub use crate::application::read_models::task_state::FieldState;
    pub use crate::application::read_models::{
        Occurrence, ReadModelError, StateChange, TaskActivity, TaskChange, TaskCompletion, TaskField,
        TaskReadModels, TaskState, Transition,
    };
    pub use crate::application::task_handlers::{
        TaskCompletedHandler, TaskCreatedHandler, TaskDeletedHandler, TaskUpdatedHandler,
        default_registrations,
    };
    pub use crate::infrastructure::handler_store::SqliteTaskReports;
}

pub mod event_system;
pub mod gate;
#[cfg(feature = "legacy")]
pub mod legacy_system;

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
    #[cfg(feature = "legacy")]
    pub mod legacy {
        pub use crate::legacy::*;
    }
    pub mod wire {
        pub use crate::wire::*;
    }
}
