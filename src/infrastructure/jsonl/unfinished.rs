//! A store in which a restoration was cut short, or is at work. Its days are put in place one by one; meanwhile a marker in the
//! folder has every reader and writer refuse it, until all of them are those of the backup.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::JsonlError;
use super::folder::EventFolder;
use crate::durable::directory::sync_folder;
use crate::durable::plain_file::small_file;
use crate::infrastructure::side_files::{RESTORING_OF_A_FOLDER, with_suffix};

/// It holds a path and a hash.
const LONGEST_MARKER: u64 = 64 << 10;

/// What the marker says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnfinishedRestore {
    /// The backup whose days are put in place.
    pub backup: String,
    /// The SHA-256 of its manifest.
    pub manifest_sha256: String,
}

impl UnfinishedRestore {
    /// That of the store in `folder`, where there is one.
    ///
    /// # Errors
    /// It cannot be read, or is not what `begin` has written.
    pub fn of(folder: &Path) -> io::Result<Option<Self>> {
        let marker = small_file(&folder.join(RESTORING_OF_A_FOLDER), LONGEST_MARKER)?;
        Ok(marker.map(|text| serde_json::from_slice(&text)).transpose()?)
    }

    /// Has every reader and writer refuse the store, durably.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn begin(&self, folder: &Path) -> io::Result<()> {
        let marker = folder.join(RESTORING_OF_A_FOLDER);
        // One that is there is whole.
        let written = with_suffix(&marker, ".new");
        let mut file = File::create(&written)?;
        file.write_all(&serde_json::to_vec(self)?)?;
        file.sync_all()?;
        fs::rename(&written, &marker)?;
        sync_folder(folder)
    }

    /// All days are those of the backup, durably.
    ///
    /// # Errors
    /// The marker cannot be removed.
    pub fn end(folder: &Path) -> io::Result<()> {
        fs::remove_file(folder.join(RESTORING_OF_A_FOLDER))?;
        sync_folder(folder)
    }
}

impl EventFolder {
    /// Refuses a store whose restoration is not finished.
    pub(super) fn refuse_unfinished(&self) -> Result<(), JsonlError> {
        let marker = self.path().join(RESTORING_OF_A_FOLDER);
        match fs::symlink_metadata(&marker) {
            // In a folder that may not be entered nothing can be read or written either, which is told in its own words.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::PermissionDenied
                ) =>
            {
                return Ok(());
            }
            looked => looked.map(drop).map_err(JsonlError::io("look for", &marker))?,
        }
        let path = self.path().to_owned();
        match UnfinishedRestore::of(self.path()) {
            Ok(None) => Ok(()),
            Ok(Some(unfinished)) => Err(JsonlError::Unfinished { path, backup: unfinished.backup }),
            Err(source) => Err(JsonlError::Io { operation: "read", path: marker, source }),
        }
    }
}
