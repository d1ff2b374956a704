//! The days as streams: how far each reaches, its events by position, and all of them in numbers.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::ControlFlow;

use super::error::JsonlError;
use super::folder::{DayFile, EventFolder};
use super::id_table::IdTable;
use super::layout::Day;
use super::reader::{Content, DayReader, visit_events};
use crate::domain::repository::{StoreSummary, StoredEvent, Stream};
use crate::domain::value_objects::{Position, StreamId};

/// How much of the end of a file is looked at first, and at a time.
const LOOK: usize = 4 * 1024;

/// The days that hold events, the oldest first.
pub(super) fn streams(folder: &EventFolder) -> Result<Vec<Stream>, JsonlError> {
    let mut streams = Vec::new();
    for file in &folder.list()? {
        if let Some(head) = last_position(folder, file)? {
            streams.push(Stream { id: file.day.stream(), head });
        }
    }
    Ok(streams)
}

/// The events of a day after that position.
///
/// The pass starts at the start of the file, because lines can depend on earlier ones.
pub(super) fn read_stream(
    folder: &EventFolder,
    stream: &StreamId,
    after: Option<Position>,
    limit: usize,
) -> Result<Vec<StoredEvent>, JsonlError> {
    let mut events = Vec::new();
    let Some(day) = Day::of_stream(stream).filter(|_| limit > 0) else { return Ok(events) };
    let Some(file) = folder.list()?.into_iter().find(|file| file.day == day) else { return Ok(events) };
    let _: ControlFlow<()> = visit_events(folder, &file, &mut IdTable::default(), |entry| {
        if after.is_none_or(|after| entry.position > after) {
            events.push(entry.to_stored());
        }
        if events.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok(events)
}

/// The day of a position, where its file reaches so far.
pub(super) fn stream_of(folder: &EventFolder, position: Position) -> Result<Option<StreamId>, JsonlError> {
    let Some((day, offset)) = Day::of_position(position) else { return Ok(None) };
    match folder.metadata(&folder.file(day)) {
        Err(JsonlError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
        metadata => Ok((offset < metadata?.len()).then(|| day.stream())),
    }
}

/// Reads the whole store: daily files hold no counts.
pub(super) fn summary(folder: &EventFolder) -> Result<StoreSummary, JsonlError> {
    let mut summary = StoreSummary::default();
    let mut seen = IdTable::default();
    for file in &folder.list()? {
        let _: ControlFlow<()> = visit_events(folder, file, &mut seen, |entry| {
            let time = entry.record.occurred_at;
            summary.events += 1;
            summary.first = Some(summary.first.map_or(time, |first| first.min(time)));
            summary.last = Some(summary.last.map_or(time, |last| last.max(time)));
            summary.head = Some(entry.position);
            ControlFlow::Continue(())
        })?;
    }
    Ok(summary)
}

/// The position of the last line of a file that is an event, or should be one: a damaged line is
/// told by the query that reads it. Lines are looked at from the end of the file on.
fn last_position(folder: &EventFolder, file: &DayFile) -> Result<Option<Position>, JsonlError> {
    let mut end = folder.metadata(file)?.len();
    let mut input = File::open(&file.path).map_err(JsonlError::io("open", &file.path))?;
    while end > 0 {
        let start = start_of_line(&mut input, end).map_err(JsonlError::io("read", &file.path))?;
        let mut reader = DayReader::at(folder, file, start)?;
        match reader.next_line()?.map(|line| line.content) {
            Some(Content::Event(_) | Content::Damaged(_)) => return Ok(file.day.position(start)),
            Some(Content::Blank | Content::Torn) | None => end = start,
        }
    }
    Ok(None)
}

/// Where the line starts whose last byte is before `end`, which is not 0.
fn start_of_line(input: &mut File, end: u64) -> io::Result<u64> {
    let mut buffer = [0; LOOK];
    // The last byte is the end of the line itself, where the line is ended.
    let mut unseen = end - 1;
    while unseen > 0 {
        let from = unseen.saturating_sub(LOOK as u64);
        let looked_at = &mut buffer[..(unseen - from) as usize];
        input.seek(SeekFrom::Start(from))?;
        input.read_exact(looked_at)?;
        if let Some(line_end) = memchr::memrchr(b'\n', looked_at) {
            return Ok(from + line_end as u64 + 1);
        }
        unseen = from;
    }
    Ok(0)
}
