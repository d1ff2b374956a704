//! The place of one file: a name below the folder of the export, and what stands there.

use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

use super::kept_files::KeptFiles;
use crate::application::export::{Occupied, PlaceError};
use crate::durable::links::file_identity;

/// Where a file goes.
#[derive(Debug)]
pub(super) struct Place {
    /// The folder of the export, its links resolved.
    root: PathBuf,
    /// The path of the file.
    pub path: PathBuf,
    /// The folder that it lies in.
    pub folder: PathBuf,
}

/// A file that stands in a place, told from others and from itself when it has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StandingFile {
    /// It stands elsewhere, and a link leads to it.
    pub is_linked: bool,
    /// In bytes.
    length: u64,
    identity: Option<(u64, u64)>,
    modified: Option<SystemTime>,
}

impl Place {
    /// The place of the file `name` below `root`, whose links are resolved.
    pub fn new(root: PathBuf, name: &Path) -> io::Result<Self> {
        // On some systems, a part that is a name elsewhere leads out of the folder.
        if !name.components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(io::Error::new(ErrorKind::InvalidInput, "it has no name below the folder"));
        }
        let path = root.join(name);
        let folder = path.parent().unwrap_or(&root).to_owned();
        Ok(Self { root, path, folder })
    }

    /// Refuses a place that lies after a link or a file, as far as its folders are there.
    pub fn refuse_folders(&self) -> Result<(), PlaceError> {
        let Ok(below) = self.folder.strip_prefix(&self.root) else { return Ok(()) };
        let mut folder = self.root.clone();
        for part in below {
            folder.push(part);
            match fs::symlink_metadata(&folder) {
                Ok(metadata) if metadata.is_symlink() => {
                    return Err(Occupied::LinkedFolder { path: folder }.into());
                }
                Ok(metadata) if metadata.is_dir() => {}
                Ok(_) => return Err(Occupied::NotAFolder { path: folder }.into()),
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// The file that stands there, if any; refused where it is one that an export never replaces.
    pub fn standing_file(&self, kept: &KeptFiles) -> Result<Option<StandingFile>, PlaceError> {
        self.refuse_folders()?;
        kept.refuse_name(&self.path)?;
        let found = match fs::symlink_metadata(&self.path) {
            Ok(found) => found,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let is_linked = found.is_symlink();
        let file = if is_linked { self.linked_file()? } else { found };
        if file.is_dir() {
            return Err(Occupied::Folder.into());
        }
        // Opening a pipe would wait for its writer.
        if !file.is_file() {
            return Err(Occupied::NotAFile.into());
        }
        kept.refuse_file(&self.path, &file)?;
        Ok(Some(StandingFile {
            is_linked,
            length: file.len(),
            identity: file_identity(&file),
            modified: file.modified().ok(),
        }))
    }

    fn linked_file(&self) -> Result<Metadata, PlaceError> {
        match fs::metadata(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Err(Occupied::DanglingLink.into()),
            found => Ok(found?),
        }
    }
}
