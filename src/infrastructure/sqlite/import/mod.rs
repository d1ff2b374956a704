//! Loading in bulk: what the import use case puts its records into.
//!
//! - A store that does not exist yet is built beside its place, without indexes, and renamed into it
//!   when it is whole ([`BulkLoad`]).
//! - A store that exists is added to in batches, each one transaction ([`BatchLoad`]).
//! - A [`Survey`] answers what an import would do to a store that exists, and changes nothing.

mod batches;
mod bulk;
mod gone;
mod occurrences;
mod overlap;
mod provenance;
mod repeats;
mod sides;
mod survey;
mod twins;

use std::path::Path;

use crate::application::import::ImportTarget;

use super::SqliteError;

pub use batches::BatchLoad;
pub use bulk::BulkLoad;
pub use survey::Survey;

pub(super) use batches::store_one;
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
