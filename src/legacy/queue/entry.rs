//! An entry of the queue, and its line in the file.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

/// The priority of an entry that is given none.
pub const DEFAULT_PRIORITY: i64 = 5;

/// What is to be queued.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEntry {
    /// Of the definition.
    pub definition_id: String,
    /// The kind of source: `file_system`, `time_based`, ...
    pub event_type: String,
    /// What is known of it.
    pub data: Map<String, Value>,
    /// The smallest number is handled first; none is [`DEFAULT_PRIORITY`].
    pub priority: Option<i64>,
}

/// An entry, as it was when it was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueueEntry {
    /// The definition's id, `_`, Unix seconds; and `_2` and so on for others of the same second.
    pub event_id: String,
    /// Of the definition.
    pub definition_id: String,
    /// When it happened.
    #[serde(serialize_with = "with_z")]
    pub timestamp: DateTime<Utc>,
    /// The kind of source: `file_system`, `time_based`, ...
    #[serde(rename = "type")]
    pub event_type: String,
    /// What is known of it.
    #[serde(default)]
    pub data: Map<String, Value>,
    /// What has become of it.
    pub status: QueueStatus,
    /// The smallest number is handled first.
    #[serde(default = "default_priority")]
    pub priority: i64,
    /// How often its handler has failed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub attempts: u32,
    /// Before when it is not handled again.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "some_with_z")]
    pub next_attempt: Option<DateTime<Utc>>,
}

/// What has become of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueStatus {
    /// It is to be handled, or to be handled again.
    Pending,
    /// It was given to its handler.
    Processing,
    /// It was handled.
    Done,
    /// It is not tried any more.
    Failed,
    /// It was refused, since its definition has happened too often.
    RateLimited,
}

impl QueueStatus {
    /// Whether something is still to be done.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Processing)
    }

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::RateLimited => "rate_limited",
        }
    }
}

fn default_priority() -> i64 {
    DEFAULT_PRIORITY
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

fn with_z<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

fn some_with_z<S: Serializer>(time: &Option<DateTime<Utc>>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => with_z(time, serializer),
        None => serializer.serialize_none(),
    }
}
