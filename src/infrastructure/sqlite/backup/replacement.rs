//! A database that is about to be replaced, and the copy that is to replace it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use crate::infrastructure::sqlite::backup_mark::set_mark;
use crate::infrastructure::sqlite::connection::{self, wait_at_most};
use crate::infrastructure::sqlite::error::SqliteError;
use crate::infrastructure::sqlite::health::Database;
use crate::infrastructure::sqlite::schema::{self, SchemaLock};

/// How long a process that is just ending is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Makes the copy of a backup's database one that may be written to, durably.
///
/// # Errors
/// It cannot be written.
pub fn make_writable(path: &Path) -> Result<(), SqliteError> {
    let failed = |source| SqliteError::Sqlite { action: "prepare", path: path.to_owned(), source };
    let copy = connection::open_or_create(path)?;
    copy.execute_batch("PRAGMA synchronous = FULL").map_err(failed)?;
    set_mark(&copy, false).map_err(failed)?;
    copy.close().map_err(|(_, error)| failed(error))
}

/// The place of a database that no process has open, and that none opens for writing as long as this value is there.
pub struct HeldDatabase {
    place: PathBuf,
    /// `None` where nothing is there.
    connection: Option<Connection>,
    _lock: SchemaLock,
}

impl HeldDatabase {
    /// Holds the database that `path` leads to, or its place where there is none. What its write-ahead log has is brought into its file, so
    /// that this is all of it.
    ///
    /// # Errors
    /// Another process has it open; it is of another program, damaged, or cannot be written to.
    pub fn hold(database: Database, path: &Path) -> Result<Self, SqliteError> {
        let kind = &database.kind();
        let place = schema::place_of(path)?;
        schema::create_folder(&place)?;
        let lock = SchemaLock::acquire(&place)?;
        schema::refuse_folder(&place)?;
        schema::refuse_orphaned_log(kind, &place)?;
        if !schema::look_for(&place)? {
            return Ok(Self { place, connection: None, _lock: lock });
        }
        schema::refuse_several_names(&place)?;
        let mut connection = connection::open_or_create(&place)?;
        if !schema::is_empty(&place, &connection)? {
            schema::ensure_ours(kind, &place, &connection)?;
        }
        let failed = |source: rusqlite::Error| match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                SqliteError::InUse { path: place.clone() }
            }
            _ => SqliteError::Sqlite { action: "hold", path: place.clone(), source },
        };
        connection.busy_handler(Some(wait_at_most(PATIENCE))).map_err(failed)?;
        // Only the last connection can leave the mode of the write-ahead log.
        let mode: String =
            connection.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0)).map_err(failed)?;
        if mode != "delete" {
            return Err(SqliteError::InUse { path: place });
        }
        connection.execute_batch("BEGIN EXCLUSIVE").map_err(failed)?;
        Ok(Self { place, connection: Some(connection), _lock: lock })
    }

    /// Where it is, links followed.
    pub fn place(&self) -> &Path {
        &self.place
    }

    /// The position of the last event; 0 where there is none.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn last_position(&self) -> Result<i64, SqliteError> {
        let Some(connection) = &self.connection else { return Ok(0) };
        if schema::is_empty(&self.place, connection)? {
            return Ok(0);
        }
        let last = connection.query_row("SELECT ifnull(max(position), 0) FROM events", [], |row| row.get(0));
        last.map_err(|source| SqliteError::Sqlite { action: "look at", path: self.place.clone(), source })
    }
}
