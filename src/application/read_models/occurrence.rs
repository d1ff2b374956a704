//! The order of what happened.

use chrono::{DateTime, Utc};

use crate::domain::repository::StoredEvent;
use crate::domain::value_objects::Position;

/// When an event occurred and where it is stored. In the order of these, events are chronological, as the event
/// repository has it: no two events of a store have the same, and none depends on when an event was handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Occurrence {
    /// When.
    pub at: DateTime<Utc>,
    /// Where.
    pub position: Position,
}

impl Occurrence {
    /// That of an event.
    pub fn of(event: &StoredEvent) -> Self {
        Self { at: event.event.timestamp(), position: event.position }
    }
}
