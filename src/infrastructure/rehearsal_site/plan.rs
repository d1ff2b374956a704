//! What is rehearsed.

use std::path::PathBuf;

use crate::application::compare::settings::Settings;
use crate::wire::mapping::Mapping;

/// What is rehearsed, and how.
#[derive(Debug, Clone)]
pub struct RehearsalPlan {
    /// The legacy log.
    pub legacy_log: PathBuf,
    /// The daily log of the new system, where that is its store; it need not be there.
    pub new_log: Option<PathBuf>,
    /// The SQLite store of the new system; it need not be there.
    pub store: Option<PathBuf>,
    /// How the records of both logs are read.
    pub mapping: Mapping,
    /// How both logs are compared.
    pub comparison: Settings,
}
