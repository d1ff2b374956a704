//! What handlers have done, and their read models, in a SQLite database of its own.
//!
//! It is not in the event store: the daily JSONL store has no database; progress has to change together with read
//! models, and not with events, which never change; and a page of projections would hold the write lock that
//! events wait for. Its read models can be thrown away and built again.
//!
//! The write-ahead log lets readers see the last committed state while a transaction is open, be it a replay of
//! minutes. One transaction at a time can write, over all processes; it begins by taking that right, so that what it
//! reads is what it changes.
//!
//! A commit for an effect, or of an operator, is synced: a power cut repeats the effects that were in flight, as the
//! end of a process does. One of projections is not: a power cut takes back read models together with the progress
//! that they belong to, and the events are handled again.
//!
//! Beside the database lie `<database>.lock`, as beside an event store, and `<database>.<handler>.lock` for each
//! effect handler, which is locked while a process runs it.

mod error;
mod mode_row;
mod modes;
mod name;
mod read_models;
mod row;
mod session;
mod task_reports;
mod transaction;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use thiserror::Error;

use crate::application::handling::store::{Durability, HandlerSession, HandlerStore, HandlerStoreError};
use crate::durable::lock::{FileLock, LockError};
use crate::infrastructure::side_files::{LOCK, with_suffix};
use crate::infrastructure::sqlite::SqliteError;
use crate::infrastructure::sqlite::background_checkpoint::BackgroundCheckpoints;
use crate::infrastructure::sqlite::database_kind::HANDLER_STORE;
use crate::infrastructure::sqlite::{connection, schema};

pub use modes::SqliteModeLog;
pub use task_reports::SqliteTaskReports;

use error::{OpenedForReading, not_opened};
use name::InvalidName;
use session::SqliteSession;

/// A store of what handlers have done in one SQLite file.
pub struct SqliteHandlerStore {
    path: PathBuf,
    reads_only: bool,
}

impl SqliteHandlerStore {
    /// Opens the store for reading and writing, and makes it (and its folder) where there is none.
    ///
    /// # Errors
    /// The file is no database, is not a handler store, is of a newer version, was changed by another program, or
    /// cannot be opened; see [`SqliteError`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, SqliteError> {
        let path = path.as_ref().to_owned();
        schema::open_current(&HANDLER_STORE, &path)?;
        Ok(Self { path, reads_only: false })
    }

    /// Opens a store for reading alone; nothing is made or changed. `None` where there is no such file: no handler
    /// was registered yet.
    ///
    /// # Errors
    /// As [`open`](Self::open), and where it is of an earlier version.
    pub fn open_existing(path: impl AsRef<Path>) -> Result<Option<Self>, SqliteError> {
        let path = path.as_ref().to_owned();
        if !schema::look_for(&path)? {
            return Ok(None);
        }
        schema::open_checked_for_reading(&HANDLER_STORE, &path)?;
        Ok(Some(Self { path, reads_only: true }))
    }

    /// The database file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A connection for queries.
    ///
    /// # Errors
    /// The database was changed since this was opened, or cannot be read.
    pub fn reading_connection(&self) -> Result<Connection, SqliteError> {
        schema::open_checked_for_reading(&HANDLER_STORE, &self.path)
    }

    /// What is recorded of modes in this store.
    ///
    /// # Errors
    /// As [`reading_connection`](Self::reading_connection).
    pub fn mode_log(&self) -> Result<SqliteModeLog, SqliteError> {
        Ok(SqliteModeLog::new(self.connect(Durability::AtCommit)?, self.reads_only))
    }

    fn connect(&self, durability: Durability) -> Result<Connection, SqliteError> {
        if self.reads_only {
            return self.reading_connection();
        }
        let connection = schema::open_current(&HANDLER_STORE, &self.path)?;
        connection::keep_undo_in_memory(&self.path, &connection)?;
        if durability == Durability::Later {
            connection::sync_later(&self.path, &connection)?;
        }
        Ok(connection)
    }

    fn lock_of(&self, handler: &str) -> Result<FileLock, ClaimError> {
        name::ensure_valid(handler)?;
        let lock = with_suffix(&schema::place_of(&self.path)?, &format!(".{handler}{LOCK}"));
        FileLock::exclusive(&lock, Duration::ZERO).map_err(|source| ClaimError::Lock { lock, source })
    }
}

impl HandlerStore for SqliteHandlerStore {
    fn session(&self, durability: Durability) -> Result<Box<dyn HandlerSession>, HandlerStoreError> {
        let connection = self.connect(durability).map_err(not_opened)?;
        let is_later = durability == Durability::Later;
        let checkpoints = is_later.then(|| BackgroundCheckpoints::new(&HANDLER_STORE, &self.path));
        Ok(Box::new(SqliteSession::new(connection, self.reads_only, checkpoints)))
    }

    fn claim(&self, handler: &str) -> Result<Option<Box<dyn Send>>, HandlerStoreError> {
        let action = "claim a handler";
        if self.reads_only {
            return Err(HandlerStoreError::Storage { action, source: Box::new(OpenedForReading) });
        }
        match self.lock_of(handler) {
            Ok(lock) => Ok(Some(Box::new(lock))),
            Err(ClaimError::Lock { source: LockError::Held, .. }) => Ok(None),
            Err(error) => Err(HandlerStoreError::Storage { action, source: Box::new(error) }),
        }
    }
}

/// Why a handler was not claimed.
#[derive(Debug, Error)]
enum ClaimError {
    #[error(transparent)]
    Name(#[from] InvalidName),
    #[error("could not lock {}: it needs a folder that this user may write", lock.display())]
    Lock {
        lock: PathBuf,
        #[source]
        source: LockError,
    },
    #[error(transparent)]
    Place(#[from] SqliteError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_synced_where_it_is_to_be_durable_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteHandlerStore::open(folder.path().join("handlers.db")).unwrap();
        let pragma = |durability, pragma: &str| -> String {
            let connection = store.connect(durability).unwrap();
            connection
                .query_row(&format!("SELECT * FROM pragma_{pragma}"), [], |row| {
                    row.get::<_, rusqlite::types::Value>(0)
                })
                .map(|value| format!("{value:?}"))
                .unwrap()
        };
        assert_eq!(pragma(Durability::AtCommit, "synchronous"), "Integer(2)", "FULL");
        assert_eq!(pragma(Durability::Later, "synchronous"), "Integer(1)", "NORMAL");
        assert_eq!(pragma(Durability::Later, "journal_mode"), "Text(\"wal\")");
    }
}
