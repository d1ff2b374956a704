//! One writer at a time, over all processes.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::JsonlError;
use crate::durable::lock::{FileLock, LockError};
use crate::infrastructure::backup_folder::{EVENTS_FOLDER, is_backup};
use crate::infrastructure::side_files::{LOCK_OF_A_FOLDER, LOCK_OF_AN_ARCHIVE};

/// How long an append waits for other processes.
pub(super) const LOCK_PATIENCE: Duration = Duration::from_secs(15);

/// Takes the lock on a folder, waiting for at most `patience`.
pub(super) fn lock_folder(folder: &Path, patience: Duration) -> Result<FileLock, JsonlError> {
    refuse_backup(folder)?;
    lock(folder.join(LOCK_OF_A_FOLDER), patience)
}

/// Takes the lock of those that archive the days of a folder, waiting for at most `patience`. Writers do not wait for it.
pub(super) fn lock_archive(folder: &Path, patience: Duration) -> Result<FileLock, JsonlError> {
    refuse_backup(folder)?;
    lock(folder.join(LOCK_OF_AN_ARCHIVE), patience)
}

/// Refuses the day files of a backup: what is locked is going to be written to.
pub(super) fn refuse_backup(folder: &Path) -> Result<(), JsonlError> {
    // A folder without a name is reached through another one.
    let above = folder.join("..");
    match is_backup(&above) && folder.file_name().is_some_and(|name| name == EVENTS_FOLDER) {
        true => Err(JsonlError::Backup { path: folder.to_owned() }),
        false => Ok(()),
    }
}

fn lock(path: PathBuf, patience: Duration) -> Result<FileLock, JsonlError> {
    FileLock::exclusive(&path, patience).map_err(|error| match error {
        LockError::Open(source) => JsonlError::Io { operation: "open the lock", path, source },
        LockError::Refused(source) => JsonlError::Io { operation: "lock", path, source },
        LockError::Held => JsonlError::LockHeld { path, waited: patience },
    })
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_folder_has_one_lock_by_whatever_path_it_is_reached() {
        let parent = tempfile::tempdir().unwrap();
        let path = |name: &str| parent.path().join(name);
        fs::create_dir_all(path("data/events")).unwrap();
        symlink("data/events", path("link")).unwrap();
        symlink(path("link"), path("data/back")).unwrap();
        let held = lock_folder(&path("data/events"), Duration::ZERO).unwrap();
        for name in ["link", "link/", "data/back", "data/../data/./events", "data/back/../events"] {
            let refused = lock_folder(&path(name), Duration::ZERO);
            assert!(matches!(refused, Err(JsonlError::LockHeld { .. })), "{name}");
        }
        drop(held);
        lock_folder(&path("link"), Duration::ZERO).unwrap();
    }
}
