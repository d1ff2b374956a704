//! The queries: which files each has to read, and how it keeps no more events than it gives.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use chrono::{DateTime, Utc};

use super::error::JsonlError;
use super::folder::{DayFile, EventFolder};
use super::id_table::IdTable;
use super::layout::{Day, day_number};
use super::reader::{Entry, visit_events};
use crate::domain::event::DomainEvent;
use crate::domain::repository::StoredEvent;
use crate::domain::value_objects::{EventId, Position};

/// In which order, and so from which end, events are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    NewestFirst,
    Chronological,
}

/// The first `limit` of the wanted events in that order, from the files that `may_hold` them.
pub(super) fn select(
    folder: &EventFolder,
    order: Order,
    limit: usize,
    may_hold: impl Fn(Day) -> bool,
    wanted: impl Fn(&Entry<'_>) -> bool,
) -> Result<Vec<StoredEvent>, JsonlError> {
    let mut selection = Selection { order, limit, kept: BTreeMap::new() };
    if limit == 0 {
        return Ok(Vec::new());
    }
    let mut files = folder.list()?;
    files.retain(|file| may_hold(file.day));
    if order == Order::NewestFirst {
        files.reverse();
    }
    let mut seen = IdTable::default();
    for file in &files {
        if selection.is_settled_before(file) {
            break;
        }
        // The pass goes on to the end of the file whatever the visit says: order within it is free.
        let _: ControlFlow<()> = visit_events(folder, file, &mut seen, |entry| {
            if wanted(entry) {
                selection.offer(entry);
            }
            ControlFlow::Continue(())
        })?;
    }
    Ok(selection.into_events())
}

/// The events behind `after` by position.
///
/// The pass starts at the start of the file of `after`, because lines can depend on earlier ones.
pub(super) fn read_from(
    folder: &EventFolder,
    after: Option<Position>,
    limit: usize,
) -> Result<Vec<StoredEvent>, JsonlError> {
    let mut events = Vec::new();
    if limit == 0 {
        return Ok(events);
    }
    let mut files = folder.list()?;
    files.retain(|file| after.is_none_or(|after| file.day.number() >= day_number(after)));
    let mut seen = IdTable::default();
    for file in &files {
        let visited = visit_events(folder, file, &mut seen, |entry| {
            if after.is_none_or(|after| entry.position > after) {
                events.push(entry.to_stored());
            }
            if events.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        if visited.is_break() {
            break;
        }
    }
    Ok(events)
}

/// The first event of that id, by a pass over the files up to it.
pub(super) fn scan_for_id(folder: &EventFolder, id: &EventId) -> Result<Option<StoredEvent>, JsonlError> {
    let mut found = None;
    let mut seen = IdTable::default();
    for file in &folder.list()? {
        let visited = visit_events(folder, file, &mut seen, |entry| {
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
    order: Order,
    limit: usize,
    kept: BTreeMap<(DateTime<Utc>, Position), DomainEvent>,
}

impl Selection {
    fn offer(&mut self, entry: &Entry<'_>) {
        let key = (entry.record.occurred_at, entry.position);
        if self.kept.len() >= self.limit {
            let is_better = match (self.order, self.worst()) {
                (Order::NewestFirst, Some(worst)) => key > worst,
                (Order::Chronological, Some(worst)) => key < worst,
                (_, None) => false,
            };
            if !is_better {
                return;
            }
            match self.order {
                Order::NewestFirst => self.kept.pop_first(),
                Order::Chronological => self.kept.pop_last(),
            };
        }
        self.kept.insert(key, entry.to_stored().event);
    }

    fn worst(&self) -> Option<(DateTime<Utc>, Position)> {
        let worst = match self.order {
            Order::NewestFirst => self.kept.first_key_value(),
            Order::Chronological => self.kept.last_key_value(),
        };
        worst.map(|(key, _)| *key)
    }

    /// Whether neither this file nor one that comes after it in the order of the query can hold
    /// an event that belongs to the answer.
    fn is_settled_before(&self, file: &DayFile) -> bool {
        self.kept.len() >= self.limit
            && self.worst().is_some_and(|(time, _)| match self.order {
                Order::NewestFirst => file.day.is_before(time),
                Order::Chronological => file.day.is_behind(time),
            })
    }

    fn into_events(self) -> Vec<StoredEvent> {
        let mut events: Vec<StoredEvent> =
            self.kept.into_iter().map(|((_, position), event)| StoredEvent { position, event }).collect();
        if self.order == Order::NewestFirst {
            events.reverse();
        }
        events
    }
}
