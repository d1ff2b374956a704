//! The reference store: one JSONL file a day, which every text tool can read.
//!
//! # The files
//!
//! A store is a folder. The events of a day are in `events-YYYY-MM-DD.jsonl`, where the day is that
//! of the event's timestamp in the store's time zone (year 10000, which a zone east of UTC reaches
//! in the last hours of 9999, has five digits). The folder is created by the first append. What else
//! is in it is ignored; a compressed day file (`.gz`, `.zst`) is read in the folder `archive/` within it alone, and else warned of.
//!
//! A file is a sequence of lines, each ended by `\n` (0x0A), in UTF-8:
//!
//! ```text
//! file   = [ EF BB BF ] *( line 0A ) [ tail ]
//! line   = blanks | blanks record blanks
//! record = the event's JSON object, from `{` to `}`, the bytes that were saved
//! blanks = *( 20 | 09 | 0D )
//! ```
//!
//! This program writes `record 0A` and nothing else, one line an event, in the order of arrival: no
//! byte order mark, no blanks. It reads what others write: a byte order mark, CRLF, blank lines
//! (which are no records), lines without `event_id`, and lines of the legacy shape. The latter two
//! are events under ids derived from their content and their occurrence in the file.
//!
//! **Positions** are `day * 2^38 + offset`: days since 1970-01-01, and the offset of the first byte
//! of the line. They are below 2^53, and so exact in JSON readers that hold numbers as doubles,
//! until 2059-09-18. A file cannot grow beyond 2^38 bytes (256 GiB).
//!
//! **Streams.** Each day is one, named `YYYY-MM-DD`: positions follow the order of the saves within a
//! day, and not from one day to the next, since an event may arrive late for an earlier day. The head
//! of a stream is its last line; where another program repeated an event there, no event stands at it.
//!
//! **Archived days.** In `archive/` a day can have the files `events-YYYY-MM-DD.jsonl.gz`, `.jsonl.zst` and `.jsonl`. Their
//! contents, and then that of the day file, are the content of the day: offsets count the decompressed bytes of all of
//! them, and a last line of an archived file that is not ended as one that is. So an archived day is the stream that
//! it was, with its old positions, and a late event begins a day file anew that goes on there. An archived file
//! that has the content of another one of its day, as a compressed copy beside its original, adds nothing. [`JsonlArchiver`] makes
//! such files; an operator may also move a day file there, once.
//!
//! **One id, one event.** Of two lines of a file with the same id, the first is the event. If the
//! other has other content, that is warned of; `import-legacy` reports it as a conflict. Two lines
//! of *different* files with one id, which only another program or an operator can have written, are
//! found once by id and given twice by queries over both files.
//!
//! # Damage
//!
//! The **torn tail** is what follows the last `\n`. A writer that was killed, or a disk that filled
//! up, leaves one; no event of it was ever acknowledged.
//!
//! - A tail that is a whole record is an event that lacks its `\n`. The next append to the file
//!   writes that first.
//! - Any other tail is no event, and readers warn of it once. Before the next append to the file its
//!   bytes are copied to `events-YYYY-MM-DD.jsonl.torn-<offset>` (with `-2`, `-3`, … after it where
//!   that name is taken), and when the copy is durable, they are cut off the file. A warning says so.
//!
//! A line that is ended and was **not written whole** has zeros where sectors of the disk were not written when the power
//! failed, among the last lines of a file: none of it was acknowledged either. Readers warn of it once. Before the next append to the file its bytes are copied to
//! such a `torn-<offset>`, and blanks take their place, so that what comes after keeps its position.
//!
//! Any other ended line that is no event is damage that this program cannot have done. A query that has to
//! read it fails with [`RepositoryError::Corrupt`], which names file, line and offset. Appending goes
//! on, with a warning: one damaged old line must not lose new events.
//!
//! # Writers and readers
//!
//! Writers lock the side file `.events.lock` (`flock` on Unix), one at a time over all processes and
//! for at most one batch, and wait for it for 15 seconds. An append is one write and one fsync for
//! each run of events of the same day (for each day where every event is answered for itself); when one fails, the
//! file is cut back to its former length. Writers of other programs must take the same lock. Processes that dispatch
//! events take turns before, by `.events.turn` and `.events.turn.next` in the folder, so that each gets as much as the others; that is fairness,
//! and the lock alone the guard.
//!
//! Readers take no lock. They can see an event whose save has not returned yet, and, where the disk fails
//! before it does, one that is taken back: a position kept of such an event is that of the next one.
//!
//! # Cost
//!
//! Files are streamed. A query holds one line, its answer, and 24 bytes (hash table slack apart) for
//! each event of the file that it is in.
//!
//! | query | reads |
//! |---|---|
//! | `query` of a range | the days of the range in UTC, and one more at each end |
//! | `query`, newest first | from the newest file back, until no older file can change the answer |
//! | `query`, chronological | from the oldest file on, until no newer file can change the answer |
//! | `streams` | the last line of each file that is new, or has changed since the last time or shortly before |
//! | `stream_of` | nothing: it looks at the length of one file |
//! | `read_stream` after the last event of an earlier page | the page |
//! | `read_stream` after a later position | what follows the earlier page, up to the end of the page |
//! | `read_stream` after any other position | the day's file up to the end of the page |
//! | `summary` | everything |
//! | `find_by_id` | the files up to the event; in a process that has appended, one line |
//!
//! Of a day that `archive` has compressed, one line is a frame of about 1 MiB that is decoded, and a page the frames that it is in.
//! One that another program has compressed is decoded from its beginning; pages, and other reads that follow
//! each other, take up the decoder that the last one left.
//!
//! An event's day in any zone is its day in UTC or a neighbour of it. That is why one day of slack
//! suffices, whatever the time zone was when the files were written. An event in the file of a day
//! further off, which this program does not write, is warned of when its line is read; queries that
//! need not read that file do not find it.
//!
//! The first append of a process reads all files once, to know all ids, and other writers wait for it;
//! every append looks at the length of each file, and reads what other processes appended since. The folder is listed again where
//! a name in it has changed; the newest 64 files are kept open meanwhile, and so are those that were appended to.

mod append;
mod archiving;
pub(in crate::infrastructure) mod backup;
mod day_files;
mod day_log;
mod error;
mod folder;
mod heads;
mod id_index;
mod id_table;
mod known_files;
mod layout;
mod lock;
mod pages;
mod query;
mod reader;
mod streams;
mod turn;
mod unfinished;
mod unwritten;
mod visit;

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

pub use self::archiving::{ArchiveError, ArchivedDay, DueDay, JsonlArchiver, LEVEL};
pub use self::backup::{
    FolderLocks, JsonlSnapshot, day_of_file, files_of_days, is_file_of_a_day, subject_of_days,
};
pub use self::turn::JsonlStoreTurn;
pub use self::unfinished::UnfinishedRestore;

use self::error::JsonlError;
use self::folder::EventFolder;
use self::heads::Heads;
use self::id_index::IdIndex;
use self::id_table::Lookup;
use self::lock::LOCK_PATIENCE;
use self::pages::Pages;
use self::query::{matching, scan_for_id};
use crate::domain::event::DomainEvent;
use crate::domain::query::EventQuery;
use crate::domain::repository::{
    BatchError, EventRepository, RepositoryError, Saved, StoreSummary, StoredEvent, Stream,
};
use crate::domain::save_each::answer_live;
use crate::domain::value_objects::{EventId, Position, StreamId};
use crate::wire::zone::Zone;

const QUERY: &str = "query the JSONL store";

/// Events in daily JSONL files, `events-YYYY-MM-DD.jsonl`, one event a line.
pub struct JsonlEventRepository {
    folder: EventFolder,
    lock_patience: Duration,
    /// Held over an append: threads of this process queue here, not at the lock of the
    /// folder. Taken before that lock, and before `index`.
    appending: Mutex<()>,
    /// From the first append that took the lock on, also one that was refused. Never held while waiting for another process.
    index: Mutex<Option<IdIndex>>,
    heads: Heads,
    pages: Pages,
}

impl JsonlEventRepository {
    /// The store in the folder `dir`, which reads naive timestamps and names its files in `zone`.
    /// Looks at nothing but the names in the folder. Where there is no folder, the store is empty, and
    /// the first append creates it.
    ///
    /// # Errors
    /// [`RepositoryError::Storage`] when `dir` cannot be listed, as where it is not a folder.
    ///
    /// # Examples
    /// ```
    /// use mission_events::{DomainEvent, EventRepository, JsonlEventRepository, Zone};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let folder = tempfile::tempdir()?;
    /// let store = JsonlEventRepository::open(folder.path().join("events"), Zone::utc())?;
    /// let text = r#"{"event_id": "e1", "event_type": "TaskDeleted", "timestamp": "2025-10-25T10:00:00"}"#;
    /// store.save_event(&DomainEvent::from_json(text, &Zone::utc())?)?;
    /// let file = std::fs::read_to_string(folder.path().join("events/events-2025-10-25.jsonl"))?;
    /// assert_eq!(file, format!("{text}\n"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn open(dir: impl Into<PathBuf>, zone: Zone) -> Result<Self, RepositoryError> {
        let folder = EventFolder::new(dir.into(), zone);
        folder.list().map_err(|error| error.during("open the JSONL store"))?;
        Ok(Self {
            folder,
            lock_patience: LOCK_PATIENCE,
            appending: Mutex::default(),
            index: Mutex::default(),
            heads: Heads::default(),
            pages: Pages::default(),
        })
    }

    /// The same for reading alone: `None` where there is no folder `dir`, which is then rather a wrong
    /// path than an empty store. A folder without day files may be either, and is warned of.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_existing(dir: impl Into<PathBuf>, zone: Zone) -> Result<Option<Self>, RepositoryError> {
        let store = Self::open(dir, zone)?;
        let failed = |error: JsonlError| error.during("open the JSONL store");
        if !store.folder.exists().map_err(failed)? {
            return Ok(None);
        }
        if store.folder.list().map_err(failed)?.is_empty() {
            tracing::warn!(
                "{} has no file events-YYYY-MM-DD.jsonl: the store is empty, or this is another folder",
                store.folder.path().display()
            );
        }
        Ok(Some(store))
    }

    /// Refuses the store of a backup, to which nothing is ever written.
    ///
    /// # Errors
    /// It is one.
    pub fn ensure_writable(&self) -> Result<(), RepositoryError> {
        lock::refuse_backup(self.folder.path()).map_err(|error| error.during("open the JSONL store"))
    }

    /// The length of all day files together, in bytes.
    ///
    /// # Errors
    /// [`RepositoryError::Storage`] when the folder cannot be listed, or a day file is no regular file.
    pub fn size_in_bytes(&self) -> Result<u64, RepositoryError> {
        streams::size_in_bytes(&self.folder)
            .map_err(|error| error.during("look at the size of the JSONL store"))
    }

    /// The files of days that are not archived, with their lengths in bytes, in the order of their days.
    ///
    /// # Errors
    /// [`RepositoryError::Storage`] when the folder cannot be listed, or a file in it not be looked at.
    pub fn day_files(&self) -> Result<Vec<(PathBuf, u64)>, RepositoryError> {
        streams::lengths(&self.folder).map_err(|error| error.during("look at the files of the JSONL store"))
    }

    fn index(&self) -> MutexGuard<'_, Option<IdIndex>> {
        self.index.lock().unwrap_or_else(|poisoned| {
            // A panic may have left the index half changed: it is built anew.
            let mut index = poisoned.into_inner();
            *index = None;
            self.index.clear_poison();
            index
        })
    }

    fn find(&self, id: &EventId) -> Result<Option<StoredEvent>, JsonlError> {
        let mut slot = self.index();
        if let Some(index) = slot.as_ref() {
            match index.find_now(&self.folder, id)? {
                Lookup::Found(stored) => return Ok(Some(stored)),
                Lookup::Absent => return Ok(None),
                Lookup::Stale => *slot = None,
            }
        }
        drop(slot);
        scan_for_id(&self.folder, id)
    }
}

impl EventRepository for JsonlEventRepository {
    fn save_events(&self, events: &[DomainEvent]) -> Result<Vec<Position>, BatchError> {
        self.append(events)
    }

    fn save_each(&self, events: &[DomainEvent]) -> Vec<Result<Saved, RepositoryError>> {
        answer_live(events, self.folder.zone(), |live| self.append_each(live))
    }

    fn find_by_id(&self, id: &EventId) -> Result<Option<StoredEvent>, RepositoryError> {
        self.find(id).map_err(|error| error.during(QUERY))
    }

    fn query(&self, query: &EventQuery, limit: usize) -> Result<Vec<StoredEvent>, RepositoryError> {
        matching(&self.folder, query, limit).map_err(|error| error.during(QUERY))
    }

    fn streams(&self) -> Result<Vec<Stream>, RepositoryError> {
        self.heads.streams(&self.folder).map_err(|error| error.during(QUERY))
    }

    fn read_stream(
        &self,
        stream: &StreamId,
        after: Option<Position>,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, RepositoryError> {
        self.pages.read(&self.folder, stream, after, limit).map_err(|error| error.during(QUERY))
    }

    fn stream_of(&self, position: Position) -> Result<Option<StreamId>, RepositoryError> {
        streams::stream_of(&self.folder, position).map_err(|error| error.during(QUERY))
    }

    fn is_next(&self, position: Position, event: &StoredEvent) -> bool {
        streams::is_next(position, event)
    }

    fn summary(&self) -> Result<StoreSummary, RepositoryError> {
        streams::summary(&self.folder).map_err(|error| error.during(QUERY))
    }
}

#[cfg(test)]
mod tests;
