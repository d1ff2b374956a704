//! What has been told of files, and what a new listing adds to it.
//!
//! A file that is missing from a listing is not told as deleted at once: an editor that saves by rename takes it away
//! for a moment. Within the time of absence it comes back, and is modified; or another name has it, and it was moved;
//! else it is deleted. Only so is it no matter of chance between which two steps of a save a listing falls.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::watched_path::FileState;
use crate::legacy::definition::FileChange;

/// What happened to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::legacy::watchers) struct Change {
    pub(in crate::legacy::watchers) kind: FileChange,
    pub(in crate::legacy::watchers) path: PathBuf,
    /// From where it was moved.
    pub(in crate::legacy::watchers) src_path: Option<PathBuf>,
    /// It took the place of a file that had been told.
    pub(in crate::legacy::watchers) has_replaced: bool,
}

impl Change {
    pub(in crate::legacy::watchers) fn new(kind: FileChange, path: &Path) -> Self {
        Self { kind, path: path.to_owned(), src_path: None, has_replaced: false }
    }

    fn moved(src_path: PathBuf, path: PathBuf, has_replaced: bool) -> Self {
        Self { kind: FileChange::Moved, path, src_path: Some(src_path), has_replaced }
    }

    /// The two halves of a move, for a definition that does not ask for moves.
    pub(in crate::legacy::watchers) fn halves(self) -> Vec<Self> {
        let Some(src_path) = &self.src_path else { return vec![self] };
        let arrival = if self.has_replaced { FileChange::Modified } else { FileChange::Created };
        vec![Self::new(FileChange::Deleted, src_path), Self::new(arrival, &self.path)]
    }
}

/// The files as they have been told.
pub(in crate::legacy::watchers) struct KnownFiles {
    files: BTreeMap<PathBuf, KnownFile>,
    /// How long a file is missing before that is told.
    absence: Duration,
    /// Renames that the system has told, from and to.
    renames: BTreeSet<(PathBuf, PathBuf)>,
}

struct KnownFile {
    state: FileState,
    missing_since: Option<Duration>,
}

impl KnownFiles {
    /// What is there at the beginning, which is not told.
    pub(in crate::legacy::watchers) fn new(present: BTreeMap<PathBuf, FileState>, absence: Duration) -> Self {
        let mut files = Self { files: BTreeMap::new(), absence, renames: BTreeSet::new() };
        present.into_iter().for_each(|(path, state)| files.note(path, state));
        files
    }

    /// A file that is found at `to` is the one that was at `from`, though it was written to meanwhile.
    pub(in crate::legacy::watchers) fn was_renamed(&mut self, from: PathBuf, to: PathBuf) {
        self.renames.insert((from, to));
    }

    /// Whether something is missing that may come back: another listing is to follow within the time of absence.
    pub(in crate::legacy::watchers) fn is_waiting(&self) -> bool {
        self.files.values().any(|file| file.missing_since.is_some())
    }

    /// What differs in a listing, taken at `at` of a clock that never goes back: deletions, then the others in the
    /// order of their modification times.
    pub(in crate::legacy::watchers) fn compare(
        &mut self,
        present: BTreeMap<PathBuf, FileState>,
        at: Duration,
    ) -> Vec<Change> {
        for (path, file) in &mut self.files {
            file.missing_since = match present.contains_key(path) {
                true => None,
                false => file.missing_since.or(Some(at)),
            };
        }
        let mut present: Vec<_> = present.into_iter().collect();
        present.sort_by_key(|(_, state)| state.modified);
        let is_waiting = self.is_waiting();
        let mut kept_back = BTreeSet::new();
        let mut changes = Vec::new();
        for (path, state) in present {
            let known = self.files.get(&path).map(|file| file.state);
            if known == Some(state) {
                continue;
            }
            match is_waiting.then(|| self.source_of(&path, state)).flatten() {
                Some((source, since)) if at.saturating_sub(since) < self.absence => {
                    kept_back.insert(source);
                    continue;
                }
                Some((source, _)) => {
                    self.files.remove(&source);
                    changes.push(Change::moved(source, path.clone(), known.is_some()));
                }
                None if known.is_some() => changes.push(Change::new(FileChange::Modified, &path)),
                None => changes.push(Change::new(FileChange::Created, &path)),
            }
            self.note(path, state);
        }
        let mut told = self.deletions(at, &kept_back);
        if !self.is_waiting() {
            self.renames.clear();
        }
        told.append(&mut changes);
        told
    }

    fn note(&mut self, path: PathBuf, state: FileState) {
        self.files.insert(path, KnownFile { state, missing_since: None });
    }

    /// The missing file that now has this path, and since when it is missing.
    fn source_of(&self, path: &Path, state: FileState) -> Option<(PathBuf, Duration)> {
        // Inodes are used again: the same one with other contents may be another file.
        let is_source = |source: &PathBuf, known: &FileState| {
            state.identity.is_some()
                && known.identity == state.identity
                && (*known == state || self.renames.contains(&(source.clone(), path.to_owned())))
        };
        self.files.iter().find_map(|(source, file)| {
            let since = file.missing_since?;
            is_source(source, &file.state).then(|| (source.clone(), since))
        })
    }

    fn deletions(&mut self, at: Duration, kept_back: &BTreeSet<PathBuf>) -> Vec<Change> {
        let absence = self.absence;
        let mut deletions = Vec::new();
        self.files.retain(|path, file| {
            let is_over = file.missing_since.is_some_and(|since| at.saturating_sub(since) >= absence);
            if is_over && !kept_back.contains(path) {
                deletions.push(Change::new(FileChange::Deleted, path));
                return false;
            }
            true
        });
        deletions
    }
}
