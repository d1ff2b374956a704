//! A record on its way into a store.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::application::log_source::{Place, Reject};
use crate::domain::value_objects::{AggregateId, EventId};
use crate::wire::record::{ContentIds, Record, RecordError, RecordFlags, RecordReader, Shape};

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
