//! What the new mirror keeps with its progress.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::mirror_error::MirrorError;
use crate::application::handling::store::StreamProgress;
use crate::domain::value_objects::{EventId, Position, StreamId};

/// The name of the new mirror in the handler store.
pub(super) const NEW_MIRROR: &str = "new_mirror";
/// The name of the outbox among its streams.
const OUTBOX: &str = "outbox";

/// The outbox, as a stream whose positions are the numbers of its lines.
pub(super) fn outbox_stream() -> StreamId {
    StreamId::new(OUTBOX)
}

/// The position of a line.
pub(super) fn line_position(number: u64) -> Position {
    Position::new(i64::try_from(number).unwrap_or(i64::MAX))
}

/// How far the new mirror is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct OutboxProgress {
    /// The last line that is done with.
    pub line: u64,
    /// Where the record of the last line ends that was written, in bytes.
    pub known_end: u64,
    /// What it has brought to the new side.
    pub brought: BroughtEvents,
}

/// Events that the new mirror has brought to the new side while that is primary, or shortly before: the legacy side has them, so
/// that the legacy mirror leaves them out. Ranges in the order in which they were brought: the name of the stream, and the first and
/// the last position.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct BroughtEvents(Vec<(String, i64, i64)>);

/// So many of the last events are kept in any case: another process may have asked how far the new side is for a switch that is not
/// recorded yet.
const RECENT: i64 = 256;

#[derive(Default, Serialize, Deserialize)]
struct Detail {
    known_end: u64,
    #[serde(default)]
    brought: BroughtEvents,
}

impl BroughtEvents {
    pub fn add(&mut self, stream: &StreamId, position: Position) {
        let position = position.get();
        match self.0.last_mut() {
            Some((name, _, last)) if name == stream.as_str() && *last + 1 == position => *last = position,
            _ => self.0.push((stream.as_str().to_owned(), position, position)),
        }
    }

    pub fn contain(&self, stream: &StreamId, position: Position) -> bool {
        let is_in = |(name, first, last): &(String, i64, i64)| {
            name == stream.as_str() && (*first..=*last).contains(&position.get())
        };
        self.0.iter().any(is_in)
    }

    /// Keeps the ranges of which `is_kept` holds, by stream, first and last position, and the last ones.
    pub fn retain(&mut self, is_kept: impl Fn(&StreamId, Position, Position) -> bool) {
        let mut later = 0;
        let mut kept: Vec<(String, i64, i64)> = Vec::new();
        for (name, first, last) in std::mem::take(&mut self.0).into_iter().rev() {
            let stream = StreamId::new(name.as_str());
            if later < RECENT || is_kept(&stream, Position::new(first), Position::new(last)) {
                kept.push((name, first, last));
            }
            later += last - first + 1;
        }
        kept.reverse();
        self.0 = kept;
    }
}

impl OutboxProgress {
    /// As it is in the progress of the new mirror.
    pub fn of(progress: &[StreamProgress]) -> Result<Self, MirrorError> {
        let Some(row) = progress.iter().find(|row| row.stream.as_str() == OUTBOX) else {
            return Ok(Self::default());
        };
        let Detail { known_end, brought } = match &row.detail {
            Some(detail) => serde_json::from_str(detail)?,
            None => Detail::default(),
        };
        Ok(Self { line: u64::try_from(row.position.get()).unwrap_or_default(), known_end, brought })
    }

    /// How many lines are not done with of an outbox whose last line has the number `head`. Where that is before the last one that is done
    /// with, it is another outbox, and all are left.
    pub fn left(&self, head: u64) -> u64 {
        head.checked_sub(self.line).unwrap_or(head)
    }

    /// Its row; `last` is the event of its line.
    pub fn row(&self, last: &EventId, now: DateTime<Utc>) -> Result<StreamProgress, MirrorError> {
        let detail = Detail { known_end: self.known_end, brought: self.brought.clone() };
        Ok(StreamProgress {
            stream: outbox_stream(),
            position: line_position(self.line),
            event_id: last.clone(),
            updated_at: now,
            detail: Some(serde_json::to_string(&detail)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brought(positions: impl IntoIterator<Item = i64>) -> BroughtEvents {
        let mut brought = BroughtEvents::default();
        positions.into_iter().for_each(|position| brought.add(&StreamId::single(), Position::new(position)));
        brought
    }

    fn has(brought: &BroughtEvents, position: i64) -> bool {
        brought.contain(&StreamId::single(), Position::new(position))
    }

    #[test]
    fn positions_that_follow_each_other_are_one_range() {
        let brought = brought([5, 6, 7, 9, 8, 8]);
        for (position, is_brought) in [(4, false), (5, true), (7, true), (8, true), (9, true), (10, false)] {
            assert_eq!(has(&brought, position), is_brought, "{position}");
        }
        assert!(!brought.contain(&StreamId::new("2025-10-25"), Position::new(5)));
        assert_eq!(brought.0.len(), 4);
    }

    #[test]
    fn the_last_ones_are_kept_and_of_those_before_them_what_is_still_asked_for() {
        let mut many = brought((0..1_000).map(|number| number * 2));
        many.retain(|_, first, _| first.get() == 100);
        assert!(has(&many, 100) && !has(&many, 102));
        assert!(has(&many, (1_000 - RECENT) * 2) && !has(&many, (1_000 - RECENT) * 2 - 2));
        let mut one_range = brought(0..1_000);
        one_range.retain(|_, _, _| false);
        assert!(has(&one_range, 0) && has(&one_range, 999));
    }
}
