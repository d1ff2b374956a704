//! A window that moves over a file: as much of it in memory as one record needs, and no more.

use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::application::import::{Place, SourceDigest, SourceError};

use super::{LONGEST_PIECE, UTF_8_BOM, read_error};

const FIRST_CAPACITY: usize = 1 << 20;

/// The bytes of a log from the current place on, as far as they have been read.
pub(super) struct ByteWindow {
    path: PathBuf,
    location: PathBuf,
    reader: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    /// The window is `buffer[start..filled]`.
    start: usize,
    filled: usize,
    ended: bool,
    place: Place,
    hash: Sha256,
    bytes_read: u64,
}

impl ByteWindow {
    pub fn new(path: &Path, reader: Box<dyn Read + Send>) -> Self {
        Self {
            path: path.to_owned(),
            location: path.canonicalize().unwrap_or_else(|_| path.to_owned()),
            reader,
            buffer: vec![0; FIRST_CAPACITY],
            start: 0,
            filled: 0,
            ended: false,
            place: Place { line: 1, offset: 0 },
            hash: Sha256::new(),
            bytes_read: 0,
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path that leads to it from everywhere.
    pub fn location(&self) -> &Path {
        &self.location
    }

    pub fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.filled]
    }

    /// Where the window begins.
    pub fn place(&self) -> Place {
        self.place
    }

    /// Where the byte at `index` of the window stands.
    pub fn place_at(&self, index: usize) -> Place {
        let before = &self.bytes()[..index.min(self.bytes().len())];
        let lines = memchr::memchr_iter(b'\n', before).count() as u64;
        Place { line: self.place.line + lines, offset: self.place.offset + before.len() as u64 }
    }

    /// Moves the beginning of the window over `count` bytes of it.
    pub fn advance(&mut self, count: usize) {
        self.place = self.place_at(count);
        self.start = (self.start + count).min(self.filled);
    }

    /// The byte at `index`, read if it has to be; `None` behind the end of the log.
    pub fn peek(&mut self, index: usize) -> Result<Option<u8>, SourceError> {
        while self.bytes().len() <= index {
            if !self.grow()? {
                return Ok(None);
            }
        }
        Ok(Some(self.bytes()[index]))
    }

    /// Reads on until the buffer is full: a larger one, where it is full already. False at the end
    /// of the log.
    pub fn grow(&mut self) -> Result<bool, SourceError> {
        if self.ended {
            return Ok(false);
        }
        self.buffer.copy_within(self.start..self.filled, 0);
        self.filled -= self.start;
        self.start = 0;
        if self.filled == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        let before = self.filled;
        while self.filled < self.buffer.len() && !self.ended {
            match self.reader.read(&mut self.buffer[self.filled..]) {
                Ok(0) => self.ended = true,
                Ok(count) => self.filled += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(read_error(&self.path, error)),
            }
        }
        self.hash.update(&self.buffer[before..self.filled]);
        self.bytes_read += (self.filled - before) as u64;
        Ok(self.filled > before)
    }

    /// How many bytes the window begins with that `is_layout` takes, up to the longest piece. A byte
    /// order mark at the beginning of the log is layout.
    pub fn layout(&mut self, mut is_layout: impl FnMut(u8) -> bool) -> Result<usize, SourceError> {
        self.peek(UTF_8_BOM.len())?;
        let is_marked = self.place.offset == 0 && self.bytes().starts_with(UTF_8_BOM);
        let mut length = if is_marked { UTF_8_BOM.len() } else { 0 };
        while length < LONGEST_PIECE && self.peek(length)?.is_some_and(&mut is_layout) {
            length += 1;
        }
        Ok(length)
    }

    pub fn digest(&self) -> SourceDigest {
        let hash = self.hash.clone().finalize();
        let sha256: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        SourceDigest {
            bytes: self.bytes_read,
            sha256: sha256.clone(),
            content_bytes: self.bytes_read,
            content_sha256: sha256,
        }
    }
}
