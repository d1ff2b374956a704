//! The port to logs, as an import and a comparison read them.

use std::error::Error as StdError;
use std::io;
use std::iter::successors;
use std::path::{Path, PathBuf};

use serde::Serialize;
use thiserror::Error;

use crate::domain::value_objects::{EventId, Position};
use crate::wire::mapping::Mapping;
use crate::wire::record::{Record, RecordError, RecordReader};

/// Where a record stands in its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The line of its first byte, from 1.
    pub line: u64,
    /// The offset of its first byte, from 0.
    pub offset: u64,
}

/// How a log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// One JSON array of objects.
    JsonArray,
    /// One JSON object a line.
    Jsonl,
}

impl LogFormat {
    /// The name, as reports and stores write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::JsonArray => "json-array",
            Self::Jsonl => "jsonl",
        }
    }
}

/// A file that lies in a named folder and was not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SkippedFile {
    /// Where it is.
    pub path: String,
    /// Why it was left out.
    pub reason: String,
    /// Whether an event is in it, other than those of a log that it is a copy of; `None` where it could not be looked at.
    pub holds_events: Option<bool>,
}

impl SkippedFile {
    /// Whether an event is in it, or may be: the log is then perhaps not read as a whole.
    pub fn may_hold_events(&self) -> bool {
        self.holds_events != Some(false)
    }
}

/// Which logs are read, and which files are not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogList {
    /// The logs, in the order in which they are read.
    pub files: Vec<PathBuf>,
    /// Files that were found beside them.
    pub skipped: Vec<SkippedFile>,
}

/// Opens one log; of the mapping only the key counts under which the records stand.
pub type OpenLog<'o> = dyn Fn(&Path, &Mapping) -> Result<Box<dyn LogSource>, SourceError> + 'o;

/// A log that is read from its first byte to its last, once.
///
/// Where it is compressed, places, pieces and lines are those of its decompressed content.
pub trait LogSource: Send {
    /// Where it is, as it was named.
    fn path(&self) -> &Path;

    /// How it is written; detected from its content.
    fn format(&self) -> LogFormat;

    /// How it is compressed, as `gzip` or `zstd`; detected from its first bytes, not from its name.
    fn compression(&self) -> Option<&'static str>;

    /// To be called before the first piece. True where the content begins with the bytes that the
    /// point stands for: they are skipped, and the next piece begins there. Otherwise false, and the
    /// next piece is the first one of the log.
    fn resume_at(&mut self, point: &ResumePoint) -> Result<bool, SourceError>;

    /// The next piece of the log; `None` after the last byte. One after the other, the bytes of all
    /// pieces are the bytes of the log. `reader` must be the same one for the whole log, and have read
    /// no other since that began: see [`RecordReader::begin_log`].
    ///
    /// # Errors
    /// The log could not be read; or, once every byte has been given out, it is not the one any more
    /// that was opened: [`SourceError::Changing`].
    fn next_piece<'s>(
        &'s mut self,
        reader: &mut RecordReader<'_>,
    ) -> Result<Option<LogPiece<'s>>, SourceError>;

    /// From now on line ends need not be pieces, where records alone are wanted: less work if there
    /// are many. [`resume_point`](Self::resume_point) and [`digest`](Self::digest) tell of them as ever.
    fn omit_line_ends(&mut self) {}

    /// The place up to which all pieces that were given out would be the same in a log that has grown
    /// since: the end of the last piece, or, once the end of the log had a part in what was given out
    /// (the closing of an array, a torn tail, what is no record), a place before that.
    fn resume_point(&mut self) -> ResumePoint;

    /// Size and hash of what was given out so far.
    fn digest(&self) -> SourceDigest;

    /// What is unusual about the bytes that the record stands in that was given out last, in the word
    /// that reports count it under: `no_checksum` where nothing but their decoding to the end speaks for
    /// them.
    fn flag(&self) -> Option<&'static str> {
        None
    }
}

/// A place in a log, and what stands before it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResumePoint {
    /// The offset in the content.
    pub offset: u64,
    /// The line that the offset is in, from 1.
    pub line: u64,
    /// The SHA-256 of the content before the offset, in hexadecimal.
    pub sha256: String,
}

/// A piece of a log.
#[derive(Debug)]
pub struct LogPiece<'s> {
    /// Where it begins.
    pub place: Place,
    /// Its bytes.
    pub bytes: &'s [u8],
    /// What they are.
    pub content: PieceContent<'s>,
}

/// What a piece of a log is.
#[derive(Debug)]
pub enum PieceContent<'s> {
    /// What stands around records: white space, brackets and commas, a byte order mark.
    Layout,
    /// A record: an event.
    Record(Record<'s>),
    /// Something else, and why it is no event. Where something is missing it has no bytes.
    Reject(Reject),
    /// More of what was rejected just before.
    RejectContinued,
}

/// The bytes of a log, in sum. Both pairs are the same where it is not compressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceDigest {
    /// How many bytes the file has, as it lies.
    pub bytes: u64,
    /// The SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// How many bytes the decompressed content has.
    pub content_bytes: u64,
    /// The SHA-256 of the decompressed content.
    pub content_sha256: String,
}

/// Why what stands at a place is not imported.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Reject {
    /// It is not a record.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// An object begins on a line of the log and does not end on it, as where events are written over several lines.
    #[error(
        "expected one object a line, found one that goes on after the line: if it is an event over several lines, \
         `jq -c . FILE > LOG.jsonl` makes one line of it"
    )]
    SeveralLines,
    /// The log ends where it may not.
    #[error("the log is torn: it ends before {expected}")]
    TornTail {
        /// What would have to follow.
        expected: &'static str,
    },
    /// Compressed data is damaged: what it decodes to may be anything.
    #[error(transparent)]
    Compression(DamagedData),
    /// Compressed data ends before its checksum: with the file, or where other data begins.
    #[error(
        "the log is torn: the {compression} data that begins at byte {from} of the file ends at byte {to}, before \
         its checksum; the records in the {decoded} bytes that it decodes to are kept unverified, and none of them \
         became an event; what could not be decoded of it is {KEPT_NOWHERE}"
    )]
    Cut {
        /// How it is compressed.
        compression: &'static str,
        /// Where in the file the data begins.
        from: u64,
        /// Where in the file it ends.
        to: u64,
        /// How many bytes could be decoded.
        decoded: u64,
    },
    /// The record stands in compressed data that ends before its checksum: damage to it would not show.
    #[error(
        "the record stands in {compression} data that was cut off before its checksum (byte {from} to byte {to} of the \
         file): it is kept unverified, and is no event; import the whole file, or take the record as it is with \
         `rejects retry --reason {UNVERIFIED}`"
    )]
    Unverified {
        /// How it is compressed.
        compression: &'static str,
        /// Where in the file the data begins.
        from: u64,
        /// Where in the file it ends.
        to: u64,
    },
    /// It is text in another encoding, wholly or from some byte on.
    #[error(
        "it is {encoding} from byte {at} of the log on: expected UTF-8; convert that part first (iconv -f {encoding} -t UTF-8)"
    )]
    Encoding {
        /// The name that `iconv` knows it by.
        encoding: &'static str,
        /// Where in the content it begins.
        at: u64,
    },
    /// It begins with zero bytes.
    #[error(
        "zero bytes (NUL) stand where a record was expected, as a power cut leaves them, or a log that was emptied under \
         its writer"
    )]
    ZeroBytes,
    /// The record has more bytes than are held in memory for one.
    #[error("the record is longer than {limit} bytes")]
    TooLong {
        /// How many are.
        limit: usize,
    },
    /// Its id belongs to an event with other content.
    #[error(
        "the id {event_id} belongs to another event, at position {position} of the store: an event is never overwritten"
    )]
    Conflict {
        /// The id.
        event_id: EventId,
        /// Where the event is that has it.
        position: Position,
    },
}

impl Reject {
    /// The reason in one word, stable for scripts.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Record(error) => error.reason(),
            Self::SeveralLines => "syntax",
            Self::TornTail { .. } | Self::Cut { .. } => "torn_tail",
            Self::Compression(_) => DAMAGED_DATA,
            Self::Unverified { .. } => UNVERIFIED,
            Self::Encoding { .. } => "encoding",
            Self::ZeroBytes => ZERO_BYTES,
            Self::TooLong { .. } => "too_long",
            Self::Conflict { .. } => CONFLICT,
        }
    }

    /// Whether bytes of the file that it stands for are in no store.
    pub fn loses_bytes(&self) -> bool {
        matches!(self, Self::Compression(_) | Self::Cut { .. })
    }

    /// Whether it is not known, because of it, which records the log has.
    pub fn is_in_doubt(&self) -> bool {
        matches!(self, Self::Compression(_) | Self::Cut { .. } | Self::Unverified { .. })
    }

    /// The whole reason, with what it comes from, in one sentence.
    pub fn sentence(&self) -> String {
        let whole: &(dyn StdError + 'static) = self;
        let errors = successors(Some(whole), |error| StdError::source(*error));
        let way_out = match self {
            Self::Record(RecordError::NumberInBuiltInShape { mapping }) => Some(format!(
                "a mapping reads it, {mapping} --timestamp timestamp --timestamp-unit with s, ms, us or ns"
            )),
            Self::Record(RecordError::NoType) => Some(
                "if its fields have other names, declare them (--event-type, --timestamp, --event-id, --aggregate; \
                 --records, where the records stand in an array within an object)"
                    .to_owned(),
            ),
            _ => None,
        };
        errors.map(ToString::to_string).chain(way_out).collect::<Vec<_>>().join(": ")
    }
}

/// What is said of a reject, and of the bytes that it has: of zero bytes, how many they are is all that is to be said.
pub fn with_range(reason: &str, detail: String, (from, to): (u64, u64)) -> String {
    if reason == ZERO_BYTES { format!("{detail} (from byte {from} to byte {to})") } else { detail }
}

/// The reason of rejects that begin with zero bytes.
pub const ZERO_BYTES: &str = "zero_bytes";
/// The reason of rejects whose id belongs to an event with other content.
pub const CONFLICT: &str = "conflict";
/// The reason of rejects that stand for damaged compressed data.
pub const DAMAGED_DATA: &str = "compression";
/// The reason of records whose compressed data ends before its checksum; reports count them under this word.
pub const UNVERIFIED: &str = "unverified";
/// What the sentence of a reject says where bytes of its file are in no store.
pub const KEPT_NOWHERE: &str = "kept nowhere";

/// A part of a compressed file that is damaged: a gzip member or a zstd frame, or what stands in the place
/// of one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "the {compression} data from byte {from} to byte {to} of the file is damaged ({detail}): what it decodes \
     to ({lines} lines) is in doubt, and none of it became an event; {after}; what is damaged is {KEPT_NOWHERE}: keep \
     the file, test it with `{compression} -t`, and import another copy of it",
    after = if *goes_on { "the sound data after it was read" } else { "no sound data was found after it" }
)]
pub struct DamagedData {
    /// How it is compressed.
    pub compression: &'static str,
    /// Where in the file it begins.
    pub from: u64,
    /// Where in the file it ends.
    pub to: u64,
    /// How many lines it decodes to, as far as it can be decoded.
    pub lines: u64,
    /// Sound data follows it, and is read.
    pub goes_on: bool,
    /// What is wrong with it.
    pub detail: String,
}

/// Why a log could not be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The system said no.
    #[error("could not {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The log.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// What is there is no log.
    #[error("could not read {} as a log", path.display())]
    NotALog {
        /// What is there.
        path: PathBuf,
        /// What it is instead.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The log is written to while it is read, other than by appending to JSONL: what was given out
    /// may be a mixture of two states. Reading it again, later, can succeed.
    #[error(
        "{} is changing: it was {opened} bytes when opened and {ended} when read to its end; \
         import it again when its writer is done",
        path.display()
    )]
    Changing {
        /// The log.
        path: PathBuf,
        /// The size of the file when it was opened.
        opened: u64,
        /// Its size after its last byte was read.
        ended: u64,
    },
}
