//! Where every id of the store is, kept up with what any process appends.

use std::collections::BTreeMap;

use super::error::{Damage, JsonlError};
use super::folder::{DayFile, EventFolder, Notice, identity};
use super::id_table::{IdTable, Lookup};
use super::layout::Day;
use super::reader::{Checkpoint, Content, DayReader, event_at, is_first, tell_torn_tail};
use crate::domain::value_objects::{EventId, Position};

/// How much is read ahead where little is new.
const REFRESH_BUFFER: usize = 32 * 1024;

/// The ids of all day files, and how far each file was read.
#[derive(Default)]
pub(super) struct IdIndex {
    ids: IdTable,
    files: BTreeMap<Day, KnownFile>,
}

/// A day file as far as it was read under the lock.
struct KnownFile {
    identity: (u64, u64),
    length: u64,
    checkpoint: Checkpoint,
    tail: Tail,
    damage: Option<Damage>,
    /// What is before this offset was made durable by this process, as was the file's name.
    durable_to: u64,
}

/// What follows the last `\n` of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Tail {
    /// Nothing.
    #[default]
    Ended,
    /// Blanks, or a whole record that lacks nothing but its `\n`.
    Unended,
    /// Something else.
    Torn,
}

/// Where the next line of a file goes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct FileEnd {
    pub(super) length: u64,
    pub(super) tail: Tail,
    /// The offset of the tail.
    pub(super) tail_offset: u64,
    /// The lines before the tail.
    pub(super) lines: u64,
}

impl IdIndex {
    /// Reads what was appended since the last time; everything, if a file is not what it was. To be
    /// called under the lock: what another process is still writing may be taken back.
    pub(super) fn refresh(&mut self, folder: &EventFolder) -> Result<(), JsonlError> {
        let files = folder.list()?;
        let unread = match self.unread(folder, &files)? {
            Some(unread) => unread,
            None => {
                *self = Self::default();
                self.unread(folder, &files)?.unwrap_or_default()
            }
        };
        unread.into_iter().try_for_each(|(file, from)| self.read(folder, &file, from))
    }

    /// The files that have more than was read, each with where to go on; `None` if a file shrank,
    /// vanished, or was replaced.
    fn unread(
        &self,
        folder: &EventFolder,
        files: &[DayFile],
    ) -> Result<Option<Vec<(DayFile, Checkpoint)>>, JsonlError> {
        let mut unread = Vec::new();
        let mut known = 0;
        for file in files {
            let metadata = folder.metadata(file)?;
            match self.files.get(&file.day) {
                None => unread.push((file.clone(), Checkpoint::default())),
                Some(file) if file.identity != identity(&metadata) || file.length > metadata.len() => {
                    return Ok(None);
                }
                Some(state) => {
                    known += 1;
                    if state.length < metadata.len() {
                        unread.push((file.clone(), state.checkpoint.clone()));
                    }
                }
            }
        }
        Ok((known == self.files.len()).then_some(unread))
    }

    fn read(&mut self, folder: &EventFolder, file: &DayFile, from: Checkpoint) -> Result<(), JsonlError> {
        let known = self.files.remove(&file.day);
        let durable_to = known.as_ref().map_or(0, |known| known.durable_to);
        let mut damage = known.and_then(|known| known.damage);
        let identity = identity(&folder.metadata(file)?);
        let mut reader = DayReader::resume(folder, file, from, REFRESH_BUFFER)?;
        let mut is_torn = false;
        while let Some(line) = reader.next_line()? {
            match line.content {
                Content::Blank => {}
                Content::Event(entry) => {
                    is_first(folder, &mut self.ids, &entry)?;
                }
                Content::Torn => is_torn = true,
                Content::Damaged(found) => {
                    if folder.is_news(Notice::Damaged, file.day.number()) {
                        tracing::warn!("{} is damaged: {}", found.place, found.detail);
                    }
                    damage.get_or_insert(found);
                }
            }
        }
        let (checkpoint, length) = reader.into_checkpoint();
        let tail = match is_torn {
            true => Tail::Torn,
            false if checkpoint.offset < length => Tail::Unended,
            false => Tail::Ended,
        };
        let known = KnownFile { identity, length, checkpoint, tail, damage, durable_to };
        self.files.insert(file.day, known);
        Ok(())
    }

    /// The event of that id, as far as the index was read.
    pub(super) fn find(&self, folder: &EventFolder, id: &EventId) -> Result<Lookup, JsonlError> {
        self.ids.find(id, |position| event_at(folder, position))
    }

    /// The event of that id among all that is in the files now. What was appended since is read and
    /// not kept: its writer may still take it back.
    pub(super) fn find_now(&self, folder: &EventFolder, id: &EventId) -> Result<Lookup, JsonlError> {
        let found = self.find(folder, id)?;
        if !matches!(found, Lookup::Absent) {
            return Ok(found);
        }
        let Some(unread) = self.unread(folder, &folder.list()?)? else { return Ok(Lookup::Stale) };
        for (file, from) in unread {
            let mut reader = DayReader::resume(folder, &file, from, REFRESH_BUFFER)?;
            while let Some(line) = reader.next_line()? {
                match line.content {
                    Content::Event(entry) if entry.id == *id => {
                        return Ok(event_at(folder, entry.position)?.map_or(Lookup::Stale, Lookup::Found));
                    }
                    Content::Damaged(damage) => return Err(JsonlError::Damaged(damage)),
                    Content::Torn => tell_torn_tail(folder, &file, line.number, line.offset),
                    _ => {}
                }
            }
        }
        // A damaged line could have been the event: that is no answer "there is none".
        match self.files.values().find_map(|file| file.damage.clone()) {
            Some(damage) => Err(JsonlError::Damaged(damage)),
            None => Ok(Lookup::Absent),
        }
    }

    /// Where the next line of that day goes.
    pub(super) fn end_of(&self, day: Day) -> FileEnd {
        self.files.get(&day).map_or_else(FileEnd::default, |file| FileEnd {
            length: file.length,
            tail: file.tail,
            tail_offset: file.checkpoint.offset,
            lines: file.checkpoint.lines,
        })
    }

    /// Whether this process has made durable what is at that offset.
    pub(super) fn is_durable(&self, day: Day, offset: u64) -> bool {
        self.files.get(&day).is_some_and(|file| offset < file.durable_to)
    }

    /// Notes that all that was read of that day's file is durable.
    pub(super) fn set_durable(&mut self, day: Day) {
        if let Some(file) = self.files.get_mut(&day) {
            file.durable_to = file.length;
        }
    }

    /// Notes lines that this process appended, durably, to a file that ended at `end`, and is of
    /// that length now.
    pub(super) fn appended<'e>(
        &mut self,
        day: Day,
        end: FileEnd,
        identity: (u64, u64),
        length: u64,
        events: impl Iterator<Item = (&'e EventId, Position)>,
    ) {
        let mut lines = 0;
        for (id, position) in events {
            self.ids.insert(id, position);
            lines += 1;
        }
        let known = self.files.entry(day).or_insert_with(|| KnownFile {
            identity,
            length: 0,
            checkpoint: Checkpoint::default(),
            tail: Tail::Ended,
            damage: None,
            durable_to: 0,
        });
        known.durable_to = length;
        // A record that was only now ended is read once more, and counted then.
        if end.tail != Tail::Unended && known.checkpoint.offset == end.tail_offset {
            known.checkpoint.offset = length;
            known.checkpoint.lines += lines;
            known.length = length;
            known.tail = Tail::Ended;
        }
    }
}

impl FileEnd {
    /// The offset of the line that is appended next.
    pub(super) fn next_line_offset(self) -> u64 {
        match self.tail {
            Tail::Ended => self.length,
            Tail::Unended => self.length + 1,
            Tail::Torn => self.tail_offset,
        }
    }
}
