//! What handlers have done, and their read models, in one SQLite database.

mod read_models;
mod task_reports;

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::sqlite::SqliteError;
use crate::durable::presence::is_present;

pub use read_models::SqliteReadModels;
pub use task_reports::SqliteTaskReports;

/// A database of handlers.
pub struct SqliteHandlerStore {
    path: PathBuf,
}

impl SqliteHandlerStore {
    /// Opens one, and makes it where there is none.
    ///
    /// # Errors
    /// It cannot be opened or made.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, SqliteError> {
        let path = path.as_ref().to_owned();
        let made = Connection::open(&path).and_then(|made| {
            made.execute_batch(include_str!("../../../handler_migrations/V2__read_models.sql"))
        });
        made.map_err(|source| SqliteError::Sqlite { action: "open", path: path.clone(), source })?;
        Ok(Self { path })
    }

    /// Opens one that exists, for queries; `None` where there is none.
    ///
    /// # Errors
    /// The file cannot be looked at.
    pub fn open_existing(path: impl AsRef<Path>) -> Result<Option<Self>, SqliteError> {
        let path = path.as_ref().to_owned();
        match is_present(&path) {
            Ok(is_there) => Ok(is_there.then_some(Self { path })),
            Err(source) => Err(SqliteError::Look { path, source }),
        }
    }

    /// A connection for queries.
    ///
    /// # Errors
    /// The database cannot be opened.
    pub fn reading_connection(&self) -> Result<Connection, SqliteError> {
        Connection::open_with_flags(&self.path, OpenFlags::SQLITE_OPEN_READ_WRITE)
            .map_err(|source| SqliteError::Sqlite { action: "open", path: self.path.clone(), source })
    }
}
