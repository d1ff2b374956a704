//! One writer at a time, over all processes: a lock on a side file (`flock` on Unix).
//!
//! A side file is never deleted: two writers could then each hold a lock of that name. A lock ends with its value,
//! or with its process.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use thiserror::Error;

const FIRST_PAUSE: Duration = Duration::from_micros(100);
const LONGEST_PAUSE: Duration = Duration::from_millis(10);

/// A lock that is held until the value is dropped.
#[derive(Debug)]
pub struct FileLock {
    _file: File,
}

/// Why a lock was not taken.
#[derive(Debug, Error)]
pub enum LockError {
    /// The side file could not be opened.
    #[error("could not open the lock")]
    Open(#[source] io::Error),
    /// The system refused the lock.
    #[error("could not lock")]
    Refused(#[source] io::Error),
    /// Others held the lock for as long as was waited.
    #[error("the lock is held")]
    Held,
}

impl FileLock {
    /// Takes the lock that no other can hold at the same time, on a side file that is created if need be.
    /// Waits for at most `patience`; where that is zero, it tries once.
    pub fn exclusive(path: &Path, patience: Duration) -> Result<Self, LockError> {
        let file = side_file(path)?;
        wait(patience, || file.try_lock())?;
        Ok(Self { _file: file })
    }

    /// As [`exclusive`](Self::exclusive), waiting for as long as it takes.
    pub fn exclusive_without_deadline(path: &Path) -> Result<Self, LockError> {
        let file = side_file(path)?;
        file.lock().map_err(LockError::Refused)?;
        Ok(Self { _file: file })
    }

    /// Takes the lock that only others of its kind can hold at the same time. The side file must exist and be
    /// readable.
    pub fn shared(path: &Path, patience: Duration) -> Result<Self, LockError> {
        let file = File::open(path).map_err(LockError::Open)?;
        wait(patience, || file.try_lock_shared())?;
        Ok(Self { _file: file })
    }

    /// As [`exclusive`](Self::exclusive), on a folder itself, in which no side file is left.
    #[cfg(unix)]
    pub fn of_folder(folder: &Path, patience: Duration) -> Result<Self, LockError> {
        let file = File::open(folder).map_err(LockError::Open)?;
        wait(patience, || file.try_lock())?;
        Ok(Self { _file: file })
    }
}

/// A side file that is opened once, and locked again and again: where one lock follows the other, to open the file
/// anew would cost more than the lock.
#[derive(Debug)]
pub struct LockFile {
    file: Arc<File>,
}

impl LockFile {
    /// Opens the side file, which is created if need be.
    pub fn open(path: &Path) -> Result<Self, LockError> {
        Ok(Self { file: Arc::new(side_file(path)?) })
    }

    /// As [`exclusive`](Self::exclusive), without waiting: [`LockError::Held`] where another value holds the lock.
    pub fn exclusive_now(&self) -> Result<HeldLock, LockError> {
        wait(Duration::ZERO, || self.file.try_lock())?;
        Ok(HeldLock { file: Arc::clone(&self.file) })
    }

    /// Takes the lock that no other value can hold at the same time, waiting for as long as it takes. What waits is
    /// woken in turn. One that is taken while this same value holds it already is the same lock.
    pub fn exclusive(&self) -> Result<HeldLock, LockError> {
        loop {
            match self.file.lock() {
                Ok(()) => return Ok(HeldLock { file: Arc::clone(&self.file) }),
                // A signal has come, and the program goes on.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(LockError::Refused(error)),
            }
        }
    }
}

/// The lock of a [`LockFile`], held until the value is dropped.
#[derive(Debug)]
pub struct HeldLock {
    file: Arc<File>,
}

impl Drop for HeldLock {
    fn drop(&mut self) {
        // Were it not given back, it would be when the file is closed.
        drop(self.file.unlock());
    }
}

fn side_file(path: &Path) -> Result<File, LockError> {
    // For reading too: a named pipe in its place would wait for its other end, and can be locked as well as a file.
    File::options().create(true).truncate(false).read(true).write(true).open(path).map_err(LockError::Open)
}

/// Tries until it succeeds or `patience` is over. The pauses begin short, for locks that are held over one
/// append, and grow, for those that are held longer.
fn wait(patience: Duration, try_lock: impl Fn() -> Result<(), TryLockError>) -> Result<(), LockError> {
    let start = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        match try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(source)) => return Err(LockError::Refused(source)),
            Err(TryLockError::WouldBlock) => {}
        }
        let left = patience.saturating_sub(start.elapsed());
        if left.is_zero() {
            return Err(LockError::Held);
        }
        thread::sleep(pause.min(left));
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: Duration = Duration::from_millis(5);
    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn an_exclusive_lock_keeps_out_all_others_until_it_is_dropped() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(".lock");
        let held = FileLock::exclusive(&path, Duration::ZERO).unwrap();
        assert!(matches!(FileLock::exclusive(&path, MOMENT), Err(LockError::Held)));
        assert!(matches!(FileLock::shared(&path, MOMENT), Err(LockError::Held)));
        drop(held);
        let shared = [FileLock::shared(&path, MOMENT).unwrap(), FileLock::shared(&path, MOMENT).unwrap()];
        assert!(matches!(FileLock::exclusive(&path, MOMENT), Err(LockError::Held)));
        drop(shared);
        FileLock::exclusive_without_deadline(&path).unwrap();
        assert!(path.exists(), "the side file stays");
    }

    #[test]
    fn a_lock_that_becomes_free_before_the_deadline_is_taken() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(".lock");
        for take in [|path: &Path| FileLock::exclusive(path, LONG), FileLock::exclusive_without_deadline] {
            let held = FileLock::exclusive(&path, Duration::ZERO).unwrap();
            thread::scope(|scope| {
                let waits = scope.spawn(|| take(&path).is_ok());
                thread::sleep(MOMENT);
                drop(held);
                assert!(waits.join().unwrap());
            });
        }
    }

    #[test]
    fn a_lock_file_is_locked_again_and_again_and_keeps_out_all_others_meanwhile() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(".lock");
        let lock_file = LockFile::open(&path).unwrap();
        for _ in 0..2 {
            let held = lock_file.exclusive().unwrap();
            assert!(matches!(FileLock::exclusive(&path, MOMENT), Err(LockError::Held)));
            drop(held);
            FileLock::exclusive(&path, Duration::ZERO).unwrap();
        }
        let other = LockFile::open(&path).unwrap();
        let held = other.exclusive().unwrap();
        thread::scope(|scope| {
            let waits = scope.spawn(|| lock_file.exclusive().is_ok());
            thread::sleep(MOMENT);
            assert!(!waits.is_finished(), "two values of one process exclude each other too");
            drop(held);
            assert!(waits.join().unwrap());
        });
    }

    #[test]
    fn a_side_file_is_created_for_an_exclusive_lock_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(".lock");
        assert!(matches!(FileLock::shared(&path, MOMENT), Err(LockError::Open(_))));
        assert!(!path.exists());
        assert!(matches!(FileLock::exclusive(directory.path(), MOMENT), Err(LockError::Open(_))));
    }
}
