//! What went wrong with the files, in their own words; translated into the port's words once.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;

use super::layout::{LONGEST_LINE, MAX_FILE_LENGTH};
use crate::domain::error_chain::error_chain;
use crate::domain::repository::RepositoryError;
use crate::domain::value_objects::EventId;
use crate::durable::append::{AppendError, AppendStep};
use crate::wire::record::RecordError;

/// A failed step, with the path it failed on.
#[derive(Debug, Error)]
pub(super) enum JsonlError {
    #[error("could not {operation} {}", path.display())]
    Io { operation: &'static str, path: PathBuf, source: io::Error },
    #[error("expected a regular file at {}, found something else: move it out of the store's folder", path.display())]
    NotAFile { path: PathBuf },
    #[error("{} would grow beyond {MAX_FILE_LENGTH} bytes, after which lines have no position", path.display())]
    TooLong { path: PathBuf },
    #[error(
        "the event {event_id} has {length} bytes as a line: {LONGEST_LINE} are the most that are read of one"
    )]
    EventTooLong { event_id: EventId, length: usize },
    #[error(
        "expected {} to have {expected} bytes, found {found}: another program writes to it without taking the lock",
        path.display()
    )]
    ChangedUnderLock { path: PathBuf, expected: u64, found: u64 },
    #[error("the files in {} change while they are read: another program writes to them without taking the lock", path.display())]
    Unstable { path: PathBuf },
    #[error(
        "what was written to {} from byte {former_length} on could not be taken back ({rollback}): a part of it may be stored",
        path.display()
    )]
    NotTakenBack { path: PathBuf, former_length: u64, rollback: io::Error, source: Box<JsonlError> },
    #[error(
        "{} is of a backup, which is read and never written to: `mission-events restore --from` with its folder makes a store of it",
        path.display()
    )]
    Backup { path: PathBuf },
    #[error(
        "the restoration of {backup} into {} was not finished, and a part of its days is still as it was: run `mission-events restore --from {backup}` \
         again, with --into where this is not the store of the settings; until then nothing is read or written there", path.display()
    )]
    Unfinished { path: PathBuf, backup: String },
    #[error("another process has held the lock {} for {waited:?}", path.display())]
    LockHeld { path: PathBuf, waited: Duration },
    #[error(
        "{} is on another file system than the store: days are archived within one, so that none is lost on the way; make it a folder of the store",
        path.display()
    )]
    OtherFileSystem { path: PathBuf },
    #[error("{} is damaged: {}", .0.place, .0.detail)]
    Damaged(Damage),
}

impl JsonlError {
    /// For `map_err`: the failed operation on a path.
    pub(super) fn io(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { operation, path: path.to_owned(), source }
    }

    /// An append to the day file at `path`, of this length before it, that failed.
    pub(super) fn not_appended(error: AppendError, path: &Path, former_length: u64) -> Self {
        let AppendError { step, source, rollback } = error;
        let (operation, place) = match step {
            AppendStep::Write => ("write to", path),
            AppendStep::Sync => ("fsync", path),
            AppendStep::SyncName => ("fsync the folder", path.parent().unwrap_or(path)),
        };
        let failed = Self::Io { operation, path: place.to_owned(), source };
        match rollback {
            None => failed,
            Some(rollback) => {
                let source = Box::new(failed);
                Self::NotTakenBack { path: path.to_owned(), former_length, rollback, source }
            }
        }
    }

    /// The error in the port's words, for a store that failed to do `action`.
    pub(super) fn during(self, action: &'static str) -> RepositoryError {
        match self {
            Self::Damaged(Damage { place, detail }) => RepositoryError::Corrupt { place, detail },
            Self::LockHeld { .. } => RepositoryError::busy(action, self),
            _ => RepositoryError::storage(action, self),
        }
    }
}

/// A line that is ended and yet no event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Damage {
    pub(super) place: String,
    pub(super) detail: String,
}

impl Damage {
    pub(super) fn new(path: &Path, line: u64, offset: u64, error: &RecordError) -> Self {
        let mut detail = error_chain(error);
        detail.push_str("; import-legacy reports every damaged line; remove or repair the line");
        Self { place: format!("{}, line {line} at byte {offset}", path.display()), detail }
    }

    /// Of a line that is too long to be held in memory.
    pub(super) fn of_a_long_line(path: &Path, line: u64, offset: u64) -> Self {
        let detail = format!("it is longer than {LONGEST_LINE} bytes; move the line into a file of its own");
        Self { place: format!("{}, line {line} at byte {offset}", path.display()), detail }
    }

    /// Of an archived file that cannot be decompressed.
    pub(super) fn of_an_archive(path: &Path, error: &io::Error) -> Self {
        let detail = format!("it cannot be decompressed to its end: {error}; put a sound copy in its place");
        Self { place: path.display().to_string(), detail }
    }
}
