//! The outbox as a file of lines: `data/parallel/outbox.jsonl`.
//!
//! ```text
//! append ──> one write after the last line, without a sync      cross_out ──> one byte of the line
//! read_after ──> whole lines, where the last call ended; one sync
//! rotate ──> a new file with the last line alone, put in the place of the old one
//! ```
//!
//! Numbers are those of the lines: each has that of the line before it, and one. After a rotation the file begins with its former
//! last line, so that numbers go on; it has no other beginning. So a number is known from the last line, and each handle
//! reads only what others have written since.
//!
//! # A line that is not whole
//!
//! A killed process can leave a part of a line: its record was not appended yet, so that no event was acknowledged for it. A
//! power cut can leave a part too, or a whole line with zeros in it, and then the record may stand in the
//! legacy log and be acknowledged. So what stands after the last whole line goes, byte for byte, to a file beside, at the next
//! append; the mirror finds the record in the legacy log. Where lines stand after damage, that is an error.
//!
//! # A power cut
//!
//! Lines are written without a sync: a power cut can take back those that were not read. What was read was synced before, so
//! that no progress of a mirror leads beyond the last line.

mod error;
mod line;
mod reader;
mod tail;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use self::error::OutboxError;
use self::reader::{Reader, start_of_line};
use self::tail::{Access, Tail};
use super::ports::{LegacyPlace, LegacySideError, Outbox, OutboxLine};
use crate::durable::append::AppendFile;
use crate::durable::directory::sync_folder;
use crate::durable::links::follow_links;
use crate::durable::presence::metadata_if_present;

/// The file is rotated from this length on, in bytes.
const ROTATED_FROM: u64 = 1 << 20;
/// From this length on, in bytes, there is a warning, and another one each time that it has doubled.
const WARNED_FROM: u64 = 64 << 20;
/// How much of a text that is no event is shown, in characters.
const SHOWN: usize = 40;

/// The outbox in a file. Threads may share it, and any number of processes may have one on the same file: it is changed under the
/// lock of the legacy log, and read without.
#[derive(Debug)]
pub struct OutboxFile {
    path: PathBuf,
    rotated_from: u64,
    warned_from: u64,
    /// Of the one that appends; reading has a lock of its own, since it syncs.
    tail: Mutex<Tail>,
    reader: Mutex<Reader>,
}

impl OutboxFile {
    /// The outbox at `path`, or where links at `path` lead. The file is looked at when it is used.
    pub fn at(path: PathBuf) -> Self {
        // Links that lead in a circle are told where the file is opened.
        let path = follow_links(&path).unwrap_or(path);
        Self {
            rotated_from: ROTATED_FROM,
            warned_from: WARNED_FROM,
            tail: Mutex::new(Tail::new(path.clone())),
            reader: Mutex::new(Reader::new(path.clone())),
            path,
        }
    }

    fn tail(&self) -> MutexGuard<'_, Tail> {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a new file with these lines in the place of the old one, which stays as it was where that fails.
    fn replace(&self, lines: &[u8]) -> Result<(), OutboxError> {
        let mut name = self.path.as_os_str().to_owned();
        name.push(".new");
        let new = PathBuf::from(name);
        let written = File::create(&new).and_then(|mut file| file.append(lines).and_then(|()| file.sync()));
        written.map_err(OutboxError::io("write", &new))?;
        fs::rename(&new, &self.path).map_err(OutboxError::io("rename", &new))?;
        let folder = self.path.parent().unwrap_or(Path::new(""));
        sync_folder(folder).map_err(OutboxError::io("fsync the folder", folder))
    }

    fn warn_of_length(&self, before: u64, length: u64) {
        if reaches_a_doubling(self.warned_from, before, length) {
            tracing::warn!(
                "{} has {length} bytes, and is rotated once the new side has all of its events: `mission-events status` tells what keeps \
                 new_mirror behind",
                self.path.display()
            );
        }
    }
}

/// Whether a length that grows reaches `limit`, or that doubled, any number of times.
fn reaches_a_doubling(mut limit: u64, before: u64, length: u64) -> bool {
    while limit <= before {
        limit = limit.saturating_mul(2);
    }
    limit <= length
}

impl Outbox for OutboxFile {
    fn append(&self, event: &str, place: &LegacyPlace) -> Result<u64, LegacySideError> {
        if !line::is_event(event) {
            let found = event.chars().take(SHOWN).collect();
            return Err(OutboxError::NoEvent { path: self.path.clone(), found }.into());
        }
        let mut tail = self.tail();
        let open = tail.ready()?;
        let (number, before) = (open.last.map_or(1, |last| last.number + 1), open.end);
        open.append(&self.path, number, &line::text_of(number, event, place))?;
        self.warn_of_length(before, open.end);
        Ok(number)
    }

    fn cross_out(&self, number: u64) -> Result<(), LegacySideError> {
        let mut tail = self.tail();
        let Some(open) = tail.look(Access::Write)? else {
            return Err(OutboxError::Missing { path: self.path.clone(), number, nearest: None }.into());
        };
        let start = match open.last.filter(|last| last.number == number) {
            Some(last) => last.start,
            None => start_of_line(&self.path, number)?,
        };
        Ok(open.cross_out(&self.path, start)?)
    }

    fn head(&self) -> Result<u64, LegacySideError> {
        let mut tail = self.tail();
        let open = tail.look(Access::Read)?;
        Ok(open.and_then(|open| open.last).map_or(0, |last| last.number))
    }

    fn last(&self) -> Result<Option<OutboxLine>, LegacySideError> {
        match self.tail().look(Access::Read)? {
            Some(open) => Ok(open.last_line(&self.path)?),
            None => Ok(None),
        }
    }

    fn read_after(&self, number: u64, limit: usize) -> Result<Vec<OutboxLine>, LegacySideError> {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(reader.read_after(number, limit)?)
    }

    fn rotate(&self, up_to: u64) -> Result<(), LegacySideError> {
        let mut tail = self.tail();
        let is_due = tail.look(Access::Read)?.is_some_and(|open| {
            open.end >= self.rotated_from && open.last.is_some_and(|last| last.number == up_to)
        });
        if is_due {
            let last = tail.ready()?.last_text(&self.path)?;
            self.replace(&last)?;
            tail.forget();
        }
        Ok(())
    }

    fn bytes(&self) -> Result<u64, LegacySideError> {
        let found = metadata_if_present(&self.path).map_err(OutboxError::io("look at", &self.path))?;
        Ok(found.map_or(0, |found| found.len()))
    }
}
