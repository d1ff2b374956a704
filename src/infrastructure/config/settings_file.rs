//! Files that settings are read from: regular ones, of a size that such a file can have.

use std::io::{self, ErrorKind};
use std::path::Path;

use crate::durable::plain_file::small_file;

/// How many bytes such a file has at most.
const LONGEST: u64 = 1 << 20;

/// What a file holds; `None` where it is not there.
///
/// # Errors
/// It is no file, longer than a file of settings is, or could not be read.
pub(super) fn content_of(path: &Path) -> io::Result<Option<Vec<u8>>> {
    small_file(path, LONGEST)
}

/// The same, of text.
///
/// # Errors
/// As [`content_of`]; or it is not UTF-8.
pub(super) fn text_of(path: &Path) -> io::Result<Option<String>> {
    let text =
        |content| String::from_utf8(content).map_err(|error| io::Error::new(ErrorKind::InvalidData, error));
    content_of(path)?.map(text).transpose()
}

/// The same, of a file that has to be there.
///
/// # Errors
/// As [`text_of`]; or it is not there.
pub(super) fn text_of_given(path: &Path) -> io::Result<String> {
    match text_of(path)? {
        Some(text) => Ok(text),
        // As the system says it.
        None => Err(path.metadata().err().unwrap_or_else(|| ErrorKind::NotFound.into())),
    }
}
