//! The two sides: what is read of each, and which of its events take part.

use std::path::{Path, PathBuf};

use crate::application::compare::Input;
use crate::application::compare::feed::{CompareError, Feed};
use crate::application::compare::parallel_run::{Medium, ParallelSide, Rows};
use crate::application::log_source::{PieceContent, SkippedFile};
use crate::cli::error::CliError;
use crate::cli::exit_code::ExitCode;
use crate::cli::progress::Progress;
use crate::cli::store::{StoreError, backend_at};
use crate::infrastructure::compare_inputs::LogFeed;
use crate::infrastructure::config::Backend;
use crate::infrastructure::sources::{list_folder, open_log};
use crate::infrastructure::sqlite::{StoreFeed, row_counts};
use crate::wire::local_time::DstPolicy;
use crate::wire::mapping::Mapping;
use crate::wire::record::{RecordReader, Shape};
use crate::wire::zone::Zone;

use crate::cli::compare_logs::progress_feed::watched;

/// A side, looked at but not yet read.
pub struct FoundSide<'p> {
    path: PathBuf,
    mapping: Mapping,
    medium: Medium,
    /// The files that it is read from.
    files: Vec<PathBuf>,
    skipped: Vec<(PathBuf, String)>,
    left_out: Vec<SkippedFile>,
    progress: &'p Progress,
}

impl<'p> FoundSide<'p> {
    /// Looks at what lies at a path; `progress` shows how far it is read.
    ///
    /// # Errors
    /// Nothing does, or it cannot be read.
    pub fn find(path: &Path, mapping: Mapping, progress: &'p Progress) -> Result<Self, CliError> {
        let mut side = Self {
            path: path.to_owned(),
            mapping,
            medium: Medium::File,
            files: vec![path.to_owned()],
            skipped: Vec::new(),
            left_out: Vec::new(),
            progress,
        };
        if path.is_dir() {
            side.list_folder()?;
            return Ok(side);
        }
        match backend_at(path) {
            Ok(Backend::Sqlite) if path.metadata().is_ok_and(|file| file.len() > 0) => {
                side.medium = Medium::Store(row_counts(path)?);
                Ok(side)
            }
            Ok(_) | Err(StoreError::NotAStore { .. }) => Ok(side),
            Err(StoreError::Missing { path }) => {
                let message = format!(
                    "there is no log and no store at {}: name an events.json, a JSONL file, a folder of daily JSONL or a SQLite store",
                    path.display()
                );
                Err(CliError::new(ExitCode::Storage, anyhow::Error::msg(message)))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn list_folder(&mut self) -> Result<(), CompareError> {
        let listing = list_folder(&self.path)?;
        if listing.logs.is_empty() {
            self.skipped.push((self.path.clone(), "it holds no log".to_owned()));
        }
        for day in &listing.repeated_days {
            tracing::warn!(
                "more than one file in {} is of the day {day}: what they have in common is taken for events that were written twice",
                self.path.display()
            );
        }
        for file in listing.skipped {
            if is_named_as_a_log(&file.path) {
                self.skipped.push((PathBuf::from(file.path), file.reason));
            } else {
                self.left_out.push(file);
            }
        }
        self.medium = Medium::Folder;
        self.files = listing.logs;
        Ok(())
    }
}

impl ParallelSide for FoundSide<'_> {
    fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    fn medium(&self) -> Medium {
        self.medium
    }

    fn is_legacy(&self) -> bool {
        let is_log = matches!(self.medium, Medium::File | Medium::Folder);
        let first = self.files.first().filter(|_| is_log);
        first.is_some_and(|path| first_shape(path, &self.mapping) == Some(Shape::Legacy))
    }

    fn skipped(&self) -> &[(PathBuf, String)] {
        &self.skipped
    }

    fn left_out(&self) -> &[SkippedFile] {
        &self.left_out
    }

    fn input(&self, rows: Rows) -> Result<Input, CompareError> {
        let feeds: Vec<Box<dyn Feed>> = match self.medium {
            Medium::File | Medium::Folder => {
                let log = |path: &PathBuf| Box::new(LogFeed::new(path.clone(), self.mapping.clone()));
                self.files.iter().map(|path| watched(log(path), self.progress, None)).collect()
            }
            Medium::Store(counts) => {
                let store = StoreFeed::open(&self.path, rows)?;
                vec![watched(Box::new(store), self.progress, Some(counts.native + counts.history))]
            }
        };
        let (path, mapping) = (self.path.clone(), self.mapping.clone());
        Ok(Input { path, mapping, feeds, skipped: self.skipped.clone() })
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

impl From<CompareError> for CliError {
    fn from(error: CompareError) -> Self {
        let code = match error {
            CompareError::Source(_)
            | CompareError::Store(_)
            | CompareError::Open(_)
            | CompareError::Scratch { .. } => ExitCode::Storage,
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
