//! Keeps what was changed in tasks.

use super::error::not_recorded;
use crate::application::handling::{EventHandler, Handled, HandlerContext, HandlerError};
use crate::application::read_models::{TASK_HISTORY, TaskChange};
use crate::domain::recorded_task_event::{RecordedTaskEvent, TaskDetail};
use crate::domain::repository::StoredEvent;

/// Keeps each changed field of a task with its values before and after: `task_history`.
#[derive(Debug, Clone, Copy, Default)]
pub struct TaskUpdatedHandler;

impl EventHandler for TaskUpdatedHandler {
    fn name(&self) -> &str {
        TASK_HISTORY
    }

    fn handle(&self, event: &StoredEvent, context: &mut HandlerContext<'_>) -> Result<Handled, HandlerError> {
        let Some(RecordedTaskEvent { task_id: Some(task_id), detail: TaskDetail::Updated { changes } }) =
            context.task_event()
        else {
            return Ok(Handled::NotForMe);
        };
        let read_models = context.read_models()?;
        for change in changes {
            read_models
                .record_change(&TaskChange {
                    task_id,
                    position: event.position,
                    changed_at: event.event.timestamp(),
                    field: &change.field,
                    old_value: change.old.as_deref(),
                    new_value: change.new.as_deref(),
                })
                .map_err(not_recorded)?;
        }
        tracing::debug!("{TASK_HISTORY}: {} fields of {task_id} were changed", changes.len());
        Ok(Handled::Done)
    }
}
