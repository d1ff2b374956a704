//! The days as streams: the day of a position, and all of them in numbers.

use std::ops::ControlFlow;

use std::path::PathBuf;

use super::error::JsonlError;
use super::folder::EventFolder;
use super::id_table::IdTable;
use super::layout::Day;
use super::visit::visit_events;
use crate::domain::repository::{StoreSummary, StoredEvent};
use crate::domain::value_objects::{Position, StreamId};

/// The day of a position, where its files reach so far.
pub(super) fn stream_of(folder: &EventFolder, position: Position) -> Result<Option<StreamId>, JsonlError> {
    let Some((day, offset)) = Day::of_position(position) else { return Ok(None) };
    let mut file = folder.file(day);
    if !folder.has_archive()? {
        file.archived.clear();
    }
    let extent = folder.extent_of(&file)?;
    folder.refuse_unfinished()?;
    Ok(extent.filter(|extent| offset < extent.end).map(|_| day.stream()))
}

/// Whether the line of that position begins right after that of the event, whose text and `\n` have no room for another one in
/// between. Where blanks are around the text, which this program does not write, that is not told.
pub(super) fn is_next(position: Position, event: &StoredEvent) -> bool {
    let (Some((day, offset)), Some((of, start))) =
        (Day::of_position(position), Day::of_position(event.position))
    else {
        return false;
    };
    day == of && start + event.event.body().len() as u64 + 1 == offset
}

/// The length of all files of days together, in bytes, as they lie.
pub(super) fn size_in_bytes(folder: &EventFolder) -> Result<u64, JsonlError> {
    let mut bytes = 0;
    for file in &folder.list()? {
        let state = folder.state_of(file)?;
        let files = state.iter().flat_map(|state| state.archived.iter().chain(&state.live));
        bytes += files.map(|file| file.length).sum::<u64>();
    }
    Ok(bytes)
}

/// The files of days that are not archived, with their lengths in bytes, in the order of their days.
pub(super) fn lengths(folder: &EventFolder) -> Result<Vec<(PathBuf, u64)>, JsonlError> {
    let mut lengths = Vec::new();
    for file in folder.list()? {
        if let Some(live) = folder.state_of(&file)?.and_then(|state| state.live) {
            lengths.push((file.path, live.length));
        }
    }
    Ok(lengths)
}

/// Reads the whole store: daily files hold no counts.
pub(super) fn summary(folder: &EventFolder) -> Result<StoreSummary, JsonlError> {
    let mut summary = StoreSummary::default();
    let mut seen = IdTable::default();
    for file in &folder.list()? {
        let _: ControlFlow<()> = visit_events(folder, file.day, &mut seen, |entry| {
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
