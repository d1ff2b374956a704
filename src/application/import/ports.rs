//! What an import needs of the outside: logs to read, and a store to load.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::Serialize;
use thiserror::Error;
use uuid::Uuid;

use crate::domain::record::{Record, RecordError, RecordFlags, RecordReader, Shape};
use crate::domain::repository::RepositoryError;
use crate::domain::value_objects::{AggregateId, EventId, Position};

use super::report::{Counts, RejectedRecord};

/// Where a record stands in its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The line of its first byte, from 1.
    pub line: u64,
    /// The offset of its first byte, from 0.
    pub offset: u64,
}

/// How a log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// One JSON array of objects.
    JsonArray,
    /// One JSON object a line.
    Jsonl,
}

impl LogFormat {
    /// The name, as reports and stores write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::JsonArray => "json-array",
            Self::Jsonl => "jsonl",
        }
    }
}

/// A log that is read from its first byte to its last, once.
pub trait LogSource: Send {
    /// Where it is, as it was named.
    fn path(&self) -> &Path;

    /// Where it is, absolute.
    fn location(&self) -> &Path;

    /// How it is written; detected from its content.
    fn format(&self) -> LogFormat;

    /// The next piece of the log; `None` behind the last byte. One after the other, the bytes of all
    /// pieces are the bytes of the log. `reader` must be the same one, and new, for the whole log.
    fn next_piece<'s>(
        &'s mut self,
        reader: &mut RecordReader<'_>,
    ) -> Result<Option<LogPiece<'s>>, SourceError>;

    /// How it is compressed, where it is.
    fn compression(&self) -> Option<&'static str> {
        None
    }

    /// Up to where a grown version of this log would have the same bytes.
    fn resume_point(&self) -> ResumePoint {
        ResumePoint::default()
    }

    /// Skips what lies before `point`, where the log begins with the bytes that it stands for.
    fn resume_at(&mut self, _point: &ResumePoint) -> Result<bool, SourceError> {
        Ok(false)
    }

    /// Size and hash of the bytes read so far.
    fn digest(&self) -> SourceDigest;
}

/// A place in a log, and what lies before it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResumePoint {
    /// How many bytes lie before it.
    pub offset: u64,
    /// The line that it is on, from 1.
    pub line: u64,
    /// The SHA-256 of the bytes before it, in hexadecimal.
    pub sha256: String,
}

/// A piece of a log.
#[derive(Debug)]
pub struct LogPiece<'s> {
    /// Where it begins.
    pub place: Place,
    /// Its bytes.
    pub bytes: &'s [u8],
    /// What they are.
    pub content: PieceContent<'s>,
}

/// What a piece of a log is.
#[derive(Debug)]
pub enum PieceContent<'s> {
    /// What stands around records: white space, brackets and commas, a byte order mark.
    Layout,
    /// A record: an event.
    Record(Record<'s>),
    /// Something else, and why it is no event. Where something is missing it has no bytes.
    Reject(Reject),
    /// More of what was rejected just before.
    RejectContinued,
}

/// The bytes of a log, in sum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceDigest {
    /// The size of the file.
    pub bytes: u64,
    /// The SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// The size of what it decompresses to; of a plain file, its own.
    pub content_bytes: u64,
    /// The SHA-256 of that.
    pub content_sha256: String,
}

/// Why what stands at a place is not imported.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Reject {
    /// It is not a record.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The log ends where it may not.
    #[error("the log is torn: it ends before {expected}")]
    TornTail {
        /// What would have to follow.
        expected: &'static str,
    },
    /// The record has more bytes than are held in memory for one.
    #[error("the record is longer than {limit} bytes")]
    TooLong {
        /// How many are.
        limit: usize,
    },
    /// Its id belongs to an event with other content.
    #[error(
        "the id {event_id} belongs to another event, at position {position} of the store: an event is never overwritten"
    )]
    Conflict {
        /// The id.
        event_id: EventId,
        /// Where the event is that has it.
        position: Position,
    },
}

impl Reject {
    /// The reason in one word, stable for scripts.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Record(error) => error.reason(),
            Self::TornTail { .. } => "torn_tail",
            Self::TooLong { .. } => "too_long",
            Self::Conflict { .. } => "conflict",
        }
    }
}

/// Why a log could not be read.
#[derive(Debug, Error)]
#[error("could not {action} {}", path.display())]
pub struct SourceError {
    /// What was tried.
    pub action: &'static str,
    /// The log.
    pub path: PathBuf,
    /// What the system said.
    #[source]
    pub source: Box<dyn StdError + Send + Sync>,
}

/// A record on its way into the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRecord {
    /// Where it stood.
    pub place: Place,
    /// What makes it itself.
    pub identity: Identity,
    /// The type of the event.
    pub event_type: String,
    /// When it occurred.
    pub occurred_at: DateTime<Utc>,
    /// What it is about.
    pub aggregate_id: Option<AggregateId>,
    /// Its exact JSON text.
    pub body: String,
    /// Which shape, and so which system wrote it.
    pub shape: Shape,
    /// What is unusual about it.
    pub flags: RecordFlags,
}

impl ImportRecord {
    pub(in crate::application) fn new(record: &Record<'_>, place: Place) -> Result<Self, Reject> {
        let identity = match &record.event_id {
            Some(id) => Identity::Carried(
                EventId::new(id.as_ref()).map_err(|_| RecordError::Empty { field: "event_id" })?,
            ),
            None => Identity::Derived {
                content: record.content_id().map_err(RecordError::from)?,
                written_at: record.written_at.civil_micros(),
            },
        };
        Ok(Self {
            place,
            identity,
            event_type: record.event_type.clone().into_owned(),
            occurred_at: record.occurred_at,
            aggregate_id: record.aggregate.as_deref().map(AggregateId::new),
            body: record.body.to_owned(),
            shape: record.shape,
            flags: record.flags,
        })
    }
}

/// What makes a record itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// The id that it carries.
    Carried(EventId),
    /// Its content, and how many identical records of its log come before it.
    Derived {
        /// What identical records have in common.
        content: Uuid,
        /// Its time as written, in microseconds: a pure function of the content by which logs are
        /// mostly sorted, so that counting occurrences walks along instead of jumping about.
        written_at: i64,
    },
}

/// Pieces of a log that follow each other, sorted by what is to become of them.
#[derive(Debug, Default)]
pub struct Batch {
    /// Its events.
    pub records: Vec<ImportRecord>,
    /// What is to be kept in quarantine.
    pub rejects: Vec<Rejected>,
    /// What stands around them, where it is not the separator.
    pub texts: Vec<SourceText>,
    /// How many records are left out because of their time.
    pub out_of_range: u64,
    /// How many records are unusual, by what is.
    pub flags: BTreeMap<&'static str, u64>,
    /// What mostly stands between two records of the log.
    pub separator: Vec<u8>,
    /// Up to where the log is known when this batch is stored.
    pub resume: ResumePoint,
}

/// A piece of a log that is not imported.
#[derive(Debug)]
pub struct Rejected {
    /// Where it begins.
    pub place: Place,
    /// Why it is not; `None` where it goes on what was rejected just before.
    pub reject: Option<Reject>,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A piece of a log that is no record.
#[derive(Debug)]
pub struct SourceText {
    /// Where it begins.
    pub offset: u64,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What a store writes down of a log when it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceHeader {
    /// Where it is; absolute.
    pub path: String,
    /// How it is written.
    pub format: LogFormat,
    /// How it is compressed.
    pub compression: Option<&'static str>,
    /// How its records are read, on one line.
    pub settings: String,
}

/// A log, or the beginning of one, that the store has already.
#[derive(Debug)]
pub struct KnownSource {
    /// Its number in the store.
    pub source_id: i64,
    /// How far the store has it.
    pub resume: ResumePoint,
    /// What became of its records up to there, seen from today.
    pub counts: Counts,
    /// The first rejected ones.
    pub rejects: Vec<RejectedRecord>,
    /// What stands between its records wherever the store has nothing else there; empty where that
    /// did not show yet.
    pub separator: Vec<u8>,
}

/// A record that turned out, when the load was finished, to be no new event after all.
#[derive(Debug)]
pub struct Correction {
    /// The number of its log, as `begin_source` answered it.
    pub source_id: i64,
    /// Where in it.
    pub place: Place,
    /// What became of it.
    pub outcome: Outcome,
}

/// Legacy records without identity that lie in the time of events of the new system: the same life,
/// perhaps, written down twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Overlap {
    /// How many records without identity there are in that time, that the store does not have yet.
    pub records: u64,
    /// The time of the first of them.
    pub first: DateTime<Utc>,
    /// The time of the last of them.
    pub last: DateTime<Utc>,
    /// The time of the first event of the new system.
    pub native_first: DateTime<Utc>,
    /// The time of the last one.
    pub native_last: DateTime<Utc>,
}

/// A store as an import sees it: loaded in bulk, apart from the port's append.
pub trait ImportTarget {
    /// What the store has of that log already, as far as it was read in the same way; the latest
    /// first.
    fn known(&mut self, header: &SourceHeader) -> Result<Vec<KnownSource>, RepositoryError>;

    /// A log begins: occurrences of identical records count from 1 again. Where it goes on a known
    /// one, it becomes the latest version of that. Answers its number.
    fn begin_source(
        &mut self,
        header: &SourceHeader,
        goes_on: Option<&KnownSource>,
    ) -> Result<i64, RepositoryError>;

    /// Stores a batch and answers what became of each record: all of it, or, when it fails, none.
    fn store(&mut self, batch: &Batch) -> Result<Vec<Outcome>, RepositoryError>;

    /// The log has ended.
    fn end_source(&mut self, digest: &SourceDigest) -> Result<(), RepositoryError>;

    /// Whether this import puts records without identity into the time of native events, or native
    /// events around them.
    fn overlap(&mut self) -> Result<Option<Overlap>, RepositoryError>;

    /// Ends the load, and answers how many events there are. `correct` is told of every record that
    /// is not what `store` answered.
    fn finish(&mut self, correct: &mut dyn FnMut(Correction)) -> Result<u64, RepositoryError>;

    /// Makes what was loaded the store, durably, where it is not yet. A target that is dropped
    /// before leaves nothing that could be taken for a store.
    fn publish(&mut self) -> Result<(), RepositoryError>;
}

/// What became of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is a new event of the store.
    Imported,
    /// The store has it, and not from this log.
    AlreadyPresent,
    /// An earlier record of this log has its id and its content.
    Duplicate,
    /// Its id belongs to an event with other content.
    Conflict {
        /// The id.
        event_id: EventId,
        /// Where the event is that has it.
        position: Position,
    },
}
