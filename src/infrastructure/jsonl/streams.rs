//! The days as streams: the day of a position, and all of them in numbers.

use std::ops::ControlFlow;

use super::error::JsonlError;
use super::folder::EventFolder;
use super::id_table::IdTable;
use super::layout::Day;
use super::reader::visit_events;
use crate::domain::repository::StoreSummary;
use crate::domain::value_objects::{Position, StreamId};

/// The day of a position, where its file reaches so far.
pub(super) fn stream_of(folder: &EventFolder, position: Position) -> Result<Option<StreamId>, JsonlError> {
    let Some((day, offset)) = Day::of_position(position) else { return Ok(None) };
    let file = folder.file_of(day)?;
    Ok(file.filter(|(_, metadata)| offset < metadata.len()).map(|_| day.stream()))
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
