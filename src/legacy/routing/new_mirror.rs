//! The mirror to the new side: brings what the legacy side takes, as primary, into the event store.

use std::sync::Arc;

use super::known_changes::KnownChanges;
use super::log_progress::LEGACY_MIRROR;
use super::mirror::{MirrorWorker, Round};
use super::mirror_error::MirrorError;
use super::mirror_state::MirrorState;
use super::mirror_store::MirrorStore;
use super::outbox_lines::{LineState, states_of};
use super::outbox_progress::{BroughtEvents, NEW_MIRROR, OutboxProgress, line_position, outbox_stream};
use super::ports::OutboxLine;
use super::sides::{NewSide, RouterPorts, Sides};
use super::undecided::tell;
use crate::application::dispatch::DispatchError;
use crate::application::mode_log::ModeChange;
use crate::domain::error_chain::error_chain;
use crate::domain::event::DomainEvent;
use crate::domain::repository::RepositoryError;
use crate::domain::value_objects::{EventId, Position, StreamId};

/// The most lines of a page.
const PAGE: usize = 100;

/// From this size on, the outbox gives back the room of what is mirrored. In bytes.
const ROTATED_BYTES: u64 = 1 << 20;

/// The mirror to the new side.
pub(super) struct NewMirror {
    sides: Arc<Sides>,
    state: Arc<MirrorState>,
    store: MirrorStore,
    /// What is known since this process mirrors.
    progress: Option<OutboxProgress>,
    known: KnownChanges,
}

impl MirrorWorker for NewMirror {
    fn round(&mut self) -> Result<Round, MirrorError> {
        let sides = Arc::clone(&self.sides);
        let ports = &sides.ports;
        // A switch is recorded before the mirror is told of it.
        let (_, given) = self.state.take_news();
        self.known.read(&*ports.modes)?;
        let is_on = self.known.mirrors_to_new();
        let head = ports.outbox.head()?;
        if !self.store.claim(&*ports.handlers)? {
            self.progress = None;
            self.state.set_elsewhere(true);
            let left = OutboxProgress::of(&self.store.progress(&*ports.handlers)?)?.left(head);
            return Ok(if left == 0 && !is_on { Round::Finished } else { Round::Waits });
        }
        self.state.set_elsewhere(false);
        self.store.enter(&*ports.handlers, ports.clock.now())?;
        let mut progress = match self.progress.take() {
            Some(progress) => progress,
            None => OutboxProgress::of(&self.store.progress(&*ports.handlers)?)?,
        };
        if progress.line > head {
            self.begin_anew(&mut progress, head)?;
        }
        self.state.set_mirrored(&outbox_stream(), line_position(progress.line), 0);
        let round = if progress.line < head {
            self.state.set_behind(head - progress.line, false);
            if !self.state.begin_page() {
                return Ok(Round::Waits);
            }
            let brought = self.bring_page(&mut progress);
            self.state.end_page();
            brought?;
            Round::Worked
        } else {
            self.state.set_caught_up(given);
            self.rotate(progress.line)?;
            if is_on { Round::CaughtUp } else { Round::Finished }
        };
        self.progress = Some(progress);
        Ok(round)
    }

    fn forget(&mut self) {
        self.store.forget();
        self.state.end_page();
        self.progress = None;
    }

    fn note_trouble(&mut self, reason: Option<&str>) {
        let ports = &self.sides.ports;
        // It is for other processes to read, and the next trouble is noted again.
        if let Err(error) = self.store.put_reason(&*ports.handlers, reason, ports.clock.now()) {
            tracing::debug!("{NEW_MIRROR}: its trouble could not be noted: {}", error_chain(&error));
        }
    }
}

impl NewMirror {
    pub fn boxed(sides: Arc<Sides>, state: Arc<MirrorState>) -> Box<dyn MirrorWorker> {
        Box::new(Self::new(sides, state))
    }

    pub fn new(sides: Arc<Sides>, state: Arc<MirrorState>) -> Self {
        Self {
            sides,
            state,
            store: MirrorStore::new(NEW_MIRROR),
            progress: None,
            known: KnownChanges::default(),
        }
    }

    /// The outbox is not the one that was mirrored: all of its lines are to be.
    fn begin_anew(&mut self, progress: &mut OutboxProgress, head: u64) -> Result<(), MirrorError> {
        let detail = format!(
            "the outbox has {head} lines, and {} were mirrored: it was deleted, moved or restored, and events of lines that are gone may \
             be missing on the new side; compare-logs shows them",
            progress.line
        );
        tell(&self.sides.ports, NEW_MIRROR, None, None, detail)?;
        self.state.set_unmirrored(&outbox_stream());
        progress.line = 0;
        Ok(())
    }

    /// Brings the next lines to the new side, in their order: none passes by one that the new side does not take for now.
    fn bring_page(&mut self, progress: &mut OutboxProgress) -> Result<(), MirrorError> {
        let sides = Arc::clone(&self.sides);
        // The line after a page decides about its last one.
        let lines = sides.ports.outbox.read_after(progress.line, PAGE + 1)?;
        let states = states_of(&**sides.legacy_log()?, &lines, self.known_ends(progress))?;
        let mut stored = self.store_together(&lines, &states)?.into_iter();
        let (mut page, mut failed) = (BroughtPage::default(), None);
        for (line, state) in lines.iter().zip(states).take(PAGE) {
            let position = if state == LineState::Written { stored.next() } else { None };
            if let Err(error) = self.bring(line, state, position, &mut page, &mut progress.brought) {
                failed = Some(error);
                break;
            }
            progress.line = line.number;
            if state == LineState::Written {
                progress.known_end = line.place.end();
            }
            page.lines += 1;
            // Those that wait for a page that was stored as a whole are woken once.
            if stored.len() == 0 {
                let lines = std::mem::take(&mut page.lines);
                self.state.set_mirrored(&outbox_stream(), line_position(line.number), lines);
            }
        }
        if let Some(last) = &page.last {
            self.forget_brought(progress)?;
            let now = sides.ports.clock.now();
            let row = progress.row(last, now)?;
            self.store.put_progress(&*sides.ports.handlers, &[row], page.events, now)?;
        }
        failed.map_or(Ok(()), Err)
    }

    /// Where records of the legacy log have ended.
    fn known_ends(&self, progress: &OutboxProgress) -> Vec<u64> {
        let changes = self.known.changes.iter();
        changes.filter_map(|change| change.legacy_end).chain([progress.known_end]).collect()
    }

    /// Stores what a page has with one commit, where it has more than one event: their positions. Where the new side does not take all of
    /// it, there are none: what it takes is a beginning of it, and each event is brought by itself.
    fn store_together(
        &self,
        lines: &[OutboxLine],
        states: &[LineState],
    ) -> Result<Vec<Position>, MirrorError> {
        let written = lines.iter().zip(states).take(PAGE).filter(|(_, state)| **state == LineState::Written);
        // A line without an event is told when it is its turn.
        let events: Vec<DomainEvent> = written.map_while(|(line, _)| self.event_of(line).ok()).collect();
        let Some(last) = events.last().filter(|_| events.len() > 1) else { return Ok(Vec::new()) };
        let new = self.sides.new_side()?;
        match new.events.save_events(&events) {
            Ok(positions) => {
                // Handlers are told of an event that its dispatcher stores, though it is there already.
                store(new, last.clone())
                    .map_err(|source| MirrorError::NotTaken { event_id: last.event_id().clone(), source })?;
                Ok(positions)
            }
            Err(error) => {
                tracing::debug!("{NEW_MIRROR}: a page is not taken as a whole: {}", error_chain(&error));
                Ok(Vec::new())
            }
        }
    }

    fn event_of(&self, line: &OutboxLine) -> Result<DomainEvent, MirrorError> {
        DomainEvent::from_json(&line.event, &self.sides.ports.zone)
            .map_err(|source| MirrorError::NoEvent { number: line.number, source })
    }

    fn bring(
        &mut self,
        line: &OutboxLine,
        state: LineState,
        position: Option<Position>,
        page: &mut BroughtPage,
        brought: &mut BroughtEvents,
    ) -> Result<(), MirrorError> {
        let event = self.event_of(line)?;
        let event_id = event.event_id().clone();
        let tell = |detail| {
            let offset = Some(line.place.offset);
            tell(&self.sides.ports, NEW_MIRROR, Some(event_id.as_str()), offset, detail)
        };
        match state {
            LineState::NotWritten => {}
            LineState::Undecided => {
                let detail = "whether its record was written to the legacy log is not known, since another program has written the log \
                              anew meanwhile; it is not brought to the new side, and compare-logs shows whether it is missing there";
                tell(detail.to_owned())?;
            }
            LineState::Written => {
                let new = self.sides.new_side()?;
                match position.map_or_else(|| store(new, event), Ok) {
                    Ok(position) => {
                        if let Some(stream) = new.events.stream_of(position)? {
                            brought.add(&stream, position);
                        }
                        page.events += 1;
                    }
                    Err(error) if is_refused(&error) => {
                        let reason = error_chain(&error);
                        self.state.set_refused(&outbox_stream(), line_position(line.number), reason.clone());
                        tell(format!(
                            "the new side refuses it for what it is ({reason}): only the legacy side has it, and compare-logs shows it"
                        ))?;
                    }
                    Err(source) => return Err(MirrorError::NotTaken { event_id, source }),
                }
            }
        }
        page.last = Some(event_id);
        Ok(())
    }

    /// Forgets which events the legacy mirror was to leave out, once it has passed them, or if they are none of its own.
    fn forget_brought(&mut self, progress: &mut OutboxProgress) -> Result<(), MirrorError> {
        let ports = &self.sides.ports;
        self.known.read(&*ports.modes)?;
        let intervals = Arc::clone(&self.known.intervals);
        let mirrored = self.store.progress_of(&*ports.handlers, LEGACY_MIRROR)?;
        let is_passed = |stream: &StreamId, last: Position| {
            mirrored.iter().any(|row| row.stream == *stream && row.position >= last)
        };
        progress.brought.retain(|stream, first, last| {
            let is_mirrored_elsewhere = intervals.contain(stream, first) || intervals.contain(stream, last);
            is_mirrored_elsewhere && !is_passed(stream, last)
        });
        Ok(())
    }

    /// Gives back the room of what is mirrored, under the lock of the legacy log, as all that changes the outbox.
    fn rotate(&self, line: u64) -> Result<(), MirrorError> {
        let ports = &self.sides.ports;
        if ports.outbox.bytes()? >= ROTATED_BYTES {
            let log = self.sides.legacy_log()?.lock()?;
            ports.outbox.rotate(line)?;
            drop(log);
        }
        Ok(())
    }
}

/// Whether lines are left for this mirror, or may come.
pub(super) fn is_left(ports: &RouterPorts, changes: &[ModeChange]) -> Result<bool, MirrorError> {
    if changes.last().is_some_and(|last| last.to.mirrors_to_new()) {
        return Ok(true);
    }
    if !changes.iter().any(|change| change.to.mirrors_to_new()) {
        return Ok(false);
    }
    let progress = MirrorStore::new(NEW_MIRROR).progress(&*ports.handlers)?;
    Ok(OutboxProgress::of(&progress)?.left(ports.outbox.head()?) > 0)
}

/// What a page has brought.
#[derive(Default)]
struct BroughtPage {
    /// Of its last line.
    last: Option<EventId>,
    /// How many events were stored.
    events: u64,
    /// How many lines are done with of which those that wait were not told.
    lines: u64,
}

/// Stores an event, which can be repeated; its handlers run by themselves.
fn store(new: &NewSide, event: DomainEvent) -> Result<Position, DispatchError> {
    new.dispatcher.store(event).map(|stored| stored.saved().position)
}

/// Whether it would be refused whenever it came: what the mode of the new side alone would answer to the one that dispatches it.
fn is_refused(error: &DispatchError) -> bool {
    matches!(
        error,
        DispatchError::Repository(RepositoryError::Conflict { .. } | RepositoryError::NotLive { .. })
    )
}
