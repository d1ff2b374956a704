//! A copy of a store under one snapshot, while others write to it.
//!
//! One read transaction is held while SQLite's backup copies the pages of that moment. SQLite begins a backup anew where its connection
//! sees that another one has written; this connection does not see it as long as its transaction is open. Writers append to the
//! write-ahead log meanwhile and wait for nothing. The log cannot begin anew before the copy is there: how long it may become is bounded,
//! and the snapshot is let go where it becomes longer.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use thiserror::Error;

use super::events::SqliteProofEvents;
use super::proof::SqliteProofDatabase;
use crate::application::backup::{Check, CopiedStore, StoreName, StoreSnapshot, Subject, Tell};
use crate::domain::path_text::text_of;
use crate::domain::repository::RepositoryError;
use crate::durable::privacy::keep_as_private;
use crate::infrastructure::backup_folder::{EVENTS_FILE, HANDLERS_FILE};
use crate::infrastructure::sqlite::backup_mark::set_mark;
use crate::infrastructure::sqlite::database_kind::{DatabaseKind, EVENT_STORE, HANDLER_STORE};
use crate::infrastructure::sqlite::error::SqliteError;
use crate::infrastructure::sqlite::{connection, schema};
use crate::wire::zone::Zone;

const ACTION: &str = "copy the store";
/// So many pages are copied between two looks at the length of the write-ahead log.
const PAGES: i32 = 256;
/// How long a step is tried again that was refused.
const PAUSE: Duration = Duration::from_millis(5);

/// The write-ahead log has become too long.
#[derive(Debug, Error)]
#[error(
    "the write-ahead log of {} grew by {grown} bytes while the store was copied, and {most} are allowed: nothing was kept of the copy, and writers \
     were not held up. Back up at a quieter time, to a faster disk, or with a greater --max-log-growth", path.display()
)]
struct LogTooLong {
    path: PathBuf,
    grown: u64,
    most: u64,
}

/// A SQLite store that is to be copied, with what its handlers have done.
pub struct SqliteSnapshot {
    events: PathBuf,
    handlers: Option<PathBuf>,
    zone: Zone,
    most_log_growth: u64,
}

impl SqliteSnapshot {
    /// The store at `events`, whose handlers are recorded at `handlers`, where there are any. The write-ahead log may grow by so many bytes.
    pub fn new(events: &Path, handlers: Option<&Path>, zone: Zone, most_log_growth: u64) -> Self {
        Self { events: events.to_owned(), handlers: handlers.map(Path::to_owned), zone, most_log_growth }
    }
}

impl StoreSnapshot for SqliteSnapshot {
    fn store(&self) -> StoreName {
        store_name("sqlite", &self.events, self.handlers.as_deref())
    }

    fn bytes(&self) -> Result<u64, RepositoryError> {
        schema::ensure_present(&self.events).map_err(storage)?;
        Ok(database_bytes(&self.events)? + handler_bytes(self.handlers.as_deref())?)
    }

    fn copy_into(&mut self, folder: &Path, tell: Tell<'_>) -> Result<CopiedStore, RepositoryError> {
        let handlers = copy_handlers(self.handlers.as_deref(), folder, self.most_log_growth)?;
        let copy = folder.join(EVENTS_FILE);
        keep_private(folder, &self.events)?;
        let events = copy_database(&EVENT_STORE, &self.events, &copy, self.most_log_growth, tell)
            .map_err(storage_of(ACTION))?;
        Ok(CopiedStore {
            log_growth: handlers.log_growth.max(events.log_growth),
            held_ms: handlers.held_ms.max(events.held_ms),
            ..CopiedStore::default()
        })
    }

    fn copied(&self, folder: &Path) -> Result<Subject, RepositoryError> {
        let mut subject = subject_of_events(&folder.join(EVENTS_FILE), &self.zone)?;
        copied_handlers(folder, &mut subject)?;
        Ok(subject)
    }
}

/// What is written down of a store by its paths.
pub fn store_name(backend: &str, events: &Path, handlers: Option<&Path>) -> StoreName {
    let absolute = |path: &Path| text_of(&path.canonicalize().unwrap_or_else(|_| path.to_owned()));
    let handlers = handlers.filter(|path| path.exists()).map(absolute);
    StoreName { backend: backend.to_owned(), path: absolute(events), handlers }
}

/// How many bytes the database of handlers has; 0 where there is none.
///
/// # Errors
/// It cannot be looked at.
pub fn handler_bytes(handlers: Option<&Path>) -> Result<u64, RepositoryError> {
    match handlers {
        Some(handlers) if is_there(handlers)? => database_bytes(handlers),
        _ => Ok(0),
    }
}

fn database_bytes(path: &Path) -> Result<u64, RepositoryError> {
    schema::size_in_bytes(path).map_err(|error| RepositoryError::storage("look at the store", error))
}

/// Copies what handlers have done into the folder of a backup, where it is there.
///
/// # Errors
/// It is no database of handlers, or could not be copied.
pub fn copy_handlers(
    handlers: Option<&Path>,
    folder: &Path,
    most_log_growth: u64,
) -> Result<CopiedStore, RepositoryError> {
    let Some(handlers) = handlers else { return Ok(CopiedStore::default()) };
    if !is_there(handlers)? {
        return Ok(CopiedStore::default());
    }
    let copy = folder.join(HANDLERS_FILE);
    keep_private(folder, handlers)?;
    copy_database(&HANDLER_STORE, handlers, &copy, most_log_growth, &mut |_| {})
        .map_err(storage_of("copy what handlers have done"))
}

fn keep_private(folder: &Path, database: &Path) -> Result<(), RepositoryError> {
    keep_as_private(folder, database)
        .map_err(|error| RepositoryError::storage("keep a backup private", error))
}

/// Adds what handlers have done, as the folder of a backup has it, to what is proved.
///
/// # Errors
/// It could not be looked at.
pub fn copied_handlers(folder: &Path, subject: &mut Subject) -> Result<(), RepositoryError> {
    let handlers = folder.join(HANDLERS_FILE);
    if is_there(&handlers)? {
        let more = subject_of_handlers(&handlers)?;
        subject.databases.extend(more.databases);
        subject.findings.extend(more.findings);
    }
    Ok(())
}

/// A store of events, to be proved.
///
/// # Errors
/// It is none of this program, or cannot be read for another reason than that it is damaged.
pub fn subject_of_events(path: &Path, zone: &Zone) -> Result<Subject, RepositoryError> {
    let opened = SqliteProofEvents::open(path, zone.clone())
        .and_then(|events| Ok((events, SqliteProofDatabase::open(&EVENT_STORE, EVENTS_FILE, path)?)));
    match opened {
        Ok((events, database)) => Ok(Subject {
            events: Some(Box::new(events)),
            databases: vec![Box::new(database)],
            findings: Default::default(),
        }),
        Err(error) => damaged(path, error),
    }
}

/// A database of handlers, to be proved.
///
/// # Errors
/// As [`subject_of_events`].
pub fn subject_of_handlers(path: &Path) -> Result<Subject, RepositoryError> {
    match SqliteProofDatabase::open(&HANDLER_STORE, HANDLERS_FILE, path) {
        Ok(database) => {
            Ok(Subject { events: None, databases: vec![Box::new(database)], findings: Default::default() })
        }
        Err(error) => damaged(path, error),
    }
}

/// What keeps a database from being opened is a finding where it is damaged.
fn damaged(path: &Path, error: SqliteError) -> Result<Subject, RepositoryError> {
    let check = match &error {
        SqliteError::ChangedSchema { .. } | SqliteError::DamagedHistory { .. } => Check::Schema,
        SqliteError::NotADatabase { .. } => Check::Integrity,
        SqliteError::Sqlite { source, .. } if is_damage(source) => Check::Integrity,
        _ => return Err(storage(error)),
    };
    Ok(Subject::damaged(check, text_of(path), crate::domain::error_chain::error_chain(&error)))
}

fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    matches!(error.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase))
}

fn is_there(path: &Path) -> Result<bool, RepositoryError> {
    schema::look_for(path).map_err(storage)
}

fn storage(error: SqliteError) -> RepositoryError {
    RepositoryError::storage(ACTION, error)
}

fn storage_of(action: &'static str) -> impl Fn(CopyError) -> RepositoryError {
    move |error| match error {
        CopyError::Store(error) => RepositoryError::storage(action, error),
        CopyError::TooLong(error) => RepositoryError::storage(action, error),
    }
}

#[derive(Debug, Error)]
enum CopyError {
    #[error(transparent)]
    Store(#[from] SqliteError),
    #[error(transparent)]
    TooLong(#[from] LogTooLong),
}

/// Copies a database, as it is at one moment, into a new file that is marked as a backup. What is written is not durable yet.
fn copy_database(
    kind: &DatabaseKind,
    path: &Path,
    copy: &Path,
    most_log_growth: u64,
    tell: Tell<'_>,
) -> Result<CopiedStore, CopyError> {
    let sqlite = |action: &'static str, path: &Path| {
        let path = path.to_owned();
        move |source| SqliteError::Sqlite { action, path, source }
    };
    let source = schema::open_checked_for_reading(kind, path)?;
    let mut target = connection::open_or_create(copy)?;
    let prepare = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -2000";
    target.execute_batch(prepare).map_err(sqlite("prepare", copy))?;
    let log_length = || schema::log_size_in_bytes(path).unwrap_or(0);
    let before = log_length();
    let started = Instant::now();
    // The read makes the transaction one of this moment.
    source
        .execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema")
        .map_err(sqlite("begin to read", path))?;
    let mut copied = CopiedStore::default();
    {
        let page_size: u64 = source
            .pragma_query_value(None, "page_size", |row| row.get(0))
            .map_err(sqlite("look at", path))?;
        let backup = Backup::new(&source, &mut target).map_err(sqlite("begin to copy", path))?;
        loop {
            let step = backup.step(PAGES).map_err(sqlite("copy", path))?;
            copied.log_growth = copied.log_growth.max(log_length().saturating_sub(before));
            if copied.log_growth > most_log_growth {
                let path = path.to_owned();
                return Err(LogTooLong { path, grown: copied.log_growth, most: most_log_growth }.into());
            }
            let progress = backup.progress();
            let done = progress.pagecount - progress.remaining;
            tell(u64::try_from(done).unwrap_or(0) * page_size);
            match step {
                StepResult::Done => break,
                StepResult::Busy | StepResult::Locked => std::thread::sleep(PAUSE),
                _ => {}
            }
        }
    }
    source.execute_batch("ROLLBACK").map_err(sqlite("end reading", path))?;
    copied.held_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    drop(source);
    finish(&target).map_err(sqlite("finish", copy))?;
    target.close().map_err(|(_, error)| sqlite("close", copy)(error))?;
    Ok(copied)
}

/// A copy is one file, which nothing has to be written beside to be read.
fn finish(copy: &Connection) -> rusqlite::Result<()> {
    copy.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get::<_, String>(0))?;
    set_mark(copy, true)
}

#[cfg(test)]
mod tests;
