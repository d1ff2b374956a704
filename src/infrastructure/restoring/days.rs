//! A backup of daily files becomes a JSONL store. The folder of that holds other files, too: day by day the files of the backup are put
//! there, and those that are the same already are left.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::database::{DatabasePlace, add_handlers};
use super::staging::{
    ACTION, adopt_access, aside_of, copy, failed, give_side_files, lock_folder_of, staged_at,
};
use crate::application::backup::{
    Against, BackedUpFile, Contents, Findings, LackingRows, Published, Relation, RestorePlace, Subject, Tell,
    hold_against,
};
use crate::domain::path_text::text_of;
use crate::domain::repository::RepositoryError;
use crate::durable::directory::{create_folders, sync_folder};
use crate::durable::lock::FileLock;
use crate::durable::presence::is_present;
use crate::infrastructure::backup_folder::{BackupFolder, EVENTS_FOLDER, hash_file};
use crate::infrastructure::jsonl::{
    FolderLocks, JsonlEventRepository, UnfinishedRestore, day_of_file, files_of_days, is_file_of_a_day,
    subject_of_days,
};
use crate::infrastructure::side_files::{LOCK_OF_A_FOLDER, LOCK_OF_AN_ARCHIVE};
use crate::infrastructure::sqlite::Database;
use crate::wire::zone::Zone;

/// The place of a JSONL store, and that of the database of its handlers.
pub struct JsonlRestorePlace {
    backup: BackupFolder,
    folder: PathBuf,
    handlers: Option<DatabasePlace>,
    zone: Zone,
    moment: String,
    _lock: Option<FileLock>,
    /// The files of the store when it was held against the copy, with their lengths.
    known: BTreeMap<PathBuf, u64>,
    /// Whether a restoration of this backup was cut short there.
    goes_on: bool,
}

/// The files of a day, by the names that they have in the folder of a store.
#[derive(Default)]
struct Day<'b> {
    /// Those of the backup.
    files: Vec<(PathBuf, &'b BackedUpFile)>,
    /// Those that stand there.
    standing: Vec<PathBuf>,
}

impl JsonlRestorePlace {
    /// The store in `folder` is restored, and where there is `handlers`, what handlers have done; what stands there is called by this
    /// moment.
    ///
    /// # Errors
    /// Another process restores a store there, the folder cannot be written to, or the backup names files among its day files that are none.
    pub fn new(
        backup: BackupFolder,
        folder: &Path,
        handlers: Option<&Path>,
        zone: Zone,
        moment: String,
    ) -> Result<Self, RepositoryError> {
        // A link to the folder stays one.
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let lock = lock_folder_of(&folder)?;
        let handlers =
            handlers.map(|path| DatabasePlace::new(Database::Handlers, path, false)).transpose()?;
        let place = Self {
            backup,
            folder,
            handlers,
            zone,
            moment,
            _lock: lock,
            known: BTreeMap::new(),
            goes_on: false,
        };
        // Such a file would be put among the files of the store, and none would read it.
        if let Some((_, _, file)) = place.packed_files().find(|(name, _, _)| !is_file_of_a_day(name)) {
            let stranger = NoDayFile { backup: text_of(&place.backup.path), name: file.name.clone() };
            return Err(RepositoryError::storage(ACTION, stranger));
        }
        Ok(place)
    }

    fn staged_folder(&self) -> PathBuf {
        staged_at(&self.folder)
    }

    /// The files of days, by the name that each has in the folder of a store: first as the backup has it, then as the store had it.
    fn packed_files(&self) -> impl Iterator<Item = (PathBuf, &BackedUpFile, &BackedUpFile)> {
        let manifest = &self.backup.manifest;
        manifest.files.iter().filter_map(|packed| {
            let file = manifest.unpacked(packed).unwrap_or(packed);
            Some((Path::new(&file.name).strip_prefix(EVENTS_FOLDER).ok()?.to_owned(), packed, file))
        })
    }

    /// The same files, as the store had them.
    fn files(&self) -> impl Iterator<Item = (PathBuf, &BackedUpFile)> {
        self.packed_files().map(|(name, _, file)| (name, file))
    }

    /// The files of days in the folder, with their lengths, by the names that they have there.
    fn standing(&self) -> Result<BTreeMap<PathBuf, u64>, RepositoryError> {
        let mut standing = BTreeMap::new();
        for path in files_of_days(&self.folder)? {
            let length = fs::metadata(&path).map_err(failed("look at", &path))?.len();
            standing.insert(path.strip_prefix(&self.folder).unwrap_or(&path).to_owned(), length);
        }
        Ok(standing)
    }

    /// Whether the files of a day that stand there are those of the backup.
    fn is_same(&self, Day { files, standing }: &Day<'_>) -> Result<bool, RepositoryError> {
        let mut is_same = standing.len() == files.len();
        for (name, file) in files {
            let path = self.folder.join(name);
            is_same = is_same && standing.contains(name) && {
                let (_, sha256) = hash_file(&path, &mut |_| {}).map_err(failed("read", &path))?;
                sha256 == file.sha256
            };
        }
        Ok(is_same)
    }

    /// Puts the files of a day into the folder. Meanwhile every command refuses the store.
    fn publish_day(&self, Day { files, standing }: &Day<'_>, aside: &Path) -> Result<(), RepositoryError> {
        let create = |folder: &Path| create_folders(folder).map_err(failed("make the folder", folder));
        for name in standing {
            let (path, kept) = (self.folder.join(name), aside.join(name));
            create(kept.parent().unwrap_or(aside))?;
            let is_replaced = files.iter().any(|(file, _)| file == name);
            // A name that gets another file is never without one.
            match if is_replaced { fs::hard_link(&path, &kept) } else { fs::rename(&path, &kept) } {
                Err(error) if is_replaced && error.kind() == io::ErrorKind::Unsupported => {
                    fs::rename(&path, &kept)
                }
                done => done,
            }
            .map_err(failed("set aside", &path))?;
            sync_folder(kept.parent().unwrap_or(aside)).map_err(failed("fsync the folder", aside))?;
        }
        for (name, _) in files {
            let (path, staged) = (self.folder.join(name), self.staged_folder().join(name));
            let within = path.parent().unwrap_or(&self.folder);
            if !is_present(within).map_err(failed("look at", within))? {
                create(within)?;
                adopt_access(within, &self.folder, None)?;
            }
            // As another file of the day is, where it had another name.
            let other = standing.first().map(|name| aside.join(name));
            adopt_access(&staged, &path, other.as_deref())?;
            fs::rename(&staged, &path).map_err(failed("put in place", &path))?;
            sync_folder(path.parent().unwrap_or(&self.folder))
                .map_err(failed("fsync the folder", &self.folder))?;
        }
        Ok(())
    }

    /// The days of the backup and of the store, where they are not the same.
    fn changed_days(&self, standing: &BTreeMap<PathBuf, u64>) -> Result<Vec<Day<'_>>, RepositoryError> {
        let mut days: BTreeMap<String, Day<'_>> = BTreeMap::new();
        for (name, file) in self.files() {
            days.entry(day_of_file(&name)).or_default().files.push((name, file));
        }
        for name in standing.keys() {
            days.entry(day_of_file(name)).or_default().standing.push(name.clone());
        }
        let mut changed = Vec::new();
        for day in days.into_values().filter(|day| !day.files.is_empty()) {
            if !self.is_same(&day)? {
                changed.push(day);
            }
        }
        Ok(changed)
    }

    /// Puts the days into the folder. Answers where is what stood there.
    fn publish_days(&self, days: &[Day<'_>]) -> Result<Option<String>, RepositoryError> {
        let aside = aside_of(&self.folder, &self.moment);
        for day in days {
            self.publish_day(day, &aside)?;
        }
        Ok(days.iter().any(|day| !day.standing.is_empty()).then(|| text_of(&aside)))
    }
}

impl RestorePlace for JsonlRestorePlace {
    fn path(&self) -> String {
        text_of(&self.folder)
    }

    fn stage(&mut self, tell: Tell<'_>) -> Result<(), RepositoryError> {
        let staged = self.staged_folder();
        match fs::remove_dir_all(&staged) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(failed("remove", &staged)(error));
            }
            _ => {}
        }
        create_folders(&staged).map_err(failed("make the folder", &staged))?;
        let mut done = 0;
        let mut count = |bytes| {
            done += bytes;
            tell(done);
        };
        if let Some(handlers) = &self.handlers {
            handlers.stage(&self.backup, &mut count)?;
        }
        for (name, packed, file) in self.packed_files() {
            let to = staged.join(name);
            let folder = to.parent().unwrap_or(&staged);
            create_folders(folder).map_err(failed("make the folder", folder))?;
            copy(&self.backup, packed, file, &to, &mut count)?;
            sync_folder(folder).map_err(failed("fsync the folder", folder))?;
        }
        Ok(())
    }

    fn staged(&self) -> Result<Subject, RepositoryError> {
        let mut subject = subject_of_days(&self.staged_folder(), &self.zone);
        add_handlers(self.handlers.as_ref(), &mut subject)?;
        Ok(subject)
    }

    fn hold_against_staged(&mut self) -> Result<Option<Against>, RepositoryError> {
        if !is_present(&self.folder).map_err(failed("look at", &self.folder))? {
            return Ok(None);
        }
        self.known = self.standing()?;
        let marker = UnfinishedRestore::of(&self.folder);
        if let Some(unfinished) =
            marker.map_err(failed("read the marker of a restoration in", &self.folder))?
        {
            if unfinished.manifest_sha256 != self.backup.manifest_sha256 {
                let other = OtherUnfinished { folder: self.folder.clone(), backup: unfinished.backup };
                return Err(RepositoryError::storage(ACTION, other));
            }
            // It was held against this backup before the first of its days was replaced, and nothing was written to it since.
            self.goes_on = true;
            return Ok(None);
        }
        let open = |path: &Path| JsonlEventRepository::open(path, self.zone.clone());
        let (here, there) = (open(&self.folder)?, open(&self.staged_folder())?);
        hold_against(&here, &there, text_of(&self.backup.path), Relation::Later, &mut Findings::default())
            .map(Some)
    }

    /// Daily files hold events alone.
    fn rows_only_here(&mut self) -> Result<Vec<LackingRows>, RepositoryError> {
        Ok(Vec::new())
    }

    fn publish(&mut self, contents: &Contents) -> Result<Published, RepositoryError> {
        if !is_present(&self.folder).map_err(failed("look at", &self.folder))? {
            create_folders(&self.folder).map_err(failed("make the folder", &self.folder))?;
            adopt_access(&self.folder, self.folder.parent().unwrap_or(&self.folder), None)?;
        }
        let _locks = FolderLocks::take(&self.folder)?;
        give_side_files(
            &[LOCK_OF_A_FOLDER, LOCK_OF_AN_ARCHIVE].map(|name| self.folder.join(name)),
            &self.folder,
        )?;
        let standing = self.standing()?;
        if standing != self.known {
            return Err(RepositoryError::storage(ACTION, ChangedMeanwhile { folder: self.folder.clone() }));
        }
        let changed = self.changed_days(&standing)?;
        let is_refused = !changed.is_empty() || self.goes_on;
        if is_refused {
            let backup = self.backup.path.canonicalize().unwrap_or_else(|_| self.backup.path.clone());
            let manifest_sha256 = self.backup.manifest_sha256.clone();
            let marker = UnfinishedRestore { backup: text_of(&backup), manifest_sha256 };
            marker.begin(&self.folder).map_err(failed("mark as unfinished", &self.folder))?;
        }
        let mut set_aside = Vec::new();
        if let Some(place) = &self.handlers
            && !place.is_same(contents, &self.zone)?
        {
            let held = place.hold()?;
            set_aside.extend(place.publish(held, &self.moment)?);
        }
        set_aside.extend(self.publish_days(&changed)?);
        if is_refused {
            UnfinishedRestore::end(&self.folder)
                .map_err(failed("remove the marker of the restoration in", &self.folder))?;
        }
        Ok(Published { set_aside, is_replaced: is_refused })
    }
}

impl Drop for JsonlRestorePlace {
    fn drop(&mut self) {
        // It is a copy, and removed by the next restoration where it cannot be now.
        drop(fs::remove_dir_all(self.staged_folder()));
    }
}

/// A backup of daily files has another file among them.
#[derive(Debug, thiserror::Error)]
#[error(
    "the manifest of {backup} names {name:?}, which is no file of a day, as \"events/events-2025-10-25.jsonl\" is or \
     \"events/archive/events-2025-10-25.jsonl.zst\": it is not as `backup` wrote it, and nothing was restored; use another backup"
)]
struct NoDayFile {
    backup: String,
    name: String,
}

/// Files have changed since the store was held against the backup.
#[derive(Debug, thiserror::Error)]
#[error("the files of {} have changed since the store was held against the backup: end the process that writes to it, and try again", folder.display())]
struct ChangedMeanwhile {
    folder: PathBuf,
}

/// Another backup was being restored there.
#[derive(Debug, thiserror::Error)]
#[error(
    "the restoration of {backup} into {} was not finished: finish that one first, and restore another backup then. Where that backup is \
     gone, move the folder away, and restore into the empty place", folder.display()
)]
struct OtherUnfinished {
    folder: PathBuf,
    backup: String,
}
