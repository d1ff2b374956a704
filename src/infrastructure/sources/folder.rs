//! A folder as a source: which of its files are logs, and in which order.

use std::path::{Path, PathBuf};

use crate::application::log_source::{SkippedFile, SourceError};

use super::byte_source::read_error;

const ARCHIVE: &str = "archive";
/// The lock of the store that writes daily files. It belongs to the folder, and holds nothing.
const LOCK_FILE: &str = ".events.lock";

/// The files of a folder.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct FolderListing {
    /// The logs, in the order in which they are read.
    pub logs: Vec<PathBuf>,
    /// Days that more than one of the logs is named after, as a plain file and a compressed copy of
    /// it. All are read; events with ids are stored once.
    pub repeated_days: Vec<String>,
    /// Everything else.
    pub skipped: Vec<SkippedFile>,
}

/// Lists a folder: its daily files `events-*.jsonl` and those in its `archive/`, in the order of their
/// days; or, where it has none, all its `.json`, `.jsonl` and `.ndjson` files by name. Either may be
/// compressed (`.gz`, `.zst`). Other folders within it are not entered.
pub fn list_folder(folder: &Path) -> Result<FolderListing, SourceError> {
    let top = Entries::of(folder)?;
    let archive = folder.join(ARCHIVE);
    let archived = if top.folders.contains(&archive) { Entries::of(&archive)? } else { Entries::default() };
    let mut days: Vec<(String, PathBuf)> = Vec::new();
    for path in top.files.iter().chain(&archived.files) {
        days.extend(day(path).map(|day| (day, path.clone())));
    }
    if days.is_empty() { Ok(by_name(top)) } else { Ok(by_day(days, top, archived)) }
}

fn by_name(entries: Entries) -> FolderListing {
    let mut listing = FolderListing::default();
    for path in entries.files {
        if is_json(&path) {
            listing.logs.push(path);
        } else {
            listing.skip(&path, "not a .json, .jsonl or .ndjson file");
        }
    }
    listing.skip_folders(&entries.folders);
    listing
}

fn by_day(mut days: Vec<(String, PathBuf)>, top: Entries, archived: Entries) -> FolderListing {
    let mut listing = FolderListing::default();
    let others = top.files.iter().chain(&archived.files).filter(|path| day(path).is_none());
    for path in others.filter(|path| !path.ends_with(LOCK_FILE)) {
        listing.skip(path, "not an events-*.jsonl file");
    }
    let entered = |path: &&PathBuf| path.ends_with(ARCHIVE);
    listing.skip_folders(top.folders.iter().filter(|path| !entered(path)));
    listing.skip_folders(&archived.folders);
    days.sort();
    for same_day in days.chunk_by(|one, next| one.0 == next.0).filter(|files| files.len() > 1) {
        listing.repeated_days.push(same_day[0].0.clone());
    }
    listing.logs = days.into_iter().map(|(_, path)| path).collect();
    listing
}

impl FolderListing {
    fn skip(&mut self, path: &Path, reason: &str) {
        let path = path.display().to_string();
        self.skipped.push(SkippedFile { path, reason: reason.to_owned() });
    }

    fn skip_folders<'p>(&mut self, folders: impl IntoIterator<Item = &'p PathBuf>) {
        for path in folders {
            self.skip(path, "a folder within the folder");
        }
    }
}

/// What a folder holds, by name.
#[derive(Default)]
struct Entries {
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
}

impl Entries {
    fn of(folder: &Path) -> Result<Self, SourceError> {
        let failed = |source| read_error(folder, source);
        let mut entries = Self::default();
        for entry in std::fs::read_dir(folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.is_dir() { entries.folders.push(path) } else { entries.files.push(path) }
        }
        entries.files.sort();
        entries.folders.sort();
        Ok(entries)
    }
}

/// Whether an empty file of that name stands for an array.
pub(super) fn is_array_by_name(path: &Path) -> bool {
    log_name(path).ends_with(".json")
}

/// The day in the name of a daily file.
fn day(path: &Path) -> Option<String> {
    let name = log_name(path);
    name.strip_prefix("events-")?.strip_suffix(".jsonl").map(str::to_owned)
}

fn is_json(path: &Path) -> bool {
    let name = log_name(path);
    [".json", ".jsonl", ".ndjson"].iter().any(|extension| name.ends_with(extension))
}

/// The file's name without the extension that says how it is compressed.
fn log_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let plain = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name);
    plain.to_owned()
}
