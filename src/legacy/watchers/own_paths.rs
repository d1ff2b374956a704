//! The program's own files, which are never watched: their changes would be events, which change them.

use std::ffi::OsStr;
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::durable::links::{file_identity, hard_links};
use crate::legacy::watchers::error::WatchError;

/// As many as Linux follows.
const MOST_LINKS: usize = 40;

/// Folders and files of the program, with links followed.
#[derive(Debug, Clone)]
pub(super) struct OwnPaths(Vec<PathBuf>);

impl OwnPaths {
    pub(super) fn new(paths: &[PathBuf]) -> Self {
        Self(paths.iter().map(|path| resolved(path)).collect())
    }

    /// # Errors
    /// `path` is one of them, or lies in one, or is another name of such a file.
    pub(super) fn refuse(&self, path: &Path) -> Result<(), WatchError> {
        let found = resolved(path);
        match self.owner_of(&found).map(Path::to_owned).or_else(|| self.other_name_of(&found)) {
            Some(own) => Err(WatchError::OwnPath { path: path.to_owned(), own }),
            None => Ok(()),
        }
    }

    /// Says of names in a folder whether they are the program's own.
    pub(super) fn names_in(&self, folder: &Path) -> impl Fn(&OsStr) -> bool {
        let folder = resolved(folder);
        move |name| {
            let path = folder.join(name);
            self.owner_of(&path).is_some() || self.other_name_of(&path).is_some()
        }
    }

    fn owner_of(&self, path: &Path) -> Option<&Path> {
        self.0.iter().map(PathBuf::as_path).find(|own| path.starts_with(own) || is_side_file(own, path))
    }

    /// The own file that a path is another name of: by a link, or a hard link.
    fn other_name_of(&self, path: &Path) -> Option<PathBuf> {
        let target = fs::canonicalize(path).ok()?;
        if let Some(own) = self.owner_of(&target) {
            return Some(own.to_owned());
        }
        if !target.is_file() || hard_links(&target).ok()? < 2 {
            return None;
        }
        let identity = file_identity(&fs::metadata(&target).ok()?)?;
        let in_folder = |own: &PathBuf| {
            let entries = fs::read_dir(own).into_iter().flatten().flatten();
            entries.map(|entry| entry.path()).collect::<Vec<_>>()
        };
        let mut files = self.0.iter().flat_map(|own| [vec![own.clone()], in_folder(own)].concat());
        files.find(|file| fs::metadata(file).is_ok_and(|own| file_identity(&own) == Some(identity)))
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

/// The path with its links followed, also where what they lead to does not exist yet.
fn resolved(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    // What is still to be followed, the first part last.
    let parts =
        |path: &Path| path.components().rev().map(|part| part.as_os_str().to_owned()).collect::<Vec<_>>();
    let (mut resolved, mut left, mut links) = (PathBuf::new(), parts(&path), 0);
    while let Some(part) = left.pop() {
        match Path::new(&part).components().next() {
            Some(Component::ParentDir) => drop(resolved.pop()),
            Some(Component::CurDir) | None => {}
            _ => {
                let next = resolved.join(&part);
                match fs::read_link(&next) {
                    // A target that is absolute begins at the root, which takes the place of what was found.
                    Ok(target) if links < MOST_LINKS => {
                        links += 1;
                        left.extend(parts(&target));
                    }
                    _ => resolved = next,
                }
            }
        }
    }
    resolved
}
