//! The end of one day file: opened for appending, and freed of a torn line.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};

use super::day_files::file_state::identity;
use super::error::JsonlError;
use super::folder::{DayFile, EventFolder};
use super::id_index::{DayEnd, Tail};
use crate::durable::append::{AppendFile, cut_back};
use crate::durable::torn_copy::create_torn_copy;

/// Opens a day file for appending, created if need be, which must be as long as was found under the lock.
/// Gives its identity too. `kept` is the file where it is open already.
pub(super) fn open_to_append(
    file: &DayFile,
    kept: Option<(File, (u64, u64))>,
    expected: u64,
) -> Result<(File, (u64, u64)), JsonlError> {
    let path = &file.path;
    if let Some((mut kept, identity)) = kept
        && kept.seek(SeekFrom::End(0)).is_ok_and(|length| length == expected)
    {
        return Ok((kept, identity));
    }
    let opened = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .open(path)
        .map_err(JsonlError::io("open for appending", path))?;
    let metadata = opened.metadata().map_err(JsonlError::io("look at", path))?;
    let found = metadata.len();
    if found != expected {
        return Err(JsonlError::ChangedUnderLock { path: path.clone(), expected, found });
    }
    Ok((opened, identity(&metadata)))
}

/// Copies a torn tail to a file of its own, durably, and only then cuts it off.
pub(super) fn move_torn_tail(
    folder: &EventFolder,
    file: &DayFile,
    opened: &mut File,
    end: DayEnd,
) -> Result<(), JsonlError> {
    let path = &file.path;
    let (tail_offset, length) = (end.in_file(end.tail_offset), end.in_file(end.end));
    let (mut copy, copy_path) = create_torn_copy(path, tail_offset)
        .map_err(|(path, source)| JsonlError::Io { operation: "create", path, source })?;
    let torn = length - tail_offset;
    opened.seek(SeekFrom::Start(tail_offset)).map_err(JsonlError::io("seek in", path))?;
    let copied = io::copy(&mut opened.take(torn), &mut copy)
        .map_err(JsonlError::io("copy the torn last line to", &copy_path))?;
    if copied != torn {
        let found = tail_offset + copied;
        return Err(JsonlError::ChangedUnderLock { path: path.clone(), expected: length, found });
    }
    copy.sync().map_err(JsonlError::io("fsync", &copy_path))?;
    folder.sync()?;
    cut_back(opened, tail_offset).map_err(JsonlError::io("cut the torn last line off", path))?;
    tracing::warn!(
        "{}, line {} at byte {}: the last line was torn; its {torn} bytes are now in {}",
        path.display(),
        end.lines + 1,
        tail_offset,
        copy_path.display()
    );
    Ok(())
}

/// What ends the tail of a file before the next line.
pub(super) fn ending(tail: Tail) -> &'static str {
    if tail == Tail::Unended { "\n" } else { "" }
}
