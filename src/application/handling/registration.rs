//! How a handler is registered: for which events, from where on, and what happens when it fails.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::handler::EventHandler;
use crate::domain::repository::{EventOrigin, StoredEvent};
use crate::domain::value_objects::{Position, StreamId};

/// A handler, and which events it is given.
#[derive(Clone)]
pub struct Registration {
    /// The handler.
    pub handler: Arc<dyn EventHandler>,
    /// The types of its events.
    pub event_types: EventTypes,
    /// Whether it makes read models or acts on the world.
    pub kind: HandlerKind,
    /// Where it begins, the first time that it is registered.
    pub start: StartFrom,
    /// When an event that was not handled is tried again.
    pub retry: RetryPolicy,
    /// The version of its read models: where it is another one than the stored one, a replay is needed.
    pub version: u32,
    /// Where not empty: only events in one of these are handled, all others are passed by.
    pub intervals: Vec<PositionInterval>,
}

impl Registration {
    /// Whether the handler is given an event of that stream; all others pass by.
    pub fn concerns(&self, stream: &StreamId, event: &StoredEvent) -> bool {
        let is_of_kind = self.kind == HandlerKind::Projection || event.origin == EventOrigin::Saved;
        let is_within = self.intervals.is_empty()
            || self.intervals.iter().any(|interval| interval.contains(stream, event.position));
        is_of_kind && is_within && self.event_types.contain(event.event.event_type())
    }
}

/// Which types of events a handler is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventTypes {
    /// Every type.
    All,
    /// These.
    Named(BTreeSet<String>),
}

impl EventTypes {
    /// Whether events of that type are among them.
    pub fn contain(&self, event_type: &str) -> bool {
        match self {
            Self::All => true,
            Self::Named(names) => names.contains(event_type),
        }
    }

    /// The types of both.
    pub fn with(&self, others: &Self) -> Self {
        match (self, others) {
            (Self::Named(names), Self::Named(others)) => Self::Named(names | others),
            _ => Self::All,
        }
    }
}

/// What a handler changes, and so how often it can be run for an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandlerKind {
    /// It changes read models alone, in the transaction of its progress: exactly once.
    Projection,
    /// It acts on the world: at least once, with the event's id as idempotency key. Never for imported events.
    Effect,
}

impl HandlerKind {
    /// The word in the handler store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Projection => "projection",
            Self::Effect => "effect",
        }
    }
}

/// Where a handler begins, the first time that it is registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartFrom {
    /// With the first event of the store.
    Beginning,
    /// With the first event that is saved after it was registered.
    Now,
    /// With the first event after a position, and whatever the store receives later.
    After(Position),
}

/// Events of a stream after one position, up to another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PositionInterval {
    /// The stream.
    pub stream: StreamId,
    /// The last position before the interval; `None` from the first event on.
    pub after: Option<Position>,
    /// The last position in it; `None` without end.
    pub up_to: Option<Position>,
}

impl PositionInterval {
    fn contains(&self, stream: &StreamId, position: Position) -> bool {
        self.stream == *stream
            && self.after.is_none_or(|after| position > after)
            && self.up_to.is_none_or(|up_to| position <= up_to)
    }
}

/// When an event that was not handled is tried again, before it is parked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The time between each attempt and the next.
    pub delays: Vec<Duration>,
}

impl Default for RetryPolicy {
    /// After 1, 10 and 60 seconds.
    fn default() -> Self {
        Self { delays: [1, 10, 60].map(Duration::from_secs).to_vec() }
    }
}
