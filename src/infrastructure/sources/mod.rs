//! Readers of logs: a JSON array or JSONL, plain or compressed, streamed from a file of any size.

mod array;
mod byte_source;
mod decompressed;
mod file_equality;
mod folder;
mod jsonl;
mod nesting;
mod unsupported_input;
mod window;
mod wrapper_object;

#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};

use crate::application::log_source::{LogSource, SourceError};
use crate::wire::json::is_blank;
use crate::wire::mapping::Mapping;

use crate::infrastructure::sources::unsupported_input::NotALog;
use crate::infrastructure::sources::wrapper_object::Holder;
use array::ArraySource;
use jsonl::JsonlSource;
use window::ByteWindow;

pub use crate::infrastructure::sources::file_equality::SameBytes;
pub use folder::list_folder;

/// One record may have this many bytes (64 MiB; in tests 4 MiB, which take less long to make); a
/// longer one is rejected, so that a log that never closes a bracket does not end up in memory.
const LONGEST_RECORD: usize = if cfg!(test) { 4 << 20 } else { 64 << 20 };

/// Layout and damage are given out in pieces of at most this many bytes (1 MiB).
const LONGEST_PIECE: usize = 1 << 20;

const UTF_8_BOM: &[u8] = b"\xEF\xBB\xBF";

/// Opens one log file; how it is written, and compressed, is detected from its content. Of the mapping
/// only the key counts under which the records stand.
///
/// A plain file is read as far as it goes now: what a writer appends later is not read. Whether the
/// file has changed in any other way shows when its last piece has been given out.
pub fn open_log(path: &Path, mapping: &Mapping) -> Result<Box<dyn LogSource>, SourceError> {
    let mut window = ByteWindow::new(path, byte_source::open(path)?);
    window.grow()?;
    if let Some(not_a_log) = NotALog::recognise(window.bytes()) {
        return Err(not_a_log.at(path));
    }
    if let Some(key) = mapping.records_key() {
        let holder = Holder::new(key);
        let start = holder.find_array(&mut window)?.map_err(|not_a_log| not_a_log.at(path))?;
        return Ok(Box::new(ArraySource::within(window, holder, start)));
    }
    let layout = window.layout(is_blank)?;
    let is_array = match window.peek(layout)? {
        Some(byte) => byte == b'[',
        // An array file that holds nothing is torn; a day without events is a day.
        None => folder::is_array_by_name(path),
    };
    Ok(if is_array { Box::new(ArraySource::new(window)) } else { Box::new(JsonlSource::new(window)) })
}

fn read_error(path: &Path, source: io::Error) -> SourceError {
    SourceError::Io { action: "read", path: PathBuf::from(path), source }
}
