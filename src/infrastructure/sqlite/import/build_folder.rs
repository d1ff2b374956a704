//! The folder that a new store is built in: beside the place of the store, so that it can be renamed into that, with
//! a name of its own, so that nothing of others is in the way.
//!
//! A lock in it is held for as long as its process lives. What a killed one leaves shows by its lock, which is free,
//! and by the mark of this program in the database; the next import removes it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempPath;
use uuid::Uuid;

use crate::durable::directory::nearest_folder;
use crate::durable::lock::{FileLock, LockError};
use crate::durable::space::available_bytes;
use crate::infrastructure::sqlite::connection::MAGIC;
use crate::infrastructure::sqlite::database_kind::EVENT_STORE;
use crate::infrastructure::sqlite::error::SqliteError;
use crate::infrastructure::sqlite::schema;

const PREFIX: &str = ".mission-events-import-";
const LOCK: &str = "lock";
const DATABASE: &str = "store.db";
/// Everything that lies in such a folder.
const NAMES: [&str; 5] = [DATABASE, "store.db-journal", "store.db-wal", "store.db-shm", LOCK];

/// A store has about this many bytes for each byte of the logs.
const GROWTH: u64 = 2;

/// Where the header of a database has its application id.
const HEADER_BYTES: usize = 72;

/// A folder that is removed, with what is in it, when it is dropped.
pub(super) struct BuildFolder {
    path: PathBuf,
    _lock: FileLock,
}

impl BuildFolder {
    /// Makes one in the folder that [`parent_for`] answers, where that has room for what the logs come to.
    pub fn create_for(place: &Path, parent: &Path, expected_bytes: u64) -> Result<Self, SqliteError> {
        ensure_room(parent, expected_bytes)?;
        Self::create(parent).map_err(|source| match source.kind() {
            // Where nothing may be written, the store's own folder and its lock cannot be made either.
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => match folder_of(place) {
                folder if folder.is_dir() => SqliteError::Lock { path: schema::lock_of(place), source },
                folder => SqliteError::Folder { path: folder.to_owned(), source },
            },
            _ => SqliteError::Build { path: parent.to_owned(), source },
        })
    }

    fn create(parent: &Path) -> io::Result<Self> {
        let path = parent.join(format!("{PREFIX}{}", Uuid::now_v7().simple()));
        fs::create_dir(&path)?;
        // Before there is a database: from then on others may look whether this process is gone.
        match FileLock::exclusive(&path.join(LOCK), Duration::ZERO) {
            Ok(lock) => Ok(Self { path, _lock: lock }),
            Err(error) => {
                fs::remove_dir_all(&path)?;
                Err(match error {
                    LockError::Open(source) | LockError::Refused(source) => source,
                    LockError::Held => io::ErrorKind::WouldBlock.into(),
                })
            }
        }
    }

    /// Where the database is built.
    pub fn database(&self) -> PathBuf {
        self.path.join(DATABASE)
    }

    /// Moves the database, which is closed, to its place; `false` where something is there. Where a log of another
    /// database has come there meanwhile, which SQLite would apply to this one, it is moved back.
    pub fn move_to(self, place: &Path) -> Result<bool, SqliteError> {
        let failed = |source| SqliteError::Publish { path: place.to_owned(), source };
        let database = TempPath::try_from_path(self.database()).map_err(failed)?;
        match database.persist_noclobber(place) {
            Ok(()) => {}
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
            Err(error) => return Err(failed(error.error)),
        }
        // The lock keeps this program away from it, and its header says that it has no write-ahead log.
        if let Some(log) = schema::log_beside(place) {
            fs::rename(place, self.database()).map_err(failed)?;
            return Err(SqliteError::OrphanedLog {
                log,
                path: place.to_owned(),
                content: EVENT_STORE.content,
            });
        }
        Ok(true)
    }
}

impl Drop for BuildFolder {
    fn drop(&mut self) {
        // The next import removes what could not be removed now.
        drop(fs::remove_dir_all(&self.path));
    }
}

/// The folder of a store, or the nearest one above it that is there.
pub(super) fn parent_for(place: &Path) -> Result<PathBuf, SqliteError> {
    let folder = folder_of(place);
    let nearest = nearest_folder(folder);
    nearest.map(Path::to_owned).map_err(|source| SqliteError::Folder { path: folder.to_owned(), source })
}

/// The empty path is the working directory.
fn folder_of(place: &Path) -> &Path {
    place.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Refuses to begin what cannot end.
fn ensure_room(folder: &Path, expected_bytes: u64) -> Result<(), SqliteError> {
    let Some(available) = available_bytes(folder) else { return Ok(()) };
    let needed = expected_bytes.saturating_mul(GROWTH);
    if available < needed {
        return Err(SqliteError::NoRoom { path: folder.to_owned(), needed, available });
    }
    Ok(())
}

/// Removes what imports have left in this folder that were killed.
pub(super) fn remove_remains(parent: &Path) {
    // What cannot be read here may be of other users; what matters is told where the import writes.
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let is_build = entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes());
        if is_build && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            let folder = entry.path();
            if let Err(error) = remove_if_abandoned(&folder) {
                tracing::warn!(
                    "could not remove {}, which an import has left that was interrupted: {error}",
                    folder.display()
                );
            }
        }
    }
}

fn remove_if_abandoned(folder: &Path) -> io::Result<()> {
    // Held, or without a lock: it is in use, or not of this program.
    let Ok(_lock) = FileLock::shared(&folder.join(LOCK), Duration::ZERO) else { return Ok(()) };
    if !is_ours(&folder.join(DATABASE))? {
        return Ok(());
    }
    for name in NAMES {
        unless_missing(fs::remove_file(folder.join(name)))?;
    }
    unless_missing(fs::remove_dir(folder))
}

/// A database with the mark of this program, or one that is still empty.
fn is_ours(database: &Path) -> io::Result<bool> {
    let mut header = Vec::with_capacity(HEADER_BYTES);
    match File::open(database) {
        Ok(file) => file.take(HEADER_BYTES as u64).read_to_end(&mut header)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    let has_mark =
        || header.starts_with(MAGIC) && header.ends_with(&EVENT_STORE.application_id.to_be_bytes());
    Ok(header.is_empty() || header.len() == HEADER_BYTES && has_mark())
}

/// Another process may remove the same.
fn unless_missing(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    /// What is left of a build when its process is killed: a lock that is free, and a database.
    fn remains(parent: &Path, application_id: u32) -> PathBuf {
        let folder = parent.join(format!("{PREFIX}killed"));
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join(LOCK), "").unwrap();
        let database = Connection::open(folder.join(DATABASE)).unwrap();
        database.pragma_update(None, "application_id", application_id).unwrap();
        fs::write(folder.join("store.db-journal"), "half").unwrap();
        folder
    }

    #[test]
    fn what_a_killed_import_has_left_is_removed() {
        let parent = tempfile::tempdir().unwrap();
        remains(parent.path(), EVENT_STORE.application_id);
        remove_remains(parent.path());
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_lives_or_is_not_of_this_program_stays() {
        let parent = tempfile::tempdir().unwrap();
        let living = BuildFolder::create(parent.path()).unwrap();
        fs::write(living.database(), "").unwrap();
        let foreign = remains(parent.path(), 7);
        let named_alike = parent.path().join(format!("{PREFIX}file"));
        fs::write(&named_alike, "precious").unwrap();
        remove_remains(parent.path());
        assert!(living.database().exists() && foreign.join(DATABASE).exists() && named_alike.exists());
    }

    #[test]
    fn a_file_of_others_in_what_is_left_stays_and_its_folder_with_it() {
        let parent = tempfile::tempdir().unwrap();
        let folder = remains(parent.path(), EVENT_STORE.application_id);
        fs::write(folder.join("precious"), "").unwrap();
        remove_remains(parent.path());
        let left: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["precious"]);
    }

    #[test]
    fn a_database_does_not_stay_beside_the_log_of_another_one() {
        let parent = tempfile::tempdir().unwrap();
        let place = parent.path().join("events.db");
        for log in ["events.db-wal", "events.db-journal"].map(|name| parent.path().join(name)) {
            fs::write(&log, "of another one").unwrap();
            let building = BuildFolder::create(parent.path()).unwrap();
            fs::write(building.database(), "new").unwrap();
            let error = building.move_to(&place).unwrap_err();
            assert!(matches!(error, SqliteError::OrphanedLog { .. }), "{error}");
            assert_eq!(fs::read_to_string(&log).unwrap(), "of another one");
            fs::remove_file(log).unwrap();
            assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
        }
    }

    #[test]
    fn a_database_is_moved_to_where_nothing_is_and_its_folder_is_gone() {
        let parent = tempfile::tempdir().unwrap();
        let place = parent.path().join("events.db");
        for (content, is_moved) in [("first", true), ("second", false)] {
            let building = BuildFolder::create(parent.path()).unwrap();
            fs::write(building.database(), content).unwrap();
            assert_eq!(building.move_to(&place).unwrap(), is_moved);
            assert_eq!(fs::read_to_string(&place).unwrap(), "first");
            assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
        }
    }
}
