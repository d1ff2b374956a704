//! The entries that lines of the file tell of.

use std::collections::HashMap;
use std::path::Path;

use super::entry::QueueEntry;

/// Entries as their last lines say, in the order in which they were accepted.
#[derive(Debug, Default)]
pub(super) struct History {
    entries: Vec<QueueEntry>,
    /// Of each id, where the last entry that has it is.
    places: HashMap<String, usize>,
}

impl History {
    /// Goes on with the lines of a file. A damaged line is told, and passed over.
    pub fn read(&mut self, path: &Path, lines: &[u8]) {
        let mut offset = 0;
        for (number, line) in (1..).zip(lines.split_inclusive(|byte| *byte == b'\n')) {
            match serde_json::from_slice(line) {
                Ok(entry) => self.add(entry),
                Err(_) if line.iter().all(u8::is_ascii_whitespace) => {}
                Err(error) => tracing::warn!(
                    "[EventDispatcher] {}, line {number} at byte {offset}: passed over, as it is no entry of the queue: {error}",
                    path.display()
                ),
            }
            offset += line.len();
        }
    }

    fn add(&mut self, entry: QueueEntry) {
        match self.places.get(&entry.event_id) {
            // After a finished one, it is another entry of the same id.
            Some(&place) if self.entries[place].status.is_open() => self.entries[place] = entry,
            _ => {
                self.places.insert(entry.event_id.clone(), self.entries.len());
                self.entries.push(entry);
            }
        }
    }

    /// The entries, in the order in which they were accepted.
    pub fn into_entries(self) -> Vec<QueueEntry> {
        self.entries
    }
}
