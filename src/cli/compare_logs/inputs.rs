//! The two sides: what is read of each, and which of its events take part.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use crate::application::compare::Input;
use crate::application::compare::feed::{CompareError, Feed};
use crate::application::log_source::{PieceContent, SkippedFile};
use crate::cli::error::CliError;
use crate::cli::exit_code::ExitCode;
use crate::cli::progress::Progress;
use crate::cli::store::{StoreError, backend_at};
use crate::infrastructure::compare_inputs::LogFeed;
use crate::infrastructure::config::Backend;
use crate::infrastructure::sources::{list_folder, open_log};
use crate::infrastructure::sqlite::{Rows, StoreFeed, StoreState, store_state};
use crate::wire::local_time::DstPolicy;
use crate::wire::mapping::Mapping;
use crate::wire::record::{RecordReader, Shape};
use crate::wire::zone::Zone;

use crate::cli::compare_logs::progress_feed::watched;

/// A side, looked at but not yet read.
pub struct Side {
    pub path: PathBuf,
    pub mapping: Mapping,
    pub kind: Kind,
    skipped: Vec<(PathBuf, String)>,
    left_out: Vec<SkippedFile>,
}

/// What a side is.
pub enum Kind {
    /// One log file.
    File,
    /// The log files of a folder.
    Folder(Vec<PathBuf>),
    /// A SQLite store.
    Store(StoreState),
}

impl Side {
    /// Looks at what lies at a path.
    ///
    /// # Errors
    /// Nothing does, or it cannot be read.
    pub fn find(path: &Path, mapping: Mapping) -> Result<Self, CliError> {
        let (mut skipped, mut left_out) = (Vec::new(), Vec::new());
        let kind = if path.is_dir() {
            let listing = list_folder(path).map_err(CompareError::from)?;
            if listing.logs.is_empty() {
                skipped.push((path.to_owned(), "it holds no log".to_owned()));
            }
            for day in &listing.repeated_days {
                tracing::warn!(
                    "more than one file in {} is of the day {day}: what they have in common is taken for events that were written twice",
                    path.display()
                );
            }
            for file in listing.skipped {
                if is_named_as_a_log(&file.path) {
                    skipped.push((PathBuf::from(file.path), file.reason));
                } else {
                    left_out.push(file);
                }
            }
            Kind::Folder(listing.logs)
        } else {
            match backend_at(path) {
                Ok(Backend::Sqlite) if path.metadata().is_ok_and(|file| file.len() > 0) => {
                    Kind::Store(store_state(path).map_err(store_failed)?)
                }
                Ok(_) | Err(StoreError::NotAStore { .. }) => Kind::File,
                Err(StoreError::Missing { path }) => {
                    let message = format!(
                        "there is no log and no store at {}: name an events.json, a JSONL file, a folder of daily JSONL or a SQLite store",
                        path.display()
                    );
                    return Err(CliError::new(ExitCode::Storage, anyhow::Error::msg(message)));
                }
                Err(error) => return Err(error.into()),
            }
        };
        Ok(Self { path: path.to_owned(), mapping, kind, skipped, left_out })
    }

    /// The files that it is read from.
    pub fn files(&self) -> &[PathBuf] {
        match &self.kind {
            Kind::File | Kind::Store(_) => std::slice::from_ref(&self.path),
            Kind::Folder(logs) => logs,
        }
    }

    /// Everything that is read of it; of a store, these rows.
    pub fn input(&self, rows: Rows, progress: &Progress) -> Result<Input, CliError> {
        let feeds: Vec<Box<dyn Feed>> = match &self.kind {
            Kind::File | Kind::Folder(_) => {
                let log = |path: &PathBuf| Box::new(LogFeed::new(path.clone(), self.mapping.clone()));
                self.files().iter().map(|path| watched(log(path), progress, None)).collect()
            }
            Kind::Store(state) => {
                let store = StoreFeed::open(&self.path, rows).map_err(store_failed)?;
                vec![watched(Box::new(store), progress, Some(state.native + state.history))]
            }
        };
        let (path, mapping) = (self.path.clone(), self.mapping.clone());
        Ok(Input { path, mapping, feeds, skipped: self.skipped.clone() })
    }

    /// What belongs to it and is not read, and why.
    pub fn skipped(&self) -> &[(PathBuf, String)] {
        &self.skipped
    }

    /// What lies in its folder and is no part of it, and why.
    pub fn left_out(&self) -> &[SkippedFile] {
        &self.left_out
    }

    pub fn state(&self) -> Option<&StoreState> {
        match &self.kind {
            Kind::Store(state) => Some(state),
            Kind::File | Kind::Folder(_) => None,
        }
    }

    /// Whether it is a log of the legacy system: its first record has no identity.
    pub fn is_legacy(&self) -> bool {
        let first = match &self.kind {
            Kind::File => Some(&self.path),
            Kind::Folder(logs) => logs.first(),
            Kind::Store(_) => None,
        };
        first.is_some_and(|path| first_shape(path, &self.mapping) == Some(Shape::Legacy))
    }
}

/// Whether a file that is left out of a folder may be a part of the log all the same: a day that was
/// compressed in another way, say. A torn tail that was set aside is none: what it was torn from is read.
fn is_named_as_a_log(path: &str) -> bool {
    let name = Path::new(path).file_name().unwrap_or_default().to_string_lossy();
    let begins = ["events-", "events."].iter().any(|beginning| name.starts_with(beginning));
    begins && (name.contains(".json") || name.contains(".ndjson")) && !name.contains(".torn-")
}

/// How the first record of a log is written. What cannot be read shows when the log is compared.
fn first_shape(path: &Path, mapping: &Mapping) -> Option<Shape> {
    let zone = Zone::utc();
    let mut reader = RecordReader::with_mapping(&zone, DstPolicy::Resolve, mapping);
    let mut log = open_log(path, mapping).ok()?;
    while let Some(piece) = log.next_piece(&mut reader).ok()? {
        if let PieceContent::Record(record) = piece.content {
            return Some(record.shape);
        }
    }
    None
}

/// The beginning of a parallel run that has not begun.
pub const NEVER: DateTime<Utc> = DateTime::<Utc>::MAX_UTC;

/// The beginning of the parallel run, where a legacy log is compared with a store: the first event that
/// the new system wrote there. A store that holds nothing but the legacy log has not seen it yet.
pub fn beginning(control: &Side, candidate: &Side) -> Option<DateTime<Utc>> {
    match candidate.state() {
        Some(state) if control.is_legacy() => {
            state.first_native.or_else(|| (state.history > 0).then_some(NEVER))
        }
        _ => None,
    }
}

fn store_failed(error: crate::infrastructure::sqlite::CompareStoreError) -> CliError {
    CliError::new(ExitCode::Storage, error)
}

impl From<CompareError> for CliError {
    fn from(error: CompareError) -> Self {
        let code = match error {
            CompareError::Source(_) | CompareError::Store(_) | CompareError::Scratch { .. } => {
                ExitCode::Storage
            }
            CompareError::Default { .. } => ExitCode::Usage,
            CompareError::Conservation { .. }
            | CompareError::Digests { .. }
            | CompareError::SelfTest { .. } => ExitCode::SelfCheck,
        };
        Self::new(code, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_may_be_a_day_of_the_log_is_told_from_what_lies_beside_it() {
        for log in
            ["d/events-2025-10-05.jsonl.bz2", "events-2025-10-04.json", "d/events.json", "events.jsonl.gz"]
        {
            assert!(is_named_as_a_log(log), "{log}");
        }
        for other in [
            "d/event_definitions.json",
            "events-2025-10-05.jsonl.torn-170",
            "notes.md",
            "evidence.jsonl",
            "d/events.db",
            "events-of-last-year",
        ] {
            assert!(!is_named_as_a_log(other), "{other}");
        }
    }
}
