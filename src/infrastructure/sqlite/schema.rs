//! The schema: which program made a database, which version it has, and how it becomes the current one.

use std::path::{Path, PathBuf};

use chrono::DateTime;
use rusqlite::Connection;

use super::backup_mark::refuse_backup;
use super::connection::{self, BUSY_TIMEOUT};
use super::database_kind::DatabaseKind;
use super::error::SqliteError;
use super::expected_schema::{self, HISTORY};
use super::fence;
use crate::durable::directory::create_folders;
use crate::durable::links::{follow_links, hard_links};
use crate::durable::lock::{FileLock, LockError};
use crate::durable::presence::is_present;
use crate::infrastructure::side_files::{IMPORT_LOCK, JOURNAL, LOCK, TURN, WRITE_AHEAD_LOG, with_suffix};
use crate::infrastructure::turn_file::TurnFile;

/// Opens a database of that kind for writing, made or migrated to the current version first where it has to be.
pub(in crate::infrastructure) fn open_current(
    kind: &DatabaseKind,
    path: &Path,
) -> Result<Connection, SqliteError> {
    let connection = open_at_any_standing(kind, path)?;
    fence::refuse_writer(path, &connection)?;
    Ok(connection)
}

/// The same, also where the store was moved or is a copy.
pub(super) fn open_at_any_standing(kind: &DatabaseKind, path: &Path) -> Result<Connection, SqliteError> {
    refuse_folder(path)?;
    let path = &place_of(path)?;
    create_folder(path)?;
    // What is refused gets no lock beside it. Where there is one, this was looked at before, and is again below.
    if look_for(path)? && !look_for(&lock_of(path))? {
        refuse_foreign(kind, path)?;
    }
    let _lock = SchemaLock::acquire(path)?;
    refuse_several_names(path)?;
    refuse_orphaned_log(kind, path)?;
    let mut connection = connection::open_or_create(path)?;
    if is_empty(path, &connection)? {
        // The mark comes first: a process killed right after it leaves an empty store, not a
        // database of another program.
        if connection::application_id(path, &connection)? != kind.application_id {
            connection::initialise(kind, path, &connection)?;
        }
    } else {
        ensure_ours(kind, path, &connection)?;
        refuse_backup(path, &connection)?;
        let version = version(kind, path, &connection)?;
        ensure_unchanged(kind, path, &connection, version)?;
    }
    migrate(kind, path, &mut connection)?;
    connection::make_durable(path, &connection)?;
    Ok(connection)
}

/// Where the store is that `path` leads to, through links or not: what lies beside it is named after this.
///
/// # Errors
/// A link leads into a folder that is not there. The store is not made there: its disk may be away.
pub(in crate::infrastructure) fn place_of(path: &Path) -> Result<PathBuf, SqliteError> {
    let place = follow_links(path).map_err(|source| SqliteError::Link { path: path.to_owned(), source })?;
    let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty());
    if path.is_symlink() && folder.is_some_and(|folder| !folder.is_dir()) {
        return Err(SqliteError::DanglingLink { path: path.to_owned(), place });
    }
    Ok(place)
}

/// Brings the schema to the current version.
pub(super) fn migrate(
    kind: &DatabaseKind,
    path: &Path,
    connection: &mut Connection,
) -> Result<(), SqliteError> {
    let known = kind.newest_version;
    if version(kind, path, connection)? < known {
        kind.migration_runner().run(connection).map_err(|source| SqliteError::Migration {
            path: path.to_owned(),
            known,
            source: Box::new(source),
        })?;
    }
    Ok(())
}

/// Opens a database of that kind that exists and has the current version, for queries.
pub(in crate::infrastructure) fn open_checked_for_reading(
    kind: &DatabaseKind,
    path: &Path,
) -> Result<Connection, SqliteError> {
    let connection = open_checked_at_any_standing(kind, path)?;
    fence::refuse_reader(path, &connection)?;
    Ok(connection)
}

/// The same, also where it is a copy that is not complete.
pub(super) fn open_checked_at_any_standing(
    kind: &DatabaseKind,
    path: &Path,
) -> Result<Connection, SqliteError> {
    ensure_present(path)?;
    refuse_folder(path)?;
    let connection = connection::open_existing(path)?;
    // Version and schema are those of one state.
    let state = connection.unchecked_transaction().map_err(|source| SqliteError::Sqlite {
        action: "look at",
        path: path.to_owned(),
        source,
    })?;
    if is_empty(path, &state)? {
        return Err(SqliteError::Empty { path: path.to_owned(), command: kind.migrating_command });
    }
    ensure_ours(kind, path, &state)?;
    let (found, known) = (version(kind, path, &state)?, kind.newest_version);
    ensure_unchanged(kind, path, &state, found)?;
    if found < known {
        let command = kind.migrating_command;
        return Err(SqliteError::Older { path: path.to_owned(), found, known, command });
    }
    drop(state);
    Ok(connection)
}

/// What cannot be reached is not missing.
pub(super) fn ensure_present(path: &Path) -> Result<(), SqliteError> {
    if look_for(path)? { Ok(()) } else { Err(SqliteError::Missing { path: path.to_owned() }) }
}

/// Whether something is there.
pub(in crate::infrastructure) fn look_for(path: &Path) -> Result<bool, SqliteError> {
    is_present(path).map_err(|source| SqliteError::Look { path: path.to_owned(), source })
}

/// Refuses what is there and is neither a database of that kind that may be written to nor an empty one.
pub(super) fn refuse_foreign(kind: &DatabaseKind, path: &Path) -> Result<(), SqliteError> {
    refuse_folder(path)?;
    let connection = connection::open_existing(path)?;
    if is_empty(path, &connection)? {
        return Ok(());
    }
    ensure_ours(kind, path, &connection)?;
    refuse_backup(path, &connection)
}

/// SQLite keeps a write-ahead log beside each name of a file: what is written through one of them can be lost to
/// what is written through another.
pub(super) fn refuse_several_names(path: &Path) -> Result<(), SqliteError> {
    match hard_links(path) {
        Ok(names) if names > 1 => Err(SqliteError::SeveralNames { path: path.to_owned(), names }),
        // What is not there yet has no name; what cannot be looked at is told where it is opened.
        _ => Ok(()),
    }
}

/// SQLite would say of a folder no more than that it cannot be opened.
pub(super) fn refuse_folder(path: &Path) -> Result<(), SqliteError> {
    if path.is_dir() { Err(SqliteError::NotADatabase { path: path.to_owned() }) } else { Ok(()) }
}

/// SQLite would delete the log of a database that is not there, or apply it to a new one of that name.
pub(super) fn refuse_orphaned_log(kind: &DatabaseKind, path: &Path) -> Result<(), SqliteError> {
    // In this order: a database that is made meanwhile is there when its log is.
    match log_beside(path) {
        Some(log) if !look_for(path)? => {
            Err(SqliteError::OrphanedLog { log, path: path.to_owned(), content: kind.content })
        }
        _ => Ok(()),
    }
}

/// What SQLite would apply to a database at this path.
pub(super) fn log_beside(path: &Path) -> Option<PathBuf> {
    let logs = [WRITE_AHEAD_LOG, JOURNAL].map(|suffix| with_suffix(path, suffix));
    logs.into_iter().find(|log| std::fs::metadata(log).is_ok_and(|log| log.len() > 0))
}

/// The length of the database with its write-ahead log, in bytes. Looks at lengths alone: a process that closes
/// a database file by other means than SQLite's loses the locks that it has on it.
pub(super) fn size_in_bytes(path: &Path) -> std::io::Result<u64> {
    Ok(std::fs::metadata(path)?.len() + log_size_in_bytes(path)?)
}

/// The length of the write-ahead log of the database, in bytes.
pub(super) fn log_size_in_bytes(path: &Path) -> std::io::Result<u64> {
    match std::fs::metadata(with_suffix(&follow_links(path)?, WRITE_AHEAD_LOG)) {
        Ok(log) => Ok(log.len()),
        // Where no connection writes, there is none.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error),
    }
}

pub(super) fn is_empty(path: &Path, connection: &Connection) -> Result<bool, SqliteError> {
    connection
        .query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))
        .map_err(|source| SqliteError::Sqlite { action: "look at", path: path.to_owned(), source })
}

pub(super) fn ensure_ours(
    kind: &DatabaseKind,
    path: &Path,
    connection: &Connection,
) -> Result<(), SqliteError> {
    let (found, expected) = (connection::application_id(path, connection)?, kind.application_id);
    if found == expected {
        return Ok(());
    }
    let looked = |source| SqliteError::Sqlite { action: "look at", path: path.to_owned(), source };
    let has_its_tables = has_table(connection, HISTORY).map_err(looked)?
        && has_table(connection, kind.first_table).map_err(looked)?;
    let path = path.to_owned();
    Err(match DatabaseKind::of_application_id(found) {
        Some(other) => SqliteError::OtherKind { path, found: other.name, expected: kind.name },
        None if found == 0 && has_its_tables => SqliteError::Unmarked { path, kind: kind.name, expected },
        None => SqliteError::NotOurs { path, found, expected },
    })
}

fn has_table(connection: &Connection, table: &str) -> rusqlite::Result<bool> {
    let count = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?1";
    connection.query_row(count, [table], |row| row.get(0))
}

/// What the store promises rests on the schema that the migrations of its version have made.
fn ensure_unchanged(
    kind: &DatabaseKind,
    path: &Path,
    connection: &Connection,
    version: i64,
) -> Result<(), SqliteError> {
    let differences = expected_schema::differences(kind, connection, version).map_err(|source| {
        SqliteError::Sqlite { action: "look at the schema of", path: path.to_owned(), source }
    })?;
    if differences.is_empty() {
        return Ok(());
    }
    Err(SqliteError::ChangedSchema {
        path: path.to_owned(),
        differences: differences.join(", "),
        migrations: kind.migrations_folder,
    })
}

/// The version of the schema, 0 where nothing was applied yet. The migration runner panics on a
/// history that it cannot read, so that every row of it is looked at first.
fn version(kind: &DatabaseKind, path: &Path, connection: &Connection) -> Result<i64, SqliteError> {
    let sqlite = |source| SqliteError::Sqlite {
        action: "read the migration history of",
        path: path.to_owned(),
        source,
    };
    let damaged = |detail: String| SqliteError::DamagedHistory { path: path.to_owned(), detail };
    if !has_table(connection, HISTORY).map_err(sqlite)? {
        // The first migration makes both.
        return match has_table(connection, kind.first_table).map_err(sqlite)? {
            true => Err(damaged(format!("the table {HISTORY} is missing"))),
            false => Ok(0),
        };
    }
    let rows = format!(
        "SELECT typeof(version), version, typeof(name), typeof(applied_on), CAST(applied_on AS TEXT),
                CAST(checksum AS TEXT)
         FROM {HISTORY} ORDER BY version"
    );
    let mut statement = connection.prepare(&rows).map_err(sqlite)?;
    let mut rows = statement.query([]).map_err(sqlite)?;
    let mut newest = 0;
    while let Some(row) = rows.next().map_err(sqlite)? {
        let type_of_version: String = row.get(0).map_err(sqlite)?;
        let type_of_name: String = row.get(2).map_err(sqlite)?;
        let type_of_time: String = row.get(3).map_err(sqlite)?;
        if (type_of_version.as_str(), type_of_name.as_str(), type_of_time.as_str())
            != ("integer", "text", "text")
        {
            return Err(damaged(format!(
                "expected integer, text, text for version, name, applied_on; found {type_of_version}, {type_of_name}, {type_of_time}"
            )));
        }
        let version: i64 = row.get(1).map_err(sqlite)?;
        let time: String = row.get(4).map_err(sqlite)?;
        if DateTime::parse_from_rfc3339(&time).is_err() {
            return Err(damaged(format!("version {version}: expected a time, found {time:?}")));
        }
        let checksum: Option<String> = row.get(5).map_err(sqlite)?;
        if checksum.as_deref().is_none_or(|checksum| checksum.parse::<u64>().is_err()) {
            return Err(damaged(format!("version {version}: expected a checksum, found {checksum:?}")));
        }
        newest = version;
    }
    let known = kind.newest_version;
    if newest > known {
        return Err(SqliteError::Newer { path: path.to_owned(), found: newest, known });
    }
    Ok(newest)
}

pub(super) fn create_folder(path: &Path) -> Result<(), SqliteError> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => {
            create_folders(folder).map_err(|source| SqliteError::Folder { path: folder.to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// The lock of the store at this place.
pub(super) fn lock_of(database: &Path) -> PathBuf {
    with_suffix(database, LOCK)
}

/// The lock beside the database. The database file itself is never opened other than by SQLite: a
/// process that closes it loses the locks that SQLite has on it.
pub(super) struct SchemaLock {
    _held: FileLock,
}

impl SchemaLock {
    /// The lock of the store at this place, which is no link.
    pub fn acquire(database: &Path) -> Result<Self, SqliteError> {
        let path = lock_of(database);
        match FileLock::exclusive(&path, BUSY_TIMEOUT) {
            Ok(held) => Ok(Self { _held: held }),
            Err(error) => Err(not_locked(error, path)),
        }
    }
}

/// Only one process at a time adds logs to a store: which of its records are twins depends on what is
/// there. The second one waits, as long as it takes.
pub(super) struct ImportLock {
    _held: FileLock,
}

impl ImportLock {
    /// The lock of the store that `database` leads to, which exists.
    pub fn acquire(database: &Path) -> Result<Self, SqliteError> {
        let database = place_of(database)?;
        let path = with_suffix(&database, IMPORT_LOCK);
        let held = FileLock::exclusive_without_deadline(&path).map_err(|error| not_locked(error, path))?;
        // It can have got another name while this was waited for.
        refuse_several_names(&database)?;
        Ok(Self { _held: held })
    }
}

/// The file by which processes take turns to write to the store that `database` leads to, so that each gets as much as
/// the others.
pub(super) fn turn_file_of(database: &Path) -> TurnFile {
    // Links that lead nowhere are told where the store is opened.
    let place = follow_links(database).unwrap_or_else(|_| database.to_owned());
    TurnFile::at(with_suffix(&place, TURN))
}

fn not_locked(error: LockError, path: PathBuf) -> SqliteError {
    match error {
        LockError::Open(source) | LockError::Refused(source) => SqliteError::Lock { path, source },
        LockError::Held => SqliteError::Locked { path, seconds: BUSY_TIMEOUT.as_secs() },
    }
}
