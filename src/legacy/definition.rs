//! What is watched, how often it may happen, and which handler it is for.

use std::path::PathBuf;
use std::time::Duration;

use jiff::civil::{Time, Weekday};

/// A definition of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// Unique in a registry.
    pub id: String,
    /// For people; the id where the file has none.
    pub name: String,
    /// What is watched.
    pub source: Source,
    /// The dotted name of a handler, `handlers.briefing_updated.run`.
    pub handler: String,
    /// Whether it is watched and handled.
    pub is_enabled: bool,
    /// How often it may happen.
    pub rate_limit: RateLimit,
    /// When and by what it was made, and whatever else the file holds; its keys in their order.
    pub metadata: serde_json::Map<String, serde_json::Value>,
}

/// What is watched: the keys `type` and `source` of a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// `file_system`
    Files(FileSource),
    /// `time_based`
    Times(Schedule),
}

/// Changes of a file, or of files in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSource {
    /// A folder, or one file.
    pub path: PathBuf,
    /// Never empty, each once.
    pub changes: Vec<FileChange>,
    /// Of which a name has to match one (`*` and `?`); empty: any name.
    pub patterns: Vec<String>,
    /// The folder is listed every so many seconds, instead of being told of changes by the system.
    pub poll_seconds: Option<u64>,
}

/// What happened to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileChange {
    Created,
    Modified,
    Deleted,
    Moved,
}

/// When something happens by itself, in the configured zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Schedule {
    /// Every so often, from when watching began. At least a second.
    Interval(Duration),
    /// Every day at that time.
    Daily(Time),
    /// On these days, never none and each once, at that time.
    Weekly(Vec<Weekday>, Time),
}

/// How often a definition may happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// At least 1; bursts of as many are allowed, and the average is limited.
    pub max_per_minute: u32,
    /// How long occurrences of one path are gathered into one; zero: not at all.
    pub batch_window: Duration,
}

impl Default for RateLimit {
    /// 10 a minute, 30 seconds.
    fn default() -> Self {
        Self { max_per_minute: 10, batch_window: Duration::from_secs(30) }
    }
}
