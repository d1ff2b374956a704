//! The tasks of a log, as its events leave them, and what two logs disagree on.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use crate::application::handling::{EventHandler, GivenEvent, HandlerContext, HandlerError};
use crate::application::read_models::memory::MemoryReadModels;
use crate::application::read_models::{TaskField, TaskState};
use crate::application::task_handlers::TaskDeletedHandler;
use crate::domain::repository::StoredEvent;
use crate::wire::zone::Zone;

/// The states of tasks, by their ids.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskStates(BTreeMap<String, TaskState>);

/// Replays events into states of tasks.
pub(super) struct TaskReplay {
    handler: TaskDeletedHandler,
    models: MemoryReadModels,
}

impl TaskReplay {
    /// Without any event. A date of completion without an offset is read in `zone`.
    pub fn new(zone: &Zone) -> Self {
        Self { handler: TaskDeletedHandler::new(zone.clone()), models: MemoryReadModels::default() }
    }

    /// Applies an event.
    pub fn apply(&mut self, event: &StoredEvent) -> Result<(), HandlerError> {
        let mut context = HandlerContext {
            now: event.event.timestamp(),
            is_replay: true,
            attempt: 1,
            event: &GivenEvent::new(event),
            detail: None,
            read_models: Some(&mut self.models),
        };
        self.handler.handle(event, &mut context).map(drop)
    }

    /// What they have come to.
    pub fn into_states(self) -> TaskStates {
        TaskStates(self.models.into_states())
    }
}

/// How the states of two logs are compared.
#[derive(Debug, Clone)]
pub struct StateRules<'r> {
    /// The names of fields that the legacy log need not have: they count where it has them.
    pub one_sided: &'r BTreeSet<String>,
    /// The names of fields that do not count.
    pub ignored: &'r BTreeSet<String>,
    /// The clock of the new system minus that of the legacy one.
    pub offset: TimeDelta,
    /// How far the times of an event may be apart, once the offset is taken off.
    pub tolerance: TimeDelta,
    /// Tasks with events from this time on are too young to be compared.
    pub settled: DateTime<Utc>,
}

/// What the states of two logs come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ComparedStates {
    /// Tasks that were compared.
    pub tasks: u64,
    /// Tasks that were too young.
    pub young: u64,
    /// What they disagree on, by task, in the order of their ids.
    pub differences: Vec<StateDifference>,
}

/// Something that two logs say of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateDifference {
    /// The task.
    pub task_id: String,
    /// The field, or `deleted`, or `task` where only one log knows it.
    pub field: &'static str,
    /// As the legacy log has it; `None` where it says nothing.
    pub control: Option<String>,
    /// As the new one has it.
    pub candidate: Option<String>,
}

/// A field of the state, and the names that it has in events.
const FIELDS: [(TaskField, &[&str]); TaskField::ALL.len()] = [
    (TaskField::Title, &["title"]),
    (TaskField::Priority, &["priority"]),
    (TaskField::Status, &["status"]),
    (TaskField::CompletedAt, &["completed_date", "completed_at"]),
    (TaskField::Goal, &["linked_goal_id", "linked_to"]),
    (TaskField::Project, &["linked_project_id", "linked_to"]),
    (TaskField::LinkedTask, &["linked_task_id", "linked_to"]),
    (TaskField::DeletionReason, &["reason"]),
];

impl TaskStates {
    /// Compares the states of the legacy log with those of the new one.
    pub fn compare(&self, candidate: &Self, rules: &StateRules<'_>) -> ComparedStates {
        let mut compared = ComparedStates::default();
        let ids: BTreeSet<&String> = self.0.keys().chain(candidate.0.keys()).collect();
        for task_id in ids {
            let states = [self.0.get(task_id), candidate.0.get(task_id)];
            let last = states.iter().flatten().filter_map(|state| state.last).map(|last| last.at).max();
            if last.is_some_and(|last| last >= rules.settled) {
                compared.young += 1;
                continue;
            }
            compared.tasks += 1;
            let found = rules.differences(states);
            compared.differences.extend(found.into_iter().map(|(field, [control, candidate])| {
                StateDifference { task_id: task_id.clone(), field, control, candidate }
            }));
        }
        compared
    }
}

type Disagreement = (&'static str, [Option<String>; 2]);

impl StateRules<'_> {
    fn differences(&self, states: [Option<&TaskState>; 2]) -> Vec<Disagreement> {
        let [Some(control), Some(candidate)] = states else {
            let known = states.map(|state| state.map(|_| "known".to_owned()));
            return vec![("task", known)];
        };
        let deleted = [control, candidate].map(TaskState::is_deleted);
        if deleted[0] != deleted[1] {
            return vec![("deleted", deleted.map(|deleted| Some(deleted.to_string())))];
        }
        let fields = FIELDS.iter().filter_map(|(field, names)| {
            let values = [control.value(*field), candidate.value(*field)];
            let counts = !self.disregards(names, values[0]);
            (counts && !self.agree(*field, values))
                .then(|| (names[0], values.map(|value| value.map(str::to_owned))))
        });
        fields.collect()
    }

    fn disregards(&self, names: &[&str], control: Option<&str>) -> bool {
        let is_any_of = |fields: &BTreeSet<String>| names.iter().any(|name| fields.contains(*name));
        is_any_of(self.ignored) || control.is_none() && is_any_of(self.one_sided)
    }

    /// A time of completion can be that of the event, which each system stamps by its own clock.
    fn agree(&self, field: TaskField, [control, candidate]: [Option<&str>; 2]) -> bool {
        let (Some(control), Some(candidate)) = (control, candidate) else { return control == candidate };
        if control == candidate || field != TaskField::CompletedAt {
            return control == candidate;
        }
        let times = [control, candidate].map(|text| text.parse::<DateTime<Utc>>());
        let [Ok(control), Ok(candidate)] = times else { return false };
        let apart = candidate - control;
        apart.abs() <= self.tolerance || (apart - self.offset).abs() <= self.tolerance
    }
}
