//! Loading in bulk: what the import use case puts its records into.
//!
//! - A store that does not exist yet is built beside its place, without indexes, and renamed into it
//!   when it is whole ([`BulkLoad`]).
//! - A store that exists is added to in batches, each one transaction ([`BatchLoad`]).
//! - A [`Survey`] answers what an import would do to a store that exists, and changes nothing.

mod bulk;
mod duplicate_ids;
mod incremental_load;
mod occurrences;
mod overlap;
mod overlap_feeds;
mod preview;
mod provenance;
mod superseded_rows;
mod twins;

use std::path::Path;

use crate::application::import::ImportTarget;

use super::SqliteError;

pub use crate::infrastructure::sqlite::import::incremental_load::BatchLoad;
pub use crate::infrastructure::sqlite::import::preview::Survey;
pub use bulk::BulkLoad;

pub(super) use crate::infrastructure::sqlite::import::incremental_load::store_one;
pub(super) use occurrences::reset as count_occurrences_anew;
pub(super) use provenance::SourceWriter;

/// The way to import into the store at `path`: `expected_bytes` is the size of the logs.
///
/// # Errors
/// As [`SqliteEventRepository::open`](super::SqliteEventRepository::open), and where the disk has no
/// room for a new store.
pub fn open_import(path: &Path, expected_bytes: u64) -> Result<Box<dyn ImportTarget>, SqliteError> {
    Ok(match BulkLoad::begin(path, expected_bytes)? {
        Some(load) => Box::new(load),
        None => Box::new(BatchLoad::open(path)?),
    })
}
