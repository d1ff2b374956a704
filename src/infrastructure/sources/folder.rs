//! A folder as a source: which of its files are logs, and in which order.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::application::log_source::{OpenLog, SkippedFile, SourceError};
use crate::domain::error_chain::error_chain;
use crate::domain::path_text::text_of;
use crate::infrastructure::side_files::own_records;
use crate::wire::mapping::Mapping;

use super::byte_source::read_error;
use super::decompressed_content::have_same_content;
use super::file_kind::is_pipe;
use super::other_side::{OtherSide, Surroundings};
use super::unread::{Unread, look_at};

const ARCHIVE: &str = "archive";
const NO_DAY: &str = "not an events-*.jsonl file";
const OWN: &str = "by its name a file of the two systems that is no log";
const NO_JSON: &str = "not a .json, .jsonl or .ndjson file";

/// The files of a folder.
#[derive(Debug, Default)]
pub struct FolderListing {
    /// The logs, in the order in which they are read.
    pub logs: Vec<PathBuf>,
    /// Days that more than one log of one folder is named after, as a plain file and a compressed one with other content. All are
    /// read; events with ids are stored once. A day that is archived and goes on in a file anew is none of them.
    pub repeated_days: Vec<String>,
    /// Logs by their names that are none by their content, or are not read as they are: why, and what helps.
    pub refused: Vec<SkippedFile>,
    /// Why the first of the logs that could not be opened could not.
    pub failed: Option<SourceError>,
    /// Everything else that is in it, at any depth. A folder within it is named as a whole, for all that holds no
    /// event.
    pub skipped: Vec<SkippedFile>,
}

/// Lists a folder: its daily files `events-*.jsonl` and those in its `archive/`, in the order of their
/// days; or, where it has none, all its `.json`, `.jsonl` and `.ndjson` files by name. Either may be
/// compressed (`.gz`, `.zst`). What else is in it, or in folders within it, is looked at: whether it holds a
/// record that the mapping reads as an event. What is the other side of a comparison is no part of it. Each log is
/// opened once: those that are refused are left out.
///
/// # Errors
/// The folder cannot be listed.
pub fn list_folder(
    folder: &Path,
    (mapping, open): (&Mapping, &OpenLog<'_>),
    surroundings: &Surroundings<'_>,
) -> Result<FolderListing, SourceError> {
    let other = surroundings.other_side.and_then(|other| OtherSide::of(folder, other));
    let is_other = |path: &Path| other.as_ref().is_some_and(|other| other.holds(path));
    let top = Entries::of(folder)?;
    let archive = folder.join(ARCHIVE);
    let archived = if top.folders.contains(&archive) { Entries::of(&archive)? } else { Entries::default() };
    let mut days: Vec<(String, PathBuf)> = Vec::new();
    let is_log =
        |path: &PathBuf| !is_other(path) && !top.pipes.contains(path) && !archived.pipes.contains(path);
    for path in top.files.iter().chain(&archived.files) {
        days.extend(day(path).filter(|_| is_log(path)).map(|day| (day, path.clone())));
    }
    let mut listing = FolderListing::default();
    let (mut unread, mut copies): (Vec<Unread>, Vec<SkippedFile>) = Default::default();
    let mut leave = |path: &PathBuf, reason| unread.push(Unread { path: path.clone(), reason });
    if days.is_empty() {
        for path in &top.files {
            if own_records(path).is_some() {
                leave(path, OWN);
            } else if is_json(path) && is_log(path) {
                listing.logs.push(path.clone());
            } else {
                leave(path, NO_JSON);
            }
        }
        top.folders.iter().for_each(|path| leave(path, NO_JSON));
    } else {
        let is_no_day = |path: &&PathBuf| day(path).is_none() || !is_log(path);
        let others = top.files.iter().chain(&archived.files).filter(is_no_day);
        let folders = top.folders.iter().filter(|path| **path != archive).chain(&archived.folders);
        others.chain(folders).for_each(|path| leave(path, NO_DAY));
        days.sort();
        let is_same = |one: &(String, PathBuf), next: &(String, PathBuf)| {
            one.0 == next.0 && one.1.parent() == next.1.parent()
        };
        for same_day in days.chunk_by(is_same) {
            // A compressed copy beside its original is read once.
            let mut logs: Vec<PathBuf> = Vec::new();
            for (_, path) in same_day {
                match logs.iter().find(|log| have_same_content(log, path)) {
                    Some(log) => copies.push(copy_of(path, log)),
                    None => logs.push(path.clone()),
                }
            }
            if logs.len() > 1 {
                listing.repeated_days.push(same_day[0].0.clone());
            }
            listing.logs.extend(logs);
        }
    }
    if !unread.is_empty() {
        listing.skipped = look_at(folder, unread, &listing.logs, mapping, (surroundings, other.as_ref()));
    }
    listing.skipped.extend(copies);
    for log in std::mem::take(&mut listing.logs) {
        match open(&log, mapping) {
            Err(SourceError::NotALog { source, .. }) => {
                let reason = error_chain(&*source);
                listing.refused.push(SkippedFile { path: text_of(&log), reason, holds_events: None });
                continue;
            }
            // It is read when it is at rest.
            Ok(_) | Err(SourceError::Changing { .. }) => {}
            Err(error) => listing.failed = listing.failed.or(Some(error)),
        }
        listing.logs.push(log);
    }
    Ok(listing)
}

/// A file of which every event is in a log.
fn copy_of(path: &Path, log: &Path) -> SkippedFile {
    let name = log.file_name().unwrap_or_default().to_string_lossy();
    let reason = format!("it has the content of {name}, which is read");
    SkippedFile { path: text_of(path), reason, holds_events: Some(false) }
}

/// What a folder holds, by name.
#[derive(Default)]
struct Entries {
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
    /// Which of the files are pipes.
    pipes: BTreeSet<PathBuf>,
}

impl Entries {
    fn of(folder: &Path) -> Result<Self, SourceError> {
        let failed = |source| read_error(folder, source);
        let mut entries = Self::default();
        for entry in std::fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = entry.path();
            // What the entry is stands in the folder; only what a link leads to has to be looked at.
            let kind = match entry.file_type() {
                Ok(kind) if !kind.is_symlink() => Some(kind),
                _ => path.metadata().ok().map(|metadata| metadata.file_type()),
            };
            if kind.is_some_and(|kind| kind.is_dir()) {
                entries.folders.push(path);
                continue;
            }
            if kind.is_some_and(is_pipe) {
                entries.pipes.insert(path.clone());
            }
            entries.files.push(path);
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
    let name = text_of(Path::new(path.file_name().unwrap_or_default()));
    let plain = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name);
    plain.to_owned()
}
