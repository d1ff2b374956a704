//! Files that hold the same bytes.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::application::log_source::SourceError;

use super::byte_source::{FileVersion, read_error};

/// Two files that held the same bytes when they were looked at.
pub struct FileEquality([FileVersion; 2]);

const CHUNK: usize = 1 << 18;

impl FileEquality {
    /// Compares two files to their ends; `None` where they differ, or one is no regular file.
    ///
    /// # Errors
    /// One cannot be read.
    pub fn of(one: &Path, other: &Path) -> Result<Option<Self>, SourceError> {
        let (Some(first), Some(second)) = (Opened::of(one)?, Opened::of(other)?) else { return Ok(None) };
        let versions = [first.version, second.version];
        if !versions[0].is_same_file(&versions[1]) {
            if versions[0].bytes != versions[1].bytes {
                return Ok(None);
            }
            let mut files = [first.file, second.file].map(|file| file.take(versions[0].bytes));
            let mut chunks = [vec![0; CHUNK], vec![0; CHUNK]];
            loop {
                let left =
                    read_chunk(&mut files[0], &mut chunks[0]).map_err(|error| read_error(one, error))?;
                let right =
                    read_chunk(&mut files[1], &mut chunks[1]).map_err(|error| read_error(other, error))?;
                if chunks[0][..left] != chunks[1][..right] {
                    return Ok(None);
                }
                if left == 0 {
                    break;
                }
            }
        }
        Ok(Some(Self(versions)))
    }

    /// Whether both files are as they were. What cannot be looked at is not.
    pub fn still_holds(&self, one: &Path, other: &Path) -> bool {
        let is_unchanged = |path: &Path, then: &FileVersion| {
            path.metadata().and_then(|metadata| FileVersion::of(&metadata)).is_ok_and(|now| now == *then)
        };
        is_unchanged(one, &self.0[0]) && is_unchanged(other, &self.0[1])
    }
}

struct Opened {
    file: File,
    version: FileVersion,
}

impl Opened {
    fn of(path: &Path) -> Result<Option<Self>, SourceError> {
        let failed = |source| SourceError::Io { action: "open", path: path.to_owned(), source };
        // Asked before it is opened: opening a pipe takes from it what the next reader would miss.
        if !path.metadata().map_err(failed)?.is_file() {
            return Ok(None);
        }
        let file = File::open(path).map_err(failed)?;
        let version = file.metadata().and_then(|metadata| FileVersion::of(&metadata)).map_err(failed)?;
        Ok(Some(Self { file, version }))
    }
}

/// Fills the chunk, or as much of it as there is left to read.
fn read_chunk(file: &mut impl Read, chunk: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < chunk.len() {
        match file.read(&mut chunk[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_the_same_bytes_are_the_same_and_only_until_one_is_written_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let bytes: Vec<u8> = (0..CHUNK * 2 + 7).map(|at| (at % 251) as u8).collect();
        let mut last_differs = bytes.clone();
        last_differs[CHUNK * 2 + 6] ^= 1;
        std::fs::write(path("one"), &bytes).unwrap();
        std::fs::write(path("copy"), &bytes).unwrap();
        std::fs::write(path("other"), &last_differs).unwrap();
        std::fs::write(path("longer"), [&bytes[..], b"x"].concat()).unwrap();
        let same = |other: &str| FileEquality::of(&path("one"), &path(other)).unwrap();
        assert!(same("other").is_none() && same("longer").is_none());
        assert!(same("one").is_some());
        let found = same("copy").unwrap();
        assert!(found.still_holds(&path("one"), &path("copy")));
        std::fs::write(path("copy"), &bytes[1..]).unwrap();
        assert!(!found.still_holds(&path("one"), &path("copy")));
        assert!(FileEquality::of(&path("one"), &path("gone")).is_err());
        assert!(FileEquality::of(&path("one"), folder.path()).unwrap().is_none());
    }
}
