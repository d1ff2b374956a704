//! What marks the database of a backup, so that nothing is written to it: a number in the header of its file, which neither SQLite nor
//! the migrations use.

use std::path::Path;

use rusqlite::Connection;

use super::error::SqliteError;

/// `MBak`, as `user_version`.
const MARK: i64 = 0x4D42_616B;

/// Marks a copy, or makes it one that may be written to.
pub(super) fn set_mark(connection: &Connection, is_backup: bool) -> rusqlite::Result<()> {
    connection.pragma_update(None, "user_version", if is_backup { MARK } else { 0 })
}

/// Refuses to write to the database of a backup.
pub(super) fn refuse_backup(path: &Path, connection: &Connection) -> Result<(), SqliteError> {
    let mark: rusqlite::Result<i64> = connection.pragma_query_value(None, "user_version", |row| row.get(0));
    match mark {
        Ok(MARK) => Err(SqliteError::Backup { path: path.to_owned() }),
        Ok(_) => Ok(()),
        Err(source) => Err(SqliteError::Sqlite { action: "read a pragma of", path: path.to_owned(), source }),
    }
}
