//! Read models in memory: a model that tests compare the others to, and a double for tests that need no files.

use super::port::{ReadModelError, TaskChange, TaskReadModels};

/// Read models in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemoryReadModels {
    /// Task, position, field, value before, value after; in the order in which they were recorded.
    pub changes: Vec<(String, i64, String, Option<String>, Option<String>)>,
}

impl TaskReadModels for MemoryReadModels {
    fn record_change(&mut self, change: &TaskChange<'_>) -> Result<(), ReadModelError> {
        self.changes.push((
            change.task_id.to_owned(),
            change.position.get(),
            change.field.to_owned(),
            change.old_value.map(str::to_owned),
            change.new_value.map(str::to_owned),
        ));
        Ok(())
    }
}
