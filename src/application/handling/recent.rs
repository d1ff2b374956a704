//! The last events that this process has saved, in memory: handlers need not read them from the store, which has just
//! been given them.
//!
//! They are a page like one that was read. Where an event of another process is between two of them, or a handler is not
//! so far, the store is read.

use std::collections::VecDeque;

use super::anchor::Anchor;
use crate::domain::repository::StoredEvent;

/// The most events that are kept: more than two batches.
const EVENTS: usize = 1_024;
/// The most bytes of texts.
const BYTES: usize = 4 << 20;

/// Events of one stream, each the next one after that before it.
#[derive(Debug, Default)]
pub(super) struct RecentEvents {
    events: VecDeque<StoredEvent>,
    bytes: usize,
}

impl RecentEvents {
    /// The last one.
    pub fn last(&self) -> Option<&StoredEvent> {
        self.events.back()
    }

    /// Adds the event that is the next one after the last.
    pub fn push(&mut self, event: StoredEvent) {
        self.bytes += event.event.body().len();
        self.events.push_back(event);
        while self.events.len() > EVENTS || self.bytes > BYTES {
            let Some(first) = self.events.pop_front() else { break };
            self.bytes -= first.event.body().len();
        }
    }

    /// Forgets them: the next event does not follow the last.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Whether the anchor is among them.
    pub fn holds(&self, anchor: &Anchor) -> bool {
        self.index_of(anchor).is_some()
    }

    /// The first `limit` events after the anchor; `None` where it is not among them, or is the last.
    pub fn after(&self, anchor: &Anchor, limit: usize) -> Option<Vec<StoredEvent>> {
        let first = self.index_of(anchor)? + 1;
        (first < self.events.len()).then(|| self.events.iter().skip(first).take(limit).cloned().collect())
    }

    fn index_of(&self, anchor: &Anchor) -> Option<usize> {
        let found = self.events.binary_search_by_key(&anchor.position, |event| event.position).ok()?;
        self.events.get(found).filter(|event| anchor.is(event)).map(|_| found)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::domain::event::DomainEvent;
    use crate::domain::repository::EventOrigin;
    use crate::domain::value_objects::{EventId, Position};

    /// The event of that position, whose text has so many bytes.
    fn event(position: i64, bytes: usize) -> StoredEvent {
        let id = EventId::new(format!("e{position}")).unwrap();
        let event =
            DomainEvent::from_parts(id, "A".to_owned(), DateTime::UNIX_EPOCH, None, "x".repeat(bytes));
        StoredEvent { position: Position::new(position), origin: EventOrigin::Saved, event }
    }

    fn recent(events: impl IntoIterator<Item = StoredEvent>) -> RecentEvents {
        let mut recent = RecentEvents::default();
        events.into_iter().for_each(|event| recent.push(event));
        recent
    }

    fn positions_after(recent: &RecentEvents, position: i64, limit: usize) -> Option<Vec<i64>> {
        let page = recent.after(&Anchor::from(&event(position, 0)), limit)?;
        Some(page.iter().map(|event| event.position.get()).collect())
    }

    #[test]
    fn what_follows_an_event_that_is_known_is_known() {
        let recent = recent((1..=5).map(|position| event(position, 10)));
        assert_eq!(positions_after(&recent, 2, 2), Some(vec![3, 4]));
        assert_eq!(positions_after(&recent, 4, 2), Some(vec![5]));
        assert_eq!(positions_after(&recent, 5, 2), None, "others may have come since");
        assert!(recent.holds(&Anchor::from(&event(5, 0))) && !recent.holds(&Anchor::from(&event(6, 0))));
        assert_eq!(positions_after(&recent, 0, 2), None, "it is not known what is before");
        let other = Anchor { event_id: EventId::new("other").unwrap(), ..Anchor::from(&event(2, 0)) };
        assert_eq!(recent.after(&other, 2), None, "another event was read there");
    }

    #[test]
    fn the_last_1024_events_or_4_mib_of_them_are_kept() {
        let many = recent((1..=2_000).map(|position| event(position, 10)));
        assert_eq!(many.events.len(), EVENTS);
        assert_eq!(positions_after(&many, 976, 1), None);
        assert_eq!(positions_after(&many, 977, 1), Some(vec![978]));
        let mut large = recent((1..=5).map(|position| event(position, 1 << 20)));
        assert_eq!((large.events.len(), large.bytes), (4, BYTES));
        large.push(event(6, BYTES + 1));
        assert_eq!((large.events.len(), large.bytes), (0, 0), "one that is larger is read from the store");
    }
}
