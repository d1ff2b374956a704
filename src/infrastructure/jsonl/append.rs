//! Saving: everything is checked and has its place before anything is written.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::PoisonError;

use super::JsonlEventRepository;
use super::day_log::{ending, move_torn_tail, open_to_append};
use super::error::JsonlError;
use super::id_index::{DayEnd, IdIndex, Tail};
use super::id_table::Lookup;
use super::layout::{Day, LONGEST_LINE, MAX_FILE_LENGTH};
use super::lock::lock_folder;
use super::unwritten::{set_lines_aside, unwritten_lines};
use crate::application::import::identity::is_saved_already;
use crate::domain::event::DomainEvent;
use crate::domain::repository::{BatchError, RepositoryError, Saved};
use crate::domain::save_each::fail_lost;
use crate::domain::value_objects::{EventId, Position};
use crate::durable::append::append_durably;
use crate::durable::directory::sync_folder;
use crate::durable::lock::FileLock;

const ACTION: &str = "append to the JSONL store";

fn during(error: JsonlError) -> RepositoryError {
    error.during(ACTION)
}

/// Where each event of a batch is or goes.
#[derive(Default)]
struct Plan {
    answers: Vec<Result<Saved, RepositoryError>>,
    /// In the order of the batch.
    new: Vec<NewLine>,
}

/// A new event, and where its line goes.
#[derive(Clone, Copy)]
struct NewLine {
    /// The index in the batch.
    number: usize,
    day: Day,
    position: Position,
    /// The day before the line.
    end: DayEnd,
}

/// New events of one day that are written together, with one sync.
struct Run {
    first: NewLine,
    further: Vec<NewLine>,
}

impl Run {
    fn lines(&self) -> impl Iterator<Item = NewLine> {
        std::iter::once(self.first).chain(self.further.iter().copied())
    }
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
        let events: Vec<&DomainEvent> = events.iter().collect();
        let _turn = self.appending.lock().unwrap_or_else(PoisonError::into_inner);
        let _lock = self.lock()?;
        let Plan { answers, new } = self.plan(&events)?;
        let saved = answers.into_iter().collect::<Result<Vec<Saved>, RepositoryError>>()?;
        for run in runs_in_order(new) {
            self.write(&events, &run).map_err(|error| BatchError {
                // The events before the first of the run are new ones of earlier runs, or repeats.
                saved: run.first.number,
                error: during(error),
            })?;
        }
        Ok(saved.into_iter().map(|saved| saved.position).collect())
    }

    /// Appends live events, each for itself, with one write and one sync a day.
    pub(super) fn append_each(&self, events: &[&DomainEvent]) -> Vec<Result<Saved, RepositoryError>> {
        let _turn = self.appending.lock().unwrap_or_else(PoisonError::into_inner);
        let planned = self.lock().and_then(|lock| Ok((lock, self.plan(events)?)));
        let (_lock, Plan { mut answers, new }) = match planned {
            Ok(planned) => planned,
            Err(error) => return events.iter().map(|_| Err(error.clone())).collect(),
        };
        for run in runs_by_day(new) {
            if let Err(error) = self.write(events, &run) {
                let NewLine { day, position: first, .. } = run.first;
                let is_lost = |position| {
                    position >= first && Day::of_position(position).is_some_and(|(of, _)| of == day)
                };
                fail_lost(&mut answers, is_lost, &during(error));
            }
        }
        answers
    }

    fn lock(&self) -> Result<FileLock, RepositoryError> {
        let lock = || lock_folder(self.folder.path(), self.lock_patience);
        let locked = match lock() {
            // There is no folder yet.
            Err(JsonlError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                self.folder.create().and_then(|()| lock())
            }
            locked => locked,
        };
        locked.map_err(during)
    }

    fn plan(&self, events: &[&DomainEvent]) -> Result<Plan, RepositoryError> {
        let mut slot = self.index();
        let index = slot.get_or_insert_default();
        index.refresh(&self.folder).map_err(during)?;
        let mut plan = self.place(index, events);
        if plan.is_none() {
            *index = IdIndex::default();
            index.refresh(&self.folder).map_err(during)?;
            plan = self.place(index, events);
        }
        plan.ok_or_else(|| during(JsonlError::Unstable { path: self.folder.path().to_owned() }))
    }

    /// `None` where the index speaks of lines that are not there any more.
    fn place(&self, index: &mut IdIndex, events: &[&DomainEvent]) -> Option<Plan> {
        let mut plan = Plan::default();
        let mut ends: BTreeMap<Day, DayEnd> = BTreeMap::new();
        let mut in_batch: HashMap<&EventId, NewLine> = HashMap::new();
        for (number, event) in events.iter().enumerate() {
            let event_id = event.event_id();
            let earlier = match in_batch.get(event_id) {
                Some(line) => {
                    Ok(Some((line.position, is_saved_already(events[line.number].body(), event.body()))))
                }
                None => match index.find(&self.folder, event_id) {
                    Ok(Lookup::Stale) => return None,
                    Ok(Lookup::Absent) => Ok(None),
                    Ok(Lookup::Found(stored)) => self.ensure_durable(index, stored.position).map(|()| {
                        Some((stored.position, is_saved_already(stored.event.body(), event.body())))
                    }),
                    Err(error) => Err(error),
                },
            };
            let answer = match earlier {
                Ok(Some((position, true))) => Ok(Saved { position, is_new: false }),
                Ok(Some((position, false))) => {
                    Err(RepositoryError::Conflict { event_id: event_id.clone(), position })
                }
                Ok(None) => {
                    let day = Day::new(self.folder.zone().day_of(event.timestamp()));
                    let end = match ends.entry(day) {
                        Entry::Occupied(end) => Ok(end.into_mut()),
                        Entry::Vacant(place) => index.end_of(day).map(|end| place.insert(end)),
                    };
                    end.and_then(|end| self.place_new(day, end, number, event)).map_err(during).map(|line| {
                        in_batch.insert(event_id, line);
                        plan.new.push(line);
                        Saved { position: line.position, is_new: true }
                    })
                }
                Err(error) => Err(during(error)),
            };
            plan.answers.push(answer);
        }
        Some(plan)
    }

    /// Where the line of a new event goes; moves the end of its file.
    fn place_new(
        &self,
        day: Day,
        end: &mut DayEnd,
        number: usize,
        event: &DomainEvent,
    ) -> Result<NewLine, JsonlError> {
        let length = event.body().len();
        if length > LONGEST_LINE {
            return Err(JsonlError::EventTooLong { event_id: event.event_id().clone(), length });
        }
        let offset = end.next_line_offset();
        let length = offset + event.body().len() as u64 + 1;
        let position = day.position(offset).filter(|_| length <= MAX_FILE_LENGTH);
        let position = position.ok_or_else(|| JsonlError::TooLong { path: self.folder.file(day).path })?;
        let line = NewLine { number, day, position, end: *end };
        let lines = end.lines + 1;
        *end = DayEnd { end: length, tail: Tail::Ended, tail_offset: length, lines, ..*end };
        Ok(line)
    }

    fn write(&self, events: &[&DomainEvent], run: &Run) -> Result<(), JsonlError> {
        let NewLine { day, end, .. } = run.first;
        let file = self.folder.file(day);
        let mut length = end.in_file(end.end);
        if length == 0 {
            self.ensure_archived_up_to(day, end)?;
        }
        if self.index().as_ref().is_some_and(|index| index.has_unwritten(day)) {
            set_lines_aside(&self.folder, &file.path, &unwritten_lines(&file.path, length)?)?;
            if let Some(index) = self.index().as_mut() {
                index.note_set_aside(day);
            }
        }
        let kept = self.index().as_mut().and_then(|index| index.take_appended(day));
        let (mut opened, identity) = open_to_append(&file, kept, length)?;
        if end.tail == Tail::Torn {
            move_torn_tail(&self.folder, &file, &mut opened, end)?;
            length = end.in_file(end.tail_offset);
        }
        let mut lines = String::from(ending(end.tail));
        for line in run.lines() {
            lines.push_str(events[line.number].body());
            lines.push('\n');
        }
        // A file that this process has not made durable before may have been created by one that
        // was killed before it could make the name durable.
        let is_name_durable =
            self.index().as_ref().is_some_and(|index| index.is_durable(day, end.file_start));
        append_durably(&mut opened, length, lines.as_bytes(), || {
            if is_name_durable { Ok(()) } else { sync_folder(self.folder.path()) }
        })
        .map_err(|error| JsonlError::not_appended(error, &file.path, length))?;
        length += lines.len() as u64;
        self.folder.mind_length(day, &file.path, length);
        if let Some(index) = self.index().as_mut() {
            let ids = run.lines().map(|line| (events[line.number].event_id(), line.position));
            index.appended(day, end, identity, end.file_start + length, ids);
            index.keep_appended(day, opened, identity);
        }
        Ok(())
    }

    /// A file of the day that was moved into the archive by hand while it was looked for was seen in neither place, and
    /// positions of a new one would begin too early. Before a file is begun, the archive is looked at once more.
    fn ensure_archived_up_to(&self, day: Day, end: DayEnd) -> Result<(), JsonlError> {
        let found = self.folder.open_day(day)?.map_or(0, |opened| opened.live_start);
        if found == end.file_start {
            return Ok(());
        }
        let path = self.folder.file(day).path;
        Err(JsonlError::ChangedUnderLock { path, expected: end.file_start, found })
    }

    /// An event that another process wrote may not be on disk yet: that process may have been
    /// killed before its fsync. It is made durable before it is acknowledged a second time.
    fn ensure_durable(&self, index: &mut IdIndex, position: Position) -> Result<(), JsonlError> {
        let Some((day, offset)) = Day::of_position(position) else { return Ok(()) };
        if index.is_durable(day, offset) {
            return Ok(());
        }
        if let Some(opened) = self.folder.open_day(day)? {
            for archived in &opened.archived {
                archived.file.sync_data().map_err(JsonlError::io("fsync", &archived.path))?;
            }
            if let Some(live) = &opened.live {
                live.file.sync_data().map_err(JsonlError::io("fsync", &opened.live_path))?;
            }
            if !opened.archived.is_empty() {
                let archive = self.folder.archive();
                sync_folder(archive).map_err(JsonlError::io("fsync the folder", archive))?;
            }
        }
        self.folder.sync()?;
        index.set_durable(day);
        Ok(())
    }
}

/// Runs that keep the order of the batch, so that what is stored when one fails is a beginning of it.
fn runs_in_order(new: Vec<NewLine>) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for line in new {
        match runs.last_mut() {
            Some(run) if run.first.day == line.day => run.further.push(line),
            _ => runs.push(Run { first: line, further: Vec::new() }),
        }
    }
    runs
}

/// One run a day, as few as there can be.
fn runs_by_day(new: Vec<NewLine>) -> Vec<Run> {
    let mut runs: BTreeMap<Day, Run> = BTreeMap::new();
    for line in new {
        match runs.entry(line.day) {
            Entry::Occupied(mut run) => run.get_mut().further.push(line),
            Entry::Vacant(place) => {
                place.insert(Run { first: line, further: Vec::new() });
            }
        }
    }
    runs.into_values().collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::wire::zone::Zone;

    fn event(id: &str) -> DomainEvent {
        let text =
            format!(r#"{{"event_id": "{id}", "event_type": "A", "timestamp": "2025-10-25T10:00:00Z"}}"#);
        DomainEvent::from_json(&text, &Zone::utc()).unwrap()
    }

    #[test]
    fn a_day_whose_archive_has_grown_by_hand_since_the_plan_is_not_written_to_at_a_wrong_position() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let store = JsonlEventRepository::open(folder.path(), Zone::utc()).unwrap();
        store.append(&[event("e1")]).unwrap();
        fs::create_dir(path("archive")).unwrap();
        let gzip = fs::File::create(path("archive/events-2025-10-25.jsonl.gz")).unwrap();
        let mut gzip = flate2::write::GzEncoder::new(gzip, flate2::Compression::default());
        io::copy(&mut fs::File::open(path("events-2025-10-25.jsonl")).unwrap(), &mut gzip).unwrap();
        gzip.finish().unwrap();
        fs::remove_file(path("events-2025-10-25.jsonl")).unwrap();

        let (e2, e3) = (event("e2"), event("e3"));
        let planned = store.plan(&[&e3]).unwrap().new;
        // Another process has saved an event, and its file was moved when it was about to be looked at.
        fs::write(path("archive/events-2025-10-25.jsonl"), format!("{}\n", e2.body())).unwrap();
        let refused = store.write(&[&e3], &runs_by_day(planned)[0]);
        assert!(matches!(refused, Err(JsonlError::ChangedUnderLock { .. })), "{refused:?}");
        assert!(!path("events-2025-10-25.jsonl").exists(), "nothing was begun");

        let [position] = store.append(std::slice::from_ref(&e3)).unwrap()[..] else { panic!("one event") };
        let offset = (event("e1").body().len() + e2.body().len() + 2) as u64;
        assert_eq!(Day::of_position(position).unwrap().1, offset);
    }
}
