//! The program's own files, which are never watched: their changes would be events, which change them.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::legacy::watchers::error::WatchError;

/// Folders and files of the program, with links followed.
#[derive(Debug, Clone)]
pub(super) struct OwnPaths(Vec<PathBuf>);

impl OwnPaths {
    pub(super) fn new(paths: &[PathBuf]) -> Self {
        Self(paths.iter().map(|path| resolved(path)).collect())
    }

    /// # Errors
    /// `path` is one of them, or lies in one.
    pub(super) fn refuse(&self, path: &Path) -> Result<(), WatchError> {
        match self.owner_of(&resolved(path)) {
            Some(own) => Err(WatchError::OwnPath { path: path.to_owned(), own: own.to_owned() }),
            None => Ok(()),
        }
    }

    /// Says of names in a folder whether they are the program's own.
    pub(super) fn names_in(&self, folder: &Path) -> impl Fn(&OsStr) -> bool {
        let folder = resolved(folder);
        move |name| self.owner_of(&folder.join(name)).is_some()
    }

    fn owner_of(&self, path: &Path) -> Option<&Path> {
        self.0.iter().map(PathBuf::as_path).find(|own| path.starts_with(own) || is_side_file(own, path))
    }
}

/// `events.db-wal` and `events.json.lock` belong to `events.db` and `events.json`.
fn is_side_file(own: &Path, path: &Path) -> bool {
    let (Some(own_name), Some(name)) = (own.file_name(), path.file_name()) else { return false };
    own.extension().is_some()
        && own.parent() == path.parent()
        && name
            .as_encoded_bytes()
            .strip_prefix(own_name.as_encoded_bytes())
            .is_some_and(|rest| matches!(rest.first(), Some(b'.' | b'-')))
}

/// The path with its links followed as far as it exists.
fn resolved(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for existing in path.ancestors() {
        if let (Ok(real), Ok(rest)) = (existing.canonicalize(), path.strip_prefix(existing)) {
            return if rest.as_os_str().is_empty() { real } else { real.join(rest) };
        }
    }
    path
}
