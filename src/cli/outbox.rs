//! The outbox of a parallel run that has the legacy side as primary.

use std::path::{Path, PathBuf};

#[cfg(feature = "legacy")]
use crate::domain::error_chain::error_chain;
use crate::infrastructure::config::Config;
#[cfg(feature = "legacy")]
use crate::legacy::routing::outbox_file::OutboxFile;
#[cfg(feature = "legacy")]
use crate::legacy::routing::ports::Outbox;

/// Where it is.
pub fn path(config: &Config) -> PathBuf {
    let folder = config.legacy_events_json.value.parent().unwrap_or(Path::new(""));
    folder.join("parallel").join("outbox.jsonl")
}

/// How many lines it has after that number.
///
/// # Errors
/// It cannot be read; with all causes.
#[cfg(feature = "legacy")]
pub fn lines_after(config: &Config, number: u64) -> Result<Option<u64>, String> {
    let outbox = OutboxFile::at(path(config));
    outbox.head().map(|head| Some(head.saturating_sub(number))).map_err(|error| error_chain(&error))
}

/// A program without the legacy system cannot tell.
#[cfg(not(feature = "legacy"))]
pub fn lines_after(_: &Config, _: u64) -> Result<Option<u64>, String> {
    Ok(None)
}
