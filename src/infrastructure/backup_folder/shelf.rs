//! A folder of backups, to which one is added.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::file_hash::hash_file;
use super::opened::{NAME, is_backup};
use crate::application::backup::{
    BackedUpFile, BackupPlace, BackupShelf, FoundBackups, MANIFEST, Manifest, NewBackup, SUMS, ShelfError,
};
use crate::domain::path_text::text_of;
use crate::durable::directory::{create_folders, nearest_folder, sync_folder};
use crate::durable::links::resolved;
use crate::durable::lock::{FileLock, LockError};
use crate::durable::presence::metadata_if_present;
use crate::durable::space::available_bytes;
use crate::infrastructure::side_files::LOCK_OF_A_FOLDER;

const LOCK: &str = ".backups.lock";
const MAKING: &str = ".making-";
const REMOVING: &str = ".removing-";
const PATIENCE: Duration = Duration::from_secs(15);

/// Where no backup may be put: in the folder of a store what lies there is read as its files.
#[derive(Debug, Default)]
pub struct OtherPlaces<'p> {
    /// Files that are stores.
    pub databases: Vec<&'p Path>,
    /// Folders that are stores or logs.
    pub folders: Vec<&'p Path>,
}

/// A folder of backups, which no other process adds to meanwhile.
pub struct FolderShelf {
    path: PathBuf,
    _lock: FileLock,
}

impl FolderShelf {
    /// Opens the folder, makes it where there is none, and clears away what killed processes have left in it.
    ///
    /// # Errors
    /// It is no place for backups; another process makes one there; or it cannot be written to.
    pub fn open(path: &Path, others: &OtherPlaces<'_>) -> Result<Self, ShelfError> {
        refuse(path, others)?;
        create_folders(path).map_err(failed("make the folder", path))?;
        let lock = path.join(LOCK);
        let lock = FileLock::exclusive(&lock, PATIENCE).map_err(|error| match error {
            LockError::Held => ShelfError::Busy { path: path.to_owned(), seconds: PATIENCE.as_secs() },
            LockError::Open(source) => failed("write to", &lock)(source),
            LockError::Refused(source) => failed("lock", &lock)(source),
        })?;
        let shelf = Self { path: path.to_owned(), _lock: lock };
        shelf.clear_away()?;
        Ok(shelf)
    }

    fn clear_away(&self) -> Result<(), ShelfError> {
        for (name, path) in folders_in(&self.path)? {
            if name.starts_with(MAKING) || name.starts_with(REMOVING) {
                fs::remove_dir_all(&path).map_err(failed("remove", &path))?;
            }
        }
        Ok(())
    }
}

/// Refuses what cannot be a folder of backups.
fn refuse(path: &Path, others: &OtherPlaces<'_>) -> Result<(), ShelfError> {
    let refused = |reason: String| Err(ShelfError::Refused { path: path.to_owned(), reason });
    let place = resolved(path);
    if others.databases.iter().any(|database| resolved(database) == place) {
        return refused(
            "it is the store itself: name a folder, on another disk where there is one".to_owned(),
        );
    }
    match metadata_if_present(path).map_err(failed("look at", path))? {
        Some(found) if !found.is_dir() => {
            return refused("something else than a folder stands there: name a folder".to_owned());
        }
        Some(_) if is_backup(path) => {
            return refused("it is a backup itself: name the folder that it is in".to_owned());
        }
        Some(_) if path.join(LOCK_OF_A_FOLDER).exists() => {
            return refused("it is the folder of a JSONL store: name a folder outside of it".to_owned());
        }
        _ => {}
    }
    if let Some(backup) = place.ancestors().skip(1).find(|above| is_backup(above)) {
        let backup = backup.display();
        return refused(format!(
            "it lies in the backup {backup}, which would not be whole any more: name a folder outside of it"
        ));
    }
    if let Some(folder) = others.folders.iter().find(|folder| place.starts_with(resolved(folder))) {
        let folder = folder.display();
        return refused(format!("what lies in {folder} is read as a log: name a folder outside of it"));
    }
    Ok(())
}

impl BackupShelf for FolderShelf {
    fn begin(&mut self, at: DateTime<Utc>, bytes: u64) -> Result<Box<dyn NewBackup>, ShelfError> {
        let existing = nearest_folder(&self.path).map_err(failed("look at", &self.path))?;
        if let Some(free) = available_bytes(existing).filter(|free| *free < bytes) {
            return Err(ShelfError::NoRoom { path: self.path.clone(), needed: bytes, free });
        }
        let name = at.format(NAME).to_string();
        let place = self.path.join(&name);
        if place.exists() {
            let reason = format!("a backup of this moment is there already: {name}");
            return Err(ShelfError::Refused { path: self.path.clone(), reason });
        }
        let folder = self.path.join(format!("{MAKING}{name}"));
        fs::create_dir(&folder).map_err(failed("make the folder", &folder))?;
        Ok(Box::new(BegunBackup { folder, place }))
    }

    fn backups(&self) -> Result<FoundBackups, ShelfError> {
        let mut found = FoundBackups::default();
        for (name, path) in folders_in(&self.path)? {
            if name.starts_with('.') {
                continue;
            }
            let place = path.join(MANIFEST);
            let text = match fs::read(&place) {
                Ok(text) => text,
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    found.unreadable.push((path, format!("its manifest cannot be read ({error})")));
                    continue;
                }
                Err(_) => {
                    if is_backup(&path) {
                        found.unreadable.push((path, "it has no manifest".to_owned()));
                    }
                    continue;
                }
            };
            match Manifest::from_text(&text) {
                Ok(manifest) => found.backups.push(BackupPlace { path, manifest }),
                Err(why) if is_backup(&path) => found.unreadable.push((path, why.to_string())),
                // The manifest of another program.
                Err(_) => {}
            }
        }
        found.backups.sort_by_key(|backup| std::cmp::Reverse(backup.manifest.made_at));
        found.unreadable.sort();
        Ok(found)
    }

    fn remove(&mut self, backup: &BackupPlace) -> Result<(), ShelfError> {
        let name = backup.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let removing = self.path.join(format!("{REMOVING}{name}"));
        fs::rename(&backup.path, &removing).map_err(failed("remove", &backup.path))?;
        sync_folder(&self.path).map_err(failed("fsync the folder", &self.path))?;
        fs::remove_dir_all(&removing).map_err(failed("remove", &removing))
    }
}

/// A backup that has no name yet.
struct BegunBackup {
    folder: PathBuf,
    place: PathBuf,
}

impl Drop for BegunBackup {
    fn drop(&mut self) {
        // Where it was published, nothing is there. What cannot be removed now is, by the next backup.
        drop(fs::remove_dir_all(&self.folder));
    }
}

impl NewBackup for BegunBackup {
    fn folder(&self) -> &Path {
        &self.folder
    }

    fn publish(self: Box<Self>, mut manifest: Manifest) -> Result<(BackupPlace, String), ShelfError> {
        let mut folders = vec![self.folder.clone()];
        let mut files = Vec::new();
        list_below(&self.folder, &mut folders, &mut files)?;
        for path in &files {
            make_durable(path)?;
            let (bytes, sha256) = hash_file(path, &mut |_| {}).map_err(failed("read", path))?;
            let name = text_of(path.strip_prefix(&self.folder).unwrap_or(path));
            manifest.files.push(BackedUpFile { name, bytes, sha256 });
        }
        manifest.files.sort_by(|one, other| one.name.cmp(&other.name));
        let text =
            manifest.to_text().map_err(|error| failed("write", &self.folder.join(MANIFEST))(error.into()))?;
        let sha256 = HEXLOWER.encode(&Sha256::digest(&text));
        for (name, content) in [(MANIFEST, &text), (SUMS, &manifest.sums(&sha256))] {
            let path = self.folder.join(name);
            let written = File::create(&path).and_then(|mut file| file.write_all(content.as_bytes()));
            written.map_err(failed("write", &path))?;
            make_durable(&path)?;
        }
        for folder in folders.iter().rev() {
            sync_folder(folder).map_err(failed("fsync the folder", folder))?;
        }
        fs::rename(&self.folder, &self.place).map_err(failed("name", &self.place))?;
        let parent = self.place.parent().unwrap_or(Path::new(""));
        sync_folder(parent).map_err(failed("fsync the folder", parent))?;
        Ok((BackupPlace { path: self.place.clone(), manifest }, sha256))
    }
}

/// Makes a file read-only, and durable.
fn make_durable(path: &Path) -> Result<(), ShelfError> {
    let file = File::open(path).map_err(failed("open", path))?;
    let metadata = file.metadata().map_err(failed("look at", path))?;
    let mut permissions: Permissions = metadata.permissions();
    permissions.set_readonly(true);
    file.set_permissions(permissions).map_err(failed("make read-only", path))?;
    file.sync_all().map_err(failed("fsync", path))
}

fn list_below(folder: &Path, folders: &mut Vec<PathBuf>, files: &mut Vec<PathBuf>) -> Result<(), ShelfError> {
    for entry in fs::read_dir(folder).map_err(failed("list", folder))? {
        let entry = entry.map_err(failed("list", folder))?;
        let path = entry.path();
        if entry.file_type().map_err(failed("look at", &path))?.is_dir() {
            folders.push(path.clone());
            list_below(&path, folders, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// The folders in a folder, with their names where these are text.
fn folders_in(folder: &Path) -> Result<Vec<(String, PathBuf)>, ShelfError> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed("list", folder))? {
        let entry = entry.map_err(failed("list", folder))?;
        let is_folder = entry.file_type().map_err(failed("look at", &entry.path()))?.is_dir();
        if let Some(name) = entry.file_name().to_str().filter(|_| is_folder) {
            folders.push((name.to_owned(), entry.path()));
        }
    }
    Ok(folders)
}

fn failed(action: &'static str, path: &Path) -> impl Fn(io::Error) -> ShelfError {
    let path = path.to_owned();
    move |source| ShelfError::Io { action, path: path.clone(), source: Box::new(source) }
}
