//! Readers of logs: a JSON array or JSONL, plain or compressed, streamed from a file of any size.

mod array;
mod array_syntax;
mod byte_source;
mod compressed_log;
mod compression;
mod containers;
mod damage;
mod damaged_lines;
mod decoded_step;
mod decoder;
mod decompressed;
mod decompressed_content;
mod encoding;
mod event_search;
mod file_equality;
mod file_kind;
mod folder;
mod found_record;
mod gzip_member;
mod held_records;
mod jsonl;
mod layout_of_objects;
mod limits;
mod log_files;
mod nesting;
mod other_side;
mod other_text;
mod rejected_bytes;
mod search_window;
mod stored_bytes;
mod string_search;
mod structure;
mod unread;
mod unread_content;
mod unsupported_input;
mod verification;
mod verified_files;
mod window;
mod wrapper_object;
mod zstd_frame;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;
use std::sync::Arc;

use crate::application::log_source::{LogSource, SourceError};
use crate::wire::json::is_blank;
use crate::wire::mapping::Mapping;

use array::ArraySource;
use byte_source::{ByteSource, OpenedFile, PlainFile, read_error};
use compressed_log::CompressedLog;
use compression::Compression;
use decoded_step::NotDecoded;
use decompressed::Decompressed;
use jsonl::JsonlSource;
use layout_of_objects::unsupported_layout;
use other_text::other_text;
use stored_bytes::StoredError;
use unsupported_input::UnsupportedInput;
use verification::{MOST_EXPANSION, Verification};
use window::ByteWindow;
use wrapper_object::WrapperObject;
use zstd_frame::MOST_WINDOW;

pub use file_equality::FileEquality;
pub use folder::list_folder;
pub use log_files::FileSystem;
pub use other_side::Surroundings;
pub use rejected_bytes::holds_whole_record;

/// Opens one log file; how it is written, and compressed, is detected from its content. Of the mapping
/// only the key counts under which the records stand.
///
/// A plain file is read as far as it goes now: what a writer appends later is not read. Whether the
/// file has changed in any other way shows when its last piece has been given out.
///
/// # Errors
/// It cannot be read; it is no log; or it is compressed, and decodes to many times its size (200) and more than 1 GiB.
pub fn open_log(path: &Path, mapping: &Mapping) -> Result<Box<dyn LogSource>, SourceError> {
    open_and_read(path, mapping, false)
}

/// As [`open_log`], whatever a compressed log decodes to: where that is allowed, or kept nowhere.
///
/// # Errors
/// It cannot be read, or is no log.
pub fn open_log_of_any_size(path: &Path, mapping: &Mapping) -> Result<Box<dyn LogSource>, SourceError> {
    open_and_read(path, mapping, true)
}

fn open_and_read(path: &Path, mapping: &Mapping, any_size: bool) -> Result<Box<dyn LogSource>, SourceError> {
    let (content, verification) = open(path, any_size)?;
    let log = read_log(ByteWindow::new(path, content), verification.as_deref(), mapping)?;
    Ok(match verification {
        Some(verification) => Box::new(CompressedLog::new(log, verification)),
        None => log,
    })
}

/// How the log is written shows in its first bytes that are not blank: more that follows changes nothing. A log of
/// which no event was made yet may turn out to be none.
fn read_log(
    mut window: ByteWindow,
    verification: Option<&Verification>,
    mapping: &Mapping,
) -> Result<Box<dyn LogSource>, SourceError> {
    window.grow()?;
    if let Some(unsupported) = UnsupportedInput::recognise(window.bytes()) {
        return Err(unsupported.at(window.path()));
    }
    let damaged_beginning = verification.filter(|verification| verification.begins_damaged);
    if let Some(key) = mapping.records_key() {
        let wrapper = WrapperObject::new(key);
        let start = match wrapper.find_array(&mut window)? {
            Ok(start) => start,
            // The wrapper's beginning is missing, and the array's with it.
            Err(_) if damaged_beginning.is_some() => 0,
            Err(unsupported) => return Err(unsupported.at(window.path())),
        };
        return Ok(Box::new(ArraySource::within(window, wrapper, start)));
    }
    let layout = window.layout(is_blank)?;
    let first = window.peek(layout)?;
    let is_array = match damaged_beginning.and_then(|damaged| damaged.first_byte).or(first) {
        Some(byte) => byte == b'[',
        // An array file that holds nothing is torn; a day without events is a day.
        None => folder::is_array_by_name(window.path()),
    };
    // What is missing at a damaged beginning is not known.
    if damaged_beginning.is_none() {
        let unsupported = match other_text(&mut window)? {
            None if !is_array => unsupported_layout(&mut window, mapping)?,
            other_text => other_text,
        };
        if let Some(unsupported) = unsupported {
            return Err(unsupported.at(window.path()));
        }
    }
    Ok(if is_array { Box::new(ArraySource::new(window)) } else { Box::new(JsonlSource::new(window)) })
}

/// Fails where a log is no regular file. Asked before it is opened: opening a pipe takes from it what the next reader would miss.
pub fn ensure_file(path: &Path) -> Result<(), SourceError> {
    let not_opened = |source| SourceError::Io { action: "open", path: path.to_owned(), source };
    let metadata = std::fs::metadata(path).map_err(not_opened)?;
    if metadata.is_file() {
        return Ok(());
    }
    let what = if metadata.is_dir() { UnsupportedInput::Folder } else { UnsupportedInput::NoFile };
    Err(what.at(path))
}

/// The content of a file, and of a compressed one what is known of that.
type Opened = (Box<dyn ByteSource>, Option<Arc<Verification>>);

/// Opens a file; whether it is compressed shows in its first bytes. One that is compressed is verified.
fn open(path: &Path, any_size: bool) -> Result<Opened, SourceError> {
    let not_opened = |source| SourceError::Io { action: "open", path: path.to_owned(), source };
    ensure_file(path)?;
    let mut file = File::open(path).map_err(not_opened)?;
    let metadata = file.metadata().map_err(not_opened)?;
    let failed = |source| read_error(path, source);
    let opened = OpenedFile::new(path, &metadata).map_err(failed)?;
    let mut magic = Vec::with_capacity(4);
    (&mut file).take(4).read_to_end(&mut magic).map_err(failed)?;
    // One that a writer has just begun has a size by now.
    if metadata.len() == 0 && !magic.is_empty() && file.metadata().map_err(failed)?.len() == 0 {
        return Err(UnsupportedInput::NoSize.at(path));
    }
    let Some(compression) = Compression::recognise(&magic) else {
        return Ok((Box::new(PlainFile::after(opened, file, magic)), None));
    };
    file.rewind().map_err(failed)?;
    let copy = file.try_clone().map_err(failed)?;
    let verification = match verified_files::verified(&opened, copy, compression, any_size) {
        Ok(verification) => verification,
        Err(StoredError::Changed) => return Err(opened.changed()),
        Err(StoredError::Io(error)) => return Err(failed(error)),
    };
    if let Some((at, why)) = verification.not_decoded {
        let unsupported = match why {
            NotDecoded::Window(window) => UnsupportedInput::ZstdWindow { at, window, most: MOST_WINDOW },
            NotDecoded::Expansion(bytes) => {
                let compression = compression.name();
                UnsupportedInput::Expansion { compression, bytes, times: MOST_EXPANSION }
            }
        };
        return Err(unsupported.at(path));
    }
    let content = Decompressed::new(opened, file, compression, Arc::clone(&verification)).map_err(failed)?;
    Ok((Box::new(content), Some(verification)))
}
