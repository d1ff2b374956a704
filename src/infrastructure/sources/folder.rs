//! A folder as a source: which of its files are logs, and in which order.

use std::path::{Path, PathBuf};

use crate::application::import::{SkippedFile, SourceError};

use super::read_error;

/// The files of a folder.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct FolderListing {
    /// The logs, in the order in which they are read.
    pub logs: Vec<PathBuf>,
    /// Everything else.
    pub skipped: Vec<SkippedFile>,
}

/// Lists a folder: its daily files `events-*.jsonl` in the order of their days, or, where it has
/// none, all its `.json`, `.jsonl` and `.ndjson` files by name. Folders within it are not entered.
pub fn list_folder(folder: &Path) -> Result<FolderListing, SourceError> {
    let failed = |source| read_error(folder, source);
    let mut files = Vec::new();
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() { folders.push(path) } else { files.push(path) }
    }
    files.sort();
    folders.sort();
    let has_days = files.iter().any(|path| is_daily(path));
    let mut listing = FolderListing::default();
    for path in files {
        let is_log = if has_days { is_daily(&path) } else { is_json(&path) };
        if is_log {
            listing.logs.push(path);
        } else {
            let expected =
                if has_days { "not an events-*.jsonl file" } else { "not a .json, .jsonl or .ndjson file" };
            listing.skip(&path, expected);
        }
    }
    for path in folders {
        listing.skip(&path, "a folder within the folder");
    }
    Ok(listing)
}

impl FolderListing {
    fn skip(&mut self, path: &Path, reason: &str) {
        let path = path.display().to_string();
        self.skipped.push(SkippedFile { path, reason: reason.to_owned() });
    }
}

fn is_daily(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with("events-") && name.ends_with(".jsonl")
}

fn is_json(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| ["json", "jsonl", "ndjson"].iter().any(|known| extension == *known))
}
