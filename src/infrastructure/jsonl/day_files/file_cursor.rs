//! A place in an open file. Several can be in one file: none moves another.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

/// Reads an open file from an offset on.
#[derive(Debug, Clone)]
pub(in super::super) struct FileCursor {
    file: Arc<File>,
    /// Where it is read next, in bytes.
    pub at: u64,
}

impl FileCursor {
    /// At an offset of a file.
    pub fn new(file: &Arc<File>, at: u64) -> Self {
        Self { file: Arc::clone(file), at }
    }
}

impl Read for FileCursor {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = read_at(&self.file, into, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

#[cfg(unix)]
fn read_at(file: &File, into: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, into, offset)
}

#[cfg(windows)]
fn read_at(file: &File, into: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, into, offset)
}
