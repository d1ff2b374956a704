//! What the bytes of a log come from: a file, plain or compressed, as it was when it was opened.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::Sha256;

use crate::application::log_source::{Reject, SourceError};
use crate::infrastructure::sources::decompressed::{Compression, Decompressed};
use crate::infrastructure::sources::{NotALog, read_error};

/// The content of a log, from its first byte to its last.
pub(super) trait Content: Read + Send {
    /// Starts again at the first byte.
    fn rewind(&mut self) -> io::Result<()>;

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

/// Opens a file; whether it is compressed shows in its first bytes.
pub(super) fn open(path: &Path) -> Result<Box<dyn Content>, SourceError> {
    let not_opened = |source| SourceError::Io { action: "open", path: path.to_owned(), source };
    // Asked before it is opened: opening a pipe takes from it what the next reader would miss.
    let metadata = std::fs::metadata(path).map_err(not_opened)?;
    if !metadata.is_file() {
        let what = if metadata.is_dir() { NotALog::Folder } else { NotALog::NoFile };
        return Err(what.at(path));
    }
    let mut file = File::open(path).map_err(not_opened)?;
    let metadata = file.metadata().map_err(not_opened)?;
    let failed = |source| read_error(path, source);
    let version = FileVersion::of(&metadata).map_err(failed)?;
    let mut magic = Vec::new();
    (&mut file).take(4).read_to_end(&mut magic).map_err(failed)?;
    file.rewind().map_err(failed)?;
    let opened = OpenedFile { path: path.to_owned(), version };
    Ok(match Compression::recognise(&magic) {
        Some(compression) => Box::new(Decompressed::new(opened, file, compression).map_err(failed)?),
        None => Box::new(PlainFile { left: opened.version.bytes, opened, file }),
    })
}

/// A file that is not compressed, as far as it went when it was opened: what is appended later is
/// not read.
struct PlainFile {
    opened: OpenedFile,
    file: File,
    left: u64,
}

impl Read for PlainFile {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = (&mut self.file).take(self.left).read(into)?;
        self.left -= count as u64;
        Ok(count)
    }
}

impl Content for PlainFile {
    fn rewind(&mut self) -> io::Result<()> {
        self.left = self.opened.version.bytes;
        self.file.seek(SeekFrom::Start(0)).map(drop)
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

    fn changing(&self, ended: u64) -> SourceError {
        SourceError::Changing { path: self.path.clone(), opened: self.version.bytes, ended }
    }
}

/// What tells one state of a file from another without reading it.
#[derive(Debug, PartialEq, Eq)]
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
        #[cfg(unix)]
        let identity = {
            use std::os::unix::fs::MetadataExt;
            Some((metadata.dev(), metadata.ino()))
        };
        #[cfg(not(unix))]
        let identity = None;
        Ok(Self { bytes: metadata.len(), modified: metadata.modified()?, identity })
    }
}
