//! The port to what a side of a comparison is read from.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::path::Path;

use crate::application::log_source::{Place, Reject, SourceError};
use crate::domain::repository::RepositoryError;
use crate::wire::json::ScanError;
use crate::wire::record::{Record, RecordReader};

use serde::Serialize;
use thiserror::Error;

/// One file of a log, or one store.
///
/// Its records come in the order of the log; of a store, in the order of its positions.
pub trait Feed: Send {
    /// Where it is, as it was named.
    fn path(&self) -> &Path;

    /// Whether its places are positions in a store, and not lines and offsets of a file.
    fn has_positions(&self) -> bool {
        false
    }

    /// Whether its records are events that a repair has put into a store.
    fn holds_repaired(&self) -> bool {
        false
    }

    /// Reads it from the beginning to the end; `reader` must be new for every feed, and is the one
    /// whose [`members`](RecordReader::members) are those of the record that was fed last.
    ///
    /// # Errors
    /// What could not be read, and whatever `take` answers with.
    fn read(
        &mut self,
        reader: &mut RecordReader<'_>,
        take: &mut dyn FnMut(Fed<'_>, &RecordReader<'_>) -> Result<(), CompareError>,
    ) -> Result<FeedFacts, CompareError>;

    /// Whether it holds, byte for byte, what the log at `original` holds; false also where that cannot be
    /// told. Asked again, it says whether that is still so.
    ///
    /// # Errors
    /// What could not be read.
    fn is_copy_of(&mut self, original: &Path) -> Result<bool, CompareError> {
        let _ = original;
        Ok(false)
    }

    /// Gives records again, by the offsets where they begin, which must ascend; `reader` is as in
    /// [`read`](Self::read). What is not there any more is left out.
    ///
    /// # Errors
    /// As of [`read`](Self::read).
    fn again(
        &mut self,
        offsets: &[u64],
        reader: &mut RecordReader<'_>,
        take: &mut TakeAgain<'_>,
    ) -> Result<(), CompareError> {
        read_again(self, offsets, reader, take)
    }

    /// Gives the texts of records again, by the offsets where they begin (of a store, the positions),
    /// which must ascend. What is not there any more is left out.
    ///
    /// # Errors
    /// As of [`read`](Self::read).
    fn texts(&mut self, offsets: &[u64], take: &mut dyn FnMut(u64, &[u8])) -> Result<(), CompareError>;
}

/// Takes a record that was read again, with its offset.
pub type TakeAgain<'t> = dyn FnMut(u64, &Record<'_>, &RecordReader<'_>) -> Result<(), CompareError> + 't;

/// Gives records again, as [`Feed::again`], by reading everything again.
///
/// # Errors
/// As of [`Feed::read`].
pub fn read_again(
    feed: &mut (impl Feed + ?Sized),
    offsets: &[u64],
    reader: &mut RecordReader<'_>,
    take: &mut TakeAgain<'_>,
) -> Result<(), CompareError> {
    let facts = feed.read(reader, &mut |fed, reader| match fed {
        Fed::Record { place, record } if offsets.binary_search(&place.offset).is_ok() => {
            take(place.offset, record, reader)
        }
        Fed::Record { .. } | Fed::Reject { .. } => Ok(()),
    });
    facts.map(drop)
}

/// What is fed.
#[derive(Debug)]
pub enum Fed<'f> {
    /// An event.
    Record {
        /// Where it stands; in a store, offset and line are its position.
        place: Place,
        /// What it is. An id that was derived from content is none.
        record: &'f Record<'f>,
    },
    /// Something that is no event: it was not compared.
    Reject {
        /// Where it begins.
        place: Place,
        /// Why it is none.
        reject: Reject,
    },
}

/// What is known of a feed once it was read to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FeedFacts {
    /// A file.
    File {
        /// Its size in bytes, as it lies.
        bytes: u64,
        /// Its SHA-256, in hexadecimal.
        sha256: String,
        /// How far a version that has grown since would be the same, and the SHA-256 of that;
        /// `None` where the file is compressed.
        #[serde(skip)]
        prefix: Option<(u64, String)>,
        /// How many of its records are in compressed data without a checksum: by
        /// [`LogSource::flag`](crate::application::log_source::LogSource::flag), and those that are
        /// `UNVERIFIED`, which are rejects.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        flags: BTreeMap<&'static str, u64>,
    },
    /// A store.
    Store {
        /// How many events it holds, whatever their origin.
        events: u64,
        /// The position of the last one, 0 where there is none.
        last_position: u64,
    },
}

/// Why a comparison did not come to an end.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CompareError {
    /// A log could not be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A store could not be read.
    #[error(transparent)]
    Store(#[from] RepositoryError),
    /// What a side is read from could not be opened.
    #[error(transparent)]
    Open(Box<dyn StdError + Send + Sync>),
    /// The temporary file that holds what does not fit into memory failed.
    #[error("could not {action} the temporary file of the comparison; its folder is the one of TMPDIR")]
    Scratch {
        /// What was tried.
        action: &'static str,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The system gave no thread to work with.
    #[error("could not start a thread: the number of processes or threads is limited, or memory is short")]
    Thread(#[source] std::io::Error),
    /// A profile declares a default that is no JSON value.
    #[error("expected a JSON value as the default of `{field}`")]
    Default {
        /// The field.
        field: String,
        /// What is wrong with it.
        #[source]
        source: ScanError,
    },
    /// The classes of a side do not add up: the comparison is wrong, and says nothing.
    #[error(
        "the comparison caught itself being wrong: {classes} events of the {side} were classified, \
         but {read} were read; please report this, with the logs if you can"
    )]
    Conservation {
        /// Which side.
        side: &'static str,
        /// How many events it has.
        read: u64,
        /// How many ended in a class.
        classes: u64,
    },
    /// Every event was paired, and yet the digests of both sides differ.
    #[error(
        "the comparison caught itself being wrong: every event has its partner, but the digests of \
         both sides differ ({control} and {candidate}); please report this, with the logs if you can"
    )]
    Digests {
        /// Of the control.
        control: String,
        /// Of the candidate.
        candidate: String,
    },
    /// The check of the comparison by itself failed.
    #[error("the comparison failed its self-test: {detail}; please report this")]
    SelfTest {
        /// Which check, and how.
        detail: String,
    },
}

/// Bytes that are spilled while a comparison runs: outside memory, and gone when it ends, however it ends.
pub trait Scratch: Send + Sync {
    /// Appends bytes and says at which offset they begin.
    fn append(&mut self, bytes: &[u8]) -> Result<u64, CompareError>;

    /// Reads bytes back; exactly as many as `into` has room for.
    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> Result<(), CompareError>;
}
