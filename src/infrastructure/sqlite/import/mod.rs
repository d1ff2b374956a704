//! Loading in bulk: what the import use case puts its records into.
//!
//! - A store that does not exist yet is built beside its place, without indexes, and renamed into it
//!   when it is whole ([`BulkLoad`]). For a dry run it is built without a place.
//! - A store that exists is added to in short transactions ([`IncrementalLoad`]).
//! - A [`Preview`] answers what an import would do to a store that exists, and changes nothing.

mod build_folder;
pub mod bulk;
mod duplicate_ids;
mod incomplete_logs;
pub mod incremental_load;
mod known_logs;
mod late_indexes;
mod lost_positions;
mod occurrences;
mod overlap;
mod overlap_feeds;
mod part_versions;
pub mod preview;
mod provenance;
mod shared_records;
mod superseded_rows;
pub mod survey;
mod transactions;
mod twins;

use std::path::PathBuf;

use crate::application::import::{ImportStore, StoreError};

pub use bulk::BulkLoad;
pub use incremental_load::IncrementalLoad;
pub use preview::Preview;

pub(super) use incremental_load::{id_of, store_one};
pub(super) use occurrences::Occurrences;
pub(super) use provenance::SourceWriter;

/// A SQLite store that logs are imported into.
#[derive(Debug, Clone)]
pub struct SqliteImport {
    path: PathBuf,
    expected_bytes: u64,
}

impl SqliteImport {
    /// The store at `path`, whether it exists yet or not; `expected_bytes` is the size of the logs: a new
    /// store is not begun where the disk has no room for it.
    pub fn new(path: impl Into<PathBuf>, expected_bytes: u64) -> Self {
        Self { path: path.into(), expected_bytes }
    }
}

impl ImportStore for SqliteImport {
    type NewStore = BulkLoad;
    type Preview = Preview;
    type ExistingStore = IncrementalLoad;

    fn location(&self) -> String {
        self.path.display().to_string()
    }

    fn build(&self, is_dry_run: bool) -> Result<Option<BulkLoad>, StoreError> {
        Ok(match is_dry_run {
            true => BulkLoad::begin_dry_run(&self.path)?,
            false => BulkLoad::begin(&self.path, self.expected_bytes)?,
        })
    }

    fn preview(&self) -> Result<Preview, StoreError> {
        Ok(Preview::open(&self.path)?)
    }

    fn open(&self) -> Result<IncrementalLoad, StoreError> {
        Ok(IncrementalLoad::open(&self.path)?)
    }
}
