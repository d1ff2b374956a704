//! Read models in memory: a model that tests compare the others to, and a double for tests that need no files.

mod reports;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::occurrence::Occurrence;
use super::port::{ReadModelError, TaskActivity, TaskChange, TaskCompletion, TaskReadModels};
use super::task_state::{StateChange, TaskState};
use super::{TASK_ANALYTICS, TASK_COMPLETIONS, TASK_HISTORY, TASK_STATE};
use crate::domain::value_objects::Position;

/// Read models in memory. They hold what was recorded of each event, and work out the rest when they are asked; they
/// are equal where the same events were recorded, in whichever order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemoryReadModels {
    activity: BTreeMap<(Option<String>, Occurrence), Activity>,
    creations: BTreeSet<(String, Occurrence)>,
    completions: BTreeMap<(String, Occurrence), Completion>,
    states: BTreeMap<String, TaskState>,
    changes: BTreeMap<(String, Change), Values>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Activity {
    event_type: String,
    /// The priority that the event says.
    priority: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Completion {
    completed_at: DateTime<Utc>,
    notes: Option<String>,
}

/// A changed field, in the order of events and names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Change {
    changed_at: DateTime<Utc>,
    position: Position,
    field: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Values {
    old: Option<String>,
    new: Option<String>,
}

impl MemoryReadModels {
    /// The states of the tasks, by their ids.
    pub fn into_states(self) -> BTreeMap<String, TaskState> {
        self.states
    }

    /// Empties the read models of a handler.
    pub fn clear(&mut self, handler: &str) {
        match handler {
            TASK_ANALYTICS => self.activity.clear(),
            TASK_COMPLETIONS => {
                self.creations.clear();
                self.completions.clear();
            }
            TASK_STATE => self.states.clear(),
            TASK_HISTORY => self.changes.clear(),
            _ => {}
        }
    }
}

impl TaskReadModels for MemoryReadModels {
    fn record_activity(&mut self, activity: &TaskActivity<'_>) -> Result<(), ReadModelError> {
        let key = (activity.task_id.map(str::to_owned), activity.occurrence);
        let event_type = activity.event_type.to_owned();
        self.activity.insert(key, Activity { event_type, priority: activity.priority.map(str::to_owned) });
        Ok(())
    }

    fn record_creation(&mut self, task_id: &str, created: Occurrence) -> Result<(), ReadModelError> {
        self.creations.insert((task_id.to_owned(), created));
        Ok(())
    }

    fn record_completion(&mut self, completion: &TaskCompletion<'_>) -> Result<(), ReadModelError> {
        let key = (completion.task_id.to_owned(), completion.occurrence);
        let notes = completion.notes.map(str::to_owned);
        self.completions.insert(key, Completion { completed_at: completion.completed_at, notes });
        Ok(())
    }

    fn change_task(&mut self, task_id: &str, change: &StateChange<'_>) -> Result<(), ReadModelError> {
        self.states.entry(task_id.to_owned()).or_default().apply(change);
        Ok(())
    }

    fn record_change(&mut self, change: &TaskChange<'_>) -> Result<(), ReadModelError> {
        let key = Change {
            changed_at: change.changed_at,
            position: change.position,
            field: change.field.to_owned(),
        };
        let values =
            Values { old: change.old_value.map(str::to_owned), new: change.new_value.map(str::to_owned) };
        self.changes.insert((change.task_id.to_owned(), key), values);
        Ok(())
    }
}
