//! The watcher of files.
//!
//! A folder is listed, and the listing is compared with the last one: that tells what changed. What the system tells
//! of changes (or a period) only says when to look. So a lost notice, an overflow, a save by rename and a poll are
//! answered in one way.

pub(in crate::legacy::watchers) mod known_files;
pub(in crate::legacy::watchers) mod network;
pub(in crate::legacy::watchers) mod notices;
pub(in crate::legacy::watchers) mod watch;
pub(in crate::legacy::watchers) mod watched_path;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Sender, unbounded};

use crate::application::clock::Clock;
use crate::legacy::definition::FileSource;
use crate::legacy::occurrence::OccurrenceSink;
use crate::legacy::watchers::error::WatchError;
use crate::legacy::watchers::own_paths::OwnPaths;
use crate::legacy::watchers::watcher::{BackgroundThread, Notes, Watcher, Watching};
use notices::{FolderNotices, NativeNotices, Signal};
use watch::{Pace, Told, Watch};
use watched_path::WatchedPath;

/// Tells changes of one file, or of the files in a folder.
pub(in crate::legacy::watchers) struct FileWatcher {
    watched: WatchedPath,
    told: Told,
    pub(in crate::legacy::watchers) pace: Pace,
}

impl FileWatcher {
    /// `own_paths` are the program's own, which are refused; `polls` is for a source that does not say.
    pub(in crate::legacy::watchers) fn new(
        definition_id: String,
        source: &FileSource,
        own_paths: &[PathBuf],
        polls: bool,
        clock: Arc<dyn Clock + Send + Sync>,
    ) -> Result<Self, WatchError> {
        let watched = WatchedPath::new(source, OwnPaths::new(own_paths))?;
        let told = Told { definition_id, changes: source.changes.clone(), clock };
        let poll = source.poll_seconds.map(|seconds| Duration::from_secs(seconds.max(1)));
        let poll = poll.or(polls.then_some(watch::POLL));
        Ok(Self { watched, told, pace: Pace { poll, ..Pace::default() } })
    }

    /// As [`Watcher::start`], with what tells of changes: `notices` is given where to send them.
    pub(in crate::legacy::watchers) fn start_with(
        self,
        sink: Arc<dyn OccurrenceSink>,
        notices: impl FnOnce(Sender<Signal>) -> Box<dyn FolderNotices>,
    ) -> Result<Watching, WatchError> {
        let (sender, signals) = unbounded();
        let notices = notices(sender.clone());
        let notes = Notes::default();
        let Self { watched, told, pace } = self;
        let watch = Watch::start(watched, told, pace, notices, notes.clone())?;
        let ask_to_end = move || drop(sender.send(Signal::End));
        let thread = BackgroundThread::start(move || watch.run(&signals, &*sink), ask_to_end)?;
        Ok(Watching::noting(thread, notes))
    }
}

impl Watcher for FileWatcher {
    fn start(self: Box<Self>, sink: Arc<dyn OccurrenceSink>) -> Result<Watching, WatchError> {
        let debounce = self.pace.debounce;
        self.start_with(sink, |sender| Box::new(NativeNotices::new(sender, debounce)))
    }
}
