//! Digests of the events of a store, by ranges of their positions.

use sha2::{Digest, Sha256};

use super::contents::{Contents, RangeDigest};
use crate::application::multiset_digest::MultisetDigest;
use crate::domain::repository::StoredEvent;
use crate::domain::value_objects::{AggregateId, StreamId};

/// So many positions of a stream that counts them one by one are a range.
const POSITIONS: i64 = 100_000;

/// What the events of a store come to, taken in the order of their streams and positions.
#[derive(Debug, Default)]
pub struct EventDigests {
    events: u64,
    all: MultisetDigest,
    first_event_id: Option<String>,
    last_position: Option<i64>,
    ranges: Vec<Range>,
}

#[derive(Debug)]
struct Range {
    stream: String,
    block: i64,
    first: i64,
    last: i64,
    events: u64,
    digest: MultisetDigest,
}

impl EventDigests {
    /// Takes the next event of a stream.
    pub fn take(&mut self, stream: &StreamId, stored: &StoredEvent) {
        let position = stored.position.get();
        let hash = hash_of(stored);
        self.events += 1;
        self.all.add(&hash);
        self.first_event_id.get_or_insert_with(|| stored.event.event_id().as_str().to_owned());
        self.last_position = self.last_position.max(Some(position));
        // A stream with a name is a day: its positions are offsets, and the day is the range.
        let block = if stream.as_str().is_empty() { (position - 1).div_euclid(POSITIONS) } else { 0 };
        let is_current = |range: &&mut Range| range.stream == stream.as_str() && range.block == block;
        match self.ranges.last_mut().filter(is_current) {
            Some(range) => {
                range.last = position;
                range.events += 1;
                range.digest.add(&hash);
            }
            None => {
                let mut digest = MultisetDigest::default();
                digest.add(&hash);
                let stream = stream.as_str().to_owned();
                self.ranges.push(Range { stream, block, first: position, last: position, events: 1, digest });
            }
        }
    }

    /// What all of them come to.
    pub fn into_contents(self) -> Contents {
        let range = |range: Range| RangeDigest {
            stream: range.stream,
            first: range.first,
            last: range.last,
            events: range.events,
            digest: range.digest.to_string(),
        };
        Contents {
            events: self.events,
            last_position: self.last_position,
            first_event_id: self.first_event_id,
            digest: self.all.to_string(),
            ranges: self.ranges.into_iter().map(range).collect(),
            ..Contents::default()
        }
    }
}

/// Of all that the port says of an event, but for how it came into the store.
fn hash_of(stored: &StoredEvent) -> [u8; 32] {
    let event = &stored.event;
    let mut hash = Sha256::new();
    hash.update(stored.position.get().to_le_bytes());
    hash.update(event.timestamp().timestamp_micros().to_le_bytes());
    let aggregate = event.aggregate_id().map(AggregateId::as_str);
    hash.update([u8::from(aggregate.is_some())]);
    for text in [event.event_id().as_str(), event.event_type(), aggregate.unwrap_or_default(), event.body()] {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::DomainEvent;
    use crate::domain::repository::EventOrigin;
    use crate::domain::value_objects::Position;
    use crate::wire::zone::Zone;

    fn stored(position: i64, title: &str) -> StoredEvent {
        let text = format!(
            r#"{{"event_id": "e{position}", "event_type": "A", "timestamp": "2025-10-25T10:00:00Z", "title": "{title}"}}"#
        );
        let event = DomainEvent::from_json(&text, &Zone::utc()).unwrap();
        StoredEvent { position: Position::new(position), origin: EventOrigin::Saved, event }
    }

    fn contents(stream: &StreamId, events: &[StoredEvent]) -> Contents {
        let mut digests = EventDigests::default();
        events.iter().for_each(|event| digests.take(stream, event));
        digests.into_contents()
    }

    #[test]
    fn a_stream_that_counts_its_events_has_a_range_for_each_hundred_thousand_positions() {
        let events = [1, 100_000, 100_001, 200_000, 200_001].map(|position| stored(position, "a"));
        let ranges = contents(&StreamId::single(), &events).ranges;
        let bounds: Vec<_> = ranges.iter().map(|range| (range.first, range.last, range.events)).collect();
        assert_eq!(bounds, [(1, 100_000, 2), (100_001, 200_000, 2), (200_001, 200_001, 1)]);
        assert_eq!(contents(&StreamId::new("2025-10-25"), &events).ranges.len(), 1);
    }

    #[test]
    fn another_text_or_another_place_of_it_is_another_digest() {
        let of = |events: &[StoredEvent]| contents(&StreamId::single(), events).digest;
        let same = of(&[stored(1, "a"), stored(2, "b")]);
        assert_eq!(same, of(&[stored(1, "a"), stored(2, "b")]));
        let mut moved = stored(2, "b");
        moved.position = Position::new(3);
        for other in
            [of(&[stored(1, "a"), stored(2, "c")]), of(&[stored(1, "a"), moved]), of(&[stored(1, "a")])]
        {
            assert_ne!(same, other);
        }
    }
}
