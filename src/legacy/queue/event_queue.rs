//! The queue as its users see it.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::damage::QueueDamage;
use super::entry::{DEFAULT_PRIORITY, NewEntry, QueueEntry, QueueStatus};
use super::error::QueueError;
use super::event_ids::EventIds;
use super::history::History;
use super::line::{Line, first_line, line_of};
use super::log_file::{Durability, LogFile};
use super::open_entries::OpenEntries;
use super::parts;
use crate::application::clock::Clock;
use crate::durable::directory::create_folders;
use crate::durable::links::{file_identity, follow_links};
use crate::durable::lock::{FileLock, LockError};
use crate::durable::plain_file::file_if_present;

/// A file that is shorter is not looked at for what is finished, in bytes.
pub(super) const SHORT: u64 = 8 << 20;

/// As many missing parts are told.
const MOST_MISSING: usize = 100;

/// How long the lock is waited for. A process that this one is just starting holds it for a moment, too.
const PATIENCE: Duration = Duration::from_secs(1);

/// The queue of a file, which it has for itself. Calls of several threads wait for each other.
#[derive(Debug)]
pub struct EventQueue {
    state: Mutex<State>,
    clock: SharedClock,
    path: PathBuf,
    damage: Vec<QueueDamage>,
    _lock: FileLock,
}

/// A queue as it was when it was read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReadQueue {
    /// In the order in which they are handled; among them what is finished.
    pub entries: Vec<QueueEntry>,
    /// What is not as this program has left it.
    pub damage: Vec<QueueDamage>,
}

struct SharedClock(Arc<dyn Clock + Send + Sync>);

impl std::fmt::Debug for SharedClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}

#[derive(Debug)]
struct State {
    log: LogFile,
    ids: EventIds,
    open: OpenEntries,
    /// At which length of the file it is looked at whether most of it is finished, in bytes.
    look_at: u64,
    /// No line of the file is damaged. One that has a damaged line stays as it is, so that the line can be corrected.
    is_sound: bool,
}

impl EventQueue {
    /// Opens the queue, usually `data/legacy/queue.jsonl`, for this value alone. File and folder are made if need be. What
    /// was being handled when its process ended is pending again.
    ///
    /// # Errors
    /// Another process has it, or the system refuses something.
    pub fn open(path: &Path, clock: Arc<dyn Clock + Send + Sync>) -> Result<Self, QueueError> {
        let path = follow_links(path).map_err(QueueError::file("follow", path))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        create_folders(folder).map_err(QueueError::file("make", folder))?;
        let lock = lock(&path)?;
        let parts = parts_of(&path)?;
        if let (Some((_, part)), false) = (parts.last(), is_there(&path)?) {
            return Err(QueueError::Missing { part: part.clone(), path });
        }
        let (log, lines) = LogFile::open(&path)?;
        let mut history = History::default();
        history.read(&path, &lines);
        let mut damage = missing_parts(&path, &parts, history.follows_part());
        let (entries, damaged_lines) = history.into_entries();
        let is_sound = damaged_lines.is_empty();
        damage.extend(damaged_lines);
        let (ids, open) = (EventIds::default(), OpenEntries::default());
        let mut state = State { log, ids, open, look_at: SHORT, is_sound };
        for mut entry in entries {
            state.ids.learn(&entry);
            if entry.status == QueueStatus::Processing {
                entry.status = QueueStatus::Pending;
                state.append(&entry, Durability::Later)?;
            }
            if entry.status.is_open() {
                let due = due(&*clock, entry.next_attempt);
                state.open.insert(entry, due);
            }
        }
        state.begin_anew_if_long(&path);
        Ok(Self { state: Mutex::new(state), clock: SharedClock(clock), path, damage, _lock: lock })
    }

    /// What is in the file and its earlier parts, as it is now. No lock is taken: another process may have the queue. No file
    /// is an empty queue.
    ///
    /// # Errors
    /// The system refuses to read, or there are earlier parts of a file that is not there.
    pub fn read(path: &Path) -> Result<ReadQueue, QueueError> {
        let path = follow_links(path).map_err(QueueError::file("follow", path))?;
        if !is_there(&path)? {
            return match parts_of(&path)?.pop() {
                Some((_, part)) => Err(QueueError::Missing { part, path }),
                None => Ok(ReadQueue::default()),
            };
        }
        // It is opened first: should it become a part now, it is known as the same file, and not read twice.
        let mut file = File::open(&path).map_err(QueueError::file("open", &path))?;
        let identity = |file: &File| file.metadata().map(|metadata| file_identity(&metadata));
        let last = identity(&file).map_err(QueueError::file("look at", &path))?;
        let mut history = History::default();
        let parts = parts_of(&path)?;
        for (_, part) in &parts {
            is_there(part)?;
            let mut file = File::open(part).map_err(QueueError::file("open", part))?;
            let found = identity(&file).map_err(QueueError::file("look at", part))?;
            if found.is_none() || found != last {
                history.read(part, &whole_lines(&mut file).map_err(QueueError::file("read", part))?);
            }
        }
        history.read(&path, &whole_lines(&mut file).map_err(QueueError::file("read", &path))?);
        let mut damage = missing_parts(&path, &parts, history.follows_part());
        let (mut entries, damaged) = history.into_entries();
        damage.extend(damaged);
        entries.sort_by_key(|entry| entry.priority);
        Ok(ReadQueue { entries, damage })
    }

    /// What was not as this program had left it when the queue was opened: the file itself, and which parts are there. What is
    /// damaged within an earlier part, which is history, [`read`](Self::read) tells.
    pub fn damage(&self) -> &[QueueDamage] {
        &self.damage
    }

    /// Accepts an entry. It is on disk when this returns.
    ///
    /// # Errors
    /// It is not, and was not accepted.
    pub fn push(&self, new: NewEntry) -> Result<QueueEntry, QueueError> {
        self.push_at(new, self.clock.0.now())
    }

    /// As [`push`](Self::push), of something that happened at another time.
    pub(super) fn push_at(&self, new: NewEntry, at: DateTime<Utc>) -> Result<QueueEntry, QueueError> {
        let mut state = self.state();
        let entry = state.entry_of(new, at, QueueStatus::Pending);
        state.append(&entry, Durability::AtOnce)?;
        state.open.insert(entry.clone(), Duration::ZERO);
        state.begin_anew_if_long(&self.path);
        Ok(entry)
    }

    /// Keeps what was refused, as `rate_limited`. It is on disk with the next entry that is accepted.
    pub(super) fn refuse_at(&self, new: NewEntry, at: DateTime<Utc>) -> Result<(), QueueError> {
        let mut state = self.state();
        let entry = state.entry_of(new, at, QueueStatus::RateLimited);
        state.append(&entry, Durability::Later)?;
        state.begin_anew_if_long(&self.path);
        Ok(())
    }

    /// The entry that is to be handled next, which is `processing` from now on; `None` where none is due.
    ///
    /// # Errors
    /// Its line cannot be written; it stays pending.
    pub fn next(&self) -> Result<Option<QueueEntry>, QueueError> {
        let mut state = self.state();
        let Some(entry) = state.open.next(self.clock.0.now(), self.clock.0.elapsed()) else {
            return Ok(None);
        };
        let entry = QueueEntry { status: QueueStatus::Processing, next_attempt: None, ..entry.clone() };
        state.change(entry.clone(), Duration::ZERO, Durability::Later)?;
        Ok(Some(entry))
    }

    /// An entry was handled.
    ///
    /// # Errors
    /// This cannot be written, or the entry is not open.
    pub fn done(&self, entry: &QueueEntry) -> Result<(), QueueError> {
        self.finish(entry, |entry| entry.status = QueueStatus::Done)
    }

    /// An entry has failed, and is not tried again.
    ///
    /// # Errors
    /// As for [`done`](Self::done).
    pub fn failed(&self, entry: &QueueEntry) -> Result<(), QueueError> {
        self.finish(entry, |entry| {
            entry.status = QueueStatus::Failed;
            entry.attempts = entry.attempts.saturating_add(1);
        })
    }

    /// An entry has failed, and is tried again, not before `at`. It keeps its place in the order.
    ///
    /// # Errors
    /// As for [`done`](Self::done).
    pub fn retry_at(&self, entry: &QueueEntry, at: DateTime<Utc>) -> Result<(), QueueError> {
        self.finish(entry, |entry| {
            entry.status = QueueStatus::Pending;
            entry.attempts = entry.attempts.saturating_add(1);
            entry.next_attempt = Some(at);
        })
    }

    /// The open entries, pending and processing, in the order in which they are handled.
    pub fn entries(&self) -> Vec<QueueEntry> {
        self.state().open.in_order().cloned().collect()
    }

    /// Its file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn finish(&self, entry: &QueueEntry, change: impl FnOnce(&mut QueueEntry)) -> Result<(), QueueError> {
        let mut state = self.state();
        let event_id = &entry.event_id;
        let Some(mut changed) = state.open.get(event_id).cloned() else {
            return Err(QueueError::NotOpen { event_id: event_id.clone(), path: self.path.clone() });
        };
        change(&mut changed);
        let due = due(&*self.clock.0, changed.next_attempt);
        state.change(changed, due, Durability::AtOnce)?;
        state.begin_anew_if_long(&self.path);
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn entry_of(&mut self, new: NewEntry, at: DateTime<Utc>, status: QueueStatus) -> QueueEntry {
        let NewEntry { definition_id, event_type, data, priority } = new;
        let mut event_id = self.ids.make(&definition_id, at);
        // The ids of two definitions can be alike: `a` at second 7 for the second time, and `a_7` at second 2.
        while self.open.get(&event_id).is_some() {
            event_id = self.ids.make(&definition_id, at);
        }
        let priority = priority.unwrap_or(DEFAULT_PRIORITY);
        QueueEntry {
            event_id,
            definition_id,
            timestamp: at,
            event_type,
            data,
            status,
            priority,
            attempts: 0,
            next_attempt: None,
        }
    }

    fn change(&mut self, entry: QueueEntry, due: Duration, durability: Durability) -> Result<(), QueueError> {
        self.append(&entry, durability)?;
        self.open.change(entry, due);
        Ok(())
    }

    fn append(&mut self, entry: &QueueEntry, durability: Durability) -> Result<(), QueueError> {
        self.log.append(&line_of(entry)?, durability)
    }

    /// Keeps a long file as a part, where most of it is finished. The queue goes on without that.
    fn begin_anew_if_long(&mut self, path: &Path) {
        if self.log.length() < self.look_at || !self.is_sound {
            return;
        }
        if let Err(error) = self.begin_anew(path) {
            self.look_at = self.log.length() + SHORT;
            let error = crate::domain::error_chain::error_chain(&error);
            tracing::warn!("[EventDispatcher] the queue stays in one file, which grows: {error}");
        }
    }

    fn begin_anew(&mut self, path: &Path) -> Result<(), QueueError> {
        let mut lines = Vec::new();
        for entry in self.open.as_accepted() {
            lines.extend(line_of(entry)?);
        }
        let open = lines.len() as u64;
        if open < self.log.length() / 2 {
            let first_lines = |part| [first_line(part), lines].concat();
            parts::begin_anew(path, first_lines).map_err(QueueError::file("make a part of", path))?;
            (self.log, _) = LogFile::open(path)?;
        }
        self.look_at = SHORT.max(2 * open + 1);
        Ok(())
    }
}

fn lock(path: &Path) -> Result<FileLock, QueueError> {
    let lock = path.with_added_extension("lock");
    FileLock::exclusive(&lock, PATIENCE).map_err(|error| match error {
        LockError::Held => QueueError::InUse { path: path.to_owned() },
        LockError::Open(source) => QueueError::file("open", &lock)(source),
        LockError::Refused(source) => QueueError::file("lock", &lock)(source),
    })
}

/// When a retry is due, by the clock that is never set back.
fn due(clock: &dyn Clock, next_attempt: Option<DateTime<Utc>>) -> Duration {
    let wait = next_attempt.and_then(|at| (at - clock.now()).to_std().ok()).unwrap_or_default();
    clock.elapsed().saturating_add(wait)
}

/// Whether the file is there; something else than a file is an error.
fn is_there(path: &Path) -> Result<bool, QueueError> {
    Ok(file_if_present(path).map_err(QueueError::file("open", path))?.is_some())
}

/// The earlier parts, the earliest first.
fn parts_of(path: &Path) -> Result<Vec<(u64, PathBuf)>, QueueError> {
    match parts::of(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        parts => parts.map_err(QueueError::file("list the parts of", path)),
    }
}

/// The parts that should be there: all up to that after which the file begins. One of an earlier version of this program
/// does not say.
fn missing_parts(path: &Path, parts: &[(u64, PathBuf)], follows_part: Option<u64>) -> Vec<QueueDamage> {
    let last = follows_part.max(parts.last().map(|(number, _)| *number)).unwrap_or(0);
    let is_there = |number: &u64| parts.iter().any(|(there, _)| there == number);
    let missing = (1..=last).filter(|number| !is_there(number));
    // Where all are gone, or a number is far too large, the first ones are enough.
    missing.take(MOST_MISSING).map(|number| QueueDamage::Part { path: parts::path(path, number) }).collect()
}

/// Without a line that is still being written.
fn whole_lines(file: &mut File) -> io::Result<Vec<u8>> {
    let mut lines = Vec::new();
    file.read_to_end(&mut lines)?;
    let is_whole = |tail: &[u8]| Line::read(tail).is_ok();
    let start = memchr::memrchr(b'\n', &lines).map_or(0, |end| end + 1);
    if !is_whole(&lines[start..]) {
        lines.truncate(start);
    }
    Ok(lines)
}
