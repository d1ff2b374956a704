//! The recorded switches, and what follows from them, while there are no further ones.

use std::sync::Arc;

use super::intervals::Intervals;
use super::mirror_error::MirrorError;
use crate::application::mode_log::{ModeChange, ModeLog};

/// The switches as they were read last.
#[derive(Clone, Default)]
pub(super) struct KnownChanges {
    pub changes: Arc<Vec<ModeChange>>,
    /// When the new side was primary in a parallel run.
    pub intervals: Arc<Intervals>,
}

impl KnownChanges {
    /// Reads them again. Answers whether there were further ones.
    pub fn read(&mut self, modes: &dyn ModeLog) -> Result<bool, MirrorError> {
        let changes = modes.changes()?;
        if Arc::ptr_eq(&changes, &self.changes) {
            return Ok(false);
        }
        let is_longer = changes.len() != self.changes.len();
        self.intervals = Arc::new(Intervals::of(&changes));
        self.changes = changes;
        Ok(is_longer)
    }

    /// Whether the legacy side is primary in a parallel run now.
    pub fn mirrors_to_new(&self) -> bool {
        self.changes.last().is_some_and(|last| last.to.mirrors_to_new())
    }
}
