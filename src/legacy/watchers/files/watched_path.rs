//! Which files are watched, and what they are at present.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use glob::Pattern;

use crate::durable::links::file_identity;
use crate::legacy::definition::{FileSource, name_pattern};
use crate::legacy::path_text;
use crate::legacy::watchers::error::WatchError;
use crate::legacy::watchers::own_paths::OwnPaths;

/// What two listings of a file are compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::legacy::watchers) struct FileState {
    pub(in crate::legacy::watchers) size: u64,
    pub(in crate::legacy::watchers) modified: SystemTime,
    /// Device and inode.
    pub(in crate::legacy::watchers) identity: Option<(u64, u64)>,
}

impl FileState {
    fn of(metadata: &Metadata) -> Self {
        Self {
            size: metadata.len(),
            modified: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
            identity: file_identity(metadata),
        }
    }
}

/// A folder whose files are watched, or one file; either may not exist yet, and become the other.
pub(in crate::legacy::watchers) struct WatchedPath {
    /// As the definition spells it.
    spelled: PathBuf,
    absolute: PathBuf,
    patterns: Vec<Pattern>,
    own: OwnPaths,
}

impl WatchedPath {
    pub(super) fn new(source: &FileSource, own: OwnPaths) -> Result<Self, WatchError> {
        own.refuse(&source.path)?;
        let patterns = source.patterns.iter().map(|pattern| {
            let refused = |reason| WatchError::Pattern { pattern: pattern.clone(), reason };
            name_pattern(pattern).map_err(refused)
        });
        let patterns = patterns.collect::<Result<_, _>>()?;
        let absolute = std::path::absolute(&source.path)
            .map_err(|error| WatchError::List { path: source.path.clone(), source: error })?;
        Ok(Self { spelled: source.path.clone(), absolute, patterns, own })
    }

    /// As the definition spells it.
    pub(super) fn spelled(&self) -> &Path {
        &self.spelled
    }

    /// The folder in which changes are to be noticed: the one that is watched, that of the file, or the nearest one
    /// that exists in which either has to appear.
    pub(super) fn nearest_folder(&self) -> &Path {
        self.absolute.ancestors().find(|path| path.is_dir()).unwrap_or(Path::new("/"))
    }

    /// Whether the folder is that of the files: no other has to be made first.
    pub(super) fn is_in(&self, folder: &Path) -> bool {
        folder == self.absolute || (self.patterns.is_empty() && Some(folder) == self.absolute.parent())
    }

    /// Whether a change of `path` is one of what is watched, or of a folder on the way to it.
    pub(super) fn concerns(&self, path: &Path) -> bool {
        let is_in_folder = path.parent() == Some(self.absolute.as_path());
        self.absolute.starts_with(path)
            || (is_in_folder && path.file_name().is_some_and(|name| self.matches(name)))
    }

    /// What is there: the files by absolute path, empty where the folder or the file does not exist.
    pub(super) fn list(&self) -> Result<BTreeMap<PathBuf, FileState>, WatchError> {
        match self.list_present() {
            Err(error) if is_absence(&error) => Ok(BTreeMap::new()),
            listed => listed.map_err(|source| WatchError::List { path: self.absolute.clone(), source }),
        }
    }

    fn list_present(&self) -> io::Result<BTreeMap<PathBuf, FileState>> {
        let mut files = BTreeMap::new();
        let metadata = fs::metadata(&self.absolute)?;
        if !metadata.is_dir() {
            let is_watched = self.absolute.file_name().is_some_and(|name| self.matches(name));
            if is_watched && metadata.is_file() {
                files.insert(self.absolute.clone(), FileState::of(&metadata));
            }
            return Ok(files);
        }
        let is_own = self.own.names_in(&self.absolute);
        for entry in fs::read_dir(&self.absolute)? {
            let entry = entry?;
            let name = entry.file_name();
            if !self.matches(&name) || is_own(&name) {
                continue;
            }
            // Links are followed.
            match fs::metadata(entry.path()) {
                Ok(metadata) if metadata.is_file() => {
                    files.insert(self.absolute.join(name), FileState::of(&metadata));
                }
                Ok(_) => {}
                Err(error) if is_absence(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(files)
    }

    fn matches(&self, name: &OsStr) -> bool {
        self.patterns.is_empty() || {
            let name = path_text::text_of(Path::new(name));
            self.patterns.iter().any(|pattern| pattern.matches(&name))
        }
    }

    /// The path of a listed file, spelled as in the definition, as [`path_text`] has it.
    pub(super) fn spell(&self, path: &Path) -> String {
        let spelled = match path.strip_prefix(&self.absolute) {
            Ok(rest) if !rest.as_os_str().is_empty() => self.spelled.join(rest),
            _ => self.spelled.clone(),
        };
        path_text::text_of(&spelled)
    }
}

fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}
