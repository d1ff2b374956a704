//! Connections: how they are opened, and the pragmas that durability rests on, each read back.

use std::borrow::Cow;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::types::FromSql;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::backup_mark;
use super::database_kind::DatabaseKind;
use super::error::SqliteError;
use super::spliced_log;

/// How every SQLite database begins.
pub const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// How long a statement waits for another process's write.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(15);
const BUSY_LOOK: Duration = Duration::from_millis(1);

/// In bytes. A checkpoint runs inside the writer and is what makes the slowest appends slow: rarely, then.
const WAL_AUTOCHECKPOINT: i64 = 80_000_000;
const JOURNAL_SIZE_LIMIT: i64 = 64 << 20;
/// In KiB.
const SMALL_CACHE: i64 = 2_000;
const ADDING_CACHE: i64 = 32_000;
#[cfg(feature = "postgres")]
const COPYING_CACHE: i64 = 12_000;
const SYNCHRONOUS_FULL: i64 = 2;
const SYNCHRONOUS_NORMAL: i64 = 1;
const SYNCHRONOUS_OFF: i64 = 0;
const TEMP_STORE_FILE: i64 = 1;
const TEMP_STORE_MEMORY: i64 = 2;

/// Versions up to 3.51.2 can corrupt a database in WAL mode that has two connections.
const SAFE_SQLITE: i32 = 3_051_003;

/// Opens a database for writing; an empty or missing file becomes an empty database.
pub(super) fn open_or_create(path: &Path) -> Result<Connection, SqliteError> {
    open(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)
}

/// Opens a database that exists, for queries. It is opened for writing where the file allows it,
/// since the last reader of a write-ahead log has to tidy it away; `query_only` keeps it from more.
pub(in crate::infrastructure) fn open_existing(path: &Path) -> Result<Connection, SqliteError> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    set(path, &connection, "query_only", 1_i64)?;
    Ok(connection)
}

/// Opens a database of its own that nothing else can open: in memory, and where it grows, in a file without a
/// name in the folder for temporary files.
pub(super) fn open_temporary() -> Result<Connection, SqliteError> {
    open_or_create(Path::new(""))
}

/// Lets a connection for queries have temporary tables.
pub(super) fn allow_temporary_tables(path: &Path, connection: &Connection) -> Result<(), SqliteError> {
    set(path, connection, "query_only", 0)?;
    set(path, connection, "temp_store", TEMP_STORE_FILE)
}

/// Lets a connection that writes store rows that refer to rows which are not there.
pub(super) fn allow_references_to_nothing(path: &Path, connection: &Connection) -> Result<(), SqliteError> {
    set(path, connection, "foreign_keys", 0)
}

fn open(path: &Path, flags: OpenFlags) -> Result<Connection, SqliteError> {
    if rusqlite::version_number() < SAFE_SQLITE {
        return Err(SqliteError::UnsafeLibrary { found: rusqlite::version() });
    }
    if !path.as_os_str().is_empty() {
        backup_mark::refuse_log_of_backup(path)?;
    }
    let failed = |source| SqliteError::Sqlite { action: "open", path: path.to_owned(), source };
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(as_path(path), flags).map_err(failed)?;
    connection.busy_handler(Some(wait_at_most(BUSY_TIMEOUT))).map_err(failed)?;
    // Else a statement is planned anew for each value of some of its parameters, which takes ten times as long as to run it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(failed)?;
    // A log that is refused is not put into the database when it is closed.
    let keep_log = |is_kept| {
        let config = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
        connection.set_db_config(config, is_kept).map(drop).map_err(failed)
    };
    let has_log = spliced_log::has_log(path);
    if has_log {
        keep_log(true)?;
    }
    // The first read of the file: here it shows whether it is a database at all.
    match connection.query_row("PRAGMA schema_version", [], |row| row.get::<_, i64>(0)) {
        Ok(_) if has_log => {
            spliced_log::refuse(path, &connection)?;
            keep_log(false)?;
            Ok(connection)
        }
        Ok(_) => Ok(connection),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
            Err(SqliteError::NotADatabase { path: path.to_owned() })
        }
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ReadOnly) => {
            Err(SqliteError::FolderReadOnly { path: path.to_owned(), source: error })
        }
        Err(error) => Err(failed(error)),
    }
}

/// The path as SQLite takes it for one: what begins with `file:` would be a URI, of another file.
fn as_path(path: &Path) -> Cow<'_, Path> {
    match path.as_os_str().as_encoded_bytes().starts_with(b"file:") {
        true => Cow::Owned(Path::new(".").join(path)),
        false => Cow::Borrowed(path),
    }
}

/// Looks every millisecond whether the database is free. SQLite's own way of waiting sleeps for up to
/// 100 ms between two looks, and so misses, again and again, the breath between two batches of an import.
pub(super) fn wait_at_most(patience: Duration) -> impl FnMut(i32) -> bool + Send + 'static {
    move |looks| {
        std::thread::sleep(BUSY_LOOK);
        BUSY_LOOK * looks.unsigned_abs() < patience
    }
}

/// Marks an empty database as one of that kind, before anything is in it. One that was made with pages of another size,
/// and cannot change them any more, keeps them.
pub(super) fn initialise(
    kind: &DatabaseKind,
    path: &Path,
    connection: &Connection,
) -> Result<(), SqliteError> {
    let (page_size, action) = ("page_size", "set a pragma of");
    connection.pragma_update(None, page_size, kind.page_size).map_err(|source| SqliteError::Sqlite {
        action,
        path: path.to_owned(),
        source,
    })?;
    set(path, connection, "application_id", i64::from(kind.application_id))
}

/// The id in the file's header.
pub(super) fn application_id(path: &Path, connection: &Connection) -> Result<u32, SqliteError> {
    get::<i64>(path, connection, "application_id").map(|id| id as u32)
}

/// Puts a connection that will write into the mode in which a commit is on disk when it returns.
pub(super) fn make_durable(path: &Path, connection: &Connection) -> Result<(), SqliteError> {
    switch_to_wal(path, connection)?;
    set(path, connection, "synchronous", SYNCHRONOUS_FULL)?;
    let page_size: i64 = get(path, connection, "page_size")?;
    set(path, connection, "wal_autocheckpoint", WAL_AUTOCHECKPOINT / page_size)?;
    set(path, connection, "journal_size_limit", JOURNAL_SIZE_LIMIT)?;
    // Sorters and temporary tables spill to files instead of growing in memory.
    set(path, connection, "temp_store", TEMP_STORE_FILE)
}

/// Takes back from [`make_durable`] that a commit is on disk when it returns: a power cut takes the last commits
/// back, each of them whole, and none without all later ones.
pub(in crate::infrastructure) fn sync_later(path: &Path, connection: &Connection) -> Result<(), SqliteError> {
    set(path, connection, "synchronous", SYNCHRONOUS_NORMAL)
}

/// Has a connection that makes small changes alone keep in memory what takes back a single statement or a savepoint, which is
/// the size of the pages that it has changed: else SQLite writes most of them to a file for each statement that fires a
/// trigger, which costs as much as the change itself.
pub(in crate::infrastructure) fn keep_undo_in_memory(
    path: &Path,
    connection: &Connection,
) -> Result<(), SqliteError> {
    set(path, connection, "temp_store", TEMP_STORE_MEMORY)
}

/// Has a connection that is durable add many rows fast, and do nothing else but that.
///
/// The triggers of the schema refuse changes of rows, and replacements: a plain insertion makes none. Where a statement
/// fires a trigger, whether or not that does anything, SQLite keeps every page that it changes, to be able to take the
/// statement back, which costs more than the insertion. The writer makes the checkpoints itself, between transactions, so
/// that no other one waits for them.
pub(super) fn make_adding(path: &Path, connection: &Connection) -> Result<(), SqliteError> {
    fire_no_triggers(path, connection)?;
    give_cache(path, connection, ADDING_CACHE)?;
    set(path, connection, "wal_autocheckpoint", 0)
}

/// Has a connection that is durable take rows as another store has them, whatever refuses rows or is missing among them.
#[cfg(feature = "postgres")]
pub(super) fn make_copying(path: &Path, connection: &Connection) -> Result<(), SqliteError> {
    fire_no_triggers(path, connection)?;
    allow_references_to_nothing(path, connection)?;
    give_cache(path, connection, COPYING_CACHE)
}

/// Has a connection keep so many KiB of pages in memory: those of indexes whose keys come in no order.
pub(super) fn give_cache(path: &Path, connection: &Connection, kibibytes: i64) -> Result<(), SqliteError> {
    // SQLite takes a positive number for pages.
    set(path, connection, "cache_size", -kibibytes)
}

/// Takes that back: the sorter that makes indexes works in runs of the size of the cache, and a small one is faster than a
/// large one, and takes no memory.
pub(super) fn give_small_cache(path: &Path, connection: &Connection) -> Result<(), SqliteError> {
    give_cache(path, connection, SMALL_CACHE)
}

fn fire_no_triggers(path: &Path, connection: &Connection) -> Result<(), SqliteError> {
    let action = "switch off the triggers of";
    let fires = connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)
        .map_err(|source| SqliteError::Sqlite { action, path: path.to_owned(), source })?;
    if !fires {
        return Ok(());
    }
    let (expected, found) = ("off".to_owned(), "on".to_owned());
    Err(SqliteError::Pragma { pragma: "ENABLE_TRIGGER", expected, found })
}

/// Puts a connection to a database that is still being built, and that has no other connection,
/// into the mode in which it is built fastest. Whether it is on disk is seen to at the end, once.
pub(super) fn make_fast(path: &Path, connection: &Connection) -> Result<(), SqliteError> {
    fire_no_triggers(path, connection)?;
    set(path, connection, "synchronous", SYNCHRONOUS_OFF)?;
    give_small_cache(path, connection)?;
    set(path, connection, "temp_store", TEMP_STORE_FILE)?;
    set(path, connection, "threads", 2)?;
    // The rows are made from types that hold nothing else.
    set(path, connection, "ignore_check_constraints", 1)?;
    // Rows are written down that refer to others by the positions which those will have.
    set(path, connection, "foreign_keys", 0)
}

/// The switch promotes a lock, which the busy handler does not cover: it is tried again by hand.
fn switch_to_wal(path: &Path, connection: &Connection) -> Result<(), SqliteError> {
    let deadline = Instant::now() + BUSY_TIMEOUT;
    loop {
        match connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0)) {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(found) => {
                return Err(SqliteError::Pragma {
                    pragma: "journal_mode",
                    expected: "wal".to_owned(),
                    found,
                });
            }
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && Instant::now() < deadline =>
            {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(source) => {
                let action = "switch to the write-ahead log in";
                return Err(SqliteError::Sqlite { action, path: path.to_owned(), source });
            }
        }
    }
}

/// Sets a pragma and reads it back: one that was executed is not yet one in effect.
fn set(path: &Path, connection: &Connection, pragma: &'static str, value: i64) -> Result<(), SqliteError> {
    let action = "set a pragma of";
    connection.pragma_update(None, pragma, value).map_err(|source| SqliteError::Sqlite {
        action,
        path: path.to_owned(),
        source,
    })?;
    let found: i64 = get(path, connection, pragma)?;
    if found == value {
        return Ok(());
    }
    Err(SqliteError::Pragma { pragma, expected: value.to_string(), found: found.to_string() })
}

fn get<T: FromSql>(path: &Path, connection: &Connection, pragma: &'static str) -> Result<T, SqliteError> {
    connection.pragma_query_value(None, pragma, |row| row.get(0)).map_err(|source| SqliteError::Sqlite {
        action: "read a pragma of",
        path: path.to_owned(),
        source,
    })
}
