//! Readers of logs: a JSON array or JSONL, streamed from a file of any size.

mod array;
mod folder;
mod jsonl;
mod window;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::application::import::{LogSource, SourceError};
use crate::domain::json::is_blank;

use array::ArraySource;
use jsonl::JsonlSource;
use window::ByteWindow;

pub use folder::{FolderListing, list_folder};

/// One record may have this many bytes (64 MiB; in tests 4 MiB, which take less long to make); a
/// longer one is rejected, so that a log that never closes a bracket does not end up in memory.
const LONGEST_RECORD: usize = if cfg!(test) { 4 << 20 } else { 64 << 20 };

/// Layout and damage are given out in pieces of at most this many bytes (1 MiB).
const LONGEST_PIECE: usize = 1 << 20;

const UTF_8_BOM: &[u8] = b"\xEF\xBB\xBF";

/// Opens one log file; how it is written is detected from its content.
pub fn open_log(path: &Path) -> Result<Box<dyn LogSource>, SourceError> {
    let failed = |action, source: Box<dyn std::error::Error + Send + Sync>| SourceError {
        action,
        path: path.to_owned(),
        source,
    };
    // Asked before it is opened: opening a pipe takes from it what the next reader would miss.
    let metadata = std::fs::metadata(path).map_err(|error| failed("open", error.into()))?;
    if metadata.is_dir() {
        return Err(failed("read", Box::new(NotALog::Folder)));
    }
    if !metadata.is_file() {
        return Err(failed("read", Box::new(NotALog::Stream)));
    }
    let file = File::open(path).map_err(|error| failed("open", error.into()))?;
    let mut window = ByteWindow::new(path, Box::new(file));
    window.grow()?;
    if let Some(not_a_log) = NotALog::recognise(window.bytes()) {
        return Err(failed("import", Box::new(not_a_log)));
    }
    let layout = window.layout(is_blank)?;
    let first = window.peek(layout)?;
    let is_array = match first {
        Some(byte) => byte == b'[',
        // An array file that holds nothing is torn; a day without events is a day.
        None => path.extension().is_some_and(|extension| extension == "json"),
    };
    Ok(if is_array { Box::new(ArraySource::new(window)) } else { Box::new(JsonlSource::new(window)) })
}

/// What is recognised as something other than a JSON log.
#[derive(Debug, Error)]
enum NotALog {
    #[error("it is a folder: expected a file")]
    Folder,
    #[error("it is a pipe or a device, which can be read only once: expected a file; write it to one first")]
    Stream,
    #[error("it is a SQLite database: expected a JSON array or JSONL")]
    Sqlite,
    #[error("it is compressed ({0}): unpack it first")]
    Compressed(&'static str),
    #[error("it is UTF-16: expected UTF-8; convert it first (iconv -f UTF-16 -t UTF-8)")]
    Utf16,
}

impl NotALog {
    fn recognise(beginning: &[u8]) -> Option<Self> {
        match beginning {
            _ if beginning.starts_with(crate::infrastructure::sqlite::MAGIC) => Some(Self::Sqlite),
            [0x1F, 0x8B, ..] => Some(Self::Compressed("gzip")),
            [0x28, 0xB5, 0x2F, 0xFD, ..] => Some(Self::Compressed("zstd")),
            [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Some(Self::Utf16),
            _ => None,
        }
    }
}

fn read_error(path: &Path, source: io::Error) -> SourceError {
    SourceError { action: "read", path: PathBuf::from(path), source: source.into() }
}
