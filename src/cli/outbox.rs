//! The outbox of a parallel run that has the legacy side as primary.

use std::path::{Path, PathBuf};

use crate::infrastructure::config::Config;

/// Where it is.
pub fn path(config: &Config) -> PathBuf {
    let folder = config.legacy_events_json.value.parent().unwrap_or(Path::new(""));
    folder.join("parallel").join("outbox.jsonl")
}
