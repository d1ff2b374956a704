//! Where every id of the store is, kept up with what any process appends.

use std::collections::BTreeMap;
use std::fs::File;

use super::day_files::open_day::DayExtent;
use super::error::{Damage, JsonlError};
use super::folder::{EventFolder, Notice};
use super::id_table::{IdTable, Lookup};
use super::known_files::KnownFiles;
use super::layout::Day;
use super::reader::{Checkpoint, Content, DayReader};
use super::visit::{event_at, is_first, tell_torn_line};
use crate::domain::value_objects::{EventId, Position};

/// How much is read ahead where little is new.
const REFRESH_BUFFER: usize = 32 * 1024;

/// The ids of all days, and how far each was read.
#[derive(Default)]
pub(super) struct IdIndex {
    ids: IdTable,
    days: BTreeMap<Day, KnownDay>,
    files: KnownFiles,
}

/// A day as far as it was read under the lock. Offsets are those of its content.
struct KnownDay {
    /// Where the file that is appended to begins, what it is, and where it ends.
    extent: DayExtent,
    checkpoint: Checkpoint,
    tail: Tail,
    damage: Option<Damage>,
    /// Lines of it were not written whole when the power failed, and stand there still.
    has_unwritten: bool,
    /// How long its archived files are cannot be found out: nothing of it was read, and nothing can be appended to it.
    is_undecodable: bool,
    /// What is before this offset was made durable by this process, as was the file's name.
    durable_to: u64,
}

/// What is to be read of a day.
enum Unread {
    After(Checkpoint),
    /// How long its archived files are cannot be found out.
    Undecodable(Damage),
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

/// Where the next line of a day goes. Offsets are those of its content.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct DayEnd {
    /// Where the file that is appended to begins.
    pub(super) file_start: u64,
    /// Where it ends.
    pub(super) end: u64,
    pub(super) tail: Tail,
    /// The offset of the tail.
    pub(super) tail_offset: u64,
    /// The lines of the file before the tail.
    pub(super) lines: u64,
}

impl IdIndex {
    /// Reads what was appended since the last time; everything, if a file is not what it was. To be
    /// called under the lock: what another process is still writing may be taken back.
    pub(super) fn refresh(&mut self, folder: &EventFolder) -> Result<(), JsonlError> {
        let unread = match self.unread_of_all(folder)? {
            Some(unread) => unread,
            None => {
                *self = Self::default();
                self.unread_of_all(folder)?.unwrap_or_default()
            }
        };
        for (day, unread) in unread {
            match unread {
                Unread::After(from) => self.read(folder, day, from)?,
                Unread::Undecodable(damage) => self.note_undecodable(folder, day, damage),
            }
        }
        Ok(())
    }

    fn unread_of_all(&mut self, folder: &EventFolder) -> Result<Option<Vec<(Day, Unread)>>, JsonlError> {
        let extents = self.files.extents(folder)?.collect::<Vec<_>>();
        self.unread(extents)
    }

    /// The days that have more than was read, each with where to go on; `None` if a file shrank,
    /// vanished, or was replaced. One that was archived has only moved: what was read of it is there.
    fn unread(
        &self,
        extents: impl IntoIterator<Item = (Day, Result<Option<DayExtent>, JsonlError>)>,
    ) -> Result<Option<Vec<(Day, Unread)>>, JsonlError> {
        let mut unread = Vec::new();
        let mut known = 0;
        for (day, extent) in extents {
            let extent = match extent {
                Ok(Some(extent)) => extent,
                Ok(None) => continue,
                Err(JsonlError::Damaged(damage)) => match self.days.get(&day) {
                    Some(known_day) if known_day.is_undecodable => {
                        known += 1;
                        continue;
                    }
                    Some(_) => return Ok(None),
                    None => {
                        unread.push((day, Unread::Undecodable(damage)));
                        continue;
                    }
                },
                Err(error) => return Err(error),
            };
            match self.days.get(&day) {
                None => unread.push((day, Unread::After(Checkpoint::default()))),
                Some(known_day) if known_day.goes_on_in(&extent) => {
                    known += 1;
                    if known_day.extent != extent {
                        unread.push((day, Unread::After(known_day.checkpoint.clone())));
                    }
                }
                Some(_) => return Ok(None),
            }
        }
        Ok((known == self.days.len()).then_some(unread))
    }

    fn read(&mut self, folder: &EventFolder, day: Day, from: Checkpoint) -> Result<(), JsonlError> {
        let Some(opened) = folder.open_day(day)? else { return Ok(()) };
        let (live_start, live) = (opened.live_start, opened.live.as_ref().map(|live| live.state.identity));
        let known = self.days.remove(&day);
        let durable_to = known.as_ref().map_or(0, |known| known.durable_to);
        let mut has_unwritten = known.as_ref().is_some_and(|known| known.has_unwritten);
        let mut damage = known.and_then(|known| known.damage);
        let mut note = |found: Damage| {
            if folder.is_news(Notice::Damaged, day.number()) {
                tracing::warn!("{} is damaged: {}", found.place, found.detail);
            }
            damage.get_or_insert(found);
        };
        let mut reader = DayReader::resume(folder, opened, from, REFRESH_BUFFER)?;
        let mut is_torn = false;
        loop {
            let line = match reader.next_line() {
                Ok(Some(line)) => line,
                Ok(None) => break,
                // One damaged old file must not lose what is after it.
                Err(JsonlError::Damaged(found)) => {
                    note(found);
                    reader.next_file()?;
                    continue;
                }
                Err(error) => return Err(error),
            };
            is_torn = false;
            match line.content {
                Content::Blank => {}
                Content::Event(entry) => match is_first(folder, &mut self.ids, &entry) {
                    Err(JsonlError::Damaged(found)) => note(found),
                    first => drop(first?),
                },
                Content::Torn if line.is_ended => has_unwritten = true,
                Content::Torn => is_torn = true,
                Content::Damaged(found) => note(found),
            }
        }
        let (checkpoint, end) = reader.into_checkpoint();
        let tail = match is_torn {
            _ if checkpoint.offset >= end => Tail::Ended,
            true => Tail::Torn,
            false => Tail::Unended,
        };
        let extent = DayExtent { live_start, live, end };
        let known =
            KnownDay { extent, checkpoint, tail, damage, has_unwritten, is_undecodable: false, durable_to };
        self.days.insert(day, known);
        Ok(())
    }

    fn note_undecodable(&mut self, folder: &EventFolder, day: Day, damage: Damage) {
        if folder.is_news(Notice::Damaged, day.number()) {
            tracing::warn!("{} is damaged: {}", damage.place, damage.detail);
        }
        self.days.insert(day, KnownDay::undecodable(damage));
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
        let extents = folder.list()?.into_iter().map(|file| (file.day, folder.extent_of(&file)));
        let Some(unread) = self.unread(extents)? else { return Ok(Lookup::Stale) };
        for (day, unread) in unread {
            let from = match unread {
                Unread::After(from) => from,
                Unread::Undecodable(damage) => return Err(JsonlError::Damaged(damage)),
            };
            let Some(opened) = folder.open_day(day)? else { return Ok(Lookup::Stale) };
            let mut reader = DayReader::resume(folder, opened.clone(), from, REFRESH_BUFFER)?;
            while let Some(line) = reader.next_line()? {
                match line.content {
                    Content::Event(entry) if entry.id == *id => {
                        return Ok(event_at(folder, entry.position)?.map_or(Lookup::Stale, Lookup::Found));
                    }
                    Content::Damaged(damage) => return Err(JsonlError::Damaged(damage)),
                    Content::Torn => tell_torn_line(folder, &opened, &line),
                    _ => {}
                }
            }
        }
        // A damaged line could have been the event: that is no answer "there is none".
        match self.days.values().find_map(|day| day.damage.clone()) {
            Some(damage) => Err(JsonlError::Damaged(damage)),
            None => Ok(Lookup::Absent),
        }
    }

    /// Where the next line of that day goes.
    pub(super) fn end_of(&self, day: Day) -> Result<DayEnd, JsonlError> {
        let Some(known) = self.days.get(&day) else { return Ok(DayEnd::default()) };
        if let Some(damage) = known.damage.as_ref().filter(|_| known.is_undecodable) {
            return Err(JsonlError::Damaged(damage.clone()));
        }
        Ok(DayEnd {
            file_start: known.extent.live_start,
            end: known.extent.end,
            tail: known.tail,
            tail_offset: known.checkpoint.offset,
            lines: known.checkpoint.lines,
        })
    }

    /// Takes the file of a day out that is open for appending. To be called under the lock in which it was
    /// [`refresh`](Self::refresh)ed: its name may lead to another file later.
    pub(super) fn take_appended(&mut self, day: Day) -> Option<(File, (u64, u64))> {
        self.files.take_appended(day)
    }

    /// Keeps the file of a day, of that identity, that was appended to.
    pub(super) fn keep_appended(&mut self, day: Day, file: File, identity: (u64, u64)) {
        self.files.keep_appended(day, file, identity);
    }

    /// Whether lines of that day were not written whole when the power failed, and stand there still.
    pub(super) fn has_unwritten(&self, day: Day) -> bool {
        self.days.get(&day).is_some_and(|day| day.has_unwritten)
    }

    /// Notes that such lines were set aside.
    pub(super) fn note_set_aside(&mut self, day: Day) {
        if let Some(day) = self.days.get_mut(&day) {
            day.has_unwritten = false;
        }
    }

    /// Whether this process has made durable what is at that offset.
    pub(super) fn is_durable(&self, day: Day, offset: u64) -> bool {
        self.days.get(&day).is_some_and(|day| offset < day.durable_to)
    }

    /// Notes that all that was read of that day is durable.
    pub(super) fn set_durable(&mut self, day: Day) {
        if let Some(day) = self.days.get_mut(&day) {
            day.durable_to = day.extent.end;
        }
    }

    /// Notes lines that this process appended, durably, to a file of that identity, in a day that ended at `before`
    /// and ends at `end` now.
    pub(super) fn appended<'e>(
        &mut self,
        day: Day,
        before: DayEnd,
        identity: (u64, u64),
        end: u64,
        events: impl Iterator<Item = (&'e EventId, Position)>,
    ) {
        let mut lines = 0;
        for (id, position) in events {
            self.ids.insert(id, position);
            lines += 1;
        }
        let known = self.days.entry(day).or_insert_with(|| KnownDay {
            extent: DayExtent { live_start: before.file_start, live: None, end: before.file_start },
            checkpoint: Checkpoint::default(),
            tail: Tail::Ended,
            damage: None,
            has_unwritten: false,
            is_undecodable: false,
            durable_to: 0,
        });
        known.durable_to = end;
        known.extent.live = Some(identity);
        // A record that was only now ended is read once more, and counted then.
        if before.tail != Tail::Unended && known.checkpoint.offset == before.tail_offset {
            known.checkpoint.offset = end;
            known.checkpoint.lines += lines;
            known.extent.end = end;
            known.tail = Tail::Ended;
        }
    }
}

impl KnownDay {
    fn undecodable(damage: Damage) -> Self {
        Self {
            extent: DayExtent { live_start: 0, live: None, end: 0 },
            checkpoint: Checkpoint::default(),
            tail: Tail::Ended,
            damage: Some(damage),
            has_unwritten: false,
            is_undecodable: true,
            durable_to: 0,
        }
    }

    /// Whether the day as it is now begins with what was read of it.
    fn goes_on_in(&self, now: &DayExtent) -> bool {
        let known = &self.extent;
        if self.is_undecodable {
            return false;
        }
        if now.live_start != known.live_start {
            // All that was read is in the archive.
            return now.live_start >= known.end;
        }
        (known.live.is_none() || known.live == now.live) && known.end <= now.end
    }
}

impl DayEnd {
    /// The offset of the line that is appended next.
    pub(super) fn next_line_offset(self) -> u64 {
        match self.tail {
            Tail::Ended => self.end,
            Tail::Unended => self.end + 1,
            Tail::Torn => self.tail_offset,
        }
    }

    /// An offset of the day's content in the file that is appended to.
    pub(super) fn in_file(self, offset: u64) -> u64 {
        offset.saturating_sub(self.file_start)
    }
}
