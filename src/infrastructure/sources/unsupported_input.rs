//! What is recognised as something other than a JSON log.

use std::path::Path;

use thiserror::Error;

use crate::application::log_source::SourceError;
use crate::wire::json::ScanError;

use super::compression::Compression;

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
    #[error("it is a SQLite database: expected a JSON array or JSONL")]
    Sqlite,
    #[error("it is compressed twice ({0} within): unpack it once")]
    CompressedTwice(&'static str),
    #[error("it is UTF-16: expected UTF-8; convert it first (iconv -f UTF-16 -t UTF-8)")]
    Utf16,
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
        match beginning {
            _ if beginning.starts_with(crate::infrastructure::sqlite::MAGIC) => Some(Self::Sqlite),
            [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Some(Self::Utf16),
            _ => {
                Compression::recognise(beginning).map(|compression| Self::CompressedTwice(compression.name()))
            }
        }
    }

    pub fn at(self, path: &Path) -> SourceError {
        SourceError::NotALog { path: path.to_owned(), source: Box::new(self) }
    }
}
