//! The queries: which files each has to read, and how it keeps no more events than it gives.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use chrono::{DateTime, Utc};

use super::error::JsonlError;
use super::folder::{DayFile, EventFolder};
use super::id_table::IdTable;
use super::layout::Day;
use super::reader::Entry;
use super::visit::visit_events;
use crate::domain::query::{EventQuery, TimeOrder};
use crate::domain::repository::StoredEvent;
use crate::domain::value_objects::{EventId, Position};

/// The first `limit` events that match, from the files that may hold them.
pub(super) fn matching(
    folder: &EventFolder,
    query: &EventQuery,
    limit: usize,
) -> Result<Vec<StoredEvent>, JsonlError> {
    let mut selection = Selection { order: query.order, limit, kept: BTreeMap::new() };
    if limit == 0 {
        return Ok(Vec::new());
    }
    let mut files = folder.list()?;
    files.retain(|file| may_match(query, file.day));
    if query.order == TimeOrder::NewestFirst {
        files.reverse();
    }
    let mut seen = IdTable::default();
    for file in &files {
        if selection.is_settled_before(file) {
            break;
        }
        // The pass goes on to the end of the file whatever the visit says: order within it is free.
        let _: ControlFlow<()> = visit_events(folder, file.day, &mut seen, |entry| {
            let record = &entry.record;
            if query.matches_envelope(&record.event_type, record.aggregate.as_deref(), record.occurred_at) {
                selection.offer(entry);
            }
            ControlFlow::Continue(())
        })?;
    }
    Ok(selection.into_events())
}

/// Whether the file of that day can hold an event of the query's range.
fn may_match(query: &EventQuery, day: Day) -> bool {
    query.between.is_none_or(|(start, end)| start <= end && !day.is_before(start) && !day.is_after(end))
}

/// The first event of that id, by a pass over the files up to it.
pub(super) fn scan_for_id(folder: &EventFolder, id: &EventId) -> Result<Option<StoredEvent>, JsonlError> {
    let mut found = None;
    let mut seen = IdTable::default();
    for file in &folder.list()? {
        let visited = visit_events(folder, file.day, &mut seen, |entry| {
            if entry.id != *id {
                return ControlFlow::Continue(());
            }
            found = Some(entry.to_stored());
            ControlFlow::Break(())
        })?;
        if visited.is_break() {
            break;
        }
    }
    Ok(found)
}

/// The best `limit` events so far, by time and position.
struct Selection {
    order: TimeOrder,
    limit: usize,
    kept: BTreeMap<(DateTime<Utc>, Position), StoredEvent>,
}

impl Selection {
    fn offer(&mut self, entry: &Entry<'_>) {
        let key = (entry.record.occurred_at, entry.position);
        if self.kept.len() >= self.limit {
            let is_better = match (self.order, self.worst()) {
                (TimeOrder::NewestFirst, Some(worst)) => key > worst,
                (TimeOrder::Chronological, Some(worst)) => key < worst,
                (_, None) => false,
            };
            if !is_better {
                return;
            }
            match self.order {
                TimeOrder::NewestFirst => self.kept.pop_first(),
                TimeOrder::Chronological => self.kept.pop_last(),
            };
        }
        self.kept.insert(key, entry.to_stored());
    }

    fn worst(&self) -> Option<(DateTime<Utc>, Position)> {
        let worst = match self.order {
            TimeOrder::NewestFirst => self.kept.first_key_value(),
            TimeOrder::Chronological => self.kept.last_key_value(),
        };
        worst.map(|(key, _)| *key)
    }

    /// Whether neither this file nor one that comes after it in the order of the query can hold
    /// an event that belongs to the answer.
    fn is_settled_before(&self, file: &DayFile) -> bool {
        self.kept.len() >= self.limit
            && self.worst().is_some_and(|(time, _)| match self.order {
                TimeOrder::NewestFirst => file.day.is_before(time),
                TimeOrder::Chronological => file.day.is_after(time),
            })
    }

    fn into_events(self) -> Vec<StoredEvent> {
        let mut events: Vec<StoredEvent> = self.kept.into_values().collect();
        if self.order == TimeOrder::NewestFirst {
            events.reverse();
        }
        events
    }
}
