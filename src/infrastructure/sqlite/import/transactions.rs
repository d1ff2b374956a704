//! The transactions of a load into a store that exists.
//!
//! What is written within a moment is one transaction: it is synced once, and a page that several batches change is
//! written once. Another process that waits for its turn has it after the batch at hand. Writers that take no turns wait for
//! that moment and no longer, whatever the load does meanwhile: where it waits for a log or for a disk, a thread beside it
//! ends the transaction.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use rusqlite::Connection;

use crate::domain::repository::RepositoryError;
use crate::infrastructure::sqlite::checkpoint;
use crate::infrastructure::sqlite::error::port_error;
use crate::infrastructure::turn_file::{HeldTurn, TurnFile};

use super::overlap_feeds::{SharedConnection, lock};

/// How long a transaction lasts at most, its commit included, as far as can be foreseen.
const LONGEST: Duration = Duration::from_millis(120);
/// The pause between two transactions in which another writer comes in that takes no turns.
const PAUSE: Duration = Duration::from_millis(2);

/// The transactions of a load.
pub(super) struct Transactions {
    store: Arc<Store>,
    /// All of the load is one transaction.
    is_one: bool,
    /// How long the last commit took, for each second that was written before it.
    commit_share: f64,
    /// When the thread is to end the transaction, and that thread, once there is one.
    thread: Option<(Sender<Instant>, JoinHandle<()>)>,
}

struct Store {
    connection: SharedConnection,
    /// How long a transaction lasts at most.
    longest: Duration,
    /// Locked after the connection.
    open: Mutex<Open>,
}

/// The transaction at hand.
struct Open {
    turns: TurnFile,
    /// The turn in which it is written, where the system lets processes take turns.
    turn: Option<HeldTurn>,
    /// `None` where there is no transaction.
    begun: Option<Instant>,
    /// The thread could not end one.
    failure: Option<rusqlite::Error>,
}

impl Store {
    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the transactions that last too long. Where a later one has begun meanwhile, its time comes after this one.
    fn end_idle_ones(&self, ends: &Receiver<Instant>) {
        let mut end: Option<Instant> = None;
        loop {
            let next = match end {
                None => ends.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(end) => ends.recv_deadline(end),
            };
            match next {
                Ok(next) => end = Some(next),
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    end = None;
                    let connection = lock(&self.connection);
                    let mut open = self.open();
                    if open.begun.is_some_and(|begun| begun.elapsed() >= self.longest) {
                        match open.commit(&connection) {
                            Ok(()) => {
                                drop(open);
                                checkpoint::after_transaction(&connection);
                            }
                            Err(error) => open.failure = Some(error),
                        }
                    }
                }
            }
        }
    }
}

impl Open {
    fn begin(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        if self.begun.is_none() {
            self.turn = self.turns.take();
            connection.execute_batch("BEGIN IMMEDIATE").inspect_err(|_| self.turn = None)?;
            self.begun = Some(Instant::now());
        }
        Ok(())
    }

    /// Ends the transaction, where there is one. One that cannot be committed is rolled back.
    fn commit(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        if self.begun.is_none() {
            return Ok(());
        }
        let committed = connection.execute_batch("COMMIT");
        if committed.is_err() {
            self.roll_back(connection);
        }
        (self.begun, self.turn) = (None, None);
        committed
    }

    /// Takes back what the transaction has written, where there is one. What failed may have done so already.
    fn roll_back(&mut self, connection: &Connection) {
        if self.begun.take().is_some()
            && !connection.is_autocommit()
            && let Err(error) = connection.execute_batch("ROLLBACK")
        {
            tracing::debug!(%error, "a transaction was not rolled back");
        }
        self.turn = None;
    }
}

/// Takes the transaction back where writing to it fails, or panics: a batch is stored whole, or not at all.
struct Unfinished<'o> {
    open: &'o mut Open,
    connection: &'o Connection,
    is_written: bool,
}

impl Unfinished<'_> {
    fn finish(mut self) {
        self.is_written = true;
    }
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if !self.is_written {
            self.open.roll_back(self.connection);
        }
    }
}

impl Transactions {
    /// The transactions of this connection, whose processes take these turns.
    pub fn new(connection: SharedConnection, turns: TurnFile) -> Self {
        Self::lasting(LONGEST, connection, turns)
    }

    fn lasting(longest: Duration, connection: SharedConnection, turns: TurnFile) -> Self {
        let open = Mutex::new(Open { turns, turn: None, begun: None, failure: None });
        let store = Arc::new(Store { connection, longest, open });
        Self { store, is_one: false, commit_share: 1.0, thread: None }
    }

    /// Makes one transaction of all that is written until [`commit`](Self::commit) or [`roll_back`](Self::roll_back).
    pub fn begin_one(&mut self) -> Result<(), RepositoryError> {
        let connection = lock(&self.store.connection);
        self.store.open().begin(&connection).map_err(port_error("begin to import"))?;
        self.is_one = true;
        Ok(())
    }

    /// Whether all is one transaction.
    pub fn is_one(&self) -> bool {
        self.is_one
    }

    /// Writes to the store. Where that fails, the transaction is rolled back, with what was written in it before.
    pub fn write<T>(
        &mut self,
        write: impl FnOnce(&Connection) -> Result<T, RepositoryError>,
    ) -> Result<T, RepositoryError> {
        let store = Arc::clone(&self.store);
        let connection = lock(&store.connection);
        let mut open = store.open();
        let begins = open.begun.is_none();
        open.begin(&connection).map_err(port_error("begin to import"))?;
        if begins && !self.is_one {
            self.end_in_time()?;
        }
        let started = Instant::now();
        let unfinished = Unfinished { open: &mut open, connection: &connection, is_written: false };
        let written = write(&connection)?;
        unfinished.finish();
        let Some(begun) = open.begun.filter(|_| !self.is_one) else { return Ok(written) };
        let (lasts, next) = (begun.elapsed(), started.elapsed());
        let is_over = lasts + next + lasts.mul_f64(self.commit_share) >= store.longest;
        if is_over || open.turns.is_awaited() {
            open.commit(&connection).map_err(port_error("import records"))?;
            self.commit_share = (begun.elapsed() - lasts).as_secs_f64() / lasts.as_secs_f64().max(1e-3);
            drop(open);
            checkpoint::after_transaction(&connection);
            drop(connection);
            std::thread::sleep(PAUSE);
        }
        Ok(written)
    }

    /// Has the thread end the transaction that has just begun, in case that nothing more is written to it.
    fn end_in_time(&mut self) -> Result<(), RepositoryError> {
        let (ends, _) = match self.thread.take() {
            Some(thread) => self.thread.insert(thread),
            None => {
                let (sender, receiver) = crossbeam_channel::unbounded();
                let store = Arc::clone(&self.store);
                let thread = Builder::new().spawn(move || store.end_idle_ones(&receiver));
                let thread = thread.map_err(|error| RepositoryError::storage("start a thread", error))?;
                self.thread.insert((sender, thread))
            }
        };
        ends.send(Instant::now() + self.store.longest).map_err(|_| {
            RepositoryError::storage("begin to import", "the thread that ends transactions is gone")
        })
    }

    /// Commits what was written.
    pub fn commit(&mut self) -> Result<(), RepositoryError> {
        self.is_one = false;
        let connection = lock(&self.store.connection);
        let mut open = self.store.open();
        let committed = match open.failure.take() {
            Some(failure) => Err(failure),
            None => open.commit(&connection),
        };
        committed.map_err(port_error("end the import"))?;
        drop(open);
        checkpoint::after_transaction(&connection);
        Ok(())
    }

    /// Takes back what was written since [`begin_one`](Self::begin_one), where it was called.
    pub fn roll_back(&mut self) {
        if std::mem::take(&mut self.is_one) {
            let connection = lock(&self.store.connection);
            self.store.open().roll_back(&connection);
        }
    }
}

/// What was written of a log that could not be read on stays.
impl Drop for Transactions {
    fn drop(&mut self) {
        self.roll_back();
        if let Err(error) = self.commit() {
            tracing::debug!(%error, "the last records were not stored");
        }
        if let Some((ends, thread)) = self.thread.take() {
            drop(ends);
            drop(thread.join());
        }
    }
}

#[cfg(test)]
mod tests;
