//! How far an import is: bytes and remaining time, on a terminal's stderr, and nothing elsewhere.

use std::cell::Cell;
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

const TEMPLATE: &str = "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}";

/// A bar over the bytes of all logs.
pub struct Progress {
    bar: ProgressBar,
    /// The bytes of the logs that are done.
    passed: Cell<u64>,
}

impl Progress {
    /// A bar over these logs. What a compressed log unpacks to is not known before: it counts with
    /// the size of its file, and its bytes are shown up to that.
    pub fn over(logs: &[PathBuf], is_quiet: bool) -> Self {
        let bar = ProgressBar::with_draw_target(
            Some(logs.iter().map(|log| size(log)).sum()),
            if is_quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() },
        );
        // The template is a constant, and good: where it were not, the default style would do.
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style);
        }
        Self { bar, passed: Cell::new(0) }
    }

    /// `stored` bytes of the log are in the store.
    pub fn show(&self, log: &str, stored: u64) {
        if self.bar.is_hidden() {
            return;
        }
        self.bar.set_message(crate::cli::output::visible(log).into_owned());
        let end = self.passed.get() + size(Path::new(log));
        self.bar.set_position((self.passed.get() + stored).min(end));
    }

    /// The log is done.
    pub fn pass(&self, log: &Path) {
        self.passed.set(self.passed.get() + size(log));
        self.bar.set_position(self.passed.get());
    }

    /// All logs are done; the indexes may still take a moment.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

fn size(log: &Path) -> u64 {
    log.metadata().map_or(0, |metadata| metadata.len())
}
