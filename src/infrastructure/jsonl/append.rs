//! Saving: everything is checked and has its place before anything is written.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::sync::PoisonError;

use super::JsonlEventRepository;
use super::day_log::{ending, move_torn_tail, open_to_append};
use super::error::JsonlError;
use super::id_index::{FileEnd, IdIndex, Tail};
use super::id_table::Lookup;
use super::layout::{Day, MAX_FILE_LENGTH};
use super::lock::lock_folder;
use crate::application::import::identity::is_saved_already;
use crate::domain::event::DomainEvent;
use crate::domain::repository::{BatchError, RepositoryError};
use crate::domain::value_objects::{EventId, Position};
use crate::durable::append::{AppendFile, append_durably};
use crate::durable::directory::sync_folder;

const ACTION: &str = "append to the JSONL store";

fn during(error: JsonlError) -> RepositoryError {
    error.during(ACTION)
}

/// Where each event of a batch is or goes.
#[derive(Default)]
struct Plan {
    positions: Vec<Position>,
    runs: Vec<Run>,
}

/// New events of one day that follow each other in the batch: one write.
struct Run {
    day: Day,
    /// The file before the write.
    end: FileEnd,
    /// The indexes in the batch.
    events: Vec<usize>,
}

impl JsonlEventRepository {
    pub(super) fn append(&self, events: &[DomainEvent]) -> Result<Vec<Position>, BatchError> {
        for event in events {
            event
                .ensure_live(self.folder.zone())
                .map_err(|reason| RepositoryError::not_live(event, reason))?;
        }
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let _turn = self.appending.lock().unwrap_or_else(PoisonError::into_inner);
        self.folder.create().map_err(during)?;
        let _lock = lock_folder(self.folder.path(), self.lock_patience).map_err(during)?;
        let plan = self.plan(events)?;
        for run in &plan.runs {
            self.write(events, &plan.positions, run).map_err(|error| BatchError {
                // The events before the first of the run are new ones of earlier runs, or repeats.
                saved: run.events.first().copied().unwrap_or_default(),
                error: during(error),
            })?;
        }
        Ok(plan.positions)
    }

    fn plan(&self, events: &[DomainEvent]) -> Result<Plan, RepositoryError> {
        let mut slot = self.index();
        let index = slot.get_or_insert_default();
        index.refresh(&self.folder).map_err(during)?;
        let mut plan = self.place(index, events)?;
        if plan.is_none() {
            *index = IdIndex::default();
            index.refresh(&self.folder).map_err(during)?;
            plan = self.place(index, events)?;
        }
        plan.ok_or_else(|| during(JsonlError::Unstable { path: self.folder.path().to_owned() }))
    }

    /// `None` where the index speaks of lines that are not there any more.
    fn place(&self, index: &mut IdIndex, events: &[DomainEvent]) -> Result<Option<Plan>, RepositoryError> {
        let mut plan = Plan::default();
        let mut ends: BTreeMap<Day, FileEnd> = BTreeMap::new();
        let mut in_batch: HashMap<&EventId, usize> = HashMap::new();
        for (number, event) in events.iter().enumerate() {
            let event_id = event.event_id();
            let earlier = match in_batch.get(event_id) {
                Some(&earlier) => {
                    Some((plan.positions[earlier], is_saved_already(events[earlier].body(), event.body())))
                }
                None => match index.find(&self.folder, event_id).map_err(during)? {
                    Lookup::Stale => return Ok(None),
                    Lookup::Absent => None,
                    Lookup::Found(stored) => {
                        self.ensure_durable(index, stored.position).map_err(during)?;
                        Some((stored.position, is_saved_already(stored.event.body(), event.body())))
                    }
                },
            };
            let position = match earlier {
                Some((position, true)) => position,
                Some((position, false)) => {
                    return Err(RepositoryError::Conflict { event_id: event_id.clone(), position });
                }
                None => {
                    in_batch.insert(event_id, number);
                    let day = Day::new(self.folder.zone().day_of(event.timestamp()));
                    let end = ends.entry(day).or_insert_with(|| index.end_of(day));
                    self.place_new(&mut plan, day, end, number, event).map_err(during)?
                }
            };
            plan.positions.push(position);
        }
        Ok(Some(plan))
    }

    /// Adds a new event to the run of its day, and moves the end of its file.
    fn place_new(
        &self,
        plan: &mut Plan,
        day: Day,
        end: &mut FileEnd,
        number: usize,
        event: &DomainEvent,
    ) -> Result<Position, JsonlError> {
        let offset = end.next_line_offset();
        let length = offset + event.body().len() as u64 + 1;
        let position = day.position(offset).filter(|_| length <= MAX_FILE_LENGTH);
        let position = position.ok_or_else(|| JsonlError::TooLong { path: self.folder.file(day).path })?;
        match plan.runs.last_mut() {
            Some(run) if run.day == day => run.events.push(number),
            _ => plan.runs.push(Run { day, end: *end, events: vec![number] }),
        }
        *end = FileEnd { length, tail: Tail::Ended, tail_offset: length, lines: end.lines + 1 };
        Ok(position)
    }

    fn write(&self, events: &[DomainEvent], positions: &[Position], run: &Run) -> Result<(), JsonlError> {
        let file = self.folder.file(run.day);
        let (mut opened, identity) = open_to_append(&file, run.end.length)?;
        let mut length = run.end.length;
        if run.end.tail == Tail::Torn {
            move_torn_tail(&self.folder, &file, &mut opened, run.end)?;
            length = run.end.tail_offset;
        }
        let mut lines = String::from(ending(run.end.tail));
        for &number in &run.events {
            lines.push_str(events[number].body());
            lines.push('\n');
        }
        // A file that this process has not made durable before may have been created by one that
        // was killed before it could make the name durable.
        let is_name_durable = self.index().as_ref().is_some_and(|index| index.is_durable(run.day, 0));
        append_durably(&mut opened, length, lines.as_bytes(), || {
            if is_name_durable { Ok(()) } else { sync_folder(self.folder.path()) }
        })
        .map_err(|error| JsonlError::not_appended(error, &file.path, length))?;
        length += lines.len() as u64;
        self.folder.mind_length(&file, length);
        if let Some(index) = self.index().as_mut() {
            let ids = run.events.iter().map(|&number| (events[number].event_id(), positions[number]));
            index.appended(run.day, run.end, identity, length, ids);
        }
        Ok(())
    }

    /// An event that another process wrote may not be on disk yet: that process may have been
    /// killed before its fsync. It is made durable before it is acknowledged a second time.
    fn ensure_durable(&self, index: &mut IdIndex, position: Position) -> Result<(), JsonlError> {
        let Some((day, offset)) = Day::of_position(position) else { return Ok(()) };
        if index.is_durable(day, offset) {
            return Ok(());
        }
        let path = self.folder.file(day).path;
        File::open(&path).and_then(|mut file| file.sync()).map_err(JsonlError::io("fsync", &path))?;
        self.folder.sync()?;
        index.set_durable(day);
        Ok(())
    }
}
