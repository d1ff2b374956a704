//! One writer at a time, over all processes.

use std::path::Path;
use std::time::Duration;

use super::error::JsonlError;
use crate::durable::lock::{FileLock, LockError};

/// The side file that writers lock.
pub(in crate::infrastructure) const LOCK_FILE: &str = ".events.lock";

/// Takes the lock on a folder, waiting for at most `patience`.
pub(super) fn lock_folder(folder: &Path, patience: Duration) -> Result<FileLock, JsonlError> {
    let path = folder.join(LOCK_FILE);
    FileLock::exclusive(&path, patience).map_err(|error| match error {
        LockError::Open(source) => JsonlError::Io { operation: "open the lock", path, source },
        LockError::Refused(source) => JsonlError::Io { operation: "lock", path, source },
        LockError::Held => JsonlError::LockHeld { path, waited: patience },
    })
}
