//! A sink for an import, for tests that read logs into it themselves.

use std::path::Path;

use mission_events::SqliteError;
use mission_events::internals::application::import::ImportSink;
use mission_events::internals::infrastructure::sqlite::import::bulk::BulkLoad;
use mission_events::internals::infrastructure::sqlite::import::incremental_load::IncrementalLoad;

/// A sink into the store at `path`: a new store is built whole, one that exists is added to.
pub fn open_import(path: &Path, expected_bytes: u64) -> Result<Box<dyn ImportSink>, SqliteError> {
    Ok(match BulkLoad::begin(path, expected_bytes)? {
        Some(load) => Box::new(load),
        None => Box::new(IncrementalLoad::open(path)?),
    })
}
