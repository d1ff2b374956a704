//! How far long work is: bytes and remaining time, on a terminal's stderr, and nothing elsewhere.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::domain::path_text::text_of;

const TEMPLATE: &str = "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}";

/// A bar over the bytes of all files.
pub struct Progress {
    bar: ProgressBar,
    /// The bytes of the files that are done, where they are read one after the other.
    ///
    /// Relaxed: a figure that is only shown, and no other data is reached through it.
    passed: AtomicU64,
    /// How many bytes each of the files had.
    sizes: HashMap<PathBuf, u64>,
}

impl Progress {
    /// A bar over these files. What a compressed one unpacks to is not known before: it counts with
    /// the size that it has, and its bytes are shown up to that.
    pub fn over<P: AsRef<Path>>(files: impl IntoIterator<Item = P>, is_quiet: bool) -> Self {
        let target = if is_quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let sizes: HashMap<PathBuf, u64> =
            files.into_iter().map(|file| (file.as_ref().to_owned(), size(file.as_ref()))).collect();
        let bar = ProgressBar::with_draw_target(Some(sizes.values().sum()), target);
        // The template is a constant, and good: where it were not, the default style would do.
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style);
        }
        Self { bar, passed: AtomicU64::new(0), sizes }
    }

    /// A bar over files that are read at the same time: it grows with each [`part`](Self::part).
    pub fn of_parts(is_quiet: bool) -> Self {
        Self::over::<&Path>([], is_quiet)
    }

    /// It is not shown.
    pub fn is_hidden(&self) -> bool {
        self.bar.is_hidden()
    }

    /// Of the file that is being read, `done` bytes are.
    pub fn show(&self, file: &str, done: u64) {
        if self.bar.is_hidden() {
            return;
        }
        self.bar.set_message(super::output::visible(file).into_owned());
        let passed = self.passed.load(Ordering::Relaxed);
        let size = self.sizes.get(Path::new(file)).copied().unwrap_or(done);
        self.bar.set_position(passed + done.min(size));
    }

    /// The file is done.
    pub fn pass(&self, file: &Path) {
        let size = self.sizes.get(file).copied().unwrap_or_default();
        let passed = self.passed.fetch_add(size, Ordering::Relaxed) + size;
        self.bar.set_position(passed);
    }

    /// One of several files that are read at the same time, added to the bar.
    pub fn part(&self, file: &Path) -> Part {
        self.part_of(file, size(file))
    }

    /// The same of what has so many bytes.
    pub fn part_of(&self, file: &Path, size: u64) -> Part {
        let name = super::output::visible(&text_of(file)).into_owned();
        self.bar.inc_length(size);
        Part { bar: self.bar.clone(), name, size, shown: 0 }
    }

    /// All files are done; what is made of them may still take a moment.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// One file's share of the bar.
pub struct Part {
    bar: ProgressBar,
    name: String,
    size: u64,
    shown: u64,
}

impl Part {
    /// How many bytes the file has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// So many bytes of it are done. One that is read again is shown when it has come farther than
    /// before.
    pub fn at(&mut self, done: u64) {
        let done = done.min(self.size);
        if done > self.shown {
            self.bar.set_message(self.name.clone());
            self.bar.inc(done - self.shown);
            self.shown = done;
        }
    }
}

fn size(file: &Path) -> u64 {
    file.metadata().map_or(0, |metadata| metadata.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_one_after_the_other_and_at_the_same_time_fill_the_bar_and_no_more() {
        let dir = tempfile::tempdir().unwrap();
        let files = ["a", "b"].map(|name| dir.path().join(name));
        files.iter().for_each(|file| std::fs::write(file, [0; 100]).unwrap());

        let progress = Progress::over(&files, true);
        assert_eq!((progress.bar.length(), progress.is_hidden()), (Some(200), true));
        progress.pass(&files[0]);
        assert_eq!(progress.bar.position(), 100);

        let progress = Progress::of_parts(true);
        let mut parts = files.each_ref().map(|file| progress.part(file));
        assert_eq!(progress.bar.length(), Some(200));
        for (part, done, position) in
            [(0, 10, 10), (1, 30, 40), (0, 40, 70), (0, 5, 70), (1, 1_000, 140), (0, 100, 200), (1, 100, 200)]
        {
            parts[part].at(done);
            assert_eq!(progress.bar.position(), position);
        }
    }
}
