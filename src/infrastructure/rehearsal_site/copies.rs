//! Copies of the logs and of the store, which are only read.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::plan::RehearsalPlan;
use crate::application::log_source::{SkippedFile, SourceError};
use crate::application::rehearsal::Copied;
use crate::durable::presence::is_present;
use crate::durable::space::available_bytes;
use crate::infrastructure::sources::{Surroundings, ensure_file, list_folder};
use crate::infrastructure::sqlite::{SqliteError, copy_store, store_size_in_bytes};

/// How often a log is copied that changes meanwhile.
const ATTEMPTS: usize = 3;
/// A store takes up to so many times the bytes of its logs, with indexes and the write-ahead log.
const STORE_OF_LOGS: u64 = 4;

/// Why nothing was rehearsed.
#[derive(Debug, Error)]
pub(super) enum CopyError {
    #[error("there is no legacy log at {}: `legacy.events_json` names it", path.display())]
    Missing { path: PathBuf },
    #[error("could not {action} {}", path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Store(#[from] SqliteError),
    #[error(
        "a rehearsal needs about {needed} bytes in {}, and {free} are free: nothing was copied; TMPDIR can name another folder",
        folder.display()
    )]
    NoRoom { folder: PathBuf, needed: u64, free: u64 },
    #[error("{} was written to each time it was copied: rehearse when it is at rest", path.display())]
    Changing { path: PathBuf },
}

fn io_error(action: &'static str, path: &Path) -> impl Fn(io::Error) -> CopyError {
    move |source| CopyError::Io { action, path: path.to_owned(), source }
}

/// What is copied.
#[derive(Default)]
pub(super) struct Originals {
    /// Files, and their places below the folder.
    files: Vec<(PathBuf, PathBuf)>,
    /// The place of the legacy log.
    legacy: PathBuf,
    skipped: Vec<SkippedFile>,
    store: Option<PathBuf>,
    has_new_side: bool,
}

/// What was copied.
#[derive(Debug, Default)]
pub(super) struct Copies {
    /// The legacy log, a file or a folder.
    pub legacy_log: PathBuf,
    /// All logs, in the order in which they are imported.
    pub logs: Vec<PathBuf>,
    /// What lies beside the originals and is no log.
    pub skipped: Vec<SkippedFile>,
    /// Each copy, and what it is of.
    originals: Vec<(PathBuf, PathBuf)>,
}

impl Originals {
    pub fn find(plan: &RehearsalPlan) -> Result<Self, CopyError> {
        let present = |path: &Path| is_present(path).map_err(io_error("look at", path));
        if !present(&plan.legacy_log)? {
            return Err(CopyError::Missing { path: plan.legacy_log.clone() });
        }
        let mut found = Self::default();
        found.legacy = found.add(&plan.legacy_log, Path::new("legacy"), plan)?;
        if let Some(new_log) = &plan.new_log
            && present(new_log)?
        {
            found.add(new_log, Path::new("new"), plan)?;
            found.has_new_side = true;
        }
        if let Some(store) = &plan.store
            && present(store)?
        {
            found.store = Some(store.clone());
            found.has_new_side = true;
        }
        Ok(found)
    }

    /// Adds a log; answers its place.
    fn add(&mut self, log: &Path, place: &Path, plan: &RehearsalPlan) -> Result<PathBuf, CopyError> {
        if !log.is_dir() {
            ensure_file(log)?;
            let name = log.file_name().unwrap_or_default();
            let place = place.join(name);
            self.files.push((log.to_owned(), place.clone()));
            return Ok(place);
        }
        let stores: Vec<&Path> = plan.store.iter().map(PathBuf::as_path).collect();
        let other_side = (log != plan.legacy_log).then_some(plan.legacy_log.as_path());
        let surroundings = Surroundings { other_side, stores: &stores };
        let listing = list_folder(log, (&plan.mapping, plan.open_log()), &surroundings)?;
        for file in listing.logs {
            let within = file.strip_prefix(log).unwrap_or(&file).to_owned();
            self.files.push((file, place.join(within)));
        }
        self.skipped.extend(listing.refused);
        self.skipped.extend(listing.skipped);
        Ok(place.to_owned())
    }

    pub fn copy_into(self, folder: &Path, database: &Path) -> Result<(Copies, Copied), CopyError> {
        let mut logs = 0;
        for (file, _) in &self.files {
            logs += fs::metadata(file).map_err(io_error("look at", file))?.len();
        }
        let of_store = match &self.store {
            Some(store) => store_size_in_bytes(store).map_err(io_error("look at", store))?,
            None => 0,
        };
        // The copies, what the store becomes by the import, and the export.
        let needed = logs * (2 + STORE_OF_LOGS) + of_store * 2;
        let free = available_bytes(folder);
        if let Some(free) = free
            && free < needed
        {
            return Err(CopyError::NoRoom { folder: folder.to_owned(), needed, free });
        }
        let mut copies =
            Copies { legacy_log: folder.join(&self.legacy), skipped: self.skipped, ..Copies::default() };
        let mut copied =
            Copied { files: self.files.len() as u64, has_new_side: self.has_new_side, ..Copied::default() };
        for (original, place) in self.files {
            let copy = folder.join(place);
            copied.bytes += copy_file(&original, &copy)?;
            copies.logs.push(copy.clone());
            copies.originals.push((copy, original));
        }
        if let Some(store) = self.store {
            copied.store_events = Some(copy_store(&store, database)?);
            copied.bytes += fs::metadata(database).map_err(io_error("look at", database))?.len();
            copies.originals.push((database.to_owned(), store));
        }
        Ok((copies, copied))
    }
}

impl Copies {
    /// What a path in the folder was copied from, its own links resolved or not; other paths as they are.
    pub fn original(&self, path: &Path) -> PathBuf {
        let is_copy = |copy: &Path| copy == path || copy.canonicalize().is_ok_and(|copy| copy == path);
        let found = self.originals.iter().find(|(copy, _)| is_copy(copy));
        found.map_or_else(|| path.to_owned(), |(_, original)| original.clone())
    }
}

/// Copies a file that is at rest meanwhile; answers its length.
fn copy_file(original: &Path, copy: &Path) -> Result<u64, CopyError> {
    if let Some(folder) = copy.parent() {
        fs::create_dir_all(folder).map_err(io_error("make", folder))?;
    }
    let state = |metadata: Metadata| (metadata.len(), metadata.modified().ok());
    let look = || fs::metadata(original).map(state).map_err(io_error("look at", original));
    for _ in 0..ATTEMPTS {
        let before = look()?;
        let bytes = fs::copy(original, copy).map_err(io_error("copy", original))?;
        if look()? == before && bytes == before.0 {
            return Ok(bytes);
        }
    }
    Err(CopyError::Changing { path: original.to_owned() })
}
