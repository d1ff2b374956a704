//! What the legacy mirror keeps with its progress: up to where it knows the legacy log, and what it is about to write there.

use chrono::{DateTime, Utc};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use super::mirror_error::MirrorError;
use super::ports::LegacyPlace;
use crate::application::handling::store::StreamProgress;
use crate::domain::repository::StoredEvent;
use crate::domain::value_objects::{EventId, Position, StreamId};

/// The name of the legacy mirror in the handler store.
pub(super) const LEGACY_MIRROR: &str = "legacy_mirror";
/// The name under which the legacy log stands among the streams of the mirror: its position is the number of records that were
/// mirrored, and its event the last of them.
const LOG: &str = "events.json";

/// How far the mirror is in the legacy log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct LogProgress {
    /// How many records it has written.
    pub records: u64,
    /// The event of the last one, or of the first that is to be written; `None` where there is neither.
    pub last: Option<EventId>,
    /// All records up to here are known: those of the mirror among them are in its progress.
    pub end: u64,
    /// Records of which it is not known whether they were written.
    pub intent: Option<Intent>,
}

/// Records that are about to be written, all of them with one write, or were.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Intent {
    /// They will stand after this end of the log, in bytes.
    pub from: u64,
    /// The stream of their events.
    pub stream: String,
    pub records: Vec<IntendedRecord>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct IntendedRecord {
    /// Of its event.
    pub position: i64,
    pub event_id: String,
    /// Of its text, in bytes.
    pub length: u64,
    /// Of its text, in hexadecimal digits.
    pub sha256: String,
}

#[derive(Serialize, Deserialize)]
struct Detail {
    end: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    intent: Option<Intent>,
}

impl IntendedRecord {
    pub fn new(event: &StoredEvent, place: &LegacyPlace) -> Self {
        Self {
            position: event.position.get(),
            event_id: event.event.event_id().as_str().to_owned(),
            length: place.length,
            sha256: HEXLOWER.encode(&place.sha256),
        }
    }

    /// Whether the record that stands there has its text.
    pub fn is(&self, place: &LegacyPlace) -> bool {
        self.length == place.length && self.sha256 == HEXLOWER.encode(&place.sha256)
    }

    /// The progress of a mirror that has written it.
    pub fn reached(&self, stream: &StreamId, now: DateTime<Utc>) -> Result<StreamProgress, MirrorError> {
        let event_id = EventId::new(self.event_id.clone())?;
        Ok(StreamProgress {
            stream: stream.clone(),
            position: Position::new(self.position),
            event_id,
            updated_at: now,
            detail: None,
        })
    }
}

impl LogProgress {
    /// Takes the row of the log out of the progress of the mirror.
    pub fn take(progress: &mut Vec<StreamProgress>) -> Result<Option<Self>, MirrorError> {
        let Some(at) = progress.iter().position(|row| row.stream.as_str() == LOG) else {
            return Ok(None);
        };
        let row = progress.swap_remove(at);
        let Detail { end, intent } = serde_json::from_str(row.detail.as_deref().unwrap_or_default())?;
        let records = u64::try_from(row.position.get()).unwrap_or_default();
        Ok(Some(Self { records, last: Some(row.event_id), end, intent }))
    }

    /// Its row; `None` before there is anything to keep.
    pub fn row(&self, now: DateTime<Utc>) -> Result<Option<StreamProgress>, MirrorError> {
        let Some(last) = &self.last else { return Ok(None) };
        let detail = Detail { end: self.end, intent: self.intent.clone() };
        Ok(Some(StreamProgress {
            stream: StreamId::new(LOG),
            position: Position::new(i64::try_from(self.records).unwrap_or(i64::MAX)),
            event_id: last.clone(),
            updated_at: now,
            detail: Some(serde_json::to_string(&detail)?),
        }))
    }
}
