//! What marks the database of a backup, so that nothing is written to it: a number in the header of its file, which neither SQLite nor
//! the migrations use.

use std::fs;
use std::path::Path;

use rusqlite::Connection;

use super::error::SqliteError;
use super::spliced_log::without_log;
use crate::durable::links::follow_links;
use crate::infrastructure::side_files::{JOURNAL, WRITE_AHEAD_LOG, with_suffix};

/// `MBak`, as `user_version`.
const MARK: i64 = 0x4D42_616B;

/// Marks a copy, or makes it one that may be written to.
pub(super) fn set_mark(connection: &Connection, is_backup: bool) -> rusqlite::Result<()> {
    connection.pragma_update(None, "user_version", if is_backup { MARK } else { 0 })
}

/// Refuses the database of a backup beside which a journal or a write-ahead log lies: a backup has none, and SQLite, asked to read no more than
/// a row, would put what is in that of another database into this one.
pub(super) fn refuse_log_of_backup(path: &Path) -> Result<(), SqliteError> {
    // What cannot be looked at here cannot be opened either, and is told then.
    let Ok(place) = follow_links(path) else { return Ok(()) };
    let logs = [JOURNAL, WRITE_AHEAD_LOG].map(|suffix| with_suffix(&place, suffix));
    let Some(log) = logs.into_iter().find(|log| fs::metadata(log).is_ok_and(|log| log.len() > 0)) else {
        return Ok(());
    };
    match without_log(&place).and_then(|database| mark(&database)) {
        Ok(MARK) => Err(SqliteError::LogOfBackup { path: path.to_owned(), log }),
        _ => Ok(()),
    }
}

fn mark(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Refuses to write to the database of a backup.
pub(super) fn refuse_backup(path: &Path, connection: &Connection) -> Result<(), SqliteError> {
    match mark(connection) {
        Ok(MARK) => Err(SqliteError::Backup { path: path.to_owned() }),
        Ok(_) => Ok(()),
        Err(source) => Err(SqliteError::Sqlite { action: "read a pragma of", path: path.to_owned(), source }),
    }
}
