//! What a definition is, apart from how it is spelled.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use jiff::civil::{Time, Weekday};
use serde_json::{Map, Value};

use super::schedule;
use crate::legacy::path_text;

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
    pub metadata: Map<String, Value>,
    /// What the file holds beside this, and is written back.
    pub unknown: UnknownKeys,
}

/// Keys that this program does not know, with their values, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UnknownKeys {
    /// Of the definition itself.
    pub definition: Map<String, Value>,
    /// Of `source`.
    pub source: Map<String, Value>,
    /// Of `rate_limit`.
    pub rate_limit: Map<String, Value>,
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
    /// Of which a name has to match one (`*`, `?` and `[...]`); empty: any name.
    pub patterns: Vec<String>,
    /// The folder is listed every so many seconds, instead of being told of changes by the system.
    pub poll_seconds: Option<u64>,
}

/// What happened to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileChange {
    /// `created`
    Created,
    /// `modified`
    Modified,
    /// `deleted`
    Deleted,
    /// `moved`
    Moved,
}

impl FileChange {
    /// Each of them.
    pub const ALL: [Self; 4] = [Self::Created, Self::Modified, Self::Deleted, Self::Moved];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Modified => "modified",
            Self::Deleted => "deleted",
            Self::Moved => "moved",
        }
    }
}

impl Source {
    /// As `type` is written.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Files(_) => "file_system",
            Self::Times(_) => "time_based",
        }
    }
}

/// In a few words: `data/briefings (*.md): created, modified`, or `monday at 09:00`.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Files(files) => {
                f.write_str(&path_text::escaped(&path_text::text_of(&files.path)))?;
                if !files.patterns.is_empty() {
                    write!(f, " ({})", files.patterns.join(", "))?;
                }
                let changes: Vec<_> = files.changes.iter().map(|change| change.as_str()).collect();
                write!(f, ": {}", changes.join(", "))
            }
            Self::Times(Schedule::Interval(every)) => write!(f, "every {}", schedule::duration_text(*every)),
            Self::Times(Schedule::Daily(time)) => write!(f, "every day at {}", schedule::time_text(*time)),
            Self::Times(Schedule::Weekly(days, time)) => {
                let days: Vec<_> = days.iter().map(|day| schedule::day_text(*day)).collect();
                write!(f, "{} at {}", days.join(", "), schedule::time_text(*time))
            }
        }
    }
}

/// When something happens by itself, in the configured zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Schedule {
    /// Every so often, from when watching began. Whole seconds, and at least one.
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
