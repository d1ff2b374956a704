//! Why an export stopped.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::domain::counted::counted;
use crate::domain::repository::RepositoryError;

/// Why an export stopped. Files that are in their places are whole.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The store could not be read.
    #[error("could not read the store; {} in place", written(*in_place))]
    Store {
        /// How many files were written before.
        in_place: usize,
        /// What the store said.
        #[source]
        source: RepositoryError,
    },
    /// A file could not be written.
    #[error("could not write {}; {} in place", path.display(), written(*in_place))]
    Write {
        /// The file.
        path: PathBuf,
        /// How many files were written before.
        in_place: usize,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file could not be read again.
    #[error("could not read {}; {} in place", path.display(), written(*in_place))]
    Read {
        /// The file.
        path: PathBuf,
        /// How many files were written.
        in_place: usize,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Another process writes into the folder.
    #[error("another process has held {} for {seconds} s; {} in place: export again when it is done", path.display(), written(*in_place))]
    Locked {
        /// What it holds.
        path: PathBuf,
        /// How long was waited.
        seconds: u64,
        /// How many files were written before.
        in_place: usize,
    },
    /// Files that exist would be written over.
    #[error("nothing was written, because {} in {} would be written over ({}): name another folder with --to, or replace them with --force", counted(names.len() as u64, "file", "files"), folder.display(), first(names))]
    Taken {
        /// The folder.
        folder: PathBuf,
        /// The files.
        names: Vec<PathBuf>,
    },
    /// There is no such log.
    #[error("the store has no source {source_id}: {known}")]
    NoSuchLog {
        /// The number that was asked for.
        source_id: i64,
        /// Which there are, in words.
        known: String,
    },
}

fn written(files: usize) -> String {
    counted(files as u64, "file is", "files are")
}

fn first(names: &[PathBuf]) -> String {
    const SHOWN: usize = 5;
    let mut text =
        names.iter().take(SHOWN).map(|name| name.display().to_string()).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        text.push_str(", ...");
    }
    text
}
