//! The progress bar of an import: one for each pass over the logs.

use std::path::{Path, PathBuf};

use crate::application::import::ImportProgress;
use crate::cli::progress::Progress;

/// Shows each pass with a bar of its own.
pub struct PassProgress {
    is_quiet: bool,
    bar: Option<Progress>,
}

impl PassProgress {
    /// Shows nothing where `is_quiet`.
    pub fn new(is_quiet: bool) -> Self {
        Self { is_quiet, bar: None }
    }
}

impl ImportProgress for PassProgress {
    fn pass_begins(&mut self, logs: &[PathBuf]) {
        self.bar = Some(Progress::over(logs, self.is_quiet));
    }

    fn stored(&mut self, log: &str, bytes: u64) {
        if let Some(bar) = &self.bar {
            bar.show(log, bytes);
        }
    }

    fn log_ends(&mut self, log: &Path) {
        if let Some(bar) = &self.bar {
            bar.pass(log);
        }
    }

    fn pass_ends(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish();
        }
    }
}
