//! What is not as this program has left it: told, and left where it is.

use std::fmt;
use std::path::{Path, PathBuf};

/// Something of the queue that is damaged, or gone.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum QueueDamage {
    /// A line is no entry.
    Line {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: u64,
        /// Where the line begins, from 0.
        byte: u64,
        /// What was expected, and what came.
        reason: String,
    },
    /// An earlier part of the file is gone.
    Part {
        /// Where it should be.
        path: PathBuf,
    },
    /// An entry is open at the end of a part, and the file after it, which began with all that was open, does not know it.
    Entry {
        /// The part.
        path: PathBuf,
        /// Of the entry.
        event_id: String,
    },
}

impl QueueDamage {
    /// The file that it is in.
    pub fn path(&self) -> &Path {
        match self {
            Self::Line { path, .. } | Self::Part { path } | Self::Entry { path, .. } => path,
        }
    }
}

/// Where it is, what it is, and what helps.
impl fmt::Display for QueueDamage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path().display();
        match self {
            Self::Line { line, byte, reason, .. } => write!(
                f,
                "{path}, line {line}, byte {byte}: {reason}; the line stays there, and is not handled: correct it, or take it out, \
                 while no `legacy watch` runs"
            ),
            Self::Part { .. } => write!(
                f,
                "{path}, an earlier part of the queue, is missing, and its history is not counted: put it back, or an empty file \
                 in its place"
            ),
            Self::Entry { event_id, .. } => write!(
                f,
                "{path}: {event_id} is open there, and the file after it does not know it: what became of it is lost; while no \
                 `legacy watch` runs, append its last line to the queue to have it handled, or set its status there"
            ),
        }
    }
}
