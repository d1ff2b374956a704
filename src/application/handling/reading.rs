//! Reading the event store on after what was handled.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::anchor::Anchor;
use super::recent::RecentEvents;
use crate::domain::event::DomainEvent;
use crate::domain::repository::{EventOrigin, EventRepository, RepositoryError, Saved, StoredEvent, Stream};
use crate::domain::value_objects::{Position, StreamId};

/// Reads an event store on.
pub(super) struct EventReader {
    events: Arc<dyn EventRepository>,
    /// Whether the store is known to be one stream, so that no position has to be looked up.
    is_single: AtomicBool,
    /// Held for one look.
    known: Mutex<Option<KnownStream>>,
    /// Held while events are added, or a page is taken.
    recent: Mutex<RecentEvents>,
}

/// The stream that was found last.
struct KnownStream {
    id: StreamId,
    /// Positions in it: those between are as well.
    first: Position,
    last: Position,
}

impl EventReader {
    pub fn new(events: Arc<dyn EventRepository>) -> Self {
        Self { events, is_single: AtomicBool::new(false), known: Mutex::default(), recent: Mutex::default() }
    }

    /// Keeps events that this process has saved, in the order of their saves.
    pub fn saved(&self, events: &[(&DomainEvent, Saved)]) {
        let mut recent = self.recent();
        for (event, Saved { position, .. }) in events.iter().filter(|(_, saved)| saved.is_new) {
            let last = recent.last().filter(|last| self.events.is_next(*position, last));
            match last.map(|last| last.position) {
                Some(last) => self.know_next(last, *position),
                None => recent.clear(),
            }
            let event = DomainEvent::clone(event);
            recent.push(StoredEvent { position: *position, origin: EventOrigin::Saved, event });
        }
    }

    /// The streams, in the order of their positions.
    pub fn streams(&self) -> Result<Vec<Stream>, RepositoryError> {
        self.events.streams()
    }

    /// How many events the store holds.
    pub fn count(&self) -> Result<u64, RepositoryError> {
        Ok(self.events.summary()?.events)
    }

    /// Events of a stream after the anchor, at most `limit`, and none where there are none yet; `None` where the anchor is not in
    /// the store.
    ///
    /// A page that is not in memory is read from the anchor on, so that it tells whether the store is still the one that
    /// was read.
    pub fn page_after(
        &self,
        stream: &StreamId,
        anchor: Option<&Anchor>,
        limit: usize,
    ) -> Result<Option<Vec<StoredEvent>>, RepositoryError> {
        let Some(anchor) = anchor else { return self.events.read_stream(stream, None, limit).map(Some) };
        // No two events of a store have the same position: it is in that stream.
        if let Some(page) = self.recent().after(anchor, limit) {
            return Ok(Some(page));
        }
        let mut page = self.events.read_stream(stream, Some(before(anchor.position)), limit + 1)?;
        if !page.first().is_some_and(|first| anchor.is(first)) {
            return Ok(None);
        }
        page.remove(0);
        Ok(Some(page))
    }

    /// The first `limit` events of a stream after a position.
    pub fn after(
        &self,
        stream: &StreamId,
        position: Option<Position>,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, RepositoryError> {
        self.events.read_stream(stream, position, limit)
    }

    /// The event at a position.
    pub fn event_at(
        &self,
        stream: &StreamId,
        position: Position,
    ) -> Result<Option<StoredEvent>, RepositoryError> {
        let first = self.events.read_stream(stream, Some(before(position)), 1)?.pop();
        Ok(first.filter(|event| event.position == position))
    }

    /// Whether the store has the anchor.
    pub fn has(&self, stream: &StreamId, anchor: &Anchor) -> Result<bool, RepositoryError> {
        // Where the pages before it were taken from memory, the store may have to read on as far as its position.
        let is_recent = self.recent().holds(anchor);
        if is_recent && self.events.find_by_id(&anchor.event_id)?.is_some_and(|event| anchor.is(&event)) {
            return Ok(true);
        }
        Ok(self.event_at(stream, anchor.position)?.is_some_and(|event| anchor.is(&event)))
    }

    /// The last event of a stream up to a position.
    pub fn last_up_to(
        &self,
        stream: &StreamId,
        position: Position,
        page: usize,
    ) -> Result<Option<Anchor>, RepositoryError> {
        if let Some(event) = self.event_at(stream, position)? {
            return Ok(Some(Anchor::from(&event)));
        }
        let mut last: Option<Anchor> = None;
        loop {
            let read = self.events.read_stream(stream, last.as_ref().map(|last| last.position), page)?;
            let up_to = read.iter().take_while(|event| event.position <= position).count();
            last = read[..up_to].last().map(Anchor::from).or(last);
            if up_to < page {
                return Ok(last);
            }
        }
    }

    /// The stream in which a position is; `None` where the store does not reach so far.
    pub fn stream_of(&self, position: Position) -> Result<Option<StreamId>, RepositoryError> {
        if self.is_single.load(Ordering::Relaxed) {
            return Ok(Some(StreamId::single()));
        }
        if let Some(known) = self.known().as_ref().filter(|known| known.holds(position)) {
            return Ok(Some(known.id.clone()));
        }
        let stream = self.events.stream_of(position)?;
        self.is_single.store(stream.as_ref() == Some(&StreamId::single()), Ordering::Relaxed);
        if let Some(stream) = &stream {
            self.know(stream, position);
        }
        Ok(stream)
    }

    fn know(&self, stream: &StreamId, position: Position) {
        let mut known = self.known();
        *known = Some(match known.take().filter(|known| known.id == *stream) {
            Some(known) => {
                KnownStream { first: known.first.min(position), last: known.last.max(position), ..known }
            }
            None => KnownStream { id: stream.clone(), first: position, last: position },
        });
    }

    /// The next position after one that is known is in its stream.
    fn know_next(&self, position: Position, next: Position) {
        if let Some(known) = self.known().as_mut().filter(|known| known.holds(position)) {
            known.last = known.last.max(next);
        }
    }

    fn recent(&self) -> MutexGuard<'_, RecentEvents> {
        // A panic between two events leaves those that were added.
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self) -> MutexGuard<'_, Option<KnownStream>> {
        // It is set as a whole.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The streams in which these positions are, each with the greatest of them, in their order.
    pub fn streams_of(&self, positions: &mut [Position]) -> Result<Vec<Stream>, RepositoryError> {
        positions.sort_unstable();
        let mut found = BTreeMap::new();
        self.find_streams(positions, &mut found)?;
        Ok(found.into_iter().map(|(head, id)| Stream { id, head }).collect())
    }

    /// A stream is a range of positions: where the first and the last are in the same one, all between are.
    fn find_streams(
        &self,
        positions: &[Position],
        found: &mut BTreeMap<Position, StreamId>,
    ) -> Result<(), RepositoryError> {
        let (Some(&first), Some(&last)) = (positions.first(), positions.last()) else { return Ok(()) };
        let of_last = self.stream_of(last)?;
        if first == last || self.stream_of(first)? == of_last {
            // A position that no stream has was not saved in this store.
            if let Some(id) = of_last {
                found.retain(|_, other| *other != id);
                found.insert(last, id);
            }
            return Ok(());
        }
        let (left, right) = positions.split_at(positions.len() / 2);
        self.find_streams(left, found)?;
        self.find_streams(right, found)
    }
}

impl KnownStream {
    fn holds(&self, position: Position) -> bool {
        (self.first..=self.last).contains(&position)
    }
}

fn before(position: Position) -> Position {
    Position::new(position.get().saturating_sub(1))
}
