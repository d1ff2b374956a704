//! What a stored event says about a task, as far as it can be read.

use std::borrow::Cow;
use std::collections::HashMap;
use std::str::FromStr;

use super::event::DomainEvent;
use super::recorded_fields::{RecordedElement, RecordedFields};
use super::value_objects::{Priority, Status};

/// What an event of one of the four types says about a task.
///
/// A log is older than the program that reads it: fields are missing, words are other ones, numbers stand where a
/// text is expected. Each part is there as far as it was written, and reading never fails. A new event is made
/// with [`TaskEvent`](super::task_events::TaskEvent), which is strict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedTaskEvent {
    /// The task: the field `task_id`, else the aggregate.
    pub task_id: Option<String>,
    /// What happened to it.
    pub detail: TaskDetail,
}

/// What happened to a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskDetail {
    /// It was created.
    Created {
        /// What it is called.
        title: Option<String>,
        /// How urgent it is.
        priority: Option<Word<Priority>>,
        /// Where it stands.
        status: Option<Word<Status>>,
        /// What it is linked to.
        links: TaskLinks,
    },
    /// It was completed.
    Completed {
        /// When, as it was written; the field was once named `completed_at`.
        completed_date: Option<String>,
        /// What was said about it.
        completion_notes: Option<String>,
    },
    /// It was deleted.
    Deleted {
        /// Why.
        reason: Option<String>,
    },
    /// Fields of it were changed.
    Updated {
        /// Each changed field once, in the order of the text.
        changes: Vec<FieldChange>,
    },
}

/// What a task is linked to: the ids that fields of their own say, such as `linked_goal_id`, else members of `linked_to`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TaskLinks {
    /// `linked_goal_id`, or `goal_id` in `linked_to`.
    pub goal: Option<String>,
    /// `linked_project_id`, or `project_id` in `linked_to`.
    pub project: Option<String>,
    /// `linked_task_id`, or `task_id` in `linked_to`.
    pub task: Option<String>,
}

/// A changed field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldChange {
    /// Its name.
    pub field: String,
    /// The JSON text of the value before, where the event says it; it may be `null`.
    pub old: Option<String>,
    /// The JSON text of the value after, where the event says it; it may be `null`.
    pub new: Option<String>,
}

/// A word that should be one of a list. Older logs had other words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word<T> {
    /// One of the list.
    Known(T),
    /// Any other, as it was written.
    Other(String),
}

const CREATED: &str = "TaskCreated";
const COMPLETED: &str = "TaskCompleted";
const DELETED: &str = "TaskDeleted";
const UPDATED: &str = "TaskUpdated";

impl<T: FromStr> Word<T> {
    /// Takes a word, in capitals or not.
    pub fn new(text: &str) -> Self {
        text.parse().map_or_else(|_| Self::Other(text.to_owned()), Self::Known)
    }
}

impl Word<Priority> {
    /// The word: one of the list by its name, `P0` to `P3`, any other as it was written.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Known(priority) => priority.as_str(),
            Self::Other(text) => text,
        }
    }
}

impl Word<Status> {
    /// The word: one of the list by its name, as `NOT_STARTED`, any other as it was written.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Known(status) => status.as_str(),
            Self::Other(text) => text,
        }
    }
}

impl RecordedTaskEvent {
    /// What the event says; `None` for an event of any other type.
    pub fn of(event: &DomainEvent) -> Option<Self> {
        if !matches!(event.event_type(), CREATED | COMPLETED | DELETED | UPDATED) {
            return None;
        }
        let fields = RecordedFields::of(event);
        let text = |name: &str| fields.text(name).map(Cow::into_owned);
        let detail = match event.event_type() {
            CREATED => TaskDetail::Created {
                title: text("title"),
                priority: fields.text("priority").map(|word| Word::new(&word)),
                status: fields.text("status").map(|word| Word::new(&word)),
                links: links(&fields),
            },
            COMPLETED => TaskDetail::Completed {
                completed_date: text("completed_date").or_else(|| text("completed_at")),
                completion_notes: text("completion_notes"),
            },
            DELETED => TaskDetail::Deleted { reason: text("reason") },
            _ => TaskDetail::Updated { changes: changes(&fields) },
        };
        // Blank names are no names: nothing is called so on purpose.
        let named = text("task_id").filter(|name| !name.trim().is_empty());
        let task_id = named.or_else(|| event.aggregate_id().map(|id| id.as_str().to_owned()));
        Some(Self { task_id, detail })
    }
}

/// The links that a creation says. A field of its own counts before a member of `linked_to`.
fn links(fields: &RecordedFields<'_>) -> TaskLinks {
    let linked_to = fields.object("linked_to");
    let link = |own: &str, member: &str| {
        let member = || linked_to.as_ref().and_then(|links| links.text(member));
        fields.text(own).or_else(member).map(Cow::into_owned)
    };
    TaskLinks {
        goal: link("linked_goal_id", "goal_id"),
        project: link("linked_project_id", "project_id"),
        task: link("linked_task_id", "task_id"),
    }
}

/// The changed fields. `changes` is an object of values after, or of values before and after, or a list of names; the
/// values that are not in it are those of `old_values` and `new_values`, which may name further fields.
fn changes(fields: &RecordedFields<'_>) -> Vec<FieldChange> {
    let mut changes = Changes::default();
    if let Some(named) = fields.object("changes") {
        for (name, json) in named.iter() {
            let change = changes.of(name);
            match before_and_after(json) {
                Some((old, new)) => (change.old, change.new) = (old, new),
                None => change.new = Some(json.to_owned()),
            }
        }
    } else if let Some(names) = fields.elements("changes") {
        for name in names {
            match name {
                RecordedElement::Text(name) => changes.of(name),
                RecordedElement::Json(json) => changes.of(json.into()),
            };
        }
    } else if let Some(name) = fields.text("changes") {
        changes.of(name);
    }
    for (name, json) in fields.object("old_values").iter().flat_map(RecordedFields::iter) {
        changes.of(name).old.get_or_insert_with(|| json.to_owned());
    }
    for (name, json) in fields.object("new_values").iter().flat_map(RecordedFields::iter) {
        changes.of(name).new.get_or_insert_with(|| json.to_owned());
    }
    changes.in_order
}

/// The values of an object that has `old` or `new` and nothing else.
fn before_and_after(json: &str) -> Option<(Option<String>, Option<String>)> {
    let (mut old, mut new) = (None, None);
    for (name, json) in RecordedFields::of_json(json).iter() {
        match &*name {
            "old" => old = Some(json.to_owned()),
            "new" => new = Some(json.to_owned()),
            _ => return None,
        }
    }
    (old.is_some() || new.is_some()).then_some((old, new))
}

#[derive(Default)]
struct Changes {
    in_order: Vec<FieldChange>,
    /// Where each field is among them: an event can name tens of thousands.
    places: HashMap<String, usize>,
}

impl Changes {
    /// The change of that field, which is added where there is none.
    fn of(&mut self, field: Cow<'_, str>) -> &mut FieldChange {
        let next = self.in_order.len();
        let at = *self.places.entry(field.into_owned()).or_insert_with_key(|field| {
            self.in_order.push(FieldChange { field: field.clone(), old: None, new: None });
            next
        });
        &mut self.in_order[at]
    }
}

#[cfg(test)]
mod tests;
