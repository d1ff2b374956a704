//! How much of a log was imported: which of its events are later than what was imported of it.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use crate::application::compare::reading::packed_event::EventHead;

/// The beginning of a file of which nothing was imported.
const NOT_IMPORTED: i64 = i64::MAX;

/// How much of a log was imported. An import reads a log from its beginning on, and may end at a time that was
/// asked for: an event that is not imported yet stands after the last one of its file that was, and no file after it
/// was imported that begins later than the event, as that of the next day does; or it occurred later than all that were
/// imported. One between them is missing.
///
/// The atomics are `Relaxed`: they are read when the threads that wrote them have ended.
pub(crate) struct ImportCoverage {
    /// When the latest event that was imported occurred. Microseconds.
    last_imported: i64,
    /// Where the comparison of the parallel run begins, by the clock of the log. Microseconds.
    beginning: i64,
    /// By the number of the file: where the last event begins that was imported, plus 1; 0 where none was.
    imported_up_to: Vec<AtomicU64>,
    /// By the number of the file: when the earliest event occurred that was imported. Microseconds.
    begins: Vec<AtomicI64>,
    /// By the number of the file: the latest beginning of the files after it, when all pairs were noted.
    begins_after: OnceLock<Vec<i64>>,
    /// How many later events lie before the beginning.
    before_beginning: AtomicU64,
}

impl ImportCoverage {
    /// Of a log of so many files. The times are in microseconds.
    pub fn new(files: usize, last_imported: i64, beginning: i64) -> Self {
        Self {
            last_imported,
            beginning,
            imported_up_to: std::iter::repeat_with(AtomicU64::default).take(files).collect(),
            begins: std::iter::repeat_with(|| AtomicI64::new(NOT_IMPORTED)).take(files).collect(),
            begins_after: OnceLock::new(),
            before_beginning: AtomicU64::new(0),
        }
    }

    /// Takes note of a pair that an event of the log is in: it was imported, be it in another form.
    pub fn note_pair(&self, event: &EventHead) {
        if let Some(up_to) = self.imported_up_to.get(event.feed as usize) {
            up_to.fetch_max(event.offset + 1, Ordering::Relaxed);
        }
        if let Some(begins) = self.begins.get(event.feed as usize) {
            begins.fetch_min(event.at, Ordering::Relaxed);
        }
    }

    /// Whether an event of the log without a partner is later than what was imported; then it is counted here.
    /// To be asked when all pairs were noted.
    pub fn takes_later(&self, event: &EventHead) -> bool {
        let up_to = self.imported_up_to.get(event.feed as usize);
        let up_to = up_to.map_or(0, |up_to| up_to.load(Ordering::Relaxed));
        let is_at_end = up_to > 0 && event.offset >= up_to && self.begins_after(event.feed) <= event.at;
        let is_later = is_at_end || event.at > self.last_imported;
        if is_later && event.at < self.beginning {
            self.before_beginning.fetch_add(1, Ordering::Relaxed);
        }
        is_later
    }

    fn begins_after(&self, file: u32) -> i64 {
        let begins_after = self.begins_after.get_or_init(|| {
            let mut latest = i64::MIN;
            let mut after: Vec<i64> = Vec::with_capacity(self.begins.len());
            for begins in self.begins.iter().rev() {
                after.push(latest);
                let begins = begins.load(Ordering::Relaxed);
                latest = if begins == NOT_IMPORTED { latest } else { latest.max(begins) };
            }
            after.reverse();
            after
        });
        begins_after.get(file as usize).copied().unwrap_or(i64::MIN)
    }

    /// How many later events lie before the beginning of the comparison.
    pub fn before_beginning(&self) -> u64 {
        self.before_beginning.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(feed: u32, number: u32) -> EventHead {
        EventHead {
            hash: 0,
            at: i64::from(feed * 100 + number),
            offset: u64::from(number) * 80,
            line: 0,
            feed,
            event_type: 0,
            lexical_fingerprint: 0,
            flags: 0,
        }
    }

    #[test]
    fn the_end_of_a_file_is_not_imported_yet_unless_a_file_was_imported_that_begins_after_it() {
        let coverage = ImportCoverage::new(3, 205, 0);
        for (feed, imported) in [(0, 8), (1, 10), (2, 6)] {
            (0..imported).for_each(|number| coverage.note_pair(&event(feed, number)));
        }
        assert!(!coverage.takes_later(&event(0, 8)), "days after it were imported");
        assert!(coverage.takes_later(&event(2, 6)));
        // A log beside the others, whose writer is late.
        assert!(coverage.takes_later(&EventHead { at: 200, ..event(0, 9) }));
    }
}
