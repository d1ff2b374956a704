//! Where reading a stream on begins.

use super::store::StreamProgress;
use crate::domain::repository::StoredEvent;
use crate::domain::value_objects::{EventId, Position};

/// An event that was read, by position and id: where the store has none or another one at that position, it is not
/// the store that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Anchor {
    pub position: Position,
    pub event_id: EventId,
}

impl Anchor {
    pub fn is(&self, event: &StoredEvent) -> bool {
        self.position == event.position && self.event_id == *event.event.event_id()
    }
}

impl From<&StoredEvent> for Anchor {
    fn from(event: &StoredEvent) -> Self {
        Self { position: event.position, event_id: event.event.event_id().clone() }
    }
}

impl From<StreamProgress> for Anchor {
    fn from(progress: StreamProgress) -> Self {
        Self { position: progress.position, event_id: progress.event_id }
    }
}
