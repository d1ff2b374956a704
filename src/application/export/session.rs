//! An export on its way: what it reads, where it writes, and what it has written.

use std::collections::HashSet;

use super::error::ExportError;
use super::ports::{ExportFolder, ExportStore, StoredLog};
use super::report::Exported;
use crate::application::mode_log::OnlyOnNewSide;
use crate::domain::repository::RepositoryError;
use crate::wire::zone::Zone;

/// What an export is to write.
#[derive(Debug, Clone)]
pub struct ExportOptions {
    /// The one log to write, by its number; else the latest of each path, and the live events.
    pub source_id: Option<i64>,
    /// Live events as one legacy array instead of daily files.
    pub legacy: bool,
    /// Of the live events, those alone, and no log.
    pub only: Option<OnlyOnNewSide>,
    /// Files that exist are replaced, where nothing is lost with them.
    pub force: bool,
    /// The zone of days, and of naive times.
    pub zone: Zone,
}

/// Exports a store into a folder.
pub struct Export<'e> {
    pub(super) store: &'e mut dyn ExportStore,
    pub(super) folder: &'e mut dyn ExportFolder,
    pub(super) options: ExportOptions,
    /// Every log that the store has, earlier versions included.
    pub(super) stored: Vec<StoredLog>,
    /// Where they were, compressed or not.
    pub(super) places: HashSet<String>,
    pub(super) exported: Exported,
}

impl<'e> Export<'e> {
    /// An export of `store` into `folder`.
    pub fn new(
        store: &'e mut dyn ExportStore,
        folder: &'e mut dyn ExportFolder,
        options: ExportOptions,
    ) -> Self {
        Self {
            store,
            folder,
            options,
            stored: Vec::new(),
            places: HashSet::new(),
            exported: Exported::default(),
        }
    }

    /// How many files are in their places.
    pub(super) fn in_place(&self) -> usize {
        self.exported.files.iter().filter(|file| file.written).count()
    }

    pub(super) fn unreadable(&self, source: RepositoryError) -> ExportError {
        ExportError::Store { in_place: self.in_place(), source }
    }
}
