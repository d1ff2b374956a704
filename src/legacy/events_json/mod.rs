//! `events.json`: one array of events, as `json.dump` of Python writes it, which grows in place.
//!
//! ```text
//! lock ──> is the file as it was left? ──yes──> separator, records and closing ──> note of what is left
//!              │                         │      over the old closing: one write, one fdatasync
//!              no                        │
//!              └──> read it as a whole ──┴── torn: the torn bytes to a file beside, the array closed
//! ```
//!
//! Beside the file, and where a link leads beside that, are `events.json.lock`, `events.json.end` (the note) and, where
//! something was torn, `events.json.torn-<offset>`.
//!
//! # What holds
//!
//! An append that has returned is on disk, and one that has failed has stored nothing, or says otherwise. The layout of
//! the file stays: compact or indented, its line ends, what follows the bracket. A record is spelled as
//! Python spells it. The time of an append does not depend on the length of the file: the note tells where the
//! array ends, and by device, inode, length and time of change it is seen whether that still holds. Any number of
//! processes of this program may append.
//!
//! # A write that was cut off
//!
//! A killed process or a power cut leaves a part of the last write: an array without its bracket, the old bracket with
//! the new bytes after it, or zeros in the place of bytes. All elements that are whole stay; the rest goes, byte for
//! byte, to a file beside, and the array is closed, at the next open or append. What was torn was never acknowledged.
//! Where the note tells that a write of this program was cut off, that is done at once; else once the file was left
//! alone for two seconds, as another program may be writing it. Damage with whole events after it is no write that was
//! cut off: the file is refused, and nothing is changed. That can meet several events that were appended together, where a
//! power cut has taken the note as well.
//!
//! On a full disk the old end is written again and the file cut to its old length: nothing was stored.
//!
//! # What in place means
//!
//! The file stays the same one: its inode, its owner, its permissions. Where it has several hard links, all of these names see
//! what is appended; but lock, note and torn bytes lie beside the name by which it was opened, so that it is to be
//! written by one name alone. Symbolic links are followed to the one file. A file system that copies on write (btrfs, ZFS, XFS and
//! others with reflinks or snapshots) writes the block of the old end elsewhere: a copy by reflink and a snapshot keep the array as
//! it was, and to write the old end again on a full disk needs room too. Where that fails, the error says so
//! ([`NotTakenBack`](EventsJsonError::NotTakenBack)), and the array is mended at the next append or open. Nothing that was acknowledged is
//! lost by that.
//!
//! # Other programs
//!
//! A program that writes the file anew, as the legacy system in Python does, takes no lock: what is appended between its
//! reading and its writing is lost, and nothing here can prevent that. So one program writes, and
//! [`LegacyWriter::Other`] leaves it to that one. A change by another program is logged each time, and the array is read as a
//! whole once. It is not seen where the other program leaves inode, length, time of change and end as they were, or
//! writes in the very moment of an append; nor are bytes seen that a disk has lost in a part of the array that is not
//! read. `import-legacy` and `compare-logs` read everything.
//!
//! # Readers
//!
//! Readers need no lock. Python reads a file in two calls at least: a reader between whose calls an event is appended
//! sees the old array with new bytes after it ("Extra data"), and finds it whole when it tries again. How often that is,
//! two readers with `json.load` in a loop beside a writer that never rests (`benches/events_json`, 3 s each on a busy
//! machine of two cores):
//!
//! | events | in place: writes, failed of reads | anew, as the legacy system | a new file, and a rename |
//! |---|---|---|---|
//! | 1,000 | 2,519, 6 of 292 (2.1 %) | 34, 2,133 of 2,258 (94 %) | 26, 0 of 367 |
//! | 5,000 | 1,358, 5 of 98 (5.1 %) | 7, 180 of 193 (93 %) | 6, 0 of 49 |
//! | 20,000 | 3,924, 0 of 17 | 2, 75 of 79 (95 %) | 2, 0 of 10 |
//!
//! In place, each reading met tens to hundreds of appends here. With one event a second it meets none or one.
//!
//! A reader that must not try again holds the lock shared: [`FileLock::shared`] of `events.json.lock`. `import-legacy`
//! and `compare-logs` do not: they read a log again that changes while it is read.

mod array_file;
mod error;
mod in_place;
mod inspection;
mod layout;
mod locked;
mod mend;
mod note;
mod python_json;
mod scan;

use std::path::{Path, PathBuf};
use std::time::Duration;

use parking_lot::FairMutex;

use self::array_file::ArrayFile;
pub use self::error::EventsJsonError;
pub use self::inspection::{InspectedContent, Inspection, inspect};
pub use self::layout::Appended;
pub use self::locked::LockedEventsJson;
pub use self::python_json::InvalidRecord;
use crate::durable::directory::create_folders;
use crate::durable::links::follow_links;
use crate::durable::lock::FileLock;

/// How long another process may hold the lock.
const PATIENCE: Duration = Duration::from_secs(15);

/// Which program writes `events.json`: the setting `legacy.writer`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LegacyWriter {
    /// This program alone.
    #[default]
    This,
    /// Another one: here it is only read.
    Other,
}

/// The file `events.json`, to append to. Threads may share it.
#[derive(Debug)]
pub struct EventsJson {
    file: ArrayFile,
    lock: PathBuf,
    writer: LegacyWriter,
    /// Threads wait here, each for its turn, and one of them for the lock over processes: a thread that appends again and
    /// again would get that lock many times before one that waits.
    appending: FairMutex<()>,
}

impl EventsJson {
    /// The file at `path`, or where links at `path` lead: as an empty array where there is none, and as a whole one
    /// where it was torn. With [`LegacyWriter::Other`] it is not looked at.
    ///
    /// # Errors
    /// The file is no array of events, or cannot be written. It was not changed then.
    pub fn open(path: PathBuf, writer: LegacyWriter) -> Result<Self, EventsJsonError> {
        let path = follow_links(&path).map_err(EventsJsonError::io("find", &path))?;
        let lock = with_suffix(&path, ".lock");
        let note = with_suffix(&path, ".end");
        let events = Self { file: ArrayFile { path, note }, lock, writer, appending: FairMutex::new(()) };
        if writer == LegacyWriter::This {
            let folder = events.file.folder();
            create_folders(folder).map_err(EventsJsonError::io("create the folder", folder))?;
            events.file.ensure_none_but_a_file()?;
            let _lock = events.take_lock()?;
            events.file.find_array()?;
        }
        Ok(events)
    }

    /// Appends a record, the text of one JSON object, spelled as Python spells it. It is on disk when this returns.
    ///
    /// # Errors
    /// Nothing was stored, unless the error says otherwise.
    pub fn append(&self, record: &str) -> Result<Appended, EventsJsonError> {
        let mut events = self.lock()?;
        let appended = events.push(record)?;
        events.write()?;
        Ok(appended)
    }

    /// Appends records with one write and one sync: all of them, or none. Gives the place of each, in order.
    ///
    /// # Errors
    /// As [`append`](Self::append).
    pub fn append_all(&self, records: &[&str]) -> Result<Vec<Appended>, EventsJsonError> {
        let mut events = self.lock()?;
        let appended = events.add(records)?.into_iter().map(|(place, _)| place).collect();
        events.write()?;
        Ok(appended)
    }

    /// Waits until no other thread or process of this program appends, and keeps it so.
    ///
    /// # Errors
    /// Another program writes the file; another process holds the lock for too long; or the file is no array of events, or
    /// cannot be read.
    pub fn lock(&self) -> Result<LockedEventsJson<'_>, EventsJsonError> {
        if self.writer == LegacyWriter::Other {
            return Err(EventsJsonError::OtherWriter { path: self.file.path.clone() });
        }
        let turn = self.appending.lock();
        let lock = self.take_lock()?;
        Ok(LockedEventsJson::new(&self.file, self.file.find_array()?, (lock, turn)))
    }

    fn take_lock(&self) -> Result<FileLock, EventsJsonError> {
        FileLock::exclusive(&self.lock, PATIENCE)
            .map_err(|error| EventsJsonError::lock(error, &self.lock, PATIENCE))
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
