//! The port to the files that logs lie in: what they are byte for byte, whatever their records are.

use std::path::{Path, PathBuf};

use super::log_source::SourceError;

/// The files that logs lie in.
pub trait LogFiles {
    /// The path that leads to a log from everywhere.
    fn location(&self, log: &Path) -> PathBuf;

    /// What tells the file from others, whatever path leads to it; `None` where the system does not say.
    fn identity(&self, log: &Path) -> Option<(u64, u64)>;

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
