//! Ids of entries: the definition's id, `_` and Unix seconds.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::entry::QueueEntry;

/// Of each definition, the seconds of its last id, and how many ids have them.
#[derive(Debug, Default)]
pub(super) struct EventIds {
    last: HashMap<String, (i64, u32)>,
}

impl EventIds {
    /// An id that was not given before: the seconds do not go back where the clock does.
    pub fn make(&mut self, definition_id: &str, at: DateTime<Utc>) -> String {
        let now = at.timestamp();
        let (seconds, number) = match self.last.get(definition_id) {
            Some(&(last, number)) if last >= now => (last, number + 1),
            _ => (now, 1),
        };
        self.last.insert(definition_id.to_owned(), (seconds, number));
        if number == 1 {
            format!("{definition_id}_{seconds}")
        } else {
            format!("{definition_id}_{seconds}_{number}")
        }
    }

    /// Learns the id of an entry that was read.
    pub fn learn(&mut self, entry: &QueueEntry) {
        let Some(id) = read(entry) else { return };
        let last = self.last.entry(entry.definition_id.clone()).or_insert(id);
        *last = id.max(*last);
    }
}

/// Seconds and number; `None` where another program has given another kind of id.
fn read(entry: &QueueEntry) -> Option<(i64, u32)> {
    let rest = entry.event_id.strip_prefix(&*entry.definition_id)?.strip_prefix('_')?;
    match rest.split_once('_') {
        None => Some((rest.parse().ok()?, 1)),
        Some((seconds, number)) => Some((seconds.parse().ok()?, number.parse().ok()?)),
    }
}
