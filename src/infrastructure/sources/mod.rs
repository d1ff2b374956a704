//! Readers of logs: a JSON array or JSONL, plain or compressed, streamed from a file of any size.

mod array;
mod array_syntax;
mod byte_source;
mod compression;
mod decompressed;
mod file_equality;
mod folder;
mod jsonl;
mod limits;
mod log_files;
mod nesting;
mod unsupported_input;
mod window;
mod wrapper_object;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;

use crate::application::log_source::{LogSource, SourceError};
use crate::wire::json::is_blank;
use crate::wire::mapping::Mapping;

use array::ArraySource;
use byte_source::{ByteSource, OpenedFile, PlainFile, read_error};
use compression::Compression;
use decompressed::Decompressed;
use jsonl::JsonlSource;
use unsupported_input::UnsupportedInput;
use window::ByteWindow;
use wrapper_object::WrapperObject;

pub use file_equality::FileEquality;
pub use folder::list_folder;
pub use log_files::FileSystem;

/// Opens one log file; how it is written, and compressed, is detected from its content. Of the mapping
/// only the key counts under which the records stand.
///
/// A plain file is read as far as it goes now: what a writer appends later is not read. Whether the
/// file has changed in any other way shows when its last piece has been given out.
pub fn open_log(path: &Path, mapping: &Mapping) -> Result<Box<dyn LogSource>, SourceError> {
    let mut window = ByteWindow::new(path, open(path)?);
    window.grow()?;
    if let Some(unsupported) = UnsupportedInput::recognise(window.bytes()) {
        return Err(unsupported.at(path));
    }
    if let Some(key) = mapping.records_key() {
        let wrapper = WrapperObject::new(key);
        let start = wrapper.find_array(&mut window)?.map_err(|unsupported| unsupported.at(path))?;
        return Ok(Box::new(ArraySource::within(window, wrapper, start)));
    }
    let layout = window.layout(is_blank)?;
    let is_array = match window.peek(layout)? {
        Some(byte) => byte == b'[',
        // An array file that holds nothing is torn; a day without events is a day.
        None => folder::is_array_by_name(path),
    };
    Ok(if is_array { Box::new(ArraySource::new(window)) } else { Box::new(JsonlSource::new(window)) })
}

/// Opens a file; whether it is compressed shows in its first bytes.
fn open(path: &Path) -> Result<Box<dyn ByteSource>, SourceError> {
    let not_opened = |source| SourceError::Io { action: "open", path: path.to_owned(), source };
    // Asked before it is opened: opening a pipe takes from it what the next reader would miss.
    let metadata = std::fs::metadata(path).map_err(not_opened)?;
    if !metadata.is_file() {
        let what = if metadata.is_dir() { UnsupportedInput::Folder } else { UnsupportedInput::NoFile };
        return Err(what.at(path));
    }
    let mut file = File::open(path).map_err(not_opened)?;
    let metadata = file.metadata().map_err(not_opened)?;
    let failed = |source| read_error(path, source);
    let opened = OpenedFile::new(path, &metadata).map_err(failed)?;
    let mut magic = Vec::new();
    (&mut file).take(4).read_to_end(&mut magic).map_err(failed)?;
    file.rewind().map_err(failed)?;
    Ok(match Compression::recognise(&magic) {
        Some(compression) => Box::new(Decompressed::new(opened, file, compression).map_err(failed)?),
        None => Box::new(PlainFile::new(opened, file)),
    })
}
