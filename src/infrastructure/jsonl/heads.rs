//! How far each day reaches.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use super::day_files::file_cursor::FileCursor;
use super::day_files::file_state::DayState;
use super::day_files::frame_reader::FrameReader;
use super::day_files::last_line::{ContentAt, start_of_line};
use super::day_files::measure::Storage;
use super::day_files::open_day::OpenDay;
use super::error::JsonlError;
use super::folder::EventFolder;
use super::layout::Day;
use super::reader::{Content, DayReader};
use crate::domain::repository::Stream;
use crate::domain::value_objects::Position;

/// The heads of the days whose files have not changed for a while, so that a reader that comes back every second does
/// not open the files of years.
#[derive(Default)]
pub(super) struct Heads {
    /// Held for one listing. Nothing else is locked meanwhile but what the folder has told, and knows of archived files.
    known: Mutex<HashMap<Day, KnownHead>>,
}

struct KnownHead {
    state: DayState,
    head: Option<Position>,
}

impl Heads {
    /// The days that hold events, the oldest first.
    pub(super) fn streams(&self, folder: &EventFolder) -> Result<Vec<Stream>, JsonlError> {
        let files = folder.list()?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        // What is not listed any more is not kept either.
        let mut before = std::mem::take(&mut *known);
        let mut streams = Vec::new();
        for file in &files {
            let now = SystemTime::now();
            let state = folder.state_of(file)?;
            let unchanged = before.remove(&file.day).filter(|known| state.as_ref() == Some(&known.state));
            let head = match unchanged {
                Some(known) => known,
                None => {
                    let Some(opened) = folder.open_day(file.day)? else { continue };
                    KnownHead { state: opened.state(), head: last_position(folder, &opened)? }
                }
            };
            streams.extend(head.head.map(|head| Stream { id: file.day.stream(), head }));
            if head.state.is_settled(now) {
                known.insert(file.day, head);
            }
        }
        Ok(streams)
    }
}

/// The position of the last line of a day that is an event, or should be one: a damaged line is
/// told by the query that reads it. Lines are looked at from the end of each file on, the last one first.
fn last_position(folder: &EventFolder, day: &OpenDay) -> Result<Option<Position>, JsonlError> {
    if let Some(live) = &day.live {
        let mut file = FileCursor::new(&live.file, 0);
        if let Some(last) = last_line(folder, day, &mut file, (day.live_start, day.end()))? {
            return Ok(day.day.position(last));
        }
    }
    for archived in day.archived.iter().rev() {
        let range = (archived.start, archived.start + archived.measure.length);
        let last = match &archived.measure.storage {
            Storage::Plain => last_line(folder, day, &mut FileCursor::new(&archived.file, 0), range)?,
            Storage::Frames(table) => {
                let frames = FrameReader::new(&archived.file, table);
                let mut frames = frames.map_err(JsonlError::io("read", &archived.path))?;
                last_line(folder, day, &mut frames, range)?
            }
            Storage::Zstd | Storage::Gzip => last_line_of_all(folder, day, range)?,
        };
        if let Some(last) = last {
            return Ok(day.day.position(last));
        }
    }
    Ok(None)
}

/// Whether a line is an event, or should be one.
fn counts(content: &Content<'_>) -> bool {
    matches!(content, Content::Event(_) | Content::Damaged(_))
}

/// The offset of the last line that counts, of a file whose content is the range of the day's.
fn last_line(
    folder: &EventFolder,
    day: &OpenDay,
    content: &mut dyn ContentAt,
    (file_start, mut end): (u64, u64),
) -> Result<Option<u64>, JsonlError> {
    let path = || day.path_of(day.file_with(file_start));
    while end > file_start {
        let start = start_of_line(content, end - file_start)
            .map_err(|error| JsonlError::io("read", path())(error))?;
        let start = file_start + start;
        let mut reader = DayReader::at(folder, day.clone(), start)?;
        match reader.next_line()? {
            Some(line) if line.offset == start && counts(&line.content) => return Ok(Some(start)),
            _ => end = start,
        }
    }
    Ok(None)
}

/// The same of a file that can be read from its beginning on alone.
fn last_line_of_all(
    folder: &EventFolder,
    day: &OpenDay,
    (start, end): (u64, u64),
) -> Result<Option<u64>, JsonlError> {
    let mut reader = DayReader::at(folder, day.clone(), start)?;
    let mut last = None;
    while let Some(line) = reader.next_line()?.filter(|line| line.offset < end) {
        if counts(&line.content) {
            last = Some(line.offset);
        }
    }
    Ok(last)
}
