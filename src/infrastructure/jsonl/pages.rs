//! Pages of a stream: each goes on where an earlier one ended.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::day_files::file_state::DayState;
use super::day_files::open_day::OpenDay;
use super::error::JsonlError;
use super::folder::EventFolder;
use super::id_table::IdTable;
use super::layout::Day;
use super::reader::{Checkpoint, Content, DayReader};
use super::visit::visit_rest;
use crate::domain::repository::StoredEvent;
use crate::domain::value_objects::{Position, StreamId};

/// How much is read ahead for a page.
const PAGE_BUFFER: usize = 64 * 1024;
/// How many passes are kept, each with 24 bytes for each event before it in its file: enough for several readers at
/// a time.
const KEPT_PASSES: usize = 8;

/// The passes over days that a page has ended, the latest last.
#[derive(Default)]
pub(super) struct Pages {
    /// Held while one is put in or taken out.
    ended: Mutex<VecDeque<Pass>>,
}

/// A pass over a day from its start, as far as its last event: what a later line means can depend on all of it.
struct Pass {
    day: Day,
    state: DayState,
    last: StoredEvent,
    checkpoint: Checkpoint,
    seen: IdTable,
}

impl Pages {
    /// The first `limit` events of a day after that position.
    ///
    /// Where an earlier page ended with the event at that position, with the next one, or before, only what follows is
    /// read, else the day from its start on.
    pub(super) fn read(
        &self,
        folder: &EventFolder,
        stream: &StreamId,
        after: Option<Position>,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, JsonlError> {
        let mut page = Vec::new();
        let Some(day) = Day::of_stream(stream).filter(|_| limit > 0) else { return Ok(page) };
        let Some(opened) = folder.open_day(day)? else { return Ok(page) };
        let state = opened.state();
        let earlier = match self.take(day, after) {
            Some(pass) if pass.goes_on(folder, &opened, &state)? => Some(pass),
            _ => None,
        };
        let (mut last, checkpoint, mut seen) = match earlier {
            Some(pass) => (Some(pass.last), pass.checkpoint, pass.seen),
            None => (None, Checkpoint::default(), IdTable::default()),
        };
        let is_after = |position| after.is_none_or(|after| position > after);
        page.extend(last.iter().filter(|last| is_after(last.position)).cloned());
        let mut reader = DayReader::resume(folder, opened, checkpoint, PAGE_BUFFER)?;
        if page.len() < limit {
            let _: ControlFlow<()> = visit_rest(folder, &mut reader, &mut seen, |entry| {
                let stored = last.insert(entry.to_stored());
                if is_after(stored.position) {
                    page.push(stored.clone());
                }
                if page.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            })?;
        }
        // An event whose line is not ended may become another one. What is after the event is not read yet: a line that a writer is at does
        // not have the whole day read again.
        let (checkpoint, _) = reader.into_checkpoint();
        let is_ended = |last: &StoredEvent| {
            Day::of_position(last.position).is_some_and(|(_, offset)| offset < checkpoint.offset)
        };
        if let Some(last) = last.filter(is_ended) {
            self.keep(Pass { day, state, last, checkpoint, seen });
        }
        Ok(page)
    }

    /// Takes the pass out that has come nearest to where a page after this position begins, and not beyond it.
    fn take(&self, day: Day, after: Option<Position>) -> Option<Pass> {
        let next = after?.get().saturating_add(1);
        let mut ended = self.ended();
        let passes = ended.iter().enumerate();
        let before = passes.filter(|(_, pass)| pass.day == day && pass.last.position.get() <= next);
        let (nearest, _) = before.max_by_key(|(_, pass)| pass.last.position)?;
        ended.remove(nearest)
    }

    fn keep(&self, pass: Pass) {
        let mut ended = self.ended();
        if ended.len() == KEPT_PASSES {
            ended.pop_front();
        }
        ended.push_back(pass);
    }

    fn ended(&self) -> MutexGuard<'_, VecDeque<Pass>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass {
    /// Whether the day still begins with what the pass has read. An append that failed is cut off the end, so that
    /// the last event tells; what is archived stays as it is.
    fn goes_on(&self, folder: &EventFolder, day: &OpenDay, state: &DayState) -> Result<bool, JsonlError> {
        let Some((_, offset)) = Day::of_position(self.last.position) else { return Ok(false) };
        if !self.state.has_files_of(state) || day.end() < self.checkpoint.offset {
            return Ok(false);
        }
        if offset < day.live_start {
            return Ok(true);
        }
        let mut reader = DayReader::at(folder, day.clone(), offset)?;
        Ok(match reader.next_line()?.map(|line| line.content) {
            Some(Content::Event(entry)) => entry.record.body == self.last.event.body(),
            _ => false,
        })
    }
}
