//! The use case ImportLegacy: replays logs into a store, and loses nothing.
//!
//! [`import`] is the whole of it: which kind of store is there, a preview of what would become of the
//! records, the load, and another look where a log or the store has changed meanwhile. What it works
//! with are ports ([`ImportStore`], [`ImportSink`], [`OverlapView`]). What a record is to the events
//! that the store has already is decided in [`identity`], for every store.

mod batch_reader;
mod error;
pub mod identity;
pub mod import_totals;
mod job;
mod log_totals;
mod options;
mod outcome;
mod overlap;
mod part_matching;
mod parts;
pub mod pass;
mod progress;
mod record;
pub mod report;
mod seen_log;
pub mod target;
pub mod twin_matching;

pub use error::ImportError;
pub use job::{ImportPorts, ImportSettings, OverlapPolicy, import};
pub use options::ReadOptions;
pub use outcome::{Correction, Outcome};
pub use overlap::{ClockRefusal, Overlap, OverlapFeeds, SystemTimes, TimeWindow, TwinPair};
pub use progress::ImportProgress;
pub use record::{Identity, ImportRecord};
pub use report::{
    ImportReport, LISTED_REJECTS, MissingPart, RecordCounts, Refusal, RejectList, RejectedRecord,
    ReplacedPart, SharedRecords,
};
pub use target::{
    Batch, BuildingSink, ImportPreview, ImportSink, ImportStore, ImportSurvey, ImportedLog, IncrementalSink,
    KnownPart, KnownSource, OverlapView, PartState, PartVersion, SharedCounts, SourceHeader, StoreError,
};
