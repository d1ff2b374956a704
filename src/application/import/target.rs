//! The port to the store that an import loads.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use crate::application::compare::report::Class;
use crate::domain::repository::RepositoryError;
use crate::domain::value_objects::{AggregateId, EventId, Position};
use crate::wire::record::{ContentIds, Record, RecordError, RecordFlags, RecordReader, Shape};

use super::report::{Counts, RejectedRecord};
use crate::application::import::twin_matching::{Sides, TwinPair};
use crate::application::log_source::{LogFormat, Place, Reject, ResumePoint, SourceDigest};

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
    /// The record that `reader` has read last.
    pub(in crate::application) fn new(
        record: &Record<'_>,
        reader: &RecordReader<'_>,
        place: Place,
        content_ids: &mut ContentIds,
    ) -> Result<Self, Reject> {
        let identity = match &record.event_id {
            Some(id) => Identity::Carried(
                EventId::new(id.as_ref()).map_err(|_| RecordError::Empty { field: "event_id".into() })?,
            ),
            None => {
                let content = content_ids.of_last(record, reader).map_err(RecordError::from)?;
                Identity::Derived { content, written_at: record.written_at.civil_micros() }
            }
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
    /// What mostly stands between two of its records.
    pub separator: Vec<u8>,
    /// What became of its records up to there, seen from today.
    pub counts: Counts,
    /// How many of the rejected ones are conflicts.
    pub conflicts: u64,
    /// The first rejected ones.
    pub rejects: Vec<RejectedRecord>,
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

    /// The records of both systems, where this import brings some that lie in the time of what the other
    /// system wrote. To be asked when all logs were read.
    fn sides(&mut self) -> Result<Option<Sides>, RepositoryError>;

    /// Two of these records, at least one of them new, are one event: a new one becomes the twin of the
    /// other.
    fn pair(&mut self, pair: &TwinPair) -> Result<(), RepositoryError>;

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
    /// The store has the event from the other system: it is the twin of that.
    MatchedExisting {
        /// How they differ, if at all.
        class: Class,
    },
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
