//! How much of a log was imported: which of its events are later than what was imported of it.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::application::compare::reading::packed_event::EventHead;

/// How much of a log was imported. An import reads a log from its beginning on, and may end at a time that was
/// asked for: an event that is not imported yet stands after the last one of its file that was, or occurred
/// later than all that were. One between them is missing.
///
/// The atomics are `Relaxed`: they are read when the threads that wrote them have ended.
pub(crate) struct ImportCoverage {
    /// When the latest event that was imported occurred. Microseconds.
    last_imported: i64,
    /// Where the comparison of the parallel run begins, by the clock of the log. Microseconds.
    beginning: i64,
    /// By the number of the file: where the last event begins that was imported, plus 1; 0 where none was.
    imported_up_to: Vec<AtomicU64>,
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
            before_beginning: AtomicU64::new(0),
        }
    }

    /// Takes note of a pair that an event of the log is in: it was imported, be it in another form.
    pub fn note_pair(&self, event: &EventHead) {
        if let Some(up_to) = self.imported_up_to.get(event.feed as usize) {
            up_to.fetch_max(event.offset + 1, Ordering::Relaxed);
        }
    }

    /// Whether an event of the log without a partner is later than what was imported; then it is counted here.
    /// To be asked when all pairs were noted.
    pub fn takes_later(&self, event: &EventHead) -> bool {
        let up_to = self.imported_up_to.get(event.feed as usize);
        let up_to = up_to.map_or(0, |up_to| up_to.load(Ordering::Relaxed));
        let is_at_end = up_to > 0 && event.offset >= up_to;
        let is_later = is_at_end || event.at > self.last_imported;
        if is_later && event.at < self.beginning {
            self.before_beginning.fetch_add(1, Ordering::Relaxed);
        }
        is_later
    }

    /// How many later events lie before the beginning of the comparison.
    pub fn before_beginning(&self) -> u64 {
        self.before_beginning.load(Ordering::Relaxed)
    }
}
