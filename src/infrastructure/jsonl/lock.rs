//! One writer at a time, over all processes.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::error::JsonlError;

/// The side file that writers lock. It is never deleted: two writers could then each hold a lock of
/// that name.
const LOCK_FILE: &str = ".events.lock";

const FIRST_PAUSE: Duration = Duration::from_micros(100);
const LONGEST_PAUSE: Duration = Duration::from_millis(10);

/// The lock on a folder, until it is dropped or its process ends.
pub(super) struct FolderLock {
    _held: File,
}

impl FolderLock {
    /// Takes the lock, waiting for at most `patience`.
    pub(super) fn acquire(folder: &Path, patience: Duration) -> Result<Self, JsonlError> {
        let path = folder.join(LOCK_FILE);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(JsonlError::io("open the lock", &path))?;
        let start = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _held: file }),
                Err(TryLockError::Error(source)) => {
                    return Err(JsonlError::Io { operation: "lock", path, source });
                }
                Err(TryLockError::WouldBlock) => {}
            }
            let left = patience.saturating_sub(start.elapsed());
            if left.is_zero() {
                return Err(JsonlError::LockHeld { path, waited: patience });
            }
            thread::sleep(pause.min(left));
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}
