//! The four typed events of Mission Control, to write new ones: immutable, and valid from the moment they exist.
//!
//! A store takes events that do not fit them just as well; what a stored one says is a
//! [`RecordedTaskEvent`](super::recorded_task_event::RecordedTaskEvent).

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use thiserror::Error;

use super::event::{DomainEvent, format_timestamp};
use super::value_objects::{AggregateId, EventId, InvalidValue, Priority, Status};
use crate::wire::timestamp::{TimestampError, WrittenTimestamp};

/// A task was created.
///
/// A typed event is created, becomes an event with an id and a time, and is dispatched to the handlers that keep the read models of
/// tasks; here to the JSONL store:
///
/// ```
/// use std::sync::Arc;
///
/// use mission_events::dispatch::{
///     Clock, DispatchPorts, DispatchSettings, EventDispatcherService, EventIds, JsonlStoreTurn, Runner, RunnerSettings,
///     SqliteHandlerStore, SystemClock, TimeOrderedIds,
/// };
/// use mission_events::tasks::default_registrations;
/// use mission_events::{JsonlEventRepository, Priority, Status, TaskCreated, TaskEvent, Zone};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let data = folder.path();
/// // Setup (typically done at app startup).
/// let event_repo = Arc::new(JsonlEventRepository::open(&data.join("events"), Zone::utc())?);
/// let handled = Arc::new(SqliteHandlerStore::open(data.join("handlers.db"))?);
/// let clock = Arc::new(SystemClock::default());
/// let runner = Runner::new(event_repo.clone(), handled, clock.clone(), RunnerSettings::default());
/// let ports = DispatchPorts { turn: Box::new(JsonlStoreTurn::new(data.join("events"))), clock: clock.clone() };
/// let dispatcher = EventDispatcherService::new(event_repo, Arc::new(runner), ports, DispatchSettings::default());
/// for registration in default_registrations(&Zone::utc()) {
///     dispatcher.register(registration)?;
/// }
///
/// // Create strongly-typed domain event, and dispatch it.
/// let created = TaskCreated::new("T123", "My Task", Priority::P1, Status::NotStarted)?;
/// let event = TaskEvent::Created(created).to_event(TimeOrderedIds.next(), clock.now(), &Default::default())?;
/// let success = dispatcher.dispatch(event)?.succeeded();
/// assert!(success);
///
/// // Registered handlers, by type.
/// assert!(dispatcher.handlers()["TaskCreated"].iter().any(|handler| handler == "task_state"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskCreated {
    task_id: String,
    title: String,
    priority: Priority,
    status: Status,
}

impl TaskCreated {
    /// A new task; `task_id` and `title` must not be empty.
    pub fn new(
        task_id: impl Into<String>,
        title: impl Into<String>,
        priority: Priority,
        status: Status,
    ) -> Result<Self, InvalidTaskEvent> {
        Self { task_id: task_id.into(), title: title.into(), priority, status }.validated()
    }

    /// What the task is called.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// How urgent it is.
    pub fn priority(&self) -> Priority {
        self.priority
    }

    /// Where it stands.
    pub fn status(&self) -> Status {
        self.status
    }

    fn validated(self) -> Result<Self, InvalidTaskEvent> {
        not_blank("task_id", &self.task_id)?;
        not_blank("title", &self.title)?;
        Ok(self)
    }
}

/// A task was completed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskCompleted {
    task_id: String,
    completed_date: String,
    completion_notes: Option<String>,
}

impl TaskCompleted {
    /// A completion; `task_id` must not be empty, `completed_date` must be a timestamp that
    /// `docs/contract.md` accepts.
    pub fn new(
        task_id: impl Into<String>,
        completed_date: impl Into<String>,
        completion_notes: Option<String>,
    ) -> Result<Self, InvalidTaskEvent> {
        let completed_date = completed_date.into();
        Self { task_id: task_id.into(), completed_date, completion_notes }.validated()
    }

    /// When it was completed, as it was written.
    pub fn completed_date(&self) -> &str {
        &self.completed_date
    }

    /// What was said about it.
    pub fn completion_notes(&self) -> Option<&str> {
        self.completion_notes.as_deref()
    }

    fn validated(self) -> Result<Self, InvalidTaskEvent> {
        not_blank("task_id", &self.task_id)?;
        WrittenTimestamp::parse(&self.completed_date)
            .map_err(|source| InvalidTaskEvent::BadDate { field: "completed_date", source })?;
        Ok(self)
    }
}

/// A task was deleted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskDeleted {
    task_id: String,
    reason: Option<String>,
}

impl TaskDeleted {
    /// A deletion; `task_id` must not be empty.
    pub fn new(task_id: impl Into<String>, reason: Option<String>) -> Result<Self, InvalidTaskEvent> {
        Self { task_id: task_id.into(), reason }.validated()
    }

    /// Why, where the event says so.
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    fn validated(self) -> Result<Self, InvalidTaskEvent> {
        not_blank("task_id", &self.task_id)?;
        Ok(self)
    }
}

/// Fields of a task were changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskUpdated {
    task_id: String,
    changes: Vec<String>,
    old_values: Map<String, Value>,
    new_values: Map<String, Value>,
}

impl TaskUpdated {
    /// A change of the fields named in `changes`; `task_id` must not be empty.
    pub fn new(
        task_id: impl Into<String>,
        changes: Vec<String>,
        old_values: Map<String, Value>,
        new_values: Map<String, Value>,
    ) -> Result<Self, InvalidTaskEvent> {
        Self { task_id: task_id.into(), changes, old_values, new_values }.validated()
    }

    /// The names of the fields.
    pub fn changes(&self) -> &[String] {
        &self.changes
    }

    /// Their values before, where they had one.
    pub fn old_values(&self) -> &Map<String, Value> {
        &self.old_values
    }

    /// Their values after.
    pub fn new_values(&self) -> &Map<String, Value> {
        &self.new_values
    }

    fn validated(self) -> Result<Self, InvalidTaskEvent> {
        not_blank("task_id", &self.task_id)?;
        Ok(self)
    }
}

/// One of the four.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum TaskEvent {
    /// A task was created.
    Created(TaskCreated),
    /// A task was completed.
    Completed(TaskCompleted),
    /// A task was deleted.
    Deleted(TaskDeleted),
    /// Fields of a task were changed.
    Updated(TaskUpdated),
}

impl TaskEvent {
    /// The name of the type in the log.
    pub fn event_type(&self) -> &'static str {
        match self {
            Self::Created(_) => "TaskCreated",
            Self::Completed(_) => "TaskCompleted",
            Self::Deleted(_) => "TaskDeleted",
            Self::Updated(_) => "TaskUpdated",
        }
    }

    /// The task that it is about.
    pub fn task_id(&self) -> &str {
        match self {
            Self::Created(event) => &event.task_id,
            Self::Completed(event) => &event.task_id,
            Self::Deleted(event) => &event.task_id,
            Self::Updated(event) => &event.task_id,
        }
    }

    /// Writes the event in the new shape, on one line.
    pub fn to_event(
        &self,
        event_id: EventId,
        timestamp: DateTime<Utc>,
        metadata: &Map<String, Value>,
    ) -> Result<DomainEvent, InvalidTaskEvent> {
        #[derive(Serialize)]
        struct NewShape<'e> {
            event_id: &'e str,
            event_type: &'e str,
            timestamp: &'e str,
            aggregate_id: &'e str,
            #[serde(flatten)]
            fields: &'e TaskEvent,
            metadata: &'e Map<String, Value>,
        }
        // Below the microsecond a store keeps nothing, so that the text must not say more.
        let timestamp = DateTime::from_timestamp_micros(timestamp.timestamp_micros()).unwrap_or(timestamp);
        let body = serde_json::to_string(&NewShape {
            event_id: event_id.as_str(),
            event_type: self.event_type(),
            timestamp: &format_timestamp(timestamp),
            aggregate_id: self.task_id(),
            fields: self,
            metadata,
        })
        .map_err(InvalidTaskEvent::Unwritable)?;
        let aggregate = Some(AggregateId::new(self.task_id()));
        Ok(DomainEvent::from_parts(event_id, self.event_type().to_owned(), timestamp, aggregate, body))
    }
}

fn not_blank(field: &'static str, value: &str) -> Result<(), InvalidTaskEvent> {
    if value.trim().is_empty() { Err(InvalidValue::Empty { what: field }.into()) } else { Ok(()) }
}

/// Why a typed event does not exist.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum InvalidTaskEvent {
    /// A field that must say something says nothing.
    #[error(transparent)]
    Value(#[from] InvalidValue),
    /// A date is none.
    #[error("bad timestamp in `{field}`")]
    BadDate {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        #[source]
        source: TimestampError,
    },
    /// A value of it cannot be written as JSON.
    #[error("the event could not be written as JSON")]
    Unwritable(#[source] serde_json::Error),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::recorded_task_event::{RecordedTaskEvent, TaskDetail, TaskLinks, Word};
    use crate::wire::zone::Zone;

    #[test]
    fn a_typed_event_is_written_in_the_new_shape_and_read_back_as_itself() {
        let typed = TaskEvent::Created(
            TaskCreated::new("T123", "Überblick", Priority::P1, Status::NotStarted).unwrap(),
        );
        let time = "2025-10-25T10:00:00.25Z".parse().unwrap();
        let written = typed.to_event(EventId::new("e1").unwrap(), time, &Map::new()).unwrap();
        assert_eq!(
            written.body(),
            r#"{"event_id":"e1","event_type":"TaskCreated","timestamp":"2025-10-25T10:00:00.250000+00:00","aggregate_id":"T123","task_id":"T123","title":"Überblick","priority":"P1","status":"NOT_STARTED","metadata":{}}"#
        );
        assert_eq!(written.ensure_live(&Zone::utc()), Ok(()));
        assert_eq!(written.metadata(), Some("{}"));
        let read = RecordedTaskEvent {
            task_id: Some("T123".into()),
            detail: TaskDetail::Created {
                title: Some("Überblick".into()),
                priority: Some(Word::Known(Priority::P1)),
                status: Some(Word::Known(Status::NotStarted)),
                links: TaskLinks::default(),
            },
        };
        assert_eq!(RecordedTaskEvent::of(&written), Some(read));
    }

    #[test]
    fn time_below_the_microsecond_does_not_reach_the_text() {
        let typed = TaskEvent::Deleted(TaskDeleted::new("T1", None).unwrap());
        let time = "2025-10-25T10:00:00.0000009Z".parse().unwrap();
        let written = typed.to_event(EventId::new("e1").unwrap(), time, &Map::new()).unwrap();
        assert_eq!(written.ensure_live(&Zone::utc()), Ok(()));
    }

    #[test]
    fn task_id_and_title_say_something() {
        assert!(TaskCreated::new("", "x", Priority::P0, Status::Blocked).is_err());
        assert!(TaskCreated::new("T1", " ", Priority::P0, Status::Blocked).is_err());
        assert!(TaskDeleted::new("", None).is_err());
        assert!(TaskUpdated::new("", vec![], Map::new(), Map::new()).is_err());
        assert!(TaskCompleted::new("T1", "yesterday", None).is_err());
    }
}
