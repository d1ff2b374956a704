//! The content of a day, line by line, in one pass: its archived files, and then the one that is appended to.

use std::collections::HashMap;
use std::io;
use std::mem;

use uuid::Uuid;

use super::day_files::measure::is_of_the_content;
use super::day_files::open_day::OpenDay;
use super::day_files::part_reader::{LineRead, PartInput};
use super::error::{Damage, JsonlError};
use super::folder::{EventFolder, Notice};
use super::layout::LONGEST_LINE;
use super::unwritten::{has_unwritten_sectors, is_of_the_last_write};
use crate::domain::event::{DomainEvent, derived_event_id};
use crate::domain::repository::{EventOrigin, StoredEvent};
use crate::domain::value_objects::{EventId, Position};
use crate::wire::json::is_blank;
use crate::wire::local_time::{DstPolicy, RepeatedTimes};
use crate::wire::record::{ContentIds, Record, RecordError, RecordReader};

/// How much of a file is read ahead in a pass over it.
const PASS_BUFFER: usize = 128 * 1024;
/// How much is read at once where a single line is wanted.
const LINE_BUFFER: usize = 4 * 1024;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Where a pass over a day stands: after a line that is ended.
#[derive(Debug, Clone, Default)]
pub(super) struct Checkpoint {
    /// The offset of the next line in the content of the day.
    pub(super) offset: u64,
    /// How many lines are before it in its file.
    pub(super) lines: u64,
    /// How often each record without id was read.
    occurrences: HashMap<Uuid, u64>,
    /// The local times that came twice.
    repeated: RepeatedTimes,
}

/// A line of a day.
pub(super) struct Line<'b> {
    /// In the content of the day.
    pub(super) offset: u64,
    pub(super) place: LinePlace,
    /// It has an end.
    pub(super) is_ended: bool,
    pub(super) content: Content<'b>,
}

/// Where an operator finds a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct LinePlace {
    /// The number of its file among those of the day.
    pub(super) file: usize,
    /// In its file, from 1.
    pub(super) line: u64,
    /// In its file, decompressed.
    pub(super) offset: u64,
}

/// What a line is.
pub(super) enum Content<'b> {
    /// Nothing: no record.
    Blank,
    /// An event.
    Event(Entry<'b>),
    /// The last line of a file, not ended, and no whole record: it was torn, or is being written. Or an ended one of the last
    /// lines that was not written whole when the power failed.
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

/// Reads the lines of a day. What a line means can depend on those before it: an ambiguous local
/// time, and the id of a record that carries none.
pub(super) struct DayReader<'f> {
    folder: &'f EventFolder,
    day: OpenDay,
    /// The number of the file that is being read.
    file: usize,
    /// `None` where there is no such file.
    input: Option<PartInput<'f>>,
    buffer_size: usize,
    records: RecordReader<'f>,
    next: Checkpoint,
    buffer: Vec<u8>,
    /// The offset after all that was read.
    end: u64,
    is_ended: bool,
}

impl<'f> DayReader<'f> {
    /// A pass over the whole day.
    pub(super) fn open(folder: &'f EventFolder, day: OpenDay) -> Result<Self, JsonlError> {
        Self::resume(folder, day, Checkpoint::default(), PASS_BUFFER)
    }

    /// The line at an offset, whose id may be wrong where the line carries none.
    pub(super) fn at(folder: &'f EventFolder, day: OpenDay, offset: u64) -> Result<Self, JsonlError> {
        Self::resume(folder, day, Checkpoint { offset, ..Checkpoint::default() }, LINE_BUFFER)
    }

    /// A pass over what is after a checkpoint of an earlier one.
    pub(super) fn resume(
        folder: &'f EventFolder,
        day: OpenDay,
        mut from: Checkpoint,
        buffer_size: usize,
    ) -> Result<Self, JsonlError> {
        let mut reader = Self {
            folder,
            file: day.file_with(from.offset),
            day,
            input: None,
            buffer_size,
            records: RecordReader::resume(folder.zone(), DstPolicy::Resolve, mem::take(&mut from.repeated)),
            buffer: Vec::new(),
            end: from.offset,
            next: from,
            is_ended: false,
        };
        reader.open_file()?;
        Ok(reader)
    }

    /// The next line; `None` at the end of the day.
    pub(super) fn next_line(&mut self) -> Result<Option<Line<'_>>, JsonlError> {
        let read = loop {
            self.buffer.clear();
            // After a line that is not ended, another process may just be writing the rest of it.
            if self.is_ended {
                return Ok(None);
            }
            let read = self.read_line()?;
            if read.length > 0 {
                break read;
            }
            if self.is_live() {
                return Ok(None);
            }
            self.next_file()?;
        };
        let (offset, line) = (self.next.offset, self.next.lines + 1);
        let place = LinePlace { file: self.file, line, offset: offset - self.day.start_of(self.file) };
        let is_unended = !read.is_ended;
        self.end = offset + read.length;
        if is_unended && self.is_live() {
            self.is_ended = true;
        } else {
            // An archived line is not written on.
            self.end += u64::from(is_unended);
            self.next.offset = self.end;
            self.next.lines = line;
        }
        let content = match read.length - u64::from(read.is_ended) > LONGEST_LINE as u64 {
            true if is_unended => Content::Torn,
            true => Content::Damaged(Damage::of_a_long_line(
                self.day.path_of(self.file),
                place.line,
                place.offset,
            )),
            false => self.interpret(offset, place, is_unended)?,
        };
        Ok(Some(Line { offset, place, is_ended: !is_unended, content }))
    }

    /// Leaves the rest of a file out that cannot be read, and goes on with the next one.
    pub(super) fn next_file(&mut self) -> Result<(), JsonlError> {
        self.input = None;
        self.file += 1;
        self.next.lines = 0;
        self.next.offset = self.day.start_of(self.file);
        self.end = self.next.offset;
        self.open_file()
    }

    /// The day, for another look at it.
    pub(super) fn day(&self) -> &OpenDay {
        &self.day
    }

    /// Where the pass stands, and the offset after all that it read.
    pub(super) fn into_checkpoint(self) -> (Checkpoint, u64) {
        (Checkpoint { repeated: self.records.into_repeated(), ..self.next }, self.end)
    }

    /// Whether the file that is appended to is being read.
    fn is_live(&self) -> bool {
        self.file >= self.day.archived.len()
    }

    /// Whether the ended line that was read was not written whole when the power failed.
    fn is_unwritten(&self, place: LinePlace) -> bool {
        let line = self.buffer.strip_suffix(b"\n").unwrap_or(&self.buffer);
        let range = place.offset..place.offset + self.buffer.len() as u64;
        self.is_live()
            && self.day.live.as_ref().is_some_and(|live| is_of_the_last_write(&range, live.state.length))
            && has_unwritten_sectors(line, place.offset)
    }

    fn open_file(&mut self) -> Result<(), JsonlError> {
        let offset = self.next.offset.saturating_sub(self.day.start_of(self.file));
        self.input = match self.day.archived.get(self.file) {
            None => self.day.live.as_ref().map(|live| PartInput::live(&live.file, offset, self.buffer_size)),
            Some(archived) => {
                let opened = (&archived.file, &archived.state, &*archived.measure);
                let input = PartInput::archived(self.folder.kept(), opened, offset, self.buffer_size);
                Some(input.map_err(|error| self.failed(error))?)
            }
        };
        Ok(())
    }

    fn read_line(&mut self) -> Result<LineRead, JsonlError> {
        let Some(input) = &mut self.input else { return Ok(LineRead::default()) };
        input.read_line(&mut self.buffer, LONGEST_LINE + 1).map_err(|error| self.failed(error))
    }

    fn failed(&self, error: io::Error) -> JsonlError {
        let path = self.day.path_of(self.file);
        let archived = self.day.archived.get(self.file);
        match archived.is_some_and(|file| file.measure.storage.is_compressed()) && is_of_the_content(&error) {
            true => JsonlError::Damaged(Damage::of_an_archive(path, &error)),
            false => JsonlError::io("read", path)(error),
        }
    }

    fn interpret(
        &mut self,
        offset: u64,
        place: LinePlace,
        is_unended: bool,
    ) -> Result<Content<'_>, JsonlError> {
        let line = self.buffer.as_slice();
        let text = if place.offset == 0 { line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line) } else { line };
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
        let path = self.day.path_of(self.file);
        let (id, record) = match read {
            Ok(read) => read,
            Err(_) if is_unended || self.is_unwritten(place) => return Ok(Content::Torn),
            Err(error) => return Ok(Content::Damaged(Damage::new(path, place.line, place.offset, &error))),
        };
        let day = self.day.day;
        let position = day.position(offset).ok_or_else(|| JsonlError::TooLong { path: path.to_owned() })?;
        let is_misfiled = !day.can_hold(record.occurred_at);
        if is_misfiled && self.folder.is_news(Notice::Misfiled, day.number()) {
            tracing::warn!(
                "{}, line {} at byte {}: the event {id} of {} is in the file of another day, where queries by time do not look for it",
                path.display(),
                place.line,
                place.offset,
                record.occurred_at
            );
        }
        Ok(Content::Event(Entry { id, position, record }))
    }
}

impl Checkpoint {
    /// The id of the next occurrence of a record. One that is not ended is read again, so that it
    /// does not count yet.
    fn derived_id(&mut self, content_id: Uuid, is_read_again: bool) -> EventId {
        let occurrence = self.occurrences.get(&content_id).map_or(1, |count| count + 1);
        if !is_read_again {
            self.occurrences.insert(content_id, occurrence);
        }
        derived_event_id(content_id, occurrence)
    }
}
