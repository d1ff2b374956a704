//! Log files as they lie: their size and their hash, whatever their records are.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::application::log_files::{FileMark, LogFiles};
use crate::application::log_source::SourceError;
use crate::durable::links::file_identity;

use super::byte_source::{ByteSource, OpenedFile, PlainFile, read_error};

/// The files of the file system.
pub struct FileSystem;

impl LogFiles for FileSystem {
    fn location(&self, log: &Path) -> PathBuf {
        log.canonicalize().unwrap_or_else(|_| log.to_owned())
    }

    fn identity(&self, log: &Path) -> Option<(u64, u64)> {
        log.metadata().ok().and_then(|metadata| file_identity(&metadata))
    }

    fn mark(&self, log: &Path) -> Option<FileMark> {
        let metadata = log.metadata().ok()?;
        let (_, inode) = file_identity(&metadata)?;
        // An inode alone is given to the next file once its file is deleted.
        let made = metadata.created().ok()?;
        let since_1970 = made.duration_since(UNIX_EPOCH).ok()?.as_nanos();
        let is_dated_copy = metadata.modified().is_ok_and(|written| written < made);
        Some(FileMark { mark: format!("inode {inode}, made {since_1970}"), is_dated_copy })
    }

    fn bytes(&self, log: &Path) -> Result<u64, SourceError> {
        log.metadata().map(|metadata| metadata.len()).map_err(|source| read_error(log, source))
    }

    fn sha256(&self, log: &Path, bytes: u64) -> Result<Option<String>, SourceError> {
        let failed = |source| read_error(log, source);
        let metadata = log.metadata().map_err(failed)?;
        // Asked before it is opened: opening a pipe takes from it what the next reader would miss.
        if !metadata.is_file() || metadata.len() != bytes {
            return Ok(None);
        }
        let file = File::open(log).map_err(failed)?;
        let opened = file.metadata().and_then(|metadata| OpenedFile::new(log, &metadata)).map_err(failed)?;
        let mut content = PlainFile::new(opened, file);
        let mut hash = Sha256::new();
        let length = io::copy(&mut content, &mut hash).map_err(failed)?;
        match content.check_unchanged(length, false) {
            Ok(()) if length == bytes => Ok(Some(HEXLOWER.encode(&hash.finalize()))),
            Ok(()) | Err(SourceError::Changing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_a_hash_where_it_is_as_long_as_is_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        std::fs::write(&log, "abc").unwrap();
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(FileSystem.bytes(&log).unwrap(), 3);
        assert_eq!(FileSystem.sha256(&log, 3).unwrap().as_deref(), Some(abc));
        assert_eq!(FileSystem.sha256(&log, 2).unwrap(), None);
        assert_eq!(FileSystem.sha256(folder.path(), 3).unwrap(), None);
        assert!(FileSystem.sha256(&folder.path().join("gone"), 3).is_err());
        assert!(FileSystem.bytes(&folder.path().join("gone")).is_err());
    }
}
