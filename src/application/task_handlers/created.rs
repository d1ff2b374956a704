//! Counts what happens to tasks.

use std::borrow::Cow;

use super::error::not_recorded;
use super::recorded_values::{priority_word, text_of};
use crate::application::handling::{EventHandler, Handled, HandlerContext, HandlerError};
use crate::application::read_models::{Occurrence, TASK_ANALYTICS, TaskActivity, UNKNOWN_PRIORITY};
use crate::domain::recorded_task_event::TaskDetail;
use crate::domain::repository::StoredEvent;

/// Counts the events about tasks by day, type and priority: `task_analytics`.
///
/// A task has the priority of its creation until an update says another one.
#[derive(Debug, Clone, Copy, Default)]
pub struct TaskCreatedHandler;

impl EventHandler for TaskCreatedHandler {
    fn name(&self) -> &str {
        TASK_ANALYTICS
    }

    fn handle(&self, event: &StoredEvent, context: &mut HandlerContext<'_>) -> Result<Handled, HandlerError> {
        let Some(recorded) = context.task_event() else {
            return Ok(Handled::NotForMe);
        };
        let priority = priority_from_then_on(&recorded.detail);
        let activity = TaskActivity {
            task_id: recorded.task_id.as_deref(),
            occurrence: Occurrence::of(event),
            event_type: event.event.event_type(),
            priority: priority.as_deref(),
        };
        context.read_models()?.record_activity(&activity).map_err(not_recorded)?;
        tracing::debug!("{TASK_ANALYTICS}: counted {} {}", activity.event_type, event.event.event_id());
        Ok(Handled::Done)
    }
}

/// `None` where the task keeps the priority that it had.
fn priority_from_then_on(detail: &TaskDetail) -> Option<Cow<'_, str>> {
    let said = match detail {
        TaskDetail::Created { priority, .. } => priority.as_ref().map(|word| word.as_str().into()),
        TaskDetail::Updated { changes } => {
            let change = changes.iter().find(|change| change.field == "priority")?;
            change.new.as_deref().and_then(text_of).map(|text| priority_word(&text).into())
        }
        TaskDetail::Completed { .. } | TaskDetail::Deleted { .. } => return None,
    };
    Some(said.unwrap_or(UNKNOWN_PRIORITY.into()))
}
