//! What can go wrong with a database file, in this backend's own words; and its translation, in one
//! place, into those of the port.

use std::io;
use std::path::PathBuf;

use rusqlite::ErrorCode;
use thiserror::Error;

use crate::domain::repository::RepositoryError;

/// Why a store in SQLite could not be opened, prepared or used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SqliteError {
    /// There is no such file.
    #[error("there is no store at {}", path.display())]
    Missing {
        /// The path.
        path: PathBuf,
    },
    /// Whether there is such a file could not be told.
    #[error("could not look at {}", path.display())]
    Look {
        /// The path.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file is no SQLite database.
    #[error("{} is not a SQLite database: name another file, or move this one away", path.display())]
    NotADatabase {
        /// The path.
        path: PathBuf,
    },
    /// Nothing can be written beside the database, where SQLite needs files to share it.
    #[error("could not open {}: even to be read, it needs -wal and -shm files beside it, and nothing may be written in its folder: allow that, or use a copy in another folder", path.display())]
    FolderReadOnly {
        /// The path.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
    /// The log of a database that is not there any more.
    #[error("{} lies there without its database {}, and may hold {content} that are nowhere else: put the database back, or move the log away to begin a new store", log.display(), path.display())]
    OrphanedLog {
        /// The write-ahead log or rollback journal.
        log: PathBuf,
        /// Where its database would be.
        path: PathBuf,
        /// What it may hold, in the plural.
        content: &'static str,
    },
    /// The log beside the database was written for another state of it.
    #[error("{} was not written for {} as it is now, and would damage it: {detail}. Nothing was changed", log.display(), path.display())]
    SplicedLog {
        /// The database.
        path: PathBuf,
        /// Its write-ahead log.
        log: PathBuf,
        /// What is wrong, and the way out.
        detail: String,
    },
    /// The database belongs to another program.
    #[error("{} is a SQLite database, but not one of this program (application_id {found:#010x}, expected {expected:#010x}): name another file", path.display())]
    NotOurs {
        /// The path.
        path: PathBuf,
        /// The id in the file.
        found: u32,
        /// This program's id.
        expected: u32,
    },
    /// The database has what this program makes, but not its mark.
    #[error("{} has the tables of {kind}, but not the application_id of one, which is lost where a database is restored from its dump, or cloned: sqlite3 {} \"PRAGMA application_id = {expected:#010x}\" makes it one again", path.display(), path.display())]
    Unmarked {
        /// The path.
        path: PathBuf,
        /// What it would be.
        kind: &'static str,
        /// This program's id.
        expected: u32,
    },
    /// The database is of this program, and holds something else.
    #[error("{} is {found} of this program, and {expected} is expected there: name another file", path.display())]
    OtherKind {
        /// The path.
        path: PathBuf,
        /// What it is.
        found: &'static str,
        /// What it is to be.
        expected: &'static str,
    },
    /// A newer version of this program wrote the database.
    #[error("{} has schema version {found}, this program knows versions up to {known}: use the newer program that wrote it", path.display())]
    Newer {
        /// The path.
        path: PathBuf,
        /// The version in the file.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// An older version of this program wrote the database, and it was opened for reading.
    #[error("{} has schema version {found}, this program reads version {known}: run a command that writes to it once, such as {command}", path.display())]
    Older {
        /// The path.
        path: PathBuf,
        /// The version in the file.
        found: i64,
        /// The version known here.
        known: i64,
        /// A command that writes to it.
        command: &'static str,
    },
    /// The database holds nothing, and was opened for reading.
    #[error(
        "{} holds nothing: where it was a store, something has emptied it, and `mission-events restore --from` a backup brings it back; \
         a new one is made by the first command that writes to it, such as {command}",
        path.display()
    )]
    Empty {
        /// The path.
        path: PathBuf,
        /// A command that writes to it.
        command: &'static str,
    },
    /// The table of applied migrations is not what a migration can have written.
    #[error("the migration history of {} is damaged: {detail}", path.display())]
    DamagedHistory {
        /// The path.
        path: PathBuf,
        /// What was expected and what came.
        detail: String,
    },
    /// The schema is not what the migrations make.
    #[error("the schema of {} was changed by another program: {differences}; what the store promises rests on it: undo that (drop what was added; the statements of what is missing are in the files of {migrations}), or go back to a copy", path.display())]
    ChangedSchema {
        /// The path.
        path: PathBuf,
        /// What is missing, is another one, or was added.
        differences: String,
        /// The folder of the migrations in the source.
        migrations: &'static str,
    },
    /// The database of a backup was opened for writing.
    #[error("{} is the database of a backup, which is read and never written to: `mission-events restore --from` with its folder makes a store of it", path.display())]
    Backup {
        /// The path.
        path: PathBuf,
    },
    /// A journal or a log lies beside the database of a backup.
    #[error(
        "{} lies beside {}, which is the database of a backup and has none: nothing was read, since it would change the backup; \
         it is of another database: move it away",
        log.display(), path.display()
    )]
    LogOfBackup {
        /// The path.
        path: PathBuf,
        /// What lies there.
        log: PathBuf,
    },
    /// The store was moved, and was opened for writing.
    #[error("{} was moved to {to}, and takes nothing any more: name that store in the settings (storage.backend, and its place), or by --store", path.display())]
    Moved {
        /// The path.
        path: PathBuf,
        /// Where the store is.
        to: String,
    },
    /// The store is a copy, and was opened for writing.
    #[error("{} is a copy of {of}, which is the store until `move --cut-over` makes the copy the store: name that one", path.display())]
    Copy {
        /// The path.
        path: PathBuf,
        /// Where the store is.
        of: String,
    },
    /// The store is a copy that was not made to its end.
    #[error("{} is a copy of {of} that is not complete: run the same `move` again, which goes on with it", path.display())]
    IncompleteCopy {
        /// The path.
        path: PathBuf,
        /// Where the store is.
        of: String,
    },
    /// Another process has a database open that is to be replaced.
    #[error("another process has {} open: end it, and every other one that uses the store, and try again", path.display())]
    InUse {
        /// The path.
        path: PathBuf,
    },
    /// The database has several names, and is to be written.
    #[error("{} has {names} names (hard links), and SQLite keeps a log of its own beside each: what is written through one of them can be lost. It can be read; to write to it, remove the other names (find -samefile lists them), or make a copy and move that into its place", path.display())]
    SeveralNames {
        /// The path.
        path: PathBuf,
        /// How many.
        names: u64,
    },
    /// The links of the path could not be followed.
    #[error("could not find out where {} leads", path.display())]
    Link {
        /// The path.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A link leads into a folder that does not exist.
    #[error("{} is a link to {}, and the folder of that does not exist: make it, mount its disk, or correct the link", path.display(), place.display())]
    DanglingLink {
        /// The link.
        path: PathBuf,
        /// Where it leads.
        place: PathBuf,
    },
    /// A new store could not be put into its place.
    #[error("could not make {}", path.display())]
    Publish {
        /// The place.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Something has appeared in the place of a store that was being built.
    #[error("something else has appeared at {} while a new store was built for it: that stays as it is, and what was built is removed; move it away, or name another file", path.display())]
    Appeared {
        /// The place.
        path: PathBuf,
        /// What is there.
        #[source]
        source: Box<SqliteError>,
    },
    /// The SQLite library can corrupt databases.
    #[error("SQLite {found} can corrupt a write-ahead log: this program needs 3.51.3 or later")]
    UnsafeLibrary {
        /// Its version.
        found: &'static str,
    },
    /// A pragma was set, and is not in effect.
    #[error("SQLite did not take pragma {pragma}: expected {expected}, found {found}")]
    Pragma {
        /// The pragma.
        pragma: &'static str,
        /// What was set.
        expected: String,
        /// What was read back.
        found: String,
    },
    /// The lock file beside the database could not be made or locked.
    #[error("could not lock {}: a store needs a folder that this user may write; change its permissions, or name a store elsewhere", path.display())]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Another process keeps the lock.
    #[error("another process is preparing the store: {} stayed locked for {seconds} s; try again when it is done", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// How long was waited.
        seconds: u64,
    },
    /// The folder of the database could not be made.
    #[error("could not create the folder {}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The disk has less room than a new store needs.
    #[error("there is not enough room in {} for the new store: it needs about {needed} bytes, {available} are free; make room, or import into another folder with --into", path.display())]
    NoRoom {
        /// The folder.
        path: PathBuf,
        /// About how many bytes it takes.
        needed: u64,
        /// How many there are.
        available: u64,
    },
    /// There is no folder to build a new store in.
    #[error("could not make a folder in {} to build the new store in", path.display())]
    Build {
        /// The folder that it was to be made in.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A migration failed; it was rolled back.
    #[error("could not bring {} to schema version {known}", path.display())]
    Migration {
        /// The path.
        path: PathBuf,
        /// The version that was to be reached.
        known: i64,
        /// What the migration runner said.
        #[source]
        source: Box<refinery::Error>,
    },
    /// SQLite said no.
    #[error("could not {action} {}", path.display())]
    Sqlite {
        /// What was tried.
        action: &'static str,
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
}

/// A row was to be inserted, and SQLite says that it was not.
#[derive(Debug, Error)]
#[error(
    "the database has taken {0} rows where one was to be stored: another program has changed its schema, by a trigger perhaps"
)]
struct RowNotStored(usize);

/// Translates what SQLite says while the port does `action`.
pub(super) fn port_error(action: &'static str) -> impl Fn(rusqlite::Error) -> RepositoryError {
    move |error| match error.sqlite_error_code() {
        None if let rusqlite::Error::StatementChangedRows(rows) = error => {
            RepositoryError::storage(action, RowNotStored(rows))
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => RepositoryError::busy(action, error),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            RepositoryError::Corrupt { place: "the database".to_owned(), detail: error.to_string() }
        }
        _ => RepositoryError::storage(action, error),
    }
}
