//! What is recognised as something other than a JSON log.

use std::path::Path;

use thiserror::Error;

use crate::application::log_source::SourceError;
use crate::wire::json::ScanError;

use super::containers::Container;
use super::encoding::Encoding;
use super::file_kind::{FileKind, has_controls};

/// What a path names instead of a log.
#[derive(Debug, Error)]
pub(super) enum UnsupportedInput {
    #[error("it is a folder: expected a file")]
    Folder,
    #[error(
        "it is no regular file: expected one, since a log is read more than once; save it to a file first"
    )]
    NoFile,
    #[error(
        "its size is said to be 0, and it is not empty, as with files that the system makes up when they are read \
         (/proc): expected a file; save it to one first (cat FILE > COPY)"
    )]
    NoSize,
    #[error(
        "it is a SQLite database: expected a JSON array or JSONL; write its records as JSON first (sqlite3 -json FILE \
         'SELECT * FROM TABLE' > LOG.json)"
    )]
    Sqlite,
    #[error("it is compressed twice ({0} within): unpack it once")]
    CompressedTwice(&'static str),
    #[error("it is {what}: expected a JSON array or JSONL; {way_out}")]
    Container { what: &'static str, way_out: &'static str },
    #[error("it is {0}: expected a JSON array or JSONL")]
    Other(&'static str),
    #[error("it is {0} from byte 0 on: expected UTF-8; convert it first (iconv -f {0} -t UTF-8)")]
    Encoding(&'static str),
    #[error(
        "its objects span several lines: expected one object a line, or an array; `jq -c . FILE > LOG.jsonl` makes \
         such lines of them"
    )]
    SeveralLines,
    #[error(
        "an array begins at byte {at}, and something else stands before it: take the array alone \
         (`tail -c +{} FILE > LOG.json`)", at + 1
    )]
    ArrayBegins { at: u64 },
    #[error(
        "the objects in it hold their records in an array under {key:?}: declare that (--records {key:?}), or take them \
         out (`jq -c '.[{key:?}][]' FILE > LOG.jsonl`)"
    )]
    Holders { key: String },
    #[error(
        "the objects in it hold the records as objects under {key:?}: take them out (`jq -c '.[{key:?}]' FILE > \
         LOG.jsonl`), or declare their fields (--event-type {key}.type)"
    )]
    HeldAsObjects { key: String },
    #[error(
        "its objects hold the records as objects under names of their own, as {key:?}: take them out (`jq -c '.[] | \
         objects' FILE > LOG.jsonl`)"
    )]
    HeldByName { key: String },
    #[error(
        "the objects in it hold the records as text under {key:?}: take them out (`jq -c '.[{key:?}] | fromjson' FILE > \
         LOG.jsonl`)"
    )]
    HeldAsText { key: String },
    #[error("no object begins in it: expected a JSON array or JSONL, found text ({shown:?}); {way_out}")]
    Text { shown: String, way_out: &'static str },
    #[error(
        "its zstd data at byte {at} was compressed with a window of {window} bytes, and {most} are read: unpack it \
         first (zstd -d --long=31 FILE)"
    )]
    ZstdWindow { at: u64, window: u64, most: u64 },
    #[error(
        "it decodes to more than {bytes} bytes, over {times} times its size: unpack it first ({compression} -d FILE), \
         or have it read all the same (--allow-expansion)"
    )]
    Expansion { compression: &'static str, bytes: u64, times: u64 },
    #[error(
        "expected one object that holds the records under `{key}` at its top level, as declared (records)"
    )]
    NoWrapper { key: String },
    #[error("expected an array of records under `{key}`, as declared (records)")]
    RecordsNoArray { key: String },
    #[error("expected one object that holds the records under `{key}`, as declared (records), found no JSON at byte {}", why.at())]
    NoRecords {
        key: String,
        #[source]
        why: ScanError,
    },
}

impl UnsupportedInput {
    /// Looks at the beginning of a log's content, decompressed.
    pub fn recognise(beginning: &[u8]) -> Option<Self> {
        if let Some(encoding) = Encoding::of_log(beginning) {
            return Some(Self::Encoding(encoding.name()));
        }
        match FileKind::of(beginning)? {
            FileKind::Database => Some(Self::Sqlite),
            FileKind::Compressed(compression) => Some(Self::CompressedTwice(compression.name())),
            // Their first bytes can be those of a text too.
            FileKind::Container(Container { what, way_out, is_text }) => {
                // An application appends events to what it takes for its log.
                let has_objects = memchr::memmem::find(beginning, b"\n{").is_some();
                let is_container = if *is_text { !has_objects } else { has_controls(beginning) };
                is_container.then_some(Self::Container { what, way_out })
            }
            FileKind::Other(what) => has_controls(beginning).then_some(Self::Other(what)),
        }
    }

    pub fn at(self, path: &Path) -> SourceError {
        SourceError::NotALog { path: path.to_owned(), source: Box::new(self) }
    }
}
