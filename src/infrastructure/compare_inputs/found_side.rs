//! What lies at a path, as a side of a comparison: what is read of it.

use std::error::Error as StdError;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::application::compare::Input;
use crate::application::compare::feed::{CompareError, Feed};
use crate::application::compare::parallel_run::{FirstRecords, Medium, ParallelSide, Rows};
use crate::application::log_source::{PieceContent, SkippedFile};
use crate::domain::path_text::path_of;
use crate::infrastructure::backend_at::{BackendError, backend_at};
use crate::infrastructure::compare_inputs::log::{LogFeed, OpenFile};
use crate::infrastructure::config::Backend;
#[cfg(feature = "postgres")]
use crate::infrastructure::config::PostgresUrl;
#[cfg(feature = "postgres")]
use crate::infrastructure::postgres;
use crate::infrastructure::sources::{Surroundings, list_folder, open_log, open_log_of_any_size};
use crate::infrastructure::sqlite::{StoreFeed, row_counts};
use crate::wire::local_time::DstPolicy;
use crate::wire::mapping::Mapping;
use crate::wire::record::{RecordReader, Shape};
use crate::wire::zone::Zone;

/// Puts another feed in place of one, such as one that shows how far it is read. The number is `None` for a
/// file, whose places are bytes; for a store it is how many rows stand for its bytes.
pub type FeedWrapper<'w> = dyn Fn(Box<dyn Feed>, Option<u64>) -> Box<dyn Feed> + 'w;

/// Why a side was not found.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SideError {
    /// Nothing is there.
    #[error(
        "there is no log and no store at {}: name an events.json, a JSONL file, a folder of daily JSONL or a SQLite store",
        path.display()
    )]
    Missing {
        /// The path.
        path: PathBuf,
    },
    /// Something is there that could not be looked at.
    #[error(transparent)]
    Look(Box<dyn StdError + Send + Sync>),
    /// Its folder could not be listed, or its store not be read.
    #[error(transparent)]
    Read(#[from] CompareError),
}

/// A side, looked at but not yet read.
pub struct FoundSide<'w> {
    path: PathBuf,
    mapping: Mapping,
    medium: Medium,
    /// The files that it is read from.
    files: Vec<PathBuf>,
    skipped: Vec<(PathBuf, String)>,
    left_out: Vec<SkippedFile>,
    wrap: Option<&'w FeedWrapper<'w>>,
    open: OpenFile,
}

impl<'w> FoundSide<'w> {
    /// Looks at what lies at a path: a log, a folder of logs or a SQLite store, whose records are read by `mapping`.
    ///
    /// # Errors
    /// Nothing does, or it cannot be read.
    pub fn find(path: &Path, mapping: Mapping) -> Result<Self, SideError> {
        Self::find_beside(&Surroundings::default(), path, mapping, false)
    }

    /// The same where the other side of the comparison, or a store, may lie in the folder of this side: that is no
    /// part of it. Compressed logs that decode to many times their size are read where that is `allowed`.
    ///
    /// # Errors
    /// As of [`find`](Self::find).
    pub fn find_beside(
        surroundings: &Surroundings<'_>,
        path: &Path,
        mapping: Mapping,
        allowed: bool,
    ) -> Result<Self, SideError> {
        let mut side = Self {
            path: path.to_owned(),
            mapping,
            medium: Medium::File,
            files: vec![path.to_owned()],
            skipped: Vec::new(),
            left_out: Vec::new(),
            wrap: None,
            open: if allowed { open_log_of_any_size } else { open_log },
        };
        #[cfg(feature = "postgres")]
        if PostgresUrl::is_meant(&path.to_string_lossy()) {
            side.medium = Medium::Store(postgres::row_counts(path)?);
            return Ok(side);
        }
        if path.is_dir() {
            side.list_folder(surroundings)?;
            return Ok(side);
        }
        match backend_at(path) {
            Ok(Backend::Sqlite) if path.metadata().is_ok_and(|file| file.len() > 0) => {
                side.medium = Medium::Store(row_counts(path)?);
                Ok(side)
            }
            Ok(_) | Err(BackendError::NotAStore { .. }) => Ok(side),
            Err(BackendError::Missing { path }) => Err(SideError::Missing { path }),
            Err(error) => Err(SideError::Look(error.into())),
        }
    }

    /// The same side, read through what `wrap` puts in place of each of its feeds.
    #[must_use]
    pub fn wrapped_by(self, wrap: &'w FeedWrapper<'w>) -> Self {
        Self { wrap: Some(wrap), ..self }
    }

    fn wrapped(&self, feed: Box<dyn Feed>, rows: Option<u64>) -> Box<dyn Feed> {
        match self.wrap {
            Some(wrap) => wrap(feed, rows),
            None => feed,
        }
    }

    fn list_folder(&mut self, surroundings: &Surroundings<'_>) -> Result<(), CompareError> {
        let listing = list_folder(&self.path, (&self.mapping, &self.open), surroundings)?;
        if listing.logs.is_empty() && listing.refused.is_empty() {
            self.skipped.push((self.path.clone(), "it holds no log".to_owned()));
        }
        for day in &listing.repeated_days {
            tracing::warn!(
                "more than one file in {} is of the day {day}: what they have in common is taken for events that were written twice",
                self.path.display()
            );
        }
        for file in listing.refused {
            let reason = format!("{}, or move it out of the folder", file.reason);
            self.skipped.push((path_of(&file.path), reason));
        }
        for file in listing.skipped {
            if file.may_hold_events() {
                let reason = format!("{}; move it out of the folder, or compare it by itself", file.reason);
                self.skipped.push((path_of(&file.path), reason));
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

    fn first_records(&self, zone: &Zone) -> Option<FirstRecords> {
        match self.medium {
            Medium::Store(rows) => {
                rows.first_native.map(|earliest| FirstRecords { is_legacy: false, earliest })
            }
            Medium::File | Medium::Folder => {
                self.files.iter().find_map(|path| first_records(path, &self.mapping, zone, self.open))
            }
        }
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
                let log = |path: &PathBuf| {
                    Box::new(LogFeed::new(path.clone(), self.mapping.clone()).opened_by(self.open))
                };
                self.files.iter().map(|path| self.wrapped(log(path), None)).collect()
            }
            Medium::Store(counts) => {
                let store = store_feed(&self.path, rows)?;
                match rows {
                    // They are few, and stand in the rows that are shown already.
                    Rows::Repaired => vec![store],
                    Rows::Native | Rows::History => {
                        vec![self.wrapped(store, Some(counts.native + counts.history))]
                    }
                }
            }
        };
        let (path, mapping) = (self.path.clone(), self.mapping.clone());
        Ok(Input { path, mapping, feeds, skipped: self.skipped.clone() })
    }
}

fn store_feed(path: &Path, rows: Rows) -> Result<Box<dyn Feed>, CompareError> {
    #[cfg(feature = "postgres")]
    if PostgresUrl::is_meant(&path.to_string_lossy()) {
        return Ok(Box::new(postgres::PostgresFeed::open(path, rows)?));
    }
    Ok(Box::new(StoreFeed::open(path, rows)?))
}

/// What the first records of a log show. What cannot be read shows when the log is compared.
fn first_records(path: &Path, mapping: &Mapping, zone: &Zone, open: OpenFile) -> Option<FirstRecords> {
    /// Writers that run side by side may write their first events in another order than they occurred in.
    const LOOKED_AT: usize = 64;
    let mut reader = RecordReader::with_mapping(zone, DstPolicy::Resolve, mapping);
    let mut log = open(path, mapping).ok()?;
    let mut found: Option<FirstRecords> = None;
    let mut records = 0;
    while records < LOOKED_AT
        && let Ok(Some(piece)) = log.next_piece(&mut reader)
    {
        let PieceContent::Record(record) = piece.content else { continue };
        records += 1;
        let first = found.get_or_insert(FirstRecords {
            is_legacy: record.shape != Shape::New && record.event_id.is_none(),
            earliest: record.occurred_at,
        });
        first.earliest = first.earliest.min(record.occurred_at);
    }
    found
}
