//! Which events are asked for, and in which order of time.

use chrono::{DateTime, Utc};

use super::event::DomainEvent;
use super::value_objects::AggregateId;

/// Events by type, aggregate and time, in an order of time. An event belongs to the answer where it
/// matches every condition that is set; none is set at first.
///
/// # Examples
/// ```
/// use mission_events::EventQuery;
///
/// let query = EventQuery::newest_first().of_type("TaskCompleted").about("T123");
/// assert_eq!(query.event_type.as_deref(), Some("TaskCompleted"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventQuery {
    /// The exact type.
    pub event_type: Option<String>,
    /// The exact aggregate; events without one are about none, also not about the empty one.
    pub aggregate_id: Option<AggregateId>,
    /// The first and the last instant, both included. Nothing lies in a range that ends before it starts.
    pub between: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// The order of the answer; a limit keeps its beginning.
    pub order: TimeOrder,
}

/// An order of time. Events of one time are in the order of their positions, along the same direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeOrder {
    /// Timestamp ascending, then position ascending.
    Chronological,
    /// Timestamp descending, then position descending.
    NewestFirst,
}

impl EventQuery {
    /// All events, the earliest first.
    pub fn chronological() -> Self {
        Self { event_type: None, aggregate_id: None, between: None, order: TimeOrder::Chronological }
    }

    /// All events, the latest first.
    pub fn newest_first() -> Self {
        Self { order: TimeOrder::NewestFirst, ..Self::chronological() }
    }

    /// Only events of that type.
    #[must_use]
    pub fn of_type(mut self, event_type: impl Into<String>) -> Self {
        self.event_type = Some(event_type.into());
        self
    }

    /// Only events about that aggregate.
    #[must_use]
    pub fn about(mut self, aggregate_id: impl Into<String>) -> Self {
        self.aggregate_id = Some(AggregateId::new(aggregate_id));
        self
    }

    /// Only events with `start <= timestamp <= end`.
    #[must_use]
    pub fn between(mut self, start: DateTime<Utc>, end: DateTime<Utc>) -> Self {
        self.between = Some((start, end));
        self
    }

    /// Whether the event matches every condition.
    pub fn matches(&self, event: &DomainEvent) -> bool {
        let aggregate_id = event.aggregate_id().map(AggregateId::as_str);
        self.matches_envelope(event.event_type(), aggregate_id, event.timestamp())
    }

    /// Whether an event of that type, aggregate and time matches every condition.
    pub fn matches_envelope(
        &self,
        event_type: &str,
        aggregate_id: Option<&str>,
        timestamp: DateTime<Utc>,
    ) -> bool {
        self.event_type.as_deref().is_none_or(|wanted| wanted == event_type)
            && self.aggregate_id.as_ref().is_none_or(|wanted| Some(wanted.as_str()) == aggregate_id)
            && self.between.is_none_or(|(start, end)| start <= timestamp && timestamp <= end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::zone::Zone;

    #[test]
    fn an_event_matches_where_every_condition_holds() {
        let text = r#"{"event_id": "e1", "event_type": "A", "timestamp": "2025-10-25T10:00:00Z", "aggregate_id": "T1"}"#;
        let event = DomainEvent::from_json(text, &Zone::utc()).unwrap();
        let (at, later) = (event.timestamp(), event.timestamp() + chrono::TimeDelta::nanoseconds(1));
        let all = EventQuery::chronological();
        let full = all.clone().of_type("A").about("T1").between(at, at);
        assert!(all.matches(&event) && full.matches(&event));
        for unmet in [
            full.clone().of_type("a"),
            full.clone().about(""),
            full.clone().between(later, later),
            full.clone().between(later, at),
        ] {
            assert!(!unmet.matches(&event), "{unmet:?}");
        }
        assert!(!all.about("").matches_envelope("A", None, at), "no aggregate is not the empty one");
    }
}
