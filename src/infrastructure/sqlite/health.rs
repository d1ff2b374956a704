//! What SQLite itself says of a database, and how fast a store grows.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{Connection, ErrorCode};

use super::database_kind::{DatabaseKind, EVENT_STORE, HANDLER_STORE};
use super::error::{SqliteError, port_error};
use super::{connection, schema};
use crate::application::growth::DayGrowth;
use crate::domain::repository::RepositoryError;
use crate::wire::zone::Zone;

/// Which database of this program a file is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    /// The events of a store.
    Events,
    /// What handlers have done.
    Handlers,
}

impl Database {
    pub(super) fn kind(self) -> DatabaseKind {
        match self {
            Self::Events => EVENT_STORE,
            Self::Handlers => HANDLER_STORE,
        }
    }
}

/// What SQLite finds wrong with a database, a sentence each; none where it is whole. A thorough check compares indexes with their
/// tables as well, and reads everything several times.
///
/// # Errors
/// It is no such database, or cannot be opened.
pub fn integrity(path: &Path, database: Database, is_thorough: bool) -> Result<Vec<String>, SqliteError> {
    let connection = schema::open_checked_for_reading(&database.kind(), path)?;
    let pragma = if is_thorough { "PRAGMA integrity_check" } else { "PRAGMA quick_check" };
    complaints(&connection, pragma).map_err(|source| SqliteError::Sqlite {
        action: "check",
        path: path.to_owned(),
        source,
    })
}

/// What a check of SQLite says of a database, a sentence each; none where it is whole.
pub(super) fn complaints(connection: &Connection, pragma: &str) -> rusqlite::Result<Vec<String>> {
    let said: rusqlite::Result<Vec<String>> = connection
        .prepare(pragma)
        .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect());
    match said {
        Ok(said) if said == ["ok"] => Ok(Vec::new()),
        Ok(said) => Ok(said),
        // It is damaged where the check itself needs it.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt) => {
            Ok(vec![error.to_string()])
        }
        Err(source) => Err(source),
    }
}

/// Whether the database at `path` is marked as one of handlers. What cannot be looked at is not.
pub fn is_handler_store(path: &Path) -> bool {
    let id = connection::open_existing(path).and_then(|opened| connection::application_id(path, &opened));
    id.is_ok_and(|id| id == HANDLER_STORE.application_id)
}

/// The version of SQLite that is built in.
pub fn library_version() -> &'static str {
    rusqlite::version()
}

/// The length of the write-ahead log of a database, in bytes; 0 where there is none.
///
/// # Errors
/// It cannot be looked at.
pub fn write_ahead_log_bytes(path: &Path) -> std::io::Result<u64> {
    schema::log_size_in_bytes(path)
}

/// How many events are of each day from `since` on, and how many bytes their texts have.
pub(super) fn growth(
    connection: &Connection,
    since: DateTime<Utc>,
    zone: &Zone,
) -> Result<Vec<DayGrowth>, RepositoryError> {
    let failed = port_error("measure the growth of the store");
    let statement = "SELECT occurred_at, octet_length(body) FROM events WHERE occurred_at >= ?1";
    let mut statement = connection.prepare(statement).map_err(&failed)?;
    let mut rows = statement.query([since.timestamp_micros()]).map_err(&failed)?;
    let mut days: BTreeMap<NaiveDate, (u64, u64)> = BTreeMap::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        let time = DateTime::from_timestamp_micros(row.get(0).map_err(&failed)?).unwrap_or_default();
        let bytes: u64 = row.get(1).map_err(&failed)?;
        let day = days.entry(zone.day_of(time)).or_default();
        *day = (day.0 + 1, day.1 + bytes);
    }
    Ok(days.into_iter().map(|(day, (events, bytes))| DayGrowth { day, events, bytes }).collect())
}
