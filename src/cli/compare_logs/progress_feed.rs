//! A feed whose reading is shown.

use std::path::Path;

use crate::application::compare::feed::{CompareError, Fed, Feed, FeedFacts, TakeAgain};
use crate::cli::progress::{Part, Progress};
use crate::wire::record::RecordReader;

/// How many bytes, or rows, are read between two moves of the bar.
const BYTES: u64 = 64 << 10;
const ROWS: u64 = 4096;

/// A feed, and its part of the bar.
struct Watched {
    feed: Box<dyn Feed>,
    part: Part,
    /// How many rows stand for its bytes; `None` where places are bytes.
    rows: Option<u64>,
}

/// The feed itself where no progress is shown, else one that tells how far it is. `rows`: the places of
/// its records are positions in a store that has so many.
pub fn watched(feed: Box<dyn Feed>, progress: &Progress, rows: Option<u64>) -> Box<dyn Feed> {
    if progress.is_hidden() {
        return feed;
    }
    let part = progress.part(feed.path());
    Box::new(Watched { feed, part, rows })
}

impl Feed for Watched {
    fn path(&self) -> &Path {
        self.feed.path()
    }

    fn has_positions(&self) -> bool {
        self.feed.has_positions()
    }

    fn holds_repaired(&self) -> bool {
        self.feed.holds_repaired()
    }

    fn read(
        &mut self,
        reader: &mut RecordReader<'_>,
        take: &mut dyn FnMut(Fed<'_>, &RecordReader<'_>) -> Result<(), CompareError>,
    ) -> Result<FeedFacts, CompareError> {
        let Self { feed, part, rows } = self;
        let step = if rows.is_some() { ROWS } else { BYTES };
        let mut next = 0;
        let facts = feed.read(reader, &mut |fed, reader| {
            let (Fed::Record { place, .. } | Fed::Reject { place, .. }) = &fed;
            if place.offset >= next {
                next = place.offset + step;
                part.at(bytes(place.offset, part.size(), *rows));
            }
            take(fed, reader)
        })?;
        part.at(u64::MAX);
        Ok(facts)
    }

    fn is_copy_of(&mut self, original: &Path) -> Result<bool, CompareError> {
        self.feed.is_copy_of(original)
    }

    fn again(
        &mut self,
        offsets: &[u64],
        reader: &mut RecordReader<'_>,
        take: &mut TakeAgain<'_>,
    ) -> Result<(), CompareError> {
        self.feed.again(offsets, reader, take)
    }

    fn texts(&mut self, offsets: &[u64], take: &mut dyn FnMut(u64, &[u8])) -> Result<(), CompareError> {
        self.feed.texts(offsets, take)
    }
}

/// How far a place is, in bytes of the file.
fn bytes(place: u64, size: u64, rows: Option<u64>) -> u64 {
    match rows {
        None => place,
        Some(rows) => (u128::from(place) * u128::from(size) / u128::from(rows.max(1))) as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_as_far_as_its_share_of_the_store() {
        assert_eq!(bytes(50, 1_000, None), 50);
        assert_eq!(bytes(50, 1_000, Some(100)), 500);
        assert_eq!(bytes(1 << 40, 1 << 40, Some(1 << 40)), 1 << 40);
        assert_eq!(bytes(0, 1_000, Some(0)), 0);
    }
}
