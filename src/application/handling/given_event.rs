//! An event as handlers are given it.

use std::cell::OnceCell;

use crate::domain::recorded_task_event::RecordedTaskEvent;
use crate::domain::repository::StoredEvent;

/// An event that is given to one handler after the other. Its text is read where the first one asks what it says, once for all.
pub(crate) struct GivenEvent<'e> {
    /// The event.
    pub stored: &'e StoredEvent,
    task_event: OnceCell<Option<RecordedTaskEvent>>,
}

impl<'e> GivenEvent<'e> {
    /// An event that was not read yet.
    pub fn new(stored: &'e StoredEvent) -> Self {
        Self { stored, task_event: OnceCell::new() }
    }

    /// What it says about a task; `None` for an event of any other type.
    pub fn task_event(&self) -> Option<&RecordedTaskEvent> {
        self.task_event.get_or_init(|| RecordedTaskEvent::of(&self.stored.event)).as_ref()
    }
}
