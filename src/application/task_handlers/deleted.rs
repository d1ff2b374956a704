//! Keeps the state of tasks, and cleans up after deleted ones.

use std::borrow::Cow;

use super::error::not_recorded;
use super::recorded_values::{completion_time, priority_word, status_word, text_of};
use crate::application::handling::{EventHandler, Handled, HandlerContext, HandlerError};
use crate::application::read_models::{Occurrence, StateChange, TASK_STATE, TaskField, Transition};
use crate::domain::event::format_timestamp;
use crate::domain::recorded_fields::RecordedFields;
use crate::domain::recorded_task_event::{FieldChange, RecordedTaskEvent, TaskDetail, TaskLinks};
use crate::domain::repository::StoredEvent;
use crate::domain::value_objects::Status;
use crate::wire::zone::Zone;

/// Keeps the state and the links of each task: `task_state`. A deletion takes the task and all links from it and to
/// it away.
#[derive(Debug, Clone)]
pub struct TaskDeletedHandler {
    zone: Zone,
}

type Fields<'e> = Vec<(TaskField, Option<Cow<'e, str>>)>;

/// The links of a task, by the names that a field of their own and a member of `linked_to` have.
const LINKS: [(TaskField, &str, &str); 3] = [
    (TaskField::Goal, "linked_goal_id", "goal_id"),
    (TaskField::Project, "linked_project_id", "project_id"),
    (TaskField::LinkedTask, "linked_task_id", "task_id"),
];

/// The object that links can stand in.
const LINKED_TO: &str = "linked_to";

impl TaskDeletedHandler {
    /// The handler; a date of completion without an offset is read in `zone`.
    pub fn new(zone: Zone) -> Self {
        Self { zone }
    }

    /// What an update says of the state. A field that it names without the new value is not known any more.
    fn updated<'e>(&self, changes: &'e [FieldChange], occurrence: Occurrence) -> Fields<'e> {
        let mut fields = Fields::new();
        for change in changes {
            let json = change.new.as_deref();
            let text = json.and_then(text_of);
            match change.field.as_str() {
                "title" => fields.push((TaskField::Title, text)),
                "priority" => {
                    fields.push((TaskField::Priority, text.map(|text| priority_word(&text).into())))
                }
                "status" => fields.push((TaskField::Status, text.map(|text| status_word(&text).into()))),
                "completed_at" | "completed_date" => {
                    let at = text.map(|text| self.completed_at(Some(&text), occurrence).into());
                    fields.push((TaskField::CompletedAt, at));
                }
                LINKED_TO => {
                    let links = RecordedFields::of_json(json.unwrap_or_default());
                    fields.extend(LINKS.map(|(field, _, member)| (field, links.text(member))));
                }
                name => fields
                    .extend(LINKS.iter().find(|(_, own, _)| *own == name).map(|(field, ..)| (*field, text))),
            }
        }
        fields
    }

    fn completed_at(&self, written: Option<&str>, occurrence: Occurrence) -> String {
        format_timestamp(completion_time(written, occurrence.at, &self.zone))
    }
}

impl EventHandler for TaskDeletedHandler {
    fn name(&self) -> &str {
        TASK_STATE
    }

    fn handle(&self, event: &StoredEvent, context: &mut HandlerContext<'_>) -> Result<Handled, HandlerError> {
        let Some(RecordedTaskEvent { task_id: Some(task_id), detail }) = context.task_event() else {
            return Ok(Handled::NotForMe);
        };
        let occurrence = Occurrence::of(event);
        let (transition, fields) = match detail {
            TaskDetail::Created { title, priority, status, links } => {
                let mut fields = created_links(links);
                fields.push((TaskField::Title, title.as_deref().map(Cow::from)));
                fields.push((TaskField::Priority, priority.as_ref().map(|word| word.as_str().into())));
                fields.push((TaskField::Status, status.as_ref().map(|word| word.as_str().into())));
                (Transition::Created, fields)
            }
            TaskDetail::Completed { completed_date, .. } => {
                let at = self.completed_at(completed_date.as_deref(), occurrence);
                let fields = vec![
                    (TaskField::CompletedAt, Some(at.into())),
                    (TaskField::Status, Some(Status::Completed.as_str().into())),
                ];
                (Transition::Changed, fields)
            }
            TaskDetail::Updated { changes } => (Transition::Changed, self.updated(changes, occurrence)),
            TaskDetail::Deleted { reason } => {
                (Transition::Deleted, vec![(TaskField::DeletionReason, reason.as_deref().map(Cow::from))])
            }
        };
        let change = StateChange { occurrence, transition, fields };
        context.read_models()?.change_task(task_id, &change).map_err(not_recorded)?;
        tracing::debug!("{TASK_STATE}: {task_id} as of {}", event.event.event_type());
        Ok(Handled::Done)
    }
}

/// The links that a creation says; the others stay what they were.
fn created_links(links: &TaskLinks) -> Fields<'_> {
    let TaskLinks { goal, project, task } = links;
    let links = [(TaskField::Goal, goal), (TaskField::Project, project), (TaskField::LinkedTask, task)];
    links.iter().filter_map(|(field, link)| Some((*field, Some(link.as_deref()?.into())))).collect()
}
