//! Projections at work: they share a thread, a page of events, and the transaction in which it is handled.

use std::ops::ControlFlow;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::anchor::Anchor;
use super::error::HandlingError;
use super::failures::LogLine;
use super::given_event::GivenEvent;
use super::page::FailedAttempt;
use super::page_transaction::{PageOutcome, Try, handle_page, progress, projection_page, running_row};
use super::parts::{HandlingParts, ahead, announce, set_trouble};
use super::passed::{PassedByHandler, RunBy};
use super::replay::replay;
use super::run::{Condition, Cursor, HandlerRun};
use super::store::{Durability, HandlerSession, HandlerStoreError};
use super::worker::Worker;
use crate::domain::counted::counted;
use crate::domain::repository::{StoredEvent, Stream};
use crate::domain::value_objects::{Position, StreamId};

/// The projections of a runner, in order of registration.
pub(super) struct Projections {
    parts: Arc<HandlingParts>,
    session: Box<dyn HandlerSession>,
    runs: Vec<HandlerRun>,
}

/// Runs that have read a stream equally far, and so share a page.
struct Group {
    stream: StreamId,
    read: Option<Anchor>,
    /// Indices in the list of runs.
    members: Vec<usize>,
}

impl Projections {
    pub fn new(parts: Arc<HandlingParts>) -> Result<Self, HandlerStoreError> {
        let session = parts.store.session(Durability::Later)?;
        Ok(Self { parts, session, runs: Vec::new() })
    }

    fn groups(&self, streams: &[Stream]) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        let running = self.runs.iter().enumerate().filter(|(_, run)| run.condition == Condition::Running);
        for (member, run) in running {
            let Some(stream) = run.next_stream(streams) else { continue };
            let read = run.cursor(stream).read;
            match groups.iter_mut().find(|group| group.stream == *stream && group.read == read) {
                Some(group) => group.members.push(member),
                None => groups.push(Group { stream: stream.clone(), read, members: vec![member] }),
            }
        }
        groups
    }

    fn handle_group(&mut self, group: &Group, head: Position) -> Result<(), HandlingError> {
        let Group { stream, read, members } = group;
        let Some(events) = self.parts.events.page_after(stream, read.as_ref(), self.parts.page)? else {
            if let Some(anchor) = read {
                members.iter().for_each(|&member| self.set_ahead(member, stream, anchor));
            }
            return Ok(());
        };
        let Some(last) = events.last().map(Anchor::from) else {
            members.iter().for_each(|&member| self.runs[member].found_nothing(stream, head));
            return Ok(());
        };
        // Progress past events of other types is recorded a page at a time: to pass them again changes nothing.
        let (recorded, passed_by): (Vec<usize>, Vec<usize>) = members.iter().partition(|&&member| {
            let run = &self.runs[member];
            run.cursor(stream).unrecorded + events.len() >= self.parts.page
                || events.iter().any(|event| run.registration.concerns(stream, event))
        });
        let outcomes = self.handle_in_transaction(stream, &events, &recorded)?;
        for member in passed_by {
            let run = &mut self.runs[member];
            run.set_cursor(stream, run.cursor(stream).passed_by(last.clone(), events.len()));
            self.parts.passed.change(run.index, |passed| passed.pass(stream, last.position, &[]));
        }
        self.apply(stream, outcomes);
        Ok(())
    }

    /// Handles a page. Where the first try fails at an event, it is undone and made again with savepoints.
    fn handle_in_transaction(
        &mut self,
        stream: &StreamId,
        events: &[StoredEvent],
        members: &[usize],
    ) -> Result<Vec<(usize, PageOutcome)>, HandlingError> {
        let given: Vec<GivenEvent<'_>> = events.iter().map(GivenEvent::new).collect();
        let mut outcomes = Vec::with_capacity(members.len());
        let mut failed = None;
        while outcomes.is_empty() && !members.is_empty() {
            failed = self.try_page(stream, &given, members, failed, &mut outcomes)?;
        }
        Ok(outcomes)
    }

    /// The transaction begins before progress is read: two processes cannot handle one event twice. Where the first try fails, which
    /// handler failed, and how, is answered instead of outcomes.
    fn try_page(
        &mut self,
        stream: &StreamId,
        events: &[GivenEvent<'_>],
        members: &[usize],
        mut failed: Option<(usize, FailedAttempt)>,
        outcomes: &mut Vec<(usize, PageOutcome)>,
    ) -> Result<Option<(usize, FailedAttempt)>, HandlingError> {
        let is_first = failed.is_none();
        let mut transaction = self.session.begin()?;
        let version = transaction.version()?;
        for &member in members {
            let how = match failed.take_if(|(of, _)| *of == member) {
                _ if is_first => Try::First,
                known => Try::Again(known.map(|(_, attempt)| attempt)),
            };
            let run = &self.runs[member];
            match handle_page(&self.parts, &mut *transaction, version, run, stream, events, how)? {
                Ok(outcome) => outcomes.push((member, outcome)),
                Err(attempt) => {
                    outcomes.clear();
                    return Ok(Some((member, attempt)));
                }
            }
        }
        transaction.commit()?;
        Ok(None)
    }

    /// Takes note of what was committed, all at once for those that wait.
    fn apply(&mut self, stream: &StreamId, outcomes: Vec<(usize, PageOutcome)>) {
        let mut changes = Vec::with_capacity(outcomes.len());
        for (member, outcome) in outcomes {
            let run = &mut self.runs[member];
            let (mut elsewhere, mut passed, mut run_by) = (None, None, RunBy::ThisProcess);
            match outcome {
                PageOutcome::NotRunning => {
                    run.condition = Condition::NotRunning;
                    run_by = RunBy::None;
                }
                PageOutcome::SetBack(progress) => {
                    run.set_cursor(stream, progress.map_or_else(Cursor::default, Cursor::at));
                }
                PageOutcome::HandledElsewhere(progress) => {
                    elsewhere = Some(progress.position);
                    run.set_cursor(stream, Cursor::at(progress));
                }
                PageOutcome::Handled { elsewhere: found, result, next_retry, left } => {
                    run.left = left;
                    elsewhere = found;
                    result.lines.iter().for_each(LogLine::write);
                    if let Some(anchor) = result.passed {
                        passed = Some((anchor.position, result.failed));
                        run.set_cursor(stream, Cursor::recorded_at(anchor));
                    }
                    run.next_retry = next_retry.or(run.next_retry);
                    if result.stops {
                        run.condition = Condition::NotRunning;
                        run_by = RunBy::None;
                    }
                }
            }
            changes.push((run.index, elsewhere, passed, run_by));
        }
        self.parts.passed.change_each(changes.into_iter().map(|(index, elsewhere, passed, run_by)| {
            (index, move |handler: &mut PassedByHandler| {
                elsewhere.into_iter().for_each(|position| handler.find(stream, position));
                passed.into_iter().for_each(|(position, failed)| handler.pass(stream, position, &failed));
                handler.run_by = run_by;
            })
        }));
    }

    fn set_ahead(&mut self, member: usize, stream: &StreamId, anchor: &Anchor) {
        let run = &mut self.runs[member];
        run.condition = Condition::Ahead;
        let trouble = ahead(&run.registration, stream, anchor).to_string();
        set_trouble(&self.parts, run, trouble);
    }

    /// Tries the failures of a handler whose time has come.
    fn retry(&mut self, member: usize) -> Result<(), HandlingError> {
        let run = &mut self.runs[member];
        let mut transaction = self.session.begin()?;
        if running_row(&mut *transaction, run)?.is_none() {
            run.condition = Condition::NotRunning;
            return Ok(());
        }
        let page = projection_page(&self.parts, run);
        let result = page.retry(&mut *transaction, &self.parts.events, self.parts.page)?;
        transaction.add_figures(run.name(), page.now.date_naive(), &result.figures)?;
        let next = transaction.next_retry(run.name())?;
        transaction.commit()?;
        run.next_retry = next.and_then(|failure| failure.next_attempt_at);
        result.lines.iter().for_each(LogLine::write);
        Ok(())
    }

    /// Records progress that has passed events of other types.
    fn record_passed_by(&mut self) -> Result<(), HandlerStoreError> {
        let is_unrecorded =
            |run: &HandlerRun| run.condition == Condition::Running && !run.unrecorded().is_empty();
        if !self.runs.iter().any(is_unrecorded) {
            return Ok(());
        }
        let now = self.parts.clock.now();
        let mut transaction = self.session.begin()?;
        let mut recorded = Vec::new();
        for run in self.runs.iter().filter(|run| is_unrecorded(run)) {
            for (stream, anchor) in run.unrecorded() {
                let found = transaction.progress_in(run.name(), &stream)?;
                // Where another process has moved it, the next page finds out.
                let is_as_left = found.as_ref().map(|found| found.position) == run.cursor(&stream).recorded;
                if is_as_left && running_row(&mut *transaction, run)?.is_some() {
                    let detail = found.and_then(|found| found.detail);
                    transaction.put_progress(run.name(), &progress(&stream, &anchor, now, detail))?;
                    recorded.push((run.index, stream, anchor));
                }
            }
        }
        transaction.commit()?;
        for (index, stream, anchor) in recorded {
            if let Some(run) = self.runs.iter_mut().find(|run| run.index == index) {
                run.set_cursor(&stream, Cursor::recorded_at(anchor));
                run.left = None;
            }
        }
        Ok(())
    }

    /// Makes the read models of a handler anew that are of another version.
    fn replay(&mut self, member: usize, streams: &[Stream]) -> Result<(), HandlingError> {
        let run = &mut self.runs[member];
        tracing::info!("{}: its read models are made anew", run.name());
        let parts = &self.parts;
        let go_on =
            &mut |_| if parts.is_stopping() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        match replay(parts, &mut *self.session, &run.registration, go_on) {
            Ok(replayed) => {
                tracing::info!(
                    "{}: its read models were made anew from {}",
                    run.name(),
                    counted(replayed.events, "event", "events")
                );
                run.refresh(&mut *self.session.snapshot()?)?;
                Ok(announce(&self.parts, run, Condition::ReplayNeeded, streams)?)
            }
            Err(error @ HandlingError::ReplayFailed { .. }) => {
                run.is_replay_given_up = true;
                set_trouble(&self.parts, run, error.to_string());
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}

impl Worker for Projections {
    fn add(&mut self, run: HandlerRun) {
        match self.runs.iter_mut().find(|known| known.index == run.index) {
            Some(known) => known.registration = run.registration,
            None => self.runs.push(run),
        }
    }

    fn look(&mut self, streams: &[Stream]) -> Result<(), HandlingError> {
        let mut view = self.session.snapshot()?;
        for run in &mut self.runs {
            let before = run.condition;
            run.refresh(&mut *view)?;
            announce(&self.parts, run, before, streams)?;
        }
        drop(view);
        self.record_passed_by()?;
        for member in 0..self.runs.len() {
            let run = &self.runs[member];
            if run.condition == Condition::ReplayNeeded && !run.is_replay_given_up {
                self.replay(member, streams)?;
            }
        }
        Ok(())
    }

    fn round(&mut self, streams: &[Stream]) -> Result<bool, HandlingError> {
        let now = self.parts.clock.now();
        let mut has_worked = false;
        for member in 0..self.runs.len() {
            if self.runs[member].is_retry_due(now) {
                self.retry(member)?;
                has_worked = true;
            }
        }
        for group in self.groups(streams) {
            let head = streams.iter().find(|stream| stream.id == group.stream).map(|stream| stream.head);
            self.handle_group(&group, head.unwrap_or(Position::new(0)))?;
            has_worked = true;
        }
        Ok(has_worked)
    }

    fn next_retry(&self) -> Option<DateTime<Utc>> {
        let running = self.runs.iter().filter(|run| run.condition == Condition::Running);
        running.filter_map(|run| run.next_retry).min()
    }

    fn end(&mut self) -> Result<(), HandlingError> {
        Ok(self.record_passed_by()?)
    }

    fn runs(&self) -> bool {
        self.runs.iter().any(|run| run.condition == Condition::Running)
    }

    fn indices(&self) -> Vec<usize> {
        self.runs.iter().map(|run| run.index).collect()
    }
}
