//! What tells of changes in a folder.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crossbeam_channel::Sender;
use notify::{RecommendedWatcher, RecursiveMode};
use notify_debouncer_full::{DebounceEventResult, Debouncer, RecommendedCache, new_debouncer};

/// What the thread of a watcher is sent.
pub(in crate::legacy::watchers) enum Signal {
    /// Something changed in the folder that is watched.
    Notices(DebounceEventResult),
    End,
}

/// Sends signals of changes in one folder at a time.
pub(in crate::legacy::watchers) trait FolderNotices: Send {
    /// Watches this folder, without those in it, and no longer an earlier one.
    fn watch(&mut self, folder: &Path) -> notify::Result<()>;

    /// Watches none.
    fn unwatch(&mut self);
}

/// What the system tells, with notices of one path within `debounce` made one.
pub(super) struct NativeNotices {
    signals: Sender<Signal>,
    debounce: Duration,
    /// Made when there is something to watch: a folder that is only listed takes no watch of the system.
    debouncer: Option<Debouncer<RecommendedWatcher, RecommendedCache>>,
    watched: Option<PathBuf>,
}

impl NativeNotices {
    pub(super) fn new(signals: Sender<Signal>, debounce: Duration) -> Self {
        Self { signals, debounce, debouncer: None, watched: None }
    }
}

impl FolderNotices for NativeNotices {
    fn watch(&mut self, folder: &Path) -> notify::Result<()> {
        let debouncer = match &mut self.debouncer {
            Some(debouncer) => debouncer,
            empty => {
                let signals = self.signals.clone();
                let tell = move |notices| drop(signals.send(Signal::Notices(notices)));
                empty.insert(new_debouncer(self.debounce, None, tell)?)
            }
        };
        if let Some(earlier) = self.watched.take() {
            // It is not watched any more where it was deleted.
            drop(debouncer.unwatch(earlier));
        }
        debouncer.watch(folder, RecursiveMode::NonRecursive)?;
        self.watched = Some(folder.to_owned());
        Ok(())
    }

    fn unwatch(&mut self) {
        self.watched = None;
        if let Some(debouncer) = self.debouncer.take() {
            debouncer.stop();
        }
    }
}

impl Drop for NativeNotices {
    fn drop(&mut self) {
        self.unwatch();
    }
}
