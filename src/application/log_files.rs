//! The port to the files that logs lie in: what they are byte for byte, whatever their records are.

use std::path::{Path, PathBuf};

use super::log_source::SourceError;

/// A file, apart from its path and its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileMark {
    /// What tells it from a file that stands at its path earlier or later, on one line.
    pub mark: String,
    /// It was written last before it was made: it is a copy that has kept the times of its original.
    pub is_dated_copy: bool,
}

/// The files that logs lie in.
pub trait LogFiles {
    /// The path that leads to a log from everywhere.
    fn location(&self, log: &Path) -> PathBuf;

    /// What tells the file from others, whatever path leads to it; `None` where the system does not say.
    fn identity(&self, log: &Path) -> Option<(u64, u64)>;

    /// What tells the file from one that stands at its path at another time; `None` where the system does not say.
    fn mark(&self, log: &Path) -> Option<FileMark>;

    /// How many bytes the file has now.
    ///
    /// # Errors
    /// It cannot be looked at.
    fn bytes(&self, log: &Path) -> Result<u64, SourceError>;

    /// The SHA-256 of the file, in hexadecimal; `None` where it has another number of bytes than `bytes`, or
    /// is written to while it is read.
    ///
    /// # Errors
    /// It cannot be read.
    fn sha256(&self, log: &Path, bytes: u64) -> Result<Option<String>, SourceError>;
}
