//! Checkpoints in another thread, for a connection whose commits are not synced.
//!
//! SQLite's own run inside a commit, and sync all that was written since the one before: 50 ms in which every caller of
//! a transaction waits for the disk. Here a second connection copies the write-ahead log into the database while
//! transactions go on, again and again until little is left; the connection itself copies the rest and has the log begin anew.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;

use super::checkpoint::{begin_anew, checkpoint};
use super::connection;
use super::database_kind::DatabaseKind;
use super::schema;

/// From how many bytes of log on it is copied; SQLite's own checkpoints, from 80 MB on, are for a copy that failed.
const LONG: u64 = 16 << 20;
/// How often it is copied: what came meanwhile is less each time.
const PASSES: usize = 3;
/// After how many transactions the length is looked at: some write a megabyte.
const TRANSACTIONS: u32 = 8;

/// The checkpoints of one connection.
pub(in crate::infrastructure) struct BackgroundCheckpoints {
    kind: &'static DatabaseKind,
    path: PathBuf,
    transactions: u32,
    copying: Copying,
    /// The length from which on the next one is due: more than [`LONG`] where readers kept the log from beginning anew.
    due_at: u64,
}

enum Copying {
    /// Nothing is copied; the connection that copies, once it was needed.
    No(Option<Connection>),
    Yes(JoinHandle<Result<Connection, Failure>>),
}

/// Why a log was not copied: it is logged, and nothing else depends on it.
type Failure = Box<dyn Error + Send + Sync>;

impl BackgroundCheckpoints {
    pub fn new(kind: &'static DatabaseKind, path: &Path) -> Self {
        Self { kind, path: path.to_owned(), transactions: 0, copying: Copying::No(None), due_at: LONG }
    }

    /// Looks after the log where it is time to. The connection has no transaction open. What fails is tried again later.
    pub fn before_transaction(&mut self, connection: &mut Connection) {
        self.transactions = (self.transactions + 1) % TRANSACTIONS;
        let is_copied = matches!(&self.copying, Copying::Yes(thread) if thread.is_finished());
        if (self.transactions == 0 || is_copied)
            && let Err(error) = self.look(connection)
        {
            tracing::debug!(%error, "the write-ahead log of {} was not looked after", self.path.display());
        }
    }

    fn look(&mut self, connection: &mut Connection) -> Result<(), Failure> {
        match std::mem::replace(&mut self.copying, Copying::No(None)) {
            Copying::Yes(thread) if !thread.is_finished() => self.copying = Copying::Yes(thread),
            Copying::Yes(thread) => {
                if let Ok(copied) = thread.join() {
                    self.copying = Copying::No(Some(copied?));
                }
                let log = begin_anew(connection)?;
                self.due_at = if log.is_kept { log.written + LONG } else { LONG };
            }
            Copying::No(copier) => {
                let written = checkpoint(connection, "NOOP")?.written;
                self.copying = match written >= self.due_at {
                    true => Copying::Yes(self.copy(copier)?),
                    false => Copying::No(copier),
                };
            }
        }
        Ok(())
    }

    fn copy(&self, copier: Option<Connection>) -> io::Result<JoinHandle<Result<Connection, Failure>>> {
        let (kind, path) = (self.kind, self.path.clone());
        let copy = move || {
            let copier = match copier {
                Some(copier) => copier,
                None => schema::open_current(kind, &path)?,
            };
            connection::sync_later(&path, &copier)?;
            for _ in 0..PASSES {
                checkpoint(&copier, "PASSIVE")?;
            }
            Ok(copier)
        };
        thread::Builder::new().name("checkpoint".to_owned()).spawn(copy)
    }
}

impl Drop for BackgroundCheckpoints {
    /// The thread ends with this, and its connection with it: as long as one is open, the log is not removed.
    fn drop(&mut self) {
        if let Copying::Yes(thread) = std::mem::replace(&mut self.copying, Copying::No(None)) {
            drop(thread.join());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infrastructure::sqlite::database_kind::HANDLER_STORE;

    struct Store {
        _folder: tempfile::TempDir,
        connection: Connection,
        checkpoints: BackgroundCheckpoints,
    }

    fn store() -> Store {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("handlers.db");
        let connection = schema::open_current(&HANDLER_STORE, &path).unwrap();
        connection.execute_batch("CREATE TABLE filler (bytes BLOB)").unwrap();
        let checkpoints = BackgroundCheckpoints::new(&HANDLER_STORE, &path);
        Store { _folder: folder, connection, checkpoints }
    }

    impl Store {
        /// Writes about so many bytes to the log.
        fn write(&self, bytes: u64) {
            self.connection.execute("INSERT INTO filler VALUES (zeroblob(?1))", [bytes]).unwrap();
        }

        /// As many transactions begin as it takes to look at the log once; a copy that was begun is waited for.
        fn look(&mut self) {
            (0..TRANSACTIONS).for_each(|_| self.checkpoints.before_transaction(&mut self.connection));
            while matches!(&self.checkpoints.copying, Copying::Yes(thread) if !thread.is_finished()) {
                thread::yield_now();
            }
        }

        fn written(&self) -> u64 {
            checkpoint(&self.connection, "NOOP").unwrap().written
        }
    }

    #[test]
    fn a_long_log_is_copied_by_another_connection_and_begins_anew() {
        let mut store = store();
        store.write(1 << 20);
        store.look();
        assert!(matches!(store.checkpoints.copying, Copying::No(None)), "a short one is left");
        store.write(LONG);
        store.look();
        let log = checkpoint(&store.connection, "NOOP").unwrap();
        assert_eq!(log.copied, log.written, "all of it is in the database");
        store.look();
        store.write(1);
        assert!(store.written() < 1 << 20, "it has begun anew");
        store.write(LONG);
        store.look();
        store.look();
        store.write(1);
        assert!(store.written() < 1 << 20, "and does so again");
    }

    #[test]
    fn a_log_that_a_reader_needs_is_tried_again_once_it_has_grown_as_much() {
        let mut store = store();
        store.write(1);
        let reader = schema::open_current(&HANDLER_STORE, &store.checkpoints.path).unwrap();
        reader.execute_batch("BEGIN; SELECT * FROM filler").unwrap();
        store.write(LONG);
        store.look();
        store.look();
        let due_at = store.checkpoints.due_at;
        assert!(due_at > 2 * LONG, "{due_at}");
        store.look();
        assert!(matches!(store.checkpoints.copying, Copying::No(Some(_))), "it is not copied at once");
        drop(reader);
        store.write(LONG);
        store.look();
        store.look();
        store.write(1);
        assert!(store.written() < 1 << 20);
        assert_eq!(store.checkpoints.due_at, LONG);
    }

    #[test]
    fn a_copy_that_fails_is_made_later() {
        let mut store = store();
        let path = std::mem::replace(&mut store.checkpoints.path, "/dev/null/none".into());
        store.write(LONG);
        store.look();
        let log = checkpoint(&store.connection, "NOOP").unwrap();
        assert!(log.copied < log.written, "{log:?}");
        store.checkpoints.path = path;
        (0..3).for_each(|_| store.look());
        store.write(1);
        assert!(store.written() < 1 << 20);
    }
}
