//! One day file, line by line, in one pass.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::mem;
use std::ops::ControlFlow;

use uuid::Uuid;

use super::error::{Damage, JsonlError};
use super::folder::{DayFile, EventFolder, Notice};
use super::id_table::{IdTable, Lookup};
use super::layout::Day;
use crate::application::import::identity::is_saved_already;
use crate::domain::event::{DomainEvent, derived_event_id};
use crate::domain::repository::{EventOrigin, StoredEvent};
use crate::domain::value_objects::{EventId, Position};
use crate::wire::json::is_blank;
use crate::wire::local_time::{DstPolicy, RepeatedTimes, TimeFlags};
use crate::wire::record::{ContentIds, Record, RecordError, RecordReader};

/// How much of a file is read ahead in a pass over it.
const PASS_BUFFER: usize = 128 * 1024;
/// How much is read at once where a single line is wanted.
const LINE_BUFFER: usize = 4 * 1024;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Where a pass over a file stands: after a line that is ended.
#[derive(Debug, Clone, Default)]
pub(super) struct Checkpoint {
    /// The offset of the next line.
    pub(super) offset: u64,
    /// How many lines are before it.
    pub(super) lines: u64,
    /// How often each record without id was read.
    occurrences: HashMap<Uuid, u64>,
    /// The local times that came twice.
    repeated: RepeatedTimes,
}

/// A line of a day file.
pub(super) struct Line<'b> {
    pub(super) offset: u64,
    /// From 1.
    pub(super) number: u64,
    pub(super) content: Content<'b>,
}

/// What a line is.
pub(super) enum Content<'b> {
    /// Nothing: no record.
    Blank,
    /// An event.
    Event(Entry<'b>),
    /// The last line, not ended, and no whole record: it was torn, or is being written.
    Torn,
    /// An ended line that is no event.
    Damaged(Damage),
}

/// An event of a file, borrowed from its line.
pub(super) struct Entry<'b> {
    /// The id that the line carries, or that is derived from it.
    pub(super) id: EventId,
    /// Where its line is.
    pub(super) position: Position,
    pub(super) record: Record<'b>,
}

impl Entry<'_> {
    pub(super) fn to_stored(&self) -> StoredEvent {
        // Only a running system gives an event its id.
        let has_own_id = self.record.event_id.is_some();
        StoredEvent {
            position: self.position,
            origin: if has_own_id { EventOrigin::Saved } else { EventOrigin::Imported },
            event: DomainEvent::from_record(&self.record, self.id.clone()),
        }
    }
}

/// Reads the lines of a day file. What a line means can depend on those before it: an ambiguous
/// local time, and the id of a record that carries none.
pub(super) struct DayReader<'f> {
    folder: &'f EventFolder,
    file: DayFile,
    input: BufReader<File>,
    records: RecordReader<'f>,
    next: Checkpoint,
    buffer: Vec<u8>,
    /// The offset after all that was read.
    end: u64,
    is_ended: bool,
}

impl<'f> DayReader<'f> {
    /// A pass over the whole file.
    pub(super) fn open(folder: &'f EventFolder, file: &DayFile) -> Result<Self, JsonlError> {
        Self::resume(folder, file, Checkpoint::default(), PASS_BUFFER)
    }

    /// The line at an offset, whose id may be wrong where the line carries none.
    pub(super) fn at(folder: &'f EventFolder, file: &DayFile, offset: u64) -> Result<Self, JsonlError> {
        Self::resume(folder, file, Checkpoint { offset, ..Checkpoint::default() }, LINE_BUFFER)
    }

    /// A pass over what is after a checkpoint of an earlier one.
    pub(super) fn resume(
        folder: &'f EventFolder,
        file: &DayFile,
        mut from: Checkpoint,
        buffer: usize,
    ) -> Result<Self, JsonlError> {
        folder.metadata(file)?;
        let mut input = File::open(&file.path).map_err(JsonlError::io("open", &file.path))?;
        if from.offset > 0 {
            input.seek(SeekFrom::Start(from.offset)).map_err(JsonlError::io("seek in", &file.path))?;
        }
        Ok(Self {
            folder,
            file: file.clone(),
            input: BufReader::with_capacity(buffer, input),
            records: RecordReader::resume(folder.zone(), DstPolicy::Resolve, mem::take(&mut from.repeated)),
            buffer: Vec::new(),
            end: from.offset,
            next: from,
            is_ended: false,
        })
    }

    /// The next line; `None` at the end of the file.
    pub(super) fn next_line(&mut self) -> Result<Option<Line<'_>>, JsonlError> {
        self.buffer.clear();
        // After a line that is not ended, another process may just be writing the rest of it.
        if self.is_ended || self.read_line().map_err(JsonlError::io("read", &self.file.path))? == 0 {
            return Ok(None);
        }
        let (offset, number) = (self.next.offset, self.next.lines + 1);
        self.is_ended = self.buffer.last() != Some(&b'\n');
        self.end = offset + self.buffer.len() as u64;
        if !self.is_ended {
            self.next.offset = self.end;
            self.next.lines = number;
        }
        let content = self.interpret(offset, number)?;
        Ok(Some(Line { offset, number, content }))
    }

    /// Where the pass stands, and the offset after all that it read.
    pub(super) fn into_checkpoint(self) -> (Checkpoint, u64) {
        (Checkpoint { repeated: self.records.into_repeated(), ..self.next }, self.end)
    }

    fn read_line(&mut self) -> io::Result<usize> {
        self.input.read_until(b'\n', &mut self.buffer)
    }

    fn interpret(&mut self, offset: u64, number: u64) -> Result<Content<'_>, JsonlError> {
        let line = self.buffer.as_slice();
        let text = if offset == 0 { line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line) } else { line };
        if text.iter().all(|&byte| is_blank(byte)) {
            return Ok(Content::Blank);
        }
        let read = self.records.read_whole(text).and_then(|record| {
            let id = match record.event_id.as_deref() {
                Some(id) => EventId::new(id).map_err(|_| RecordError::Empty { field: "event_id".into() })?,
                None => self.next.derived_id(ContentIds::default().of(record.body)?, self.is_ended),
            };
            Ok((id, record))
        });
        let (id, record) = match read {
            Ok(read) => read,
            Err(_) if self.is_ended => return Ok(Content::Torn),
            Err(error) => return Ok(Content::Damaged(Damage::new(&self.file.path, number, offset, &error))),
        };
        let position = self
            .file
            .day
            .position(offset)
            .ok_or_else(|| JsonlError::TooLong { path: self.file.path.clone() })?;
        let is_misfiled = !self.file.day.can_hold(record.occurred_at);
        if is_misfiled && self.folder.is_news(Notice::Misfiled, self.file.day.number()) {
            tracing::warn!(
                "{}, line {number} at byte {offset}: the event {id} of {} is in the file of another day, where queries by time do not look for it",
                self.file.path.display(),
                record.occurred_at
            );
        }
        Ok(Content::Event(Entry { id, position, record }))
    }
}

impl Checkpoint {
    /// The id of the next occurrence of a record. One that is not ended is read again, so that it
    /// does not count yet.
    fn derived_id(&mut self, content_id: Uuid, is_unended: bool) -> EventId {
        let occurrence = self.occurrences.get(&content_id).map_or(1, |count| count + 1);
        if !is_unended {
            self.occurrences.insert(content_id, occurrence);
        }
        derived_event_id(content_id, occurrence)
    }
}

/// Visits the events of a day file in order, each id once, until `visit` breaks.
///
/// `seen` is memory to work with.
pub(super) fn visit_events(
    folder: &EventFolder,
    file: &DayFile,
    seen: &mut IdTable,
    visit: impl FnMut(&Entry<'_>) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, JsonlError> {
    seen.clear();
    visit_rest(folder, file, &mut DayReader::open(folder, file)?, seen, visit)
}

/// The same for the rest of a pass over a day file: `seen` has the ids of what it has read.
pub(super) fn visit_rest(
    folder: &EventFolder,
    file: &DayFile,
    reader: &mut DayReader<'_>,
    seen: &mut IdTable,
    mut visit: impl FnMut(&Entry<'_>) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, JsonlError> {
    while let Some(line) = reader.next_line()? {
        match line.content {
            Content::Blank => {}
            Content::Event(entry) => {
                if is_first(folder, seen, &entry)? && visit(&entry).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            Content::Torn => tell_torn_tail(folder, file, line.number, line.offset),
            Content::Damaged(damage) => return Err(JsonlError::Damaged(damage)),
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// Whether this is the first line of its id. Where it is not, and says something else than the
/// first, an operator is told.
pub(super) fn is_first(
    folder: &EventFolder,
    seen: &mut IdTable,
    entry: &Entry<'_>,
) -> Result<bool, JsonlError> {
    match seen.find(&entry.id, |position| event_at(folder, position))? {
        Lookup::Found(first) if first.position != entry.position => {
            let is_conflict = !is_saved_already(first.event.body(), entry.record.body);
            if is_conflict && folder.is_news(Notice::SameId, entry.position.get()) {
                tracing::warn!(
                    "the event {} at {} has other content than the one at {}, which is kept: import-legacy reports it as a conflict",
                    entry.id,
                    place(folder, entry.position),
                    place(folder, first.position)
                );
            }
            Ok(false)
        }
        Lookup::Found(_) => Ok(true),
        Lookup::Absent | Lookup::Stale => {
            seen.insert(&entry.id, entry.position);
            Ok(true)
        }
    }
}

/// The event at a position; `None` where no event of the store starts there.
pub(super) fn event_at(folder: &EventFolder, position: Position) -> Result<Option<StoredEvent>, JsonlError> {
    let Some((day, offset)) = Day::of_position(position) else { return Ok(None) };
    let file = folder.file(day);
    let mut reader = match DayReader::at(folder, &file, offset) {
        Err(JsonlError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
        reader => reader?,
    };
    match reader.next_line()?.map(|line| line.content) {
        Some(Content::Event(entry)) if stands_alone(&entry.record) => return Ok(Some(entry.to_stored())),
        Some(Content::Event(_)) => {}
        _ => return Ok(None),
    }
    let mut reader = DayReader::open(folder, &file)?;
    while let Some(line) = reader.next_line()? {
        match line.content {
            Content::Event(entry) if line.offset == offset => return Ok(Some(entry.to_stored())),
            _ if line.offset >= offset => return Ok(None),
            _ => {}
        }
    }
    Ok(None)
}

/// Whether a line means the same whatever is before it in its file.
fn stands_alone(record: &Record<'_>) -> bool {
    record.event_id.is_some() && !record.flags.time.contains(TimeFlags::AMBIGUOUS)
}

pub(super) fn tell_torn_tail(folder: &EventFolder, file: &DayFile, number: u64, offset: u64) {
    let key = file.day.position(offset).map_or(file.day.number(), Position::get);
    if folder.is_news(Notice::TornTail, key) {
        tracing::warn!(
            "{}, line {number} at byte {offset}: the last line is not whole (it was torn, or is being written) and is no event",
            file.path.display()
        );
    }
}

/// A position as a person looks for it.
fn place(folder: &EventFolder, position: Position) -> String {
    match Day::of_position(position) {
        Some((day, offset)) => format!("{}, byte {offset}", folder.file(day).path.display()),
        None => format!("position {position}"),
    }
}
