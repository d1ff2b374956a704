//! The entries that lines of the file and its earlier parts tell of.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::damage::QueueDamage;
use super::entry::QueueEntry;
use super::line::{FollowsPart, Line};

/// Entries as their last lines say, in the order in which they were accepted.
#[derive(Debug, Default)]
pub(super) struct History {
    entries: Vec<KnownEntry>,
    /// Of each id, where the last entry that has it is.
    places: HashMap<String, usize>,
    files: Vec<PathBuf>,
    damage: Vec<QueueDamage>,
    follows: Option<FollowsPart>,
}

#[derive(Debug)]
struct KnownEntry {
    entry: QueueEntry,
    /// The last of the files that tells of it, by number.
    file: usize,
}

impl History {
    /// Goes on with the lines of the next file. A damaged line is kept in mind, and passed over.
    pub fn read(&mut self, path: &Path, lines: &[u8]) {
        self.files.push(path.to_owned());
        self.follows = None;
        let mut byte = 0;
        for (number, line) in (1..).zip(lines.split_inclusive(|byte| *byte == b'\n')) {
            match Line::read(line) {
                Ok(Line::Entry(entry)) => self.add(entry),
                Ok(Line::Follows(follows)) => self.follows = Some(follows),
                Err(_) if line.iter().all(u8::is_ascii_whitespace) => {}
                Err(reason) => {
                    self.damage.push(QueueDamage::Line { path: path.to_owned(), line: number, byte, reason });
                }
            }
            byte += line.len() as u64;
        }
    }

    fn add(&mut self, entry: QueueEntry) {
        let known = KnownEntry { file: self.files.len(), entry };
        match self.places.get(&known.entry.event_id) {
            // After a finished one, it is another entry of the same id.
            Some(&place) if self.entries[place].entry.status.is_open() => self.entries[place] = known,
            _ => {
                self.places.insert(known.entry.event_id.clone(), self.entries.len());
                self.entries.push(known);
            }
        }
    }

    /// The number of the part after which the file that was read last begins; `None` where it does not say.
    pub fn follows_part(&self) -> Option<u64> {
        self.follows.map(|follows| follows.follows_part)
    }

    /// The entries, in the order in which they were accepted, and what is damaged. A file begins with all that is open: what
    /// an earlier one alone has as open is not.
    pub fn into_entries(self) -> (Vec<QueueEntry>, Vec<QueueDamage>) {
        let Self { entries, files, mut damage, .. } = self;
        let (mut sound, last) = (Vec::with_capacity(entries.len()), files.len());
        for KnownEntry { entry, file } in entries {
            if entry.status.is_open() && file < last {
                damage.push(QueueDamage::Entry { path: files[file - 1].clone(), event_id: entry.event_id });
            } else {
                sound.push(entry);
            }
        }
        (sound, damage)
    }
}
