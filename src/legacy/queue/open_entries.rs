//! What is to be handled, in memory.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::entry::{QueueEntry, QueueStatus};

/// Priority, and the order of acceptance.
type Place = (i64, u64);

/// The open entries in the order in which they are handled: the smallest number first, then the oldest.
#[derive(Debug, Default)]
pub(super) struct OpenEntries {
    entries: BTreeMap<Place, OpenEntry>,
    places: HashMap<String, Place>,
    accepted: u64,
}

#[derive(Debug)]
struct OpenEntry {
    entry: QueueEntry,
    /// When it may be handled, by the clock that is never set back.
    due: Duration,
}

impl OpenEntries {
    /// Adds one, as the last of its priority.
    pub fn insert(&mut self, entry: QueueEntry, due: Duration) {
        let place = (entry.priority, self.accepted);
        self.accepted += 1;
        self.places.insert(entry.event_id.clone(), place);
        self.entries.insert(place, OpenEntry { entry, due });
    }

    /// The one that is to be handled next. A retry is due when either clock says so: the one may be set back, and the
    /// other may stand still while the machine sleeps.
    pub fn next(&self, now: DateTime<Utc>, elapsed: Duration) -> Option<&QueueEntry> {
        let is_due = |open: &&OpenEntry| {
            let by_time = open.entry.next_attempt.is_none_or(|at| at <= now);
            open.entry.status == QueueStatus::Pending && (by_time || open.due <= elapsed)
        };
        self.entries.values().find(is_due).map(|open| &open.entry)
    }

    /// The one of that id.
    pub fn get(&self, event_id: &str) -> Option<&QueueEntry> {
        self.entries.get(self.places.get(event_id)?).map(|open| &open.entry)
    }

    /// Takes over another state of an entry that is there, which keeps its place; a finished one is removed.
    pub fn change(&mut self, entry: QueueEntry, due: Duration) {
        let Some(&place) = self.places.get(&entry.event_id) else { return };
        if entry.status.is_open() {
            self.entries.insert(place, OpenEntry { entry, due });
        } else {
            self.places.remove(&entry.event_id);
            self.entries.remove(&place);
        }
    }

    /// All of them, in the order in which they are handled.
    pub fn in_order(&self) -> impl Iterator<Item = &QueueEntry> {
        self.entries.values().map(|open| &open.entry)
    }

    /// All of them, in the order in which they were accepted.
    pub fn as_accepted(&self) -> Vec<&QueueEntry> {
        let mut entries: Vec<_> = self.entries.iter().collect();
        entries.sort_by_key(|((_, accepted), _)| *accepted);
        entries.into_iter().map(|(_, open)| &open.entry).collect()
    }
}
