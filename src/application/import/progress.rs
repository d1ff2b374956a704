//! How far an import is.

use std::path::{Path, PathBuf};

/// Is told how far an import is. Logs may be read in several passes, a preview and a load for example.
pub trait ImportProgress {
    /// A pass over these logs begins.
    fn pass_begins(&mut self, logs: &[PathBuf]) {
        let _ = logs;
    }

    /// The first `bytes` bytes of the content of a log are stored.
    fn stored(&mut self, log: &str, bytes: u64) {
        let _ = (log, bytes);
    }

    /// A log was read to its end.
    fn log_ends(&mut self, log: &Path) {
        let _ = log;
    }

    /// All logs of the pass were read; what is made of them may still take a moment.
    fn pass_ends(&mut self) {}
}

/// Shows nothing.
impl ImportProgress for () {}
