//! Why the queue was not read or written.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why the queue was not read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum QueueError {
    /// Another process has it, or another value in this process.
    #[error(
        "another process has the queue {} open: end it (is `mission-events legacy watch` running?), and try again", path.display()
    )]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// Its file is gone, though earlier parts of it are there.
    #[error(
        "{} is missing, though an earlier part of it is there, {}: put it back; without it, what was open in it is lost, and an \
         empty file in its place begins with nothing",
        path.display(), part.display()
    )]
    Missing {
        /// The file.
        path: PathBuf,
        /// The last of its parts.
        part: PathBuf,
    },
    /// The system refused something.
    #[error("could not {action} {}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// An entry cannot be written as JSON.
    #[error("the entry {event_id} cannot be written as JSON")]
    Entry {
        /// Its id.
        event_id: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// The entry is not open: it is finished already, or of another queue.
    #[error("there is no open entry {event_id} in the queue {}: is it finished already?", path.display())]
    NotOpen {
        /// Its id.
        event_id: String,
        /// The file.
        path: PathBuf,
    },
}

impl QueueError {
    /// Makes the error of a failed system call.
    pub(super) fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { action, path, source }
    }
}
