//! What the new mirror keeps with its progress.

use std::collections::BTreeMap;

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
/// that the legacy mirror leaves them out. Ranges of positions, both ends included, by the name of the stream.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct BroughtEvents(BTreeMap<String, Vec<(i64, i64)>>);

#[derive(Default, Serialize, Deserialize)]
struct Detail {
    known_end: u64,
    #[serde(default)]
    brought: BroughtEvents,
}

impl BroughtEvents {
    pub fn add(&mut self, stream: &StreamId, position: Position) {
        let (ranges, position) = (self.0.entry(stream.as_str().to_owned()).or_default(), position.get());
        match ranges.iter_mut().find(|(first, last)| (*first..=*last + 1).contains(&position)) {
            Some((_, last)) => *last = position.max(*last),
            None => ranges.push((position, position)),
        }
    }

    pub fn contain(&self, stream: &StreamId, position: Position) -> bool {
        let ranges = self.0.get(stream.as_str()).into_iter().flatten();
        ranges.into_iter().any(|(first, last)| (*first..=*last).contains(&position.get()))
    }

    /// Adds all of the others.
    pub fn extend(&mut self, others: &Self) {
        for (stream, ranges) in &others.0 {
            self.0.entry(stream.clone()).or_default().extend(ranges);
        }
    }

    /// Keeps the ranges of which `is_kept` holds, by stream, first and last position.
    pub fn retain(&mut self, is_kept: impl Fn(&StreamId, Position, Position) -> bool) {
        for (stream, ranges) in &mut self.0 {
            let stream = StreamId::new(stream.as_str());
            ranges.retain(|(first, last)| is_kept(&stream, Position::new(*first), Position::new(*last)));
        }
        self.0.retain(|_, ranges| !ranges.is_empty());
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

    #[test]
    fn positions_that_follow_each_other_are_one_range() {
        let (stream, mut brought) = (StreamId::single(), BroughtEvents::default());
        for position in [5, 6, 7, 9, 8, 8] {
            brought.add(&stream, Position::new(position));
        }
        for (position, is_brought) in [(4, false), (5, true), (7, true), (8, true), (9, true), (10, false)] {
            assert_eq!(brought.contain(&stream, Position::new(position)), is_brought, "{position}");
        }
        assert!(!brought.contain(&StreamId::new("2025-10-25"), Position::new(5)));
        brought.retain(|_, _, last| last.get() > 8);
        assert!(!brought.contain(&stream, Position::new(5)) && brought.contain(&stream, Position::new(9)));
    }
}
