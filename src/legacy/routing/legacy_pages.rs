//! Pages of the new side's events that are the legacy mirror's.

use super::intervals::Intervals;
use super::mirror_error::MirrorError;
use super::outbox_progress::BroughtEvents;
use crate::domain::repository::{EventOrigin, EventRepository, StoredEvent, Stream};
use crate::domain::value_objects::{EventId, Position, StreamId};

/// The most events of a page.
pub(super) const PAGE: usize = 100;

/// Events of a stream, one after the other.
#[derive(Debug, Clone)]
pub(super) struct LegacyPage {
    pub stream: StreamId,
    pub events: Vec<StoredEvent>,
    /// Everything up to here was read: a position, and the event there.
    pub read: (Position, EventId),
}

impl LegacyPage {
    /// The next page of a stream after what is mirrored.
    pub fn read(
        events: &dyn EventRepository,
        intervals: &Intervals,
        stream: &Stream,
        mirrored: Option<Position>,
    ) -> Result<Option<Self>, MirrorError> {
        let Some(span) = intervals.next(stream, mirrored) else { return Ok(None) };
        let mut page = events.read_stream(&span.stream, span.after, PAGE)?;
        page.retain(|event| event.position <= span.up_to);
        let Some(last) = page.last() else { return Ok(None) };
        let read = (last.position, last.event.event_id().clone());
        Ok(Some(Self { stream: span.stream, events: page, read }))
    }

    /// Leaves out what was read after that position.
    pub fn cut(&mut self, after: Position) {
        self.events.retain(|event| event.position <= after);
        if let Some(last) = self.events.last() {
            self.read = (last.position, last.event.event_id().clone());
        }
    }

    /// Leaves out events that were imported, and those that came from the legacy side.
    pub fn keep_mirrored(&mut self, brought: &BroughtEvents) {
        let stream = &self.stream;
        self.events
            .retain(|event| event.origin == EventOrigin::Saved && !brought.contain(stream, event.position));
    }
}
