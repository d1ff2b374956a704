//! Measures how long tasks take.

use super::error::not_recorded;
use super::recorded_values::completion_time;
use crate::application::handling::{EventHandler, Handled, HandlerContext, HandlerError};
use crate::application::read_models::{Occurrence, TASK_COMPLETIONS, TaskCompletion};
use crate::domain::recorded_task_event::{RecordedTaskEvent, TaskDetail};
use crate::domain::repository::StoredEvent;
use crate::wire::zone::Zone;

/// Keeps when tasks were created and completed: `task_completions`.
#[derive(Debug, Clone)]
pub struct TaskCompletedHandler {
    zone: Zone,
}

impl TaskCompletedHandler {
    /// The handler; a date of completion without an offset is read in `zone`.
    pub fn new(zone: Zone) -> Self {
        Self { zone }
    }
}

impl EventHandler for TaskCompletedHandler {
    fn name(&self) -> &str {
        TASK_COMPLETIONS
    }

    fn handle(&self, event: &StoredEvent, context: &mut HandlerContext<'_>) -> Result<Handled, HandlerError> {
        let Some(RecordedTaskEvent { task_id: Some(task_id), detail }) = context.task_event() else {
            return Ok(Handled::NotForMe);
        };
        let occurrence = Occurrence::of(event);
        let read_models = context.read_models()?;
        match detail {
            TaskDetail::Created { .. } => {
                read_models.record_creation(task_id, occurrence).map_err(not_recorded)?;
                tracing::debug!("{TASK_COMPLETIONS}: {task_id} was created");
            }
            TaskDetail::Completed { completed_date, completion_notes } => {
                let completion = TaskCompletion {
                    task_id,
                    occurrence,
                    completed_at: completion_time(completed_date.as_deref(), occurrence.at, &self.zone),
                    notes: completion_notes.as_deref(),
                };
                read_models.record_completion(&completion).map_err(not_recorded)?;
                tracing::debug!("{TASK_COMPLETIONS}: {task_id} was completed");
            }
            TaskDetail::Deleted { .. } | TaskDetail::Updated { .. } => return Ok(Handled::NotForMe),
        }
        Ok(Handled::Done)
    }
}
