//! Where a program says what has happened to a task: one typed event, given to whatever dispatches events.

use std::error::Error as StdError;
use std::sync::Arc;

use serde_json::{Map, Value};
use thiserror::Error;

use super::clock::Clock;
use super::dispatch::{DispatchError, Dispatched, EventDispatcherService, EventIds};
use crate::domain::event::DomainEvent;
use crate::domain::task_events::{
    InvalidTaskEvent, TaskCompleted, TaskCreated, TaskDeleted, TaskEvent, TaskUpdated,
};
use crate::domain::value_objects::{Priority, Status};

/// Takes events to where they are stored.
pub trait EventRoute {
    /// What is known of an event that is stored.
    type Answer;
    /// Why one is not.
    type Error: StdError + Send + Sync + 'static;

    /// Stores an event.
    ///
    /// # Errors
    /// It is not stored, but where the error says that this is not known.
    fn dispatch(&self, event: DomainEvent) -> Result<Self::Answer, Self::Error>;
}

/// The new system alone.
impl EventRoute for EventDispatcherService {
    type Answer = Dispatched;
    type Error = DispatchError;

    fn dispatch(&self, event: DomainEvent) -> Result<Dispatched, DispatchError> {
        Self::dispatch(self, event)
    }
}

/// A shared route is one.
impl<R: EventRoute + ?Sized> EventRoute for Arc<R> {
    type Answer = R::Answer;
    type Error = R::Error;

    fn dispatch(&self, event: DomainEvent) -> Result<R::Answer, R::Error> {
        (**self).dispatch(event)
    }
}

/// The entry points of a program that changes tasks.
///
/// Each builds one event, with a new id and the present time, and gives it to the route: which event system takes it, or
/// whether both do, is not decided here, and both are given the same event.
pub struct EntryPoints<R> {
    route: R,
    ids: Box<dyn EventIds>,
    clock: Arc<dyn Clock + Send + Sync>,
}

impl<R: EventRoute> EntryPoints<R> {
    /// Entry points to that route.
    pub fn new(route: R, ids: Box<dyn EventIds>, clock: Arc<dyn Clock + Send + Sync>) -> Self {
        Self { route, ids, clock }
    }

    /// Where the events go.
    pub fn route(&self) -> &R {
        &self.route
    }

    /// A task was created; `task_id` and `title` must not be empty.
    ///
    /// # Errors
    /// There is no such event, or the route did not take it.
    pub fn on_task_created(
        &self,
        task_id: impl Into<String>,
        title: impl Into<String>,
        priority: Priority,
        status: Status,
    ) -> Result<R::Answer, EntryPointError<R::Error>> {
        self.dispatch(TaskEvent::Created(TaskCreated::new(task_id, title, priority, status)?))
    }

    /// A task was completed; `task_id` must not be empty, and `completed_date` must be a timestamp.
    ///
    /// # Errors
    /// As [`on_task_created`](Self::on_task_created).
    pub fn on_task_completed(
        &self,
        task_id: impl Into<String>,
        completed_date: impl Into<String>,
        completion_notes: Option<String>,
    ) -> Result<R::Answer, EntryPointError<R::Error>> {
        self.dispatch(TaskEvent::Completed(TaskCompleted::new(task_id, completed_date, completion_notes)?))
    }

    /// A task was deleted; `task_id` must not be empty.
    ///
    /// # Errors
    /// As [`on_task_created`](Self::on_task_created).
    pub fn on_task_deleted(
        &self,
        task_id: impl Into<String>,
        reason: Option<String>,
    ) -> Result<R::Answer, EntryPointError<R::Error>> {
        self.dispatch(TaskEvent::Deleted(TaskDeleted::new(task_id, reason)?))
    }

    /// Fields of a task were changed, those named in `changes`; `task_id` must not be empty.
    ///
    /// # Errors
    /// As [`on_task_created`](Self::on_task_created).
    pub fn on_task_updated(
        &self,
        task_id: impl Into<String>,
        changes: Vec<String>,
        old_values: Map<String, Value>,
        new_values: Map<String, Value>,
    ) -> Result<R::Answer, EntryPointError<R::Error>> {
        self.dispatch(TaskEvent::Updated(TaskUpdated::new(task_id, changes, old_values, new_values)?))
    }

    fn dispatch(&self, event: TaskEvent) -> Result<R::Answer, EntryPointError<R::Error>> {
        let event = event.to_event(self.ids.next(), self.clock.now(), &Map::new())?;
        self.route.dispatch(event).map_err(EntryPointError::Route)
    }
}

/// Why an entry point stored nothing.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EntryPointError<E: StdError + 'static> {
    /// There is no such event.
    #[error(transparent)]
    Event(#[from] InvalidTaskEvent),
    /// The route did not take it.
    #[error(transparent)]
    Route(E),
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Mutex;
    use std::time::Duration;

    use chrono::{DateTime, Utc};
    use serde_json::json;

    use super::*;
    use crate::domain::value_objects::EventId;
    use crate::wire::zone::Zone;

    #[derive(Default)]
    struct Taken(Mutex<Vec<DomainEvent>>);

    impl EventRoute for Taken {
        type Answer = usize;
        type Error = Infallible;

        fn dispatch(&self, event: DomainEvent) -> Result<usize, Infallible> {
            let mut taken = self.0.lock().unwrap();
            taken.push(event);
            Ok(taken.len())
        }
    }

    #[derive(Default)]
    struct Numbers(Mutex<u32>);

    impl EventIds for Numbers {
        fn next(&self) -> EventId {
            let mut last = self.0.lock().unwrap();
            *last += 1;
            EventId::new(format!("e{last}")).unwrap()
        }
    }

    struct Noon;

    impl Clock for Noon {
        fn now(&self) -> DateTime<Utc> {
            "2025-10-25T12:00:00Z".parse().unwrap()
        }

        fn elapsed(&self) -> Duration {
            Duration::ZERO
        }

        fn wait(&self, _: Duration) {}
    }

    fn entry_points() -> EntryPoints<Taken> {
        EntryPoints::new(Taken::default(), Box::new(Numbers::default()), Arc::new(Noon))
    }

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn each_entry_point_gives_the_route_one_event_of_its_type() {
        let entries = entry_points();
        let answers = [
            entries.on_task_created("T1", "My Task", Priority::P1, Status::NotStarted),
            entries.on_task_completed("T1", "2025-10-25", Some("done".to_owned())),
            entries.on_task_deleted("T1", None),
            entries.on_task_updated(
                "T1",
                vec!["title".to_owned()],
                object(json!({"title": "a"})),
                object(json!({"title": "b"})),
            ),
        ];
        assert_eq!(answers.map(Result::unwrap), [1, 2, 3, 4], "the answer is that of the route");
        let taken = entries.route().0.lock().unwrap();
        let types: Vec<&str> = taken.iter().map(DomainEvent::event_type).collect();
        assert_eq!(types, ["TaskCreated", "TaskCompleted", "TaskDeleted", "TaskUpdated"]);
        for event in &*taken {
            assert_eq!(event.aggregate_id().unwrap().as_str(), "T1");
            assert_eq!(event.timestamp(), Noon.now());
            assert_eq!(event.ensure_live(&Zone::utc()), Ok(()));
        }
    }

    #[test]
    fn the_id_is_minted_once_for_each_event() {
        let entries = entry_points();
        for _ in 0..2 {
            entries.on_task_deleted("T1", None).unwrap();
        }
        let taken = entries.route().0.lock().unwrap();
        let ids: Vec<&str> = taken.iter().map(|event| event.event_id().as_str()).collect();
        assert_eq!(ids, ["e1", "e2"]);
        assert!(taken[0].body().starts_with(r#"{"event_id":"e1","event_type":"TaskDeleted""#));
    }

    #[test]
    fn what_is_no_event_never_reaches_the_route() {
        let entries = entry_points();
        assert!(entries.on_task_created("T1", " ", Priority::P1, Status::NotStarted).is_err());
        assert!(entries.on_task_completed("T1", "yesterday", None).is_err());
        assert!(entries.on_task_deleted("", None).is_err());
        assert!(entries.on_task_updated("", Vec::new(), Map::new(), Map::new()).is_err());
        assert!(entries.route().0.lock().unwrap().is_empty());
    }
}
