//! Counts and hashes what is written.

use std::io::{self, Write};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::ports::ContentDigest;

/// Passes on what is written, counted and hashed.
pub struct HashingWriter<W> {
    inner: W,
    bytes: u64,
    hash: Sha256,
}

impl<W: Write> HashingWriter<W> {
    /// Nothing is written yet.
    pub fn new(inner: W) -> Self {
        Self { inner, bytes: 0, hash: Sha256::new() }
    }

    /// What was written, and what it was written to.
    pub fn end(self) -> (ContentDigest, W) {
        let sha256 = HEXLOWER.encode(&self.hash.finalize());
        (ContentDigest { bytes: self.bytes, sha256 }, self.inner)
    }
}

impl<W: Write> Write for HashingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
