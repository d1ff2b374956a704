//! What the bytes of a log come from: a file, plain or compressed, as it was when it was opened.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::Sha256;

use crate::application::log_source::{Reject, SourceError};
use crate::durable::links::file_identity;

use super::compression::Compression;

/// A file or folder could not be read.
pub(super) fn read_error(path: &Path, source: io::Error) -> SourceError {
    SourceError::Io { action: "read", path: path.to_owned(), source }
}

/// The content of a log, from its first byte to its last.
pub(super) trait ByteSource: Read + Send {
    /// Starts again at the first byte.
    fn rewind(&mut self) -> io::Result<()>;

    /// How many bytes the content has at most, where that is known before it is read.
    fn most_bytes(&self) -> Option<u64> {
        None
    }

    /// How the file is compressed.
    fn compression(&self) -> Option<Compression> {
        None
    }

    /// Size and hash of the file as it lies, as far as it was read; `None` where that is the content.
    fn stored(&self) -> Option<(u64, Sha256)> {
        None
    }

    /// Why the content ended before its file did; known once it has ended, and told once.
    fn take_damage(&mut self) -> Option<Reject> {
        None
    }

    /// Whether the file is still the one that was opened, after `length` bytes were read to the end.
    /// `may_grow`: what was appended since does not matter, because it was not read.
    fn check_unchanged(&self, length: u64, may_grow: bool) -> Result<(), SourceError>;
}

/// A file that is not compressed, as far as it went when it was opened: what is appended later is
/// not read.
pub(super) struct PlainFile {
    opened: OpenedFile,
    file: File,
    /// The first bytes, which were read from the file before, as far as they are not given out.
    first: Vec<u8>,
    left: u64,
}

impl PlainFile {
    pub fn new(opened: OpenedFile, file: File) -> Self {
        Self::after(opened, file, Vec::new())
    }

    /// A file of which these bytes were read.
    pub fn after(opened: OpenedFile, file: File, first: Vec<u8>) -> Self {
        Self { left: opened.version.bytes, opened, file, first }
    }
}

impl Read for PlainFile {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = if self.first.is_empty() {
            (&mut self.file).take(self.left).read(into)?
        } else {
            let count = (&self.first[..]).take(self.left).read(into)?;
            self.first.drain(..count);
            count
        };
        self.left -= count as u64;
        Ok(count)
    }
}

impl ByteSource for PlainFile {
    fn rewind(&mut self) -> io::Result<()> {
        self.left = self.opened.version.bytes;
        self.first.clear();
        self.file.seek(SeekFrom::Start(0)).map(drop)
    }

    fn most_bytes(&self) -> Option<u64> {
        Some(self.opened.version.bytes)
    }

    fn check_unchanged(&self, length: u64, may_grow: bool) -> Result<(), SourceError> {
        if length < self.opened.version.bytes {
            return Err(self.opened.changing(length));
        }
        self.opened.check(may_grow)
    }
}

/// A file, and what it was when it was opened.
pub(super) struct OpenedFile {
    path: PathBuf,
    version: FileVersion,
}

impl OpenedFile {
    pub fn new(path: &Path, metadata: &Metadata) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), version: FileVersion::of(metadata)? })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn version(&self) -> &FileVersion {
        &self.version
    }

    /// Looks at the path again: a file that was put in the place of the opened one is a change too.
    pub fn check(&self, may_grow: bool) -> Result<(), SourceError> {
        let now = std::fs::metadata(&self.path)
            .and_then(|metadata| FileVersion::of(&metadata))
            .map_err(|source| read_error(&self.path, source))?;
        let has_grown = now.identity == self.version.identity && now.bytes > self.version.bytes;
        if now == self.version || (may_grow && has_grown) {
            return Ok(());
        }
        Err(self.changing(now.bytes))
    }

    /// The error of a file that is not what was opened, however it came to that.
    pub fn changed(&self) -> SourceError {
        self.changing(std::fs::metadata(&self.path).map_or(0, |metadata| metadata.len()))
    }

    fn changing(&self, ended: u64) -> SourceError {
        SourceError::Changing { path: self.path.clone(), opened: self.version.bytes, ended }
    }
}

/// What tells one state of a file from another without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileVersion {
    pub bytes: u64,
    modified: SystemTime,
    /// Device and inode, where the system has them.
    identity: Option<(u64, u64)>,
}

impl FileVersion {
    /// Whether both are one state of one file; false where the system does not tell.
    pub fn is_same_file(&self, other: &Self) -> bool {
        self.identity.is_some() && self == other
    }

    pub fn of(metadata: &Metadata) -> io::Result<Self> {
        Ok(Self { bytes: metadata.len(), modified: metadata.modified()?, identity: file_identity(metadata) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_which_the_first_bytes_were_read_gives_all_that_it_had_when_it_was_opened() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        for (opened, now) in
            [("", ""), ("ab", "ab"), ("ab", "abcdef"), ("abcd", "abcd"), ("abcdef", "abcdefgh")]
        {
            std::fs::write(&path, opened).unwrap();
            let mut file = File::open(&path).unwrap();
            let version = OpenedFile::new(&path, &file.metadata().unwrap()).unwrap();
            // It may have grown by then.
            std::fs::write(&path, now).unwrap();
            let mut first = Vec::new();
            (&mut file).take(4).read_to_end(&mut first).unwrap();
            let mut content = PlainFile::after(version, file, first);
            let all = |content: &mut PlainFile| {
                let mut all = String::new();
                content.read_to_string(&mut all).unwrap();
                all
            };
            assert_eq!(all(&mut content), opened, "of {now}");
            content.rewind().unwrap();
            assert_eq!(all(&mut content), opened, "of {now}");
        }
    }

    #[test]
    fn its_first_bytes_are_forgotten_where_it_is_begun_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        std::fs::write(&path, "abcdef").unwrap();
        let mut file = File::open(&path).unwrap();
        let opened = OpenedFile::new(&path, &file.metadata().unwrap()).unwrap();
        let mut first = vec![0; 4];
        file.read_exact(&mut first).unwrap();
        let mut content = PlainFile::after(opened, file, first);
        content.read_exact(&mut [0]).unwrap();
        content.rewind().unwrap();
        let mut all = String::new();
        content.read_to_string(&mut all).unwrap();
        assert_eq!(all, "abcdef");
    }
}
