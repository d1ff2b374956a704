//! Appending to a file: all of it durable, or none of it there.

use std::fs::File;
use std::io::{self, Write};

/// What appending needs of a file. A trait, so that a test can be the disk that is full.
pub trait AppendFile {
    /// Writes the bytes at the end.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Cuts the file back to this length, in bytes.
    fn truncate(&mut self, length: u64) -> io::Result<()>;
    /// Makes the bytes durable, and the length that leads to them.
    fn sync(&mut self) -> io::Result<()>;
}

impl AppendFile for File {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    /// `sync_data` is enough: POSIX has fdatasync write the metadata that reading the data back
    /// needs, which a grown length is; what it leaves out are times, and with them a journal commit.
    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

/// The step of an append that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppendStep {
    /// Writing the bytes.
    Write,
    /// Making them durable.
    Sync,
    /// Making the name of the file durable.
    SyncName,
}

/// An append that failed, and was taken back as far as `rollback` says.
#[derive(Debug)]
pub struct AppendError {
    /// What failed.
    pub step: AppendStep,
    /// What the system said.
    pub source: io::Error,
    /// Why the file could not be cut back to its former length either: a part of the bytes may be stored.
    pub rollback: Option<io::Error>,
}

/// Appends with one write and one fsync to a file of that length; what failed is taken back.
/// `sync_name` runs before the bytes count as stored.
pub fn append_durably(
    file: &mut impl AppendFile,
    length: u64,
    bytes: &[u8],
    sync_name: impl FnOnce() -> io::Result<()>,
) -> Result<(), AppendError> {
    let at = |step| move |source| (step, source);
    let appended = file
        .append(bytes)
        .map_err(at(AppendStep::Write))
        .and_then(|()| file.sync().map_err(at(AppendStep::Sync)))
        .and_then(|()| sync_name().map_err(at(AppendStep::SyncName)));
    appended.map_err(|(step, source)| AppendError { step, source, rollback: cut_back(file, length).err() })
}

/// Cuts a file back to a length in bytes, durably.
pub fn cut_back(file: &mut impl AppendFile, length: u64) -> io::Result<()> {
    file.truncate(length)?;
    file.sync()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable::failing_disk::FailingDisk;

    fn append_to(disk: &mut FailingDisk) -> Result<(), AppendError> {
        disk.bytes = b"before".to_vec();
        append_durably(disk, 6, b" after", || Ok(()))
    }

    #[test]
    fn what_was_appended_is_there() {
        let mut disk = FailingDisk::default();
        append_to(&mut disk).unwrap();
        assert_eq!(disk.bytes, b"before after");
    }

    #[test]
    fn an_append_that_fails_at_any_step_is_taken_back() {
        for (room, failing_syncs, step) in [(Some(9), 0, AppendStep::Write), (None, 1, AppendStep::Sync)] {
            let mut disk = FailingDisk { room, failing_syncs, ..FailingDisk::default() };
            let error = append_to(&mut disk).unwrap_err();
            assert_eq!((error.step, error.rollback.is_none()), (step, true));
            assert_eq!(disk.bytes, b"before");
        }
        let mut disk = FailingDisk { bytes: b"before".to_vec(), ..FailingDisk::default() };
        let no_name = || Err(io::Error::other("no name"));
        let error = append_durably(&mut disk, 6, b" after", no_name).unwrap_err();
        assert_eq!((error.step, error.rollback.is_none()), (AppendStep::SyncName, true));
        assert_eq!(disk.bytes, b"before");
    }

    #[test]
    fn an_append_that_cannot_be_taken_back_says_so() {
        let mut disk = FailingDisk { room: Some(9), cannot_truncate: true, ..FailingDisk::default() };
        let error = append_to(&mut disk).unwrap_err();
        assert_eq!(error.source.kind(), io::ErrorKind::StorageFull);
        assert_eq!(error.rollback.unwrap().to_string(), "no truncation");
    }
}
