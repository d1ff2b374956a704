//! Why nothing was appended, and what helps.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;

use super::python_json::InvalidRecord;
use crate::durable::append::{AppendError, AppendStep};
use crate::durable::lock::LockError;

/// Why `events.json` could not be opened, or not be appended to. Where nothing else is said, nothing was stored.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EventsJsonError {
    /// It is another program's to write.
    #[error(
        "{} is written by another program (legacy.writer is `other`), and nothing was stored: dispatch through that program, or set \
         legacy.writer to `this` once no other program writes the file",
        path.display()
    )]
    OtherWriter {
        /// The file.
        path: PathBuf,
    },
    /// The system failed.
    #[error("could not {operation} {}", path.display())]
    Io {
        /// What could not be done.
        operation: &'static str,
        /// To what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something else stands at the path.
    #[error(
        "expected a file at {}, found {found}: name the file of the legacy events in legacy.events_json, or move this away",
        path.display()
    )]
    NotAFile {
        /// The path.
        path: PathBuf,
        /// A folder, or something else.
        found: &'static str,
    },
    /// The file holds something else.
    #[error(
        "expected the `[` of an array of events at byte {offset} of {}, found {}: nothing was changed; name the file of the legacy \
         events in legacy.events_json, or move this one away",
        path.display(), shown(*found)
    )]
    NotAnArray {
        /// The file.
        path: PathBuf,
        /// Where the array should begin, in bytes.
        offset: u64,
        /// What stands there.
        found: u8,
    },
    /// It is damaged before its end, which no write that was cut off explains.
    #[error(
        "the array in {} goes on with damage at byte {offset}, and {after}: that is no write that was cut off, and nothing was \
         changed; import-legacy reads what is sound and tells what is not; mend the file, or move it away",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Up to where it is sound, in bytes.
        offset: u64,
        /// What stands after the damage.
        after: &'static str,
    },
    /// Another program is writing it.
    #[error(
        "{} is no whole array and still changes after {waited:?}: another program writes it; set legacy.writer to `other`, or end that \
         program",
        path.display()
    )]
    Changing {
        /// The file.
        path: PathBuf,
        /// How long it was watched.
        waited: Duration,
    },
    /// Another program has changed it at the same moment.
    #[error(
        "another program has written {} while an event was written to it, which may be lost, or stored: one program alone can write \
         it; see legacy.writer",
        path.display()
    )]
    ChangedMeanwhile {
        /// The file.
        path: PathBuf,
    },
    /// Another process of this program holds the lock.
    #[error("another process has held the lock {} for {waited:?}: try again", path.display())]
    LockHeld {
        /// The lock.
        path: PathBuf,
        /// How long was waited for it.
        waited: Duration,
    },
    /// The text cannot be a record.
    #[error("it cannot be written to {} as Python would write it", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// Why.
        source: InvalidRecord,
    },
    /// What was written could not be taken back.
    #[error(
        "what was written to {} from byte {offset} on could not be taken back ({rollback}): it may be stored; the next event that is \
         written, or the next start, mends the array",
        path.display()
    )]
    NotTakenBack {
        /// The file.
        path: PathBuf,
        /// Where it was written.
        offset: u64,
        /// Why it could not be taken back.
        rollback: io::Error,
        /// Why it was to be.
        source: Box<EventsJsonError>,
    },
}

impl EventsJsonError {
    /// For `map_err`: the failed operation on a path.
    pub(super) fn io(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { operation, path: path.to_owned(), source }
    }

    pub(super) fn lock(error: LockError, path: &Path, waited: Duration) -> Self {
        let path = path.to_owned();
        match error {
            LockError::Open(source) => Self::Io { operation: "open the lock", path, source },
            LockError::Refused(source) => Self::Io { operation: "lock", path, source },
            LockError::Held => Self::LockHeld { path, waited },
        }
    }

    pub(super) fn not_written(error: AppendError, path: &Path, offset: u64) -> Self {
        let AppendError { step, source, rollback } = error;
        let operation = match step {
            AppendStep::Write => "write to",
            AppendStep::Sync | AppendStep::SyncName => "fsync",
        };
        let failed = Self::Io { operation, path: path.to_owned(), source };
        match rollback {
            None => failed,
            Some(rollback) => {
                Self::NotTakenBack { path: path.to_owned(), offset, rollback, source: Box::new(failed) }
            }
        }
    }
}

fn shown(byte: u8) -> String {
    match byte {
        b' '..=b'~' => format!("`{}`", char::from(byte)),
        _ => format!("the byte 0x{byte:02x}"),
    }
}
