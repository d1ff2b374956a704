//! The events of a day: each once, or the one at a position.

use std::ops::ControlFlow;

use super::day_files::open_day::OpenDay;
use super::error::JsonlError;
use super::folder::{EventFolder, Notice};
use super::id_table::{IdTable, Lookup};
use super::layout::Day;
use super::reader::{Content, DayReader, Entry, Line, LinePlace};
use crate::application::import::identity::is_saved_already;
use crate::domain::repository::StoredEvent;
use crate::domain::value_objects::Position;
use crate::wire::local_time::TimeFlags;
use crate::wire::record::Record;

/// Visits the events of a day in order, each id once, until `visit` breaks.
///
/// `seen` is memory to work with.
pub(super) fn visit_events(
    folder: &EventFolder,
    day: Day,
    seen: &mut IdTable,
    visit: impl FnMut(&Entry<'_>) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, JsonlError> {
    seen.clear();
    // What was listed, and is there no more, holds nothing.
    let Some(day) = folder.open_day(day)? else { return Ok(ControlFlow::Continue(())) };
    visit_rest(folder, &mut DayReader::open(folder, day)?, seen, visit)
}

/// The same for the rest of a pass over a day: `seen` has the ids of what it has read.
pub(super) fn visit_rest(
    folder: &EventFolder,
    reader: &mut DayReader<'_>,
    seen: &mut IdTable,
    mut visit: impl FnMut(&Entry<'_>) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, JsonlError> {
    let day = reader.day().clone();
    while let Some(line) = reader.next_line()? {
        match line.content {
            Content::Blank => {}
            Content::Event(entry) => {
                if is_first(folder, seen, &entry)? && visit(&entry).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            Content::Torn => tell_torn_line(folder, &day, &line),
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
    let Some(opened) = folder.open_day(day)? else { return Ok(None) };
    let mut reader = DayReader::at(folder, opened.clone(), offset)?;
    match reader.next_line()? {
        Some(line) if line.offset != offset => return Ok(None),
        Some(line) => match line.content {
            Content::Event(entry) if stands_alone(&entry.record) => return Ok(Some(entry.to_stored())),
            Content::Event(_) => {}
            _ => return Ok(None),
        },
        None => return Ok(None),
    }
    drop(reader);
    let mut reader = DayReader::open(folder, opened)?;
    while let Some(line) = reader.next_line()? {
        match line.content {
            Content::Event(entry) if line.offset == offset => return Ok(Some(entry.to_stored())),
            _ if line.offset >= offset => return Ok(None),
            _ => {}
        }
    }
    Ok(None)
}

/// Whether a line means the same whatever is before it in its day.
fn stands_alone(record: &Record<'_>) -> bool {
    record.event_id.is_some() && !record.flags.time.contains(TimeFlags::AMBIGUOUS)
}

pub(super) fn tell_torn_line(folder: &EventFolder, day: &OpenDay, line: &Line<'_>) {
    let key = day.day.position(line.offset).map_or(day.day.number(), Position::get);
    if folder.is_news(Notice::TornTail, key) {
        let LinePlace { file, line: number, offset } = line.place;
        let what = match line.is_ended {
            false => "the last line is not whole (it was torn, or is being written) and is no event",
            true => {
                "zeros stand where sectors of the line were not written, as after a power cut, and it is no event"
            }
        };
        tracing::warn!("{}, line {number} at byte {offset}: {what}", day.path_of(file).display());
    }
}

/// A position as a person looks for it.
fn place(folder: &EventFolder, position: Position) -> String {
    let Some((day, offset)) = Day::of_position(position) else { return format!("position {position}") };
    match folder.open_day(day) {
        Ok(Some(opened)) => {
            let file = opened.file_with(offset);
            format!("{}, byte {}", opened.path_of(file).display(), offset - opened.start_of(file))
        }
        _ => format!("{}, byte {offset}", folder.file(day).path.display()),
    }
}
