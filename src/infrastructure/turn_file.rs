//! The turn file of a store: processes that write to it take turns, in the order in which they came.
//!
//! A lock that is polled, as those of SQLite and of the JSONL folder are, goes to the process that happens to look in
//! the moment between two batches, mostly to the one that has just written. For the turn file, processes wait in the
//! kernel. That alone would not do: the one that waits is woken when a turn ends, and the one whose turn it was takes the next
//! before the other runs. So the next turn has a file of its own: it is held by the one process that waits for the present turn to
//! end, and by none that has a turn. It is fairness and never correctness: the store's own lock stays the only guard,
//! so that what the system refuses here is done without.
//!
//! The files are empty and are never deleted, which would split the queue in two.

use std::io::ErrorKind;
use std::path::PathBuf;

use crate::application::dispatch::Turn;
use crate::domain::error_chain::error_chain;
use crate::durable::lock::{HeldLock, LockError, LockFile};
use crate::infrastructure::side_files::{NEXT_TURN, with_suffix};

/// The turn file of a store, and that of the next turn, which the first turn opens.
#[derive(Debug)]
pub(super) struct TurnFile {
    path: PathBuf,
    files: Option<Files>,
    /// The system has no such lock, or lets no such file be made.
    is_refused: bool,
}

#[derive(Debug)]
struct Files {
    turn: LockFile,
    next: LockFile,
}

/// A way to take a lock.
type Take = fn(&LockFile) -> Result<HeldLock, LockError>;

impl TurnFile {
    /// The turn file at that path, whether it is there yet or not.
    pub fn at(path: PathBuf) -> Self {
        Self { path, files: None, is_refused: false }
    }

    /// Waits for a turn, for as long as it takes. `None` where the system refuses it, which is logged once; and before
    /// there is a folder for the file. One turn is taken at a time.
    pub fn take(&mut self) -> Option<HeldTurn> {
        self.take_by(LockFile::exclusive).unwrap_or_default()
    }

    /// The same without waiting: `None` where another process has its turn.
    pub fn take_now(&mut self) -> Option<Option<HeldTurn>> {
        self.take_by(LockFile::exclusive_now)
    }

    /// Whether another process waits for the turn that is held.
    pub fn is_awaited(&self) -> bool {
        self.files.as_ref().is_some_and(|files| matches!(files.next.exclusive_now(), Err(LockError::Held)))
    }

    fn take_by(&mut self, take: Take) -> Option<Option<HeldTurn>> {
        if self.is_refused {
            return Some(None);
        }
        let turn = match self.lock(take) {
            Ok(held) => Some(HeldTurn { _held: held }),
            Err(LockError::Held) => return None,
            Err(LockError::Open(error)) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => {
                self.is_refused = true;
                tracing::warn!(
                    "processes that write to the store at the same time take no turns, so that one of them may wait long: {} cannot be locked: {}",
                    self.path.display(),
                    error_chain(&error)
                );
                None
            }
        };
        Some(turn)
    }

    fn lock(&mut self, take: Take) -> Result<HeldLock, LockError> {
        let files = match self.files.take() {
            Some(files) => files,
            None => Files {
                turn: LockFile::open(&self.path)?,
                next: LockFile::open(&with_suffix(&self.path, NEXT_TURN))?,
            },
        };
        let files = self.files.insert(files);
        let _next = take(&files.next)?;
        take(&files.turn)
    }
}

/// A turn, until it is dropped.
#[derive(Debug)]
pub(super) struct HeldTurn {
    _held: HeldLock,
}

impl Turn for HeldTurn {}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::mpsc::{RecvTimeoutError, channel};
    use std::thread;
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn a_turn_is_waited_for_until_the_one_before_has_ended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.db.turn");
        let held = TurnFile::at(path.clone()).take().unwrap();
        let (took, turns) = channel();
        let waits = thread::spawn({
            let path = path.clone();
            move || {
                let mut file = TurnFile::at(path);
                let held = file.take();
                took.send(held.is_some()).unwrap();
            }
        });
        assert_eq!(turns.recv_timeout(Duration::from_millis(5)), Err(RecvTimeoutError::Timeout));
        drop(held);
        assert!(turns.recv().unwrap());
        waits.join().unwrap();
        assert_eq!(fs::metadata(&path).unwrap().len(), 0, "it stays, and is empty");
    }

    #[test]
    fn the_next_turn_is_that_of_the_process_that_waits_already() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.db.turn");
        let mut file = TurnFile::at(path.clone());
        let next = LockFile::open(&with_suffix(&path, NEXT_TURN)).unwrap();
        for _ in 0..20 {
            let held = file.take().unwrap();
            assert!(!file.is_awaited());
            thread::scope(|scope| {
                let (took, turns) = channel();
                let path = path.clone();
                scope.spawn(move || {
                    let mut other = TurnFile::at(path);
                    let _held = other.take();
                    took.send(()).unwrap();
                });
                let deadline = Instant::now() + Duration::from_secs(30);
                while !matches!(next.exclusive_now(), Err(LockError::Held)) {
                    assert!(Instant::now() < deadline, "it does not wait for the next turn");
                    thread::yield_now();
                }
                assert!(file.take_now().is_none() && file.is_awaited());
                drop(held);
                drop(file.take().unwrap());
                assert_eq!(turns.try_recv(), Ok(()), "the other one had its turn in between");
            });
        }
    }

    #[test]
    fn a_turn_of_another_is_not_waited_for_where_one_is_asked_for_now() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.db.turn");
        let (mut file, mut other) = (TurnFile::at(path.clone()), TurnFile::at(path));
        let held = other.take().unwrap();
        assert!(file.take_now().is_none());
        drop(held);
        let now = file.take_now().expect("it is the turn of none");
        assert!(now.is_some() && other.take_now().is_none());
    }

    #[test]
    fn the_file_is_opened_by_the_first_turn_and_never_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.db.turn");
        let mut file = TurnFile::at(path.clone());
        assert!(!path.exists());
        drop(file.take().unwrap());
        fs::remove_file(&path).unwrap();
        drop(file.take().unwrap());
        assert!(!path.exists(), "a file that was deleted is not made again by those that have it open");
    }

    #[test]
    fn what_the_system_refuses_is_done_without() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = TurnFile::at(folder.path().to_owned());
        assert!(file.take().is_none(), "a folder stands there");
        assert!(file.is_refused, "and it is not tried, nor warned of, again");
        assert!(file.take().is_none());
    }

    #[test]
    fn before_there_is_a_folder_no_turn_is_waited_for_and_the_first_one_after_that_is() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("events");
        let mut file = TurnFile::at(store.join(".events.turn"));
        assert!(file.take().is_none());
        fs::create_dir(&store).unwrap();
        assert!(file.take().is_some());
    }
}
