//! The folder of a store: which day files it has, and what an operator was told about them already.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::error::JsonlError;
use super::layout::{Day, is_compressed_day_file};
use crate::durable::directory::{create_folders, sync_folder};
use crate::durable::links::file_identity;
use crate::durable::presence::is_present;
use crate::wire::zone::Zone;

/// From this length on, a day file is warned of.
const LARGE_FILE: u64 = 100_000_000;

/// A day file that is there, or would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DayFile {
    pub(super) day: Day,
    pub(super) path: PathBuf,
}

/// The folder, and the zone that its naive timestamps are in.
pub(super) struct EventFolder {
    path: PathBuf,
    zone: Zone,
    /// What was warned of. Held for one look-up, and no other lock is taken meanwhile: it comes last.
    told: Mutex<HashSet<(Notice, i64)>>,
}

/// What is warned of once, each with the number of a day or position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Notice {
    Compressed,
    Large,
    TornTail,
    Damaged,
    SameId,
    Misfiled,
}

impl EventFolder {
    pub(super) fn new(path: PathBuf, zone: Zone) -> Self {
        Self { path, zone, told: Mutex::default() }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn zone(&self) -> &Zone {
        &self.zone
    }

    /// True the first time that something is to be said.
    pub(super) fn is_news(&self, notice: Notice, number: i64) -> bool {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).insert((notice, number))
    }

    pub(super) fn exists(&self) -> Result<bool, JsonlError> {
        is_present(&self.path).map_err(JsonlError::io("look for", &self.path))
    }

    /// Where the file of a day is, or would be.
    pub(super) fn file(&self, day: Day) -> DayFile {
        DayFile { day, path: self.path.join(day.file_name()) }
    }

    /// The day files in the order of their days; none where there is no folder.
    pub(super) fn list(&self) -> Result<Vec<DayFile>, JsonlError> {
        let failed = || JsonlError::io("list", &self.path);
        let entries = match fs::read_dir(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && !self.exists()? => return Ok(Vec::new()),
            entries => entries.map_err(failed())?,
        };
        let mut files = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed())?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            if let Some(day) = Day::of_file_name(name) {
                if !entry.file_type().map_err(failed())?.is_dir() {
                    files.push(DayFile { day, path: entry.path() });
                }
            } else if is_compressed_day_file(name) && self.is_news(Notice::Compressed, 0) {
                tracing::warn!(
                    "{} is not read, nor is any other compressed file in its folder: unpack it to query its events",
                    entry.path().display()
                );
            }
        }
        files.sort_by_key(|file| file.day);
        Ok(files)
    }

    /// The file of a day, and what the file system says about it, where there is one.
    pub(super) fn file_of(&self, day: Day) -> Result<Option<(DayFile, fs::Metadata)>, JsonlError> {
        let file = self.file(day);
        match self.metadata(&file) {
            Ok(metadata) => Ok(Some((file, metadata))),
            Err(JsonlError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What the file system says about a day file that must be one.
    pub(super) fn metadata(&self, file: &DayFile) -> Result<fs::Metadata, JsonlError> {
        let metadata = fs::metadata(&file.path).map_err(JsonlError::io("look at", &file.path))?;
        // Reading a pipe or a device would never end.
        if !metadata.is_file() {
            return Err(JsonlError::NotAFile { path: file.path.clone() });
        }
        self.mind_length(file, metadata.len());
        Ok(metadata)
    }

    /// The length of all day files together, in bytes.
    pub(super) fn size_in_bytes(&self) -> Result<u64, JsonlError> {
        self.list()?.iter().map(|file| Ok(self.metadata(file)?.len())).sum()
    }

    /// The day files with their lengths in bytes.
    pub(super) fn lengths(&self) -> Result<Vec<(PathBuf, u64)>, JsonlError> {
        let length = |file: DayFile| match fs::metadata(&file.path) {
            Ok(metadata) => Ok((file.path, metadata.len())),
            Err(error) => Err(JsonlError::io("look at", &file.path)(error)),
        };
        self.list()?.into_iter().map(length).collect()
    }

    pub(super) fn mind_length(&self, file: &DayFile, length: u64) {
        if length > LARGE_FILE && self.is_news(Notice::Large, file.day.number()) {
            tracing::warn!(
                "{} has {length} bytes: queries of a day file over {LARGE_FILE} bytes are slow; the SQLite store suits as many events better",
                file.path.display()
            );
        }
    }

    /// Creates the folder with those above it, durably.
    pub(super) fn create(&self) -> Result<(), JsonlError> {
        create_folders(&self.path).map_err(JsonlError::io("create the folder", &self.path))
    }

    /// Makes the names in the folder durable.
    pub(super) fn sync(&self) -> Result<(), JsonlError> {
        sync_folder(&self.path).map_err(JsonlError::io("fsync the folder", &self.path))
    }
}

/// What tells a file from another that took its name. Where the system does not say, a replaced file shows in its
/// length alone.
pub(super) fn identity(metadata: &fs::Metadata) -> (u64, u64) {
    file_identity(metadata).unwrap_or_default()
}
