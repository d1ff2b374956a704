//! A backup of databases becomes a SQLite store, or the database of handlers.

use std::path::{Path, PathBuf};

use super::staging::{
    ACTION, adopt_access, aside_of, copy, failed, give_side_files, lock_folder_of, remove_staged_database,
    staged_at,
};
use crate::application::backup::{
    Against, Contents, Findings, LackingRows, Published, Relation, RestorePlace, Subject, Tell, hold_against,
};
use crate::domain::path_text::text_of;
use crate::domain::repository::RepositoryError;
use crate::durable::links::follow_links;
use crate::durable::lock::FileLock;
use crate::durable::presence::is_present;
use crate::durable::replacement::put_into_place;
use crate::infrastructure::backup_folder::{BackupFolder, EVENTS_FILE, HANDLERS_FILE};
use crate::infrastructure::side_files::{OF_A_STORE, with_suffix};
use crate::infrastructure::sqlite::backup::{HeldDatabase, make_writable};
use crate::infrastructure::sqlite::{
    Database, OtherTables, SqliteError, SqliteEventRepository, rows_only_in, subject_of_events,
    subject_of_handlers,
};
use crate::wire::zone::Zone;

fn storage(error: SqliteError) -> RepositoryError {
    RepositoryError::storage(ACTION, error)
}

/// The place of one database.
pub(super) struct DatabasePlace {
    database: Database,
    file: &'static str,
    place: PathBuf,
    _lock: Option<FileLock>,
}

impl DatabasePlace {
    /// That of the database that `path` leads to; `lock`: no other one in its folder is held by this process.
    pub fn new(database: Database, path: &Path, lock: bool) -> Result<Self, RepositoryError> {
        let file = match database {
            Database::Events => EVENTS_FILE,
            Database::Handlers => HANDLERS_FILE,
        };
        let place = follow_links(path).map_err(failed("follow the links of", path))?;
        let lock = if lock { lock_folder_of(&place)? } else { None };
        Ok(Self { database, file, place, _lock: lock })
    }

    pub fn staged(&self) -> PathBuf {
        staged_at(&self.place)
    }

    pub fn stage(&self, backup: &BackupFolder, tell: &mut dyn FnMut(u64)) -> Result<(), RepositoryError> {
        let staged = self.staged();
        remove_staged_database(&staged)?;
        if let Some(file) = backup.manifest.files.iter().find(|file| file.name == self.file) {
            copy(backup, file, file, &staged, tell)?;
            make_writable(&staged).map_err(storage)?;
            adopt_access(&staged, &self.place, None)?;
        }
        Ok(())
    }

    /// The place, while no other process has the database open.
    pub fn hold(&self) -> Result<HeldDatabase, RepositoryError> {
        HeldDatabase::hold(self.database, &self.place).map_err(storage)
    }

    /// Whether the database that stands there holds what the copy does, all its rows, and is whole: an index can be damaged while all rows are
    /// there. One that cannot be read does not.
    pub fn is_same(&self, contents: &Contents, zone: &Zone) -> Result<bool, RepositoryError> {
        if !is_present(&self.place).map_err(failed("look at", &self.place))? {
            return Ok(false);
        }
        let subject = match self.database {
            Database::Events => subject_of_events(&self.place, zone),
            Database::Handlers => subject_of_handlers(&self.place),
        };
        let Ok(Subject { mut databases, .. }) = subject else { return Ok(false) };
        let Some(database) = databases.first_mut() else { return Ok(false) };
        let mut findings = Findings::default();
        if database.complain(&mut findings).is_err() || !findings.is_empty() {
            return Ok(false);
        }
        let expected = contents.tables.iter().filter(|table| table.database == self.file);
        let is_version = contents.schema_versions.get(self.file) == Some(&database.schema_version());
        Ok(is_version && database.tables(&mut |_| {}).is_ok_and(|tables| tables.iter().eq(expected)))
    }

    /// Puts the copy there; answers where is what stood there.
    pub fn publish(&self, held: HeldDatabase, moment: &str) -> Result<Option<String>, RepositoryError> {
        let aside = aside_of(held.place(), moment);
        let was_there = is_present(held.place()).map_err(failed("look at", held.place()))?;
        let made = OF_A_STORE.map(|suffix| with_suffix(held.place(), suffix));
        give_side_files(&made, &self.staged())?;
        put_into_place(&self.staged(), held.place(), &aside)
            .map_err(failed("put the restored database at", held.place()))?;
        Ok(was_there.then(|| text_of(&aside)))
    }
}

impl Drop for DatabasePlace {
    fn drop(&mut self) {
        // It is a copy, and removed by the next restoration where it cannot be now.
        drop(remove_staged_database(&self.staged()));
    }
}

/// The place of a SQLite store, and that of the database of its handlers.
pub struct SqliteRestorePlace {
    backup: BackupFolder,
    // Dropped before the lock that the other one has.
    handlers: Option<DatabasePlace>,
    events: DatabasePlace,
    zone: Zone,
    moment: String,
    /// The last position of the store that stands there, when it was held against the copy.
    last_position: i64,
    /// Whether the backup has events which that store lacks, or none stands there.
    has_less: bool,
}

impl SqliteRestorePlace {
    /// The store at `events` is restored, and where there is `handlers`, what handlers have done; what stands there is called by this moment.
    ///
    /// # Errors
    /// Another process restores a store there, or the folder cannot be written to.
    pub fn new(
        backup: BackupFolder,
        events: &Path,
        handlers: Option<&Path>,
        zone: Zone,
        moment: String,
    ) -> Result<Self, RepositoryError> {
        let events = DatabasePlace::new(Database::Events, events, true)?;
        let handlers =
            handlers.map(|path| DatabasePlace::new(Database::Handlers, path, false)).transpose()?;
        Ok(Self { backup, events, handlers, zone, moment, last_position: 0, has_less: true })
    }
}

impl SqliteRestorePlace {
    fn has_no_bytes(&self) -> Result<bool, RepositoryError> {
        Ok(self.events.place.metadata().map_err(failed("look at", &self.events.place))?.len() == 0)
    }
}

impl RestorePlace for SqliteRestorePlace {
    fn path(&self) -> String {
        text_of(&self.events.place)
    }

    fn stage(&mut self, tell: Tell<'_>) -> Result<(), RepositoryError> {
        let mut done = 0;
        let mut count = |bytes| {
            done += bytes;
            tell(done);
        };
        if let Some(handlers) = &self.handlers {
            handlers.stage(&self.backup, &mut count)?;
        }
        self.events.stage(&self.backup, &mut count)
    }

    fn staged(&self) -> Result<Subject, RepositoryError> {
        let mut subject = subject_of_events(&self.events.staged(), &self.zone)?;
        add_handlers(self.handlers.as_ref(), &mut subject)?;
        Ok(subject)
    }

    fn hold_against_staged(&mut self) -> Result<Option<Against>, RepositoryError> {
        if !is_present(&self.events.place).map_err(failed("look at", &self.events.place))? {
            return Ok(None);
        }
        let open =
            |path: &Path| SqliteEventRepository::open_for_reading(path, self.zone.clone()).map_err(storage);
        // An empty file is a store that holds nothing yet.
        if self.has_no_bytes()? {
            return Ok(Some(Against::default()));
        }
        let there = open(&self.events.staged())?;
        let here = SqliteEventRepository::open_for_reading(&self.events.place, self.zone.clone()).map_err(
            |source| RepositoryError::storage(ACTION, Unreadable { path: self.events.place.clone(), source }),
        )?;
        let against = hold_against(
            &here,
            &there,
            text_of(&self.backup.path),
            Relation::Later,
            &mut Findings::default(),
        )?;
        self.last_position =
            i64::try_from(against.same + against.only_here + against.different).unwrap_or(i64::MAX);
        self.has_less = against.later_in_other + against.lost_here > 0;
        Ok(Some(against))
    }

    fn rows_only_here(&mut self) -> Result<Vec<LackingRows>, RepositoryError> {
        // One that holds nothing yet has no tables.
        if self.last_position == 0 && self.has_no_bytes()? {
            return Ok(Vec::new());
        }
        rows_only_in(Database::Events, &self.events.place, &self.events.staged(), OtherTables::Rows)
            .map_err(storage)
    }

    fn publish(&mut self, contents: &Contents) -> Result<Published, RepositoryError> {
        let is_same = !self.has_less && self.events.is_same(contents, &self.zone)?;
        let handlers = self.handlers.as_ref().map(|place| Ok((place, place.is_same(contents, &self.zone)?)));
        let handlers = handlers.transpose()?.filter(|(_, is_same)| !is_same).map(|(place, _)| place);
        // Both are held before one is replaced.
        let held = self.events.hold()?;
        let held_handlers = handlers.map(|place| Ok((place, place.hold()?))).transpose()?;
        let last = held.last_position().map_err(storage)?;
        if last != self.last_position {
            let grown = GrownMeanwhile { last, expected: self.last_position };
            return Err(RepositoryError::storage(ACTION, grown));
        }
        let mut set_aside = Vec::new();
        // First what handlers have done: ahead of a store that was not replaced, they stand still.
        if let Some((place, held)) = held_handlers {
            set_aside.extend(place.publish(held, &self.moment)?);
        }
        if !is_same {
            set_aside.extend(self.events.publish(held, &self.moment)?);
        }
        Ok(Published { set_aside, is_replaced: !is_same })
    }
}

/// The store that stands in the place cannot be read.
#[derive(Debug, thiserror::Error)]
#[error(
    "{} stands there and cannot be read: whether it has events that the backup lacks is not known. Move it away, with its -wal and -shm where there \
     are any, and restore again", path.display()
)]
struct Unreadable {
    path: PathBuf,
    #[source]
    source: SqliteError,
}

/// Events were stored since the store was held against the backup.
#[derive(Debug, thiserror::Error)]
#[error(
    "the store ends at position {last}, and ended at {expected} when it was held against the backup: end the process that writes to it, and try again"
)]
struct GrownMeanwhile {
    last: i64,
    expected: i64,
}

/// Removes what a killed restoration has left of the database of handlers, where that is not restored now.
///
/// # Errors
/// It cannot be removed.
pub fn remove_staged_handlers(path: &Path) -> Result<(), RepositoryError> {
    let place = follow_links(path).map_err(failed("follow the links of", path))?;
    remove_staged_database(&staged_at(&place))
}

/// Adds the copied database of handlers to what is proved.
pub(super) fn add_handlers(
    handlers: Option<&DatabasePlace>,
    subject: &mut Subject,
) -> Result<(), RepositoryError> {
    if let Some(handlers) = handlers {
        let more = subject_of_handlers(&handlers.staged())?;
        subject.databases.extend(more.databases);
        subject.findings.extend(more.findings);
    }
    Ok(())
}
