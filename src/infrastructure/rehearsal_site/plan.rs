//! What is rehearsed.

use std::path::PathBuf;

use crate::application::compare::settings::Settings;
use crate::application::log_source::OpenLog;
use crate::infrastructure::sources::{open_log, open_log_of_any_size};
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
    /// Whether compressed logs are read that decode to many times their size.
    pub allow_expansion: bool,
    /// How both logs are compared.
    pub comparison: Settings,
}

impl RehearsalPlan {
    pub(super) fn open_log(&self) -> &'static OpenLog<'static> {
        if self.allow_expansion { &open_log_of_any_size } else { &open_log }
    }
}
