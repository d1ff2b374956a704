//! Replacing the end of a file by a longer one: with one write, durably, or not at all.

use std::fs::File;
use std::io;

use crate::durable::append::{AppendError, AppendFile, AppendStep};

/// What replacing needs of a file. A trait, so that a test can be the disk that is full.
pub(super) trait InPlaceFile: AppendFile {
    /// Writes all bytes from `offset` on.
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()>;
}

impl InPlaceFile for File {
    /// One call of the system, where nothing interrupts it.
    #[cfg(unix)]
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::write_all_at(self, bytes, offset)
    }

    #[cfg(not(unix))]
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        use std::io::{Seek, SeekFrom, Write};
        self.seek(SeekFrom::Start(offset))?;
        self.write_all(bytes)
    }
}

/// Writes `new` where `old` ends the file, from `offset` on, and syncs. What failed is taken back: to write `old` again
/// takes no room on the disk, where the file system writes in place.
pub(super) fn replace_end(
    file: &mut impl InPlaceFile,
    offset: u64,
    old: &[u8],
    new: &[u8],
) -> Result<(), AppendError> {
    let at = |step| move |source| (step, source);
    let replaced = file
        .write_at(new, offset)
        .map_err(at(AppendStep::Write))
        .and_then(|()| file.sync().map_err(at(AppendStep::Sync)));
    replaced.map_err(|(step, source)| {
        let rollback = file
            .write_at(old, offset)
            .and_then(|()| file.truncate(offset + old.len() as u64))
            .and_then(|()| file.sync());
        AppendError { step, source, rollback: rollback.err() }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable::failing_disk::FailingDisk;

    impl InPlaceFile for FailingDisk {
        fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
            self.write_from(offset as usize, bytes)
        }
    }

    const BEFORE: &[u8] = b"[{}]\n";
    const AFTER: &[u8] = b"[{}, {}]\n";

    fn replaced_on(
        room: usize,
        failing_syncs: u32,
        cannot_truncate: bool,
    ) -> (Vec<u8>, Result<(), AppendError>) {
        let mut disk =
            FailingDisk { bytes: BEFORE.to_vec(), room: Some(room), failing_syncs, cannot_truncate };
        let result = replace_end(&mut disk, 3, &BEFORE[3..], &AFTER[3..]);
        (disk.bytes, result)
    }

    #[test]
    fn the_end_is_replaced() {
        let (bytes, result) = replaced_on(AFTER.len(), 0, false);
        result.unwrap();
        assert_eq!(bytes, AFTER);
    }

    #[test]
    fn a_disk_that_is_full_after_any_byte_has_the_old_end_again() {
        for room in BEFORE.len()..AFTER.len() {
            let (bytes, result) = replaced_on(room, 0, false);
            let error = result.unwrap_err();
            assert_eq!((error.step, error.rollback.is_none()), (AppendStep::Write, true));
            assert_eq!(error.source.kind(), io::ErrorKind::StorageFull);
            assert_eq!(bytes, BEFORE, "{room}");
        }
    }

    #[test]
    fn what_could_not_be_synced_is_taken_back() {
        let (bytes, result) = replaced_on(AFTER.len(), 1, false);
        let error = result.unwrap_err();
        assert_eq!((error.step, error.rollback.is_none()), (AppendStep::Sync, true));
        assert_eq!(bytes, BEFORE);
    }

    #[test]
    fn what_cannot_be_taken_back_is_said() {
        let (_, result) = replaced_on(BEFORE.len() + 1, 0, true);
        assert_eq!(result.unwrap_err().rollback.unwrap().to_string(), "no truncation");
        let (_, result) = replaced_on(AFTER.len(), 2, false);
        assert_eq!(result.unwrap_err().rollback.unwrap().to_string(), "no fsync");
    }
}
