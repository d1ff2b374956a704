//! The state of a task, as its events have left it, in whichever order they are handled.

use std::borrow::Cow;

use super::occurrence::Occurrence;

/// A field of a task that its state has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskField {
    /// What it is called.
    Title,
    /// How urgent it is.
    Priority,
    /// Where it stands.
    Status,
    /// When it was completed last.
    CompletedAt,
    /// The goal that it is linked to.
    Goal,
    /// The project that it is linked to.
    Project,
    /// The task that it is linked to.
    LinkedTask,
    /// Why it was deleted.
    DeletionReason,
}

impl TaskField {
    /// Every field.
    pub const ALL: [Self; 8] = [
        Self::Title,
        Self::Priority,
        Self::Status,
        Self::CompletedAt,
        Self::Goal,
        Self::Project,
        Self::LinkedTask,
        Self::DeletionReason,
    ];
}

/// What an event is in the life of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    /// Its beginning. What was before does not count any more.
    Created,
    /// Neither of the two.
    Changed,
    /// Its end, until it is created anew.
    Deleted,
}

/// What an event changes in the state of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateChange<'e> {
    /// The event.
    pub occurrence: Occurrence,
    /// What it is.
    pub transition: Transition,
    /// The fields that it sets; `None` where it takes a value away, or does not say the new one.
    pub fields: Vec<(TaskField, Option<Cow<'e, str>>)>,
}

/// A field, and the event that has set it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldState {
    /// Its value.
    pub value: Option<String>,
    /// The event.
    pub set: Occurrence,
}

/// The state of a task. A deleted one keeps when it was deleted, so that an earlier event that arrives late does not
/// bring it back.
///
/// It is a function of the events alone: each field has the value of the latest event that sets it, by [`Occurrence`],
/// among those since the task was last created or deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskState {
    /// The event that created it last.
    pub created: Option<Occurrence>,
    /// The event that deleted it last.
    pub deleted: Option<Occurrence>,
    /// The last event about it.
    pub last: Option<Occurrence>,
    /// Its fields, in the order of [`TaskField::ALL`].
    pub fields: [Option<FieldState>; TaskField::ALL.len()],
}

impl TaskState {
    /// Applies an event.
    pub fn apply(&mut self, change: &StateChange<'_>) {
        let occurrence = Some(change.occurrence);
        match change.transition {
            Transition::Created => self.created = self.created.max(occurrence),
            Transition::Deleted => self.deleted = self.deleted.max(occurrence),
            Transition::Changed => {}
        }
        self.last = self.last.max(occurrence);
        let counts_from = self.created.max(self.deleted);
        for field in &mut self.fields {
            if field.as_ref().is_some_and(|field| Some(field.set) < counts_from) {
                *field = None;
            }
        }
        if occurrence < counts_from {
            return;
        }
        for (field, value) in &change.fields {
            let field = &mut self.fields[*field as usize];
            if field.as_ref().is_none_or(|field| field.set <= change.occurrence) {
                *field =
                    Some(FieldState { value: value.as_deref().map(str::to_owned), set: change.occurrence });
            }
        }
    }

    /// Whether it was deleted, and not created anew.
    pub fn is_deleted(&self) -> bool {
        self.deleted.is_some() && self.deleted > self.created
    }

    /// The value of a field.
    pub fn value(&self, field: TaskField) -> Option<&str> {
        self.fields[field as usize].as_ref()?.value.as_deref()
    }
}
