//! The steps by which what was compressed of a day takes the place of its files. Each is one rename, or removes what
//! another file holds as well; after each, the files of the day have the same content.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::super::error::JsonlError;
use super::super::folder::{DayFile, EventFolder};
use crate::durable::directory::sync_folder;

/// The names that the files of a day have on the way.
pub(in super::super) struct Steps<'f> {
    folder: &'f EventFolder,
    live: PathBuf,
    gzip: PathBuf,
    compressed: PathBuf,
    /// As a day is named that was archived by hand.
    plain: PathBuf,
}

impl<'f> Steps<'f> {
    pub fn of(folder: &'f EventFolder, file: &DayFile) -> Self {
        let [gzip, compressed, plain] =
            file.day.archived_file_names().map(|name| folder.archive().join(name));
        Self { folder, live: file.path.clone(), gzip, compressed, plain }
    }

    /// What the archived day is called in the end.
    pub fn path(&self) -> &Path {
        &self.compressed
    }

    /// Moves the file that is appended to into the archive, in which there must be no plain one yet.
    pub fn move_live(&self) -> Result<(), JsonlError> {
        rename(&self.live, &self.plain)?;
        self.sync_archive()?;
        self.folder.sync()
    }

    /// Puts the compressed file in the place of the plain one; it holds everything that is archived of the day.
    pub fn replace(&self, written: &Path) -> Result<(), JsonlError> {
        rename(written, &self.plain)?;
        self.sync_archive()
    }

    /// Gives the compressed file its own name, and removes what it holds as well.
    pub fn finish(&self) -> Result<(), JsonlError> {
        match fs::remove_file(&self.gzip) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(JsonlError::io("remove", &self.gzip)(error));
            }
            _ => {}
        }
        rename(&self.plain, &self.compressed)?;
        self.sync_archive()
    }

    fn sync_archive(&self) -> Result<(), JsonlError> {
        let archive = self.folder.archive();
        sync_folder(archive).map_err(JsonlError::io("fsync the folder", archive))
    }
}

fn rename(from: &Path, to: &Path) -> Result<(), JsonlError> {
    fs::rename(from, to).map_err(JsonlError::io("move into the archive", from))
}
