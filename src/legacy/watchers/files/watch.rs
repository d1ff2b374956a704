//! Looks at what is watched, whenever something tells of a change, and from time to time.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};
use notify::event::{EventKind, ModifyKind, RenameMode};
use notify_debouncer_full::DebounceEventResult;
use serde_json::Map;

use super::known_files::{Change, KnownFiles};
use super::network::network_file_system;
use super::notices::{FolderNotices, Signal};
use super::watched_path::WatchedPath;
use crate::application::clock::Clock;
use crate::domain::error_chain::error_chain;
use crate::durable::links::file_identity;
use crate::legacy::definition::FileChange;
use crate::legacy::occurrence::{Occurrence, OccurrenceSink};
use crate::legacy::watchers::error::{WatchError, read_sysctl};
use crate::legacy::watchers::watcher::Notes;

/// Where a folder is listed from time to time, and nothing says how often.
pub(super) const POLL: Duration = Duration::from_secs(2);

/// How fast a watcher works.
#[derive(Clone, Copy)]
pub(in crate::legacy::watchers) struct Pace {
    /// Notices of one path within that time are one.
    pub(in crate::legacy::watchers) debounce: Duration,
    /// How long a file is missing before it is told as deleted.
    pub(in crate::legacy::watchers) absence: Duration,
    /// After a notice, and after a look that found a change, another look: the debouncer drops the notices of a
    /// creation and a deletion that follow each other, though a look may have fallen between the two.
    pub(in crate::legacy::watchers) second_look: Duration,
    /// Without any notice: a folder on the way that was renamed, the target of a link, a notice that was lost.
    pub(in crate::legacy::watchers) recheck: Duration,
    /// The folder is listed as often, and no notices are asked for.
    pub(in crate::legacy::watchers) poll: Option<Duration>,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            debounce: Duration::from_millis(200),
            absence: Duration::from_millis(500),
            second_look: Duration::from_secs(1),
            recheck: Duration::from_secs(30),
            poll: None,
        }
    }
}

/// What occurrences are made of.
pub(in crate::legacy::watchers) struct Told {
    pub(super) definition_id: String,
    /// What the definition asks for.
    pub(super) changes: Vec<FileChange>,
    pub(super) clock: Arc<dyn Clock + Send + Sync>,
}

/// A folder, and which of that name it is.
type Folder = (PathBuf, Option<(u64, u64)>);

pub(super) struct Watch {
    watched: WatchedPath,
    known: KnownFiles,
    told: Told,
    pace: Pace,
    notices: Box<dyn FolderNotices>,
    /// Where notices are asked for, or which is polled.
    folder: Option<Folder>,
    /// How often a look is taken without a notice.
    period: Duration,
    notes: Notes,
    overflows: u64,
    /// What went wrong at the last look, which is logged once.
    trouble: Option<String>,
    started: Instant,
}

impl Watch {
    /// Asks for notices first, and lists then: what changes between the two is noticed.
    pub(super) fn start(
        watched: WatchedPath,
        told: Told,
        pace: Pace,
        notices: Box<dyn FolderNotices>,
        notes: Notes,
    ) -> Result<Self, WatchError> {
        let mut watch = Self {
            watched,
            known: KnownFiles::new([].into(), pace.absence),
            told,
            pace,
            notices,
            folder: None,
            period: pace.recheck,
            notes,
            overflows: 0,
            trouble: None,
            started: Instant::now(),
        };
        watch.follow_folder()?;
        watch.known = KnownFiles::new(watch.watched.list()?, pace.absence);
        watch.note();
        Ok(watch)
    }

    /// Until it is told to end.
    pub(super) fn run(mut self, signals: &Receiver<Signal>, sink: &dyn OccurrenceSink) {
        let mut next_look = Instant::now() + self.period;
        loop {
            let is_noticed = match signals.recv_deadline(next_look) {
                Ok(Signal::End) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(Signal::Notices(notices)) => {
                    if !self.take(notices) {
                        // They put no look off.
                        continue;
                    }
                    true
                }
                Err(RecvTimeoutError::Timeout) => false,
            };
            let outcome = self.look(sink);
            let is_changed = matches!(outcome, Ok(true));
            self.log_trouble(outcome.map(drop));
            self.note();
            next_look = Instant::now() + self.until_next_look(is_noticed || is_changed);
        }
    }

    fn until_next_look(&self, is_unsettled: bool) -> Duration {
        let mut wait = self.period;
        if is_unsettled {
            wait = wait.min(self.pace.second_look);
        }
        if self.known.is_waiting() {
            wait = wait.min(self.pace.absence);
        }
        wait
    }

    /// Whether these ask for a look.
    fn take(&mut self, notices: DebounceEventResult) -> bool {
        let notices = match notices {
            Ok(notices) => notices,
            Err(errors) => {
                for error in errors {
                    tracing::warn!("[EventDispatcher] {}: {error}", self.told.definition_id);
                }
                return true;
            }
        };
        let mut asks = false;
        for notice in notices {
            // Before any look at its paths: it has none.
            if notice.need_rescan() {
                self.overflows += 1;
                // That the folder was deleted may have been dropped too: notices are asked for anew.
                self.folder = None;
                asks = true;
                continue;
            }
            // Listing a folder opens it, which is such a notice.
            if notice.kind.is_access() || !notice.paths.iter().any(|path| self.watched.concerns(path)) {
                continue;
            }
            asks = true;
            let is_rename = matches!(notice.kind, EventKind::Modify(ModifyKind::Name(_)));
            if let (EventKind::Modify(ModifyKind::Name(RenameMode::Both)), [from, to]) =
                (notice.kind, notice.paths.as_slice())
            {
                self.known.was_renamed(from.clone(), to.clone());
            }
            // Another folder of that name may have got its inode as well.
            let is_of_folder = |(folder, _): &mut Folder| notice.paths.contains(folder);
            if is_rename || notice.kind.is_remove() {
                self.folder.take_if(is_of_folder);
            }
        }
        asks
    }

    /// Tells what has changed, and says whether anything has.
    fn look(&mut self, sink: &dyn OccurrenceSink) -> Result<bool, WatchError> {
        let followed = self.follow_folder();
        let present = self.watched.list()?;
        let found = self.known.compare(present, self.started.elapsed());
        let is_changed = !found.is_empty();
        for change in found {
            let is_asked_for = |change: &Change| self.told.changes.contains(&change.kind);
            let changes = if is_asked_for(&change) { vec![change] } else { change.halves() };
            for change in changes.iter().filter(|change| is_asked_for(change)) {
                sink.occurred(self.occurrence(change));
            }
        }
        followed.map(|()| is_changed)
    }

    /// Sees to it that notices come from the nearest folder, which may have been made, deleted or replaced.
    fn follow_folder(&mut self) -> Result<(), WatchError> {
        loop {
            let path = self.watched.nearest_folder().to_owned();
            let identity = std::fs::metadata(&path).ok().and_then(|metadata| file_identity(&metadata));
            let folder = Some((path, identity));
            if self.folder == folder {
                return Ok(());
            }
            self.folder = None;
            let Some((path, _)) = &folder else { return Ok(()) };
            let poll = self.pace.poll.or_else(|| network_file_system(path).map(|_| POLL));
            self.period = poll.unwrap_or(self.pace.recheck);
            if poll.is_some() {
                self.notices.unwatch();
            } else if let Err(error) = self.notices.watch(path) {
                if path.is_dir() {
                    self.period = POLL;
                    return Err(WatchError::of_notify(path, error, read_sysctl));
                }
                // Deleted meanwhile: another one is the nearest.
                continue;
            }
            self.folder = folder;
        }
    }

    fn log_trouble(&mut self, outcome: Result<(), WatchError>) {
        let trouble = outcome.err().map(|error| error_chain(&error));
        if let Some(trouble) = trouble.as_ref().filter(|trouble| self.trouble.as_ref() != Some(*trouble)) {
            tracing::warn!("[EventDispatcher] {}: {trouble}", self.told.definition_id);
        }
        self.trouble = trouble;
    }

    fn note(&self) {
        let mut notes = Vec::new();
        if let Some((folder, _)) = &self.folder {
            if !self.watched.is_in(folder) {
                let (path, folder) = (self.watched.spelled().display(), folder.display());
                notes.push(format!("{path} does not exist yet; {folder} is watched until it appears"));
            }
            if let (None, Some(kind)) = (self.pace.poll, network_file_system(folder)) {
                let seconds = POLL.as_secs();
                notes.push(format!("listed every {seconds} s: {} is on {kind}", folder.display()));
            }
        }
        if self.overflows > 0 {
            let overflows = self.overflows;
            notes.push(format!("overflows of the system's notices, answered by listings: {overflows}"));
        }
        notes.extend(self.trouble.clone());
        self.notes.replace(notes);
    }

    fn occurrence(&self, change: &Change) -> Occurrence {
        let mut data = Map::new();
        data.insert("path".to_owned(), self.watched.spell(&change.path).into());
        data.insert("event_type".to_owned(), change.kind.as_str().into());
        if let Some(src_path) = &change.src_path {
            data.insert("src_path".to_owned(), self.watched.spell(src_path).into());
        }
        Occurrence {
            definition_id: self.told.definition_id.clone(),
            event_type: "file_system".to_owned(),
            at: self.told.clock.now(),
            data,
        }
    }
}
