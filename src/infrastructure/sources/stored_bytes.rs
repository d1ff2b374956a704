//! The bytes of a compressed file as it lies, which is read more than once: each reading sees what the
//! first one saw, or is told that the file has changed.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use thiserror::Error;
use xxhash_rust::xxh3::xxh3_64;

/// What is hashed, and read, at once (256 KiB).
const CHUNK: u64 = 1 << 18;

/// What a file held when it was looked at.
#[derive(Debug)]
pub(super) struct Fingerprint {
    /// How many bytes it has.
    pub bytes: u64,
    /// The hash of all of them.
    pub sha256: Sha256,
    /// The hash of each chunk.
    chunks: Vec<u64>,
}

impl Fingerprint {
    /// Reads a file from its first byte to its end.
    pub fn of(file: &mut File) -> io::Result<Self> {
        file.rewind()?;
        let mut fingerprint = Self { bytes: 0, sha256: Sha256::new(), chunks: Vec::new() };
        let mut chunk = Vec::new();
        loop {
            read_chunk(file, &mut chunk)?;
            fingerprint.bytes += chunk.len() as u64;
            fingerprint.sha256.update(&chunk);
            if !chunk.is_empty() {
                fingerprint.chunks.push(xxh3_64(&chunk));
            }
            if (chunk.len() as u64) < CHUNK {
                return Ok(fingerprint);
            }
        }
    }
}

/// Why bytes of a file are not given.
#[derive(Debug, Error)]
pub(super) enum StoredError {
    /// They are not those any more that the fingerprint was made of.
    #[error("the file was changed while it was read")]
    Changed,
    /// The system could not read them.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Gives bytes of a file, at any place, as its fingerprint has them.
pub(super) struct StoredBytes {
    file: File,
    fingerprint: Arc<Fingerprint>,
    chunk: Vec<u8>,
    /// Which chunk that is.
    number: Option<u64>,
}

impl StoredBytes {
    pub fn new(file: File, fingerprint: Arc<Fingerprint>) -> Self {
        Self { file, fingerprint, chunk: Vec::new(), number: None }
    }

    /// How many bytes there are.
    pub fn len(&self) -> u64 {
        self.fingerprint.bytes
    }

    /// Some bytes from `offset` on, as many as are at hand; none at the end of the file.
    pub fn at(&mut self, offset: u64) -> Result<&[u8], StoredError> {
        if offset >= self.fingerprint.bytes {
            return Ok(&[]);
        }
        let number = offset / CHUNK;
        if self.number != Some(number) {
            self.number = None;
            self.file.seek(SeekFrom::Start(number * CHUNK))?;
            read_chunk(&mut self.file, &mut self.chunk)?;
            // The last chunk may have grown since: what was appended does not belong to it.
            self.chunk.truncate((self.fingerprint.bytes - number * CHUNK).min(CHUNK) as usize);
            if self.fingerprint.chunks.get(number as usize) != Some(&xxh3_64(&self.chunk)) {
                return Err(StoredError::Changed);
            }
            self.number = Some(number);
        }
        Ok(&self.chunk[(offset % CHUNK) as usize..])
    }

    /// The last bytes before `end`, at most so many.
    pub fn before(&mut self, end: u64, count: u64) -> Result<Vec<u8>, StoredError> {
        let mut last = Vec::new();
        let mut offset = end.saturating_sub(count);
        while offset < end {
            let bytes = up_to(self.at(offset)?, end - offset);
            last.extend_from_slice(bytes);
            offset += bytes.len() as u64;
        }
        Ok(last)
    }
}

/// The first of these bytes, at most so many.
pub(super) fn up_to(bytes: &[u8], most: u64) -> &[u8] {
    &bytes[..bytes.len().min(usize::try_from(most).unwrap_or(usize::MAX))]
}

/// Reads a chunk, or as much of it as there is left of the file.
fn read_chunk(file: &mut File, chunk: &mut Vec<u8>) -> io::Result<()> {
    chunk.clear();
    file.take(CHUNK).read_to_end(chunk).map(drop)
}
