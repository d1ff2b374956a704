//! What watchers have seen.

use chrono::{DateTime, Utc};

/// Something that a definition is about has happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Occurrence {
    /// Of the definition.
    pub definition_id: String,
    /// The kind of source, as in the definition: `file_system`, `time_based`, or that of a watcher of others.
    pub event_type: String,
    /// When it was noticed.
    pub at: DateTime<Utc>,
    /// What is known of it. For files: `path` as the definition spells it (a byte that is no UTF-8 as
    /// Python's `surrogateescape` has it), `event_type` (created, modified, deleted, moved), and `src_path` where it was moved. For times: `scheduled_at` (RFC 3339, UTC), and `missed` where the
    /// ticks of so many earlier times were passed over.
    pub data: serde_json::Map<String, serde_json::Value>,
}

/// Where watchers bring what they have seen. It returns at once, and never fails: what goes wrong is its own to log.
pub trait OccurrenceSink: Send + Sync {
    /// Takes one.
    fn occurred(&self, occurrence: Occurrence);
}
