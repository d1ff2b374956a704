//! The folder of a store: which day files it has, those in its `archive/` included, and what an operator was told about
//! them already.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::day_files::equal_content::Copies;
use super::day_files::file_state::{FolderState, SETTLED_AFTER};
use super::day_files::measure::Measures;
use super::day_files::part_reader::KeptReaders;
use super::error::JsonlError;
use super::layout::{ARCHIVE, Day};
use crate::durable::directory::{create_folders, sync_folder};
use crate::durable::presence::{is_present, metadata_if_present};
use crate::wire::zone::Zone;

/// From this length on, a day file is warned of.
const LARGE_FILE: u64 = 100_000_000;

/// Where the files of a day are, or would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DayFile {
    pub(super) day: Day,
    /// The one that is appended to.
    pub(super) path: PathBuf,
    /// Those that were archived, in the order of their contents.
    pub(super) archived: Vec<PathBuf>,
}

/// See [`EventFolder::names`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FolderNames {
    folder: FolderState,
    archive: Option<FolderState>,
}

/// The folder, and the zone that its naive timestamps are in.
pub(super) struct EventFolder {
    path: PathBuf,
    archive: PathBuf,
    zone: Zone,
    measures: Measures,
    copies: Copies,
    kept: KeptReaders,
    /// How long after a change of its names a further one shows for certain.
    pub(super) settled_after: Duration,
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
        let archive = path.join(ARCHIVE);
        let (measures, kept) = (Measures::default(), KeptReaders::default());
        Self {
            path,
            archive,
            zone,
            measures,
            copies: Copies::default(),
            kept,
            settled_after: SETTLED_AFTER,
            told: Mutex::default(),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The folder within it that archived files are in, whether it is there or not.
    pub(super) fn archive(&self) -> &Path {
        &self.archive
    }

    pub(super) fn zone(&self) -> &Zone {
        &self.zone
    }

    /// What is known of archived files.
    pub(super) fn measures(&self) -> &Measures {
        &self.measures
    }

    /// Which archived files are copies of others.
    pub(super) fn copies(&self) -> &Copies {
        &self.copies
    }

    /// Readers of compressed files that are not in use.
    pub(super) fn kept(&self) -> &KeptReaders {
        &self.kept
    }

    /// True the first time that something is to be said.
    pub(super) fn is_news(&self, notice: Notice, number: i64) -> bool {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).insert((notice, number))
    }

    pub(super) fn exists(&self) -> Result<bool, JsonlError> {
        is_present(&self.path).map_err(JsonlError::io("look for", &self.path))
    }

    /// Whether it has an archive.
    pub(super) fn has_archive(&self) -> Result<bool, JsonlError> {
        match fs::symlink_metadata(&self.archive) {
            Ok(metadata) if metadata.is_dir() => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            // A link that leads nowhere may lead to archived days.
            _ => {
                let archive = metadata_if_present(&self.archive);
                let archive = archive.map_err(JsonlError::io("look at", &self.archive))?;
                Ok(archive.is_some_and(|archive| archive.is_dir()))
            }
        }
    }

    /// The states of the folder and of its archive, between two of which that are equal no name of a file has changed; `None`
    /// where that cannot be told.
    pub(super) fn names(&self) -> Result<Option<FolderNames>, JsonlError> {
        let (now, after) = (SystemTime::now(), self.settled_after);
        let folder = metadata_if_present(&self.path).map_err(JsonlError::io("look at", &self.path))?;
        let Some(folder) = folder.and_then(|folder| FolderState::settled(&folder, after, now)) else {
            return Ok(None);
        };
        let archive = match fs::symlink_metadata(&self.archive) {
            Ok(archive) if archive.is_dir() => match FolderState::settled(&archive, after, now) {
                None => return Ok(None),
                settled => settled,
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            // A link can lead to another folder from one moment to the next.
            _ => return Ok(None),
        };
        Ok(Some(FolderNames { folder, archive }))
    }

    /// Where the files of a day are, or would be.
    pub(super) fn file(&self, day: Day) -> DayFile {
        let archived = day.archived_file_names().map(|name| self.archive.join(name));
        DayFile { day, path: self.path.join(day.file_name()), archived: archived.into() }
    }

    /// The days that have files, in their order, each with those that there are in the archive; none where there is no
    /// folder. While a store is restored, this is refused.
    pub(super) fn list(&self) -> Result<Vec<DayFile>, JsonlError> {
        self.refuse_unfinished()?;
        let files = self.list_as_it_lies()?;
        self.refuse_unfinished()?;
        Ok(files)
    }

    /// The same, whatever is done there.
    pub(super) fn list_as_it_lies(&self) -> Result<Vec<DayFile>, JsonlError> {
        let mut days = BTreeMap::new();
        for (day, is_plain, path) in self.entries_of(&self.path)? {
            if is_plain {
                days.insert(day, DayFile { day, path, archived: Vec::new() });
            } else if self.is_news(Notice::Compressed, 0) {
                tracing::warn!(
                    "{} is not read, nor is any other compressed file in its folder: move it into {} to query its events",
                    path.display(),
                    self.archive.display()
                );
            }
        }
        // After the folder: a day that is archived meanwhile is seen in one of the two.
        if self.has_archive()? {
            for (day, _, path) in self.entries_of(&self.archive)? {
                let file =
                    days.entry(day).or_insert_with(|| DayFile { archived: Vec::new(), ..self.file(day) });
                file.archived.push(path);
            }
        }
        let mut files: Vec<DayFile> = days.into_values().collect();
        for file in files.iter_mut().filter(|file| file.archived.len() > 1) {
            let order = file.day.archived_file_names();
            file.archived.sort_by_key(|path| order.iter().position(|name| path.ends_with(name)));
        }
        Ok(files)
    }

    /// The files of days in a folder that is this one or the one within it, and whether each is named as one that is not
    /// compressed; none where there is no folder.
    fn entries_of(&self, folder: &Path) -> Result<Vec<(Day, bool, PathBuf)>, JsonlError> {
        let failed = || JsonlError::io("list", folder);
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && !self.exists()? => return Ok(Vec::new()),
            // Another process may have made it meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => fs::read_dir(folder),
            entries => entries,
        };
        let entries = entries.map_err(failed())?;
        let mut files = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed())?;
            let name = entry.file_name();
            let Some((day, is_plain)) = name.to_str().and_then(Day::of_any_file_name) else { continue };
            if !entry.file_type().map_err(failed())?.is_dir() {
                files.push((day, is_plain, entry.path()));
            }
        }
        Ok(files)
    }

    pub(super) fn mind_length(&self, day: Day, path: &Path, length: u64) {
        if length > LARGE_FILE && self.is_news(Notice::Large, day.number()) {
            tracing::warn!(
                "{} has {length} bytes: queries of a day file over {LARGE_FILE} bytes are slow; the SQLite store suits as many events better",
                path.display()
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
