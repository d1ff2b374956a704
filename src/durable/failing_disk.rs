//! A disk that is full, or that fails, for the tests of what is written.

use std::io;

use super::append::AppendFile;

/// A file on it.
#[derive(Default)]
pub struct FailingDisk {
    /// What is in the file.
    pub bytes: Vec<u8>,
    /// How long the file can become; `None`: as long as it may.
    pub room: Option<usize>,
    /// The next syncs fail, as many.
    pub failing_syncs: u32,
    /// The file cannot be cut.
    pub cannot_truncate: bool,
}

impl FailingDisk {
    /// Writes from `offset` on, as far as there is room.
    pub fn write_from(&mut self, offset: usize, bytes: &[u8]) -> io::Result<()> {
        let fits = self.room.map_or(bytes.len(), |room| bytes.len().min(room.saturating_sub(offset)));
        self.bytes.resize(self.bytes.len().max(offset + fits), 0);
        self.bytes[offset..offset + fits].copy_from_slice(&bytes[..fits]);
        if fits < bytes.len() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

impl AppendFile for FailingDisk {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_from(self.bytes.len(), bytes)
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        if self.cannot_truncate {
            return Err(io::Error::other("no truncation"));
        }
        self.bytes.truncate(length as usize);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        match self.failing_syncs.checked_sub(1) {
            Some(left) => {
                self.failing_syncs = left;
                Err(io::Error::other("no fsync"))
            }
            None => Ok(()),
        }
    }
}
