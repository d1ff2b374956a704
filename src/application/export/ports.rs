//! What an export needs of the outside: a store to read, and a folder to write into.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDate, Utc};
use thiserror::Error;

use super::occupied::Occupied;
use crate::domain::repository::RepositoryError;

/// A log as a store has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredLog {
    /// Its number in the store; a later import has a greater one.
    pub source_id: i64,
    /// Where it was; absolute.
    pub path: String,
    /// How it was compressed.
    pub compression: Option<String>,
    /// What stands where nothing else of it is written down.
    pub separator: Vec<u8>,
    /// How many records it has.
    pub records: u64,
    /// How many of them were left out because of their time.
    pub out_of_range: u64,
    /// A part of its file is in no store, as it could not be decompressed: why not, and which.
    pub kept_nowhere: Option<String>,
    /// What it must come to; `None` where its import did not get to its end.
    pub content: Option<ContentDigest>,
}

/// The bytes of a log, decompressed, in sum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentDigest {
    /// How many there are.
    pub bytes: u64,
    /// Their SHA-256, in hexadecimal.
    pub sha256: String,
}

/// Bytes of a log that are written down, or a part of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece<'r> {
    /// Where in the log they begin, as the store has it. It is negative only where the store was
    /// changed by other means.
    pub offset: i64,
    /// The bytes.
    pub bytes: &'r [u8],
}

/// A day on which events were saved live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveDay {
    /// The day, in the zone of the export.
    pub day: NaiveDate,
    /// How many events it has.
    pub events: u64,
    /// The time of the earliest.
    pub first: DateTime<Utc>,
    /// The time of the latest.
    pub last: DateTime<Utc>,
}

/// An event that was saved live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveEvent<'r> {
    /// Its place in the store.
    pub position: i64,
    /// When it occurred.
    pub occurred_at: DateTime<Utc>,
    /// Its type.
    pub event_type: &'r str,
    /// Its exact JSON text.
    pub body: &'r str,
    /// A repair has added it: it was read from the legacy log.
    pub is_repaired: bool,
}

/// A store as an export reads it: one state of it, from the first answer to the last.
pub trait ExportStore {
    /// How many records were stored that no log which the store knows has any more: they are in no file.
    fn missing_records(&self) -> u64 {
        0
    }

    /// All logs that were imported, in the order of their numbers.
    fn logs(&mut self) -> Result<Vec<StoredLog>, RepositoryError>;

    /// The pieces of a log in the order of their offsets. Several can begin at one offset, where a
    /// record that was rejected became an event later: the one that stands for the place comes first.
    fn each_piece(
        &mut self,
        log: &StoredLog,
        take: &mut dyn FnMut(Piece<'_>) -> ControlFlow<()>,
    ) -> Result<(), RepositoryError>;

    /// How many events were imported from `log` that none of the logs `others` has.
    fn events_only_in(&mut self, log: &StoredLog, others: &[i64]) -> Result<u64, RepositoryError>;

    /// The days on which events were saved live, in their order.
    fn live_days(&mut self) -> Result<Vec<LiveDay>, RepositoryError>;

    /// The live events of a day, or all of them, in the order in which they were saved.
    fn each_live(
        &mut self,
        day: Option<&LiveDay>,
        take: &mut dyn FnMut(LiveEvent<'_>) -> ControlFlow<()>,
    ) -> Result<(), RepositoryError>;
}

/// The folder that an export writes into. Its files appear whole or not at all, and none lies outside of it.
pub trait ExportFolder {
    /// Where it is.
    fn path(&self) -> &Path;

    /// Which of these names are taken, by files or anything else.
    fn taken(&self, names: &[PathBuf]) -> io::Result<Vec<PathBuf>>;

    /// Begins the file of this name, beside its place; folders on the way are made. A file that is
    /// dropped before it is published leaves nothing. It will have so many bytes, where that is known:
    /// what there is no room for is not begun, nor is what has no place there.
    fn begin(&mut self, name: &Path, bytes: Option<u64>) -> Result<Box<dyn NewFile>, PlaceError>;

    /// What the file of this name holds now; `None` where there is no file.
    fn content(&self, name: &Path) -> io::Result<Option<ContentDigest>>;
}

/// Answers whether a file may be replaced.
pub type MayReplace<'m> = &'m mut dyn FnMut(&Standing) -> Result<(), PlaceError>;

/// A file that is not in its place yet.
pub trait NewFile: Write {
    /// Puts it there, durably. Where another file stands, `may_replace` is asked as late as can be; one
    /// that has the same bytes is left as it is.
    fn publish(self: Box<Self>, may_replace: MayReplace<'_>) -> Result<(), PlaceError>;
}

/// A file that stands in the place of a new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Where it is: absolute, with the links of its folder resolved.
    pub path: PathBuf,
    /// What it holds.
    pub content: StandingContent,
}

/// What a standing file holds, held against the new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StandingContent {
    /// The new file has all of it in the same places, but for white space and a `]` at its end.
    Contained,
    /// The new file, and so many bytes after it.
    Longer {
        /// How many.
        bytes: u64,
    },
    /// Something else.
    Other(ContentDigest),
}

/// Why a file was not put into its place.
#[derive(Debug, Error)]
pub enum PlaceError {
    /// The place is taken by what an export does not replace.
    #[error(transparent)]
    Occupied(#[from] Occupied),
    /// It could not be written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Another process writes into the folder, for longer than was waited for.
    #[error("another process has held {} for {seconds} s", path.display())]
    Locked {
        /// What it holds.
        path: PathBuf,
        /// How long was waited.
        seconds: u64,
    },
    /// The store could not be asked whether it has what stands there.
    #[error("could not read the store")]
    Store(#[source] RepositoryError),
}
