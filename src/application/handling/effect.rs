//! An effect at work: one event at a time, and its progress after each.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::anchor::Anchor;
use super::attempt::{AttemptError, attempt};
use super::error::HandlingError;
use super::failure::{Failure, FailureState};
use super::failures::{Failures, LogLine};
use super::given_event::GivenEvent;
use super::handler::HandlerContext;
use super::page::PageResult;
use super::page_transaction::{progress, running_row, stop};
use super::parts::{HandlingParts, ahead, announce, set_trouble};
use super::passed::RunBy;
use super::retry::OPEN_FAILURES;
use super::run::{Condition, Cursor, HandlerRun};
use super::store::{
    Durability, HandlerSession, HandlerStoreError, HandlerTransaction, HandlingFigures, StreamProgress,
};
use super::worker::Worker;
use crate::domain::repository::{StoredEvent, Stream};
use crate::domain::value_objects::{Position, StreamId};

/// An effect of a runner.
pub(super) struct Effect {
    parts: Arc<HandlingParts>,
    session: Box<dyn HandlerSession>,
    run: HandlerRun,
    /// The right to run it, which other processes do not have meanwhile.
    claim: Option<Box<dyn Send>>,
    /// What was done and is not recorded yet: it is not done again before it is.
    unrecorded: Option<Tried>,
    /// Whether an event may have to wait for an earlier one.
    is_any_open: bool,
}

/// An event that was given to the handler, or that waits.
struct Tried {
    stream: StreamId,
    event: StoredEvent,
    /// Its open failure, where it has one.
    previous: Option<Failure>,
    step: Step,
    detail: Option<String>,
    figures: HandlingFigures,
}

enum Step {
    Handled,
    Failed(AttemptError),
    /// An earlier event of its aggregate is open.
    Waits,
}

impl Effect {
    pub fn new(parts: Arc<HandlingParts>, run: HandlerRun) -> Result<Self, HandlerStoreError> {
        let session = parts.store.session(Durability::AtCommit)?;
        Ok(Self { parts, session, run, claim: None, unrecorded: None, is_any_open: true })
    }

    /// Gives an event to the handler, and records what became of it.
    fn handle(
        &mut self,
        stream: &StreamId,
        event: StoredEvent,
        previous: Option<Failure>,
    ) -> Result<(), HandlingError> {
        let mut view = self.session.snapshot()?;
        let waits = previous.is_none() && self.is_any_open && {
            let (aggregate, position) = (event.event.aggregate_id(), event.position);
            failures(&self.run, self.parts.clock.now()).has_earlier(&mut *view, aggregate, position)?
        };
        let found = view.progress_in(self.run.name(), stream)?;
        drop(view);
        let (mut detail, mut figures) = (found.and_then(|found| found.detail), HandlingFigures::default());
        let step = if waits {
            Step::Waits
        } else {
            let started = self.parts.clock.elapsed();
            let given = GivenEvent::new(&event);
            let mut context = HandlerContext {
                now: self.parts.clock.now(),
                is_replay: false,
                attempt: previous.as_ref().map_or(0, |failure| failure.attempts) + 1,
                event: &given,
                detail: detail.clone(),
                read_models: None,
            };
            let tried = attempt(&*self.run.registration.handler, &mut context);
            figures.add_attempt(tried.is_ok(), self.parts.clock.elapsed().saturating_sub(started));
            match tried {
                Ok(()) => {
                    detail = context.detail;
                    Step::Handled
                }
                Err(error) => Step::Failed(error),
            }
        };
        self.unrecorded = Some(Tried { stream: stream.clone(), event, previous, step, detail, figures });
        self.record()
    }

    /// Records what was done, in one transaction. Where that fails, it is tried again before anything else.
    fn record(&mut self) -> Result<(), HandlingError> {
        let Some(tried) = &self.unrecorded else { return Ok(()) };
        let now = self.parts.clock.now();
        let mut transaction = self.session.begin()?;
        let result = put(&mut *transaction, &self.run, tried, now)?;
        let next = transaction.next_retry(self.run.name())?;
        let is_running = running_row(&mut *transaction, &self.run)?.is_some();
        transaction.commit()?;
        let Some(Tried { stream, event, previous, .. }) = self.unrecorded.take() else { return Ok(()) };
        result.lines.iter().for_each(LogLine::write);
        self.run.next_retry = next.and_then(|failure| failure.next_attempt_at);
        self.is_any_open |= !result.failed.is_empty();
        if previous.is_none() {
            self.run.set_cursor(&stream, Cursor::recorded_at(Anchor::from(&event)));
        }
        let passed_up_to = previous.is_none().then_some(event.position);
        if !is_running {
            self.run.condition = Condition::NotRunning;
        }
        self.parts.passed.change(self.run.index, |passed| {
            passed_up_to.into_iter().for_each(|position| passed.pass(&stream, position, &result.failed));
            if !is_running {
                passed.run_by = RunBy::None;
            }
        });
        Ok(())
    }

    fn refresh(&mut self) -> Result<(), HandlerStoreError> {
        let mut view = self.session.snapshot()?;
        self.run.refresh(&mut *view)?;
        let open = view.open_failures(self.run.name())?;
        self.is_any_open = open.retrying + open.parked + open.waiting > 0;
        Ok(())
    }

    /// Tries the failure whose time has come, if there is one.
    fn retry(&mut self) -> Result<(), HandlingError> {
        let now = self.parts.clock.now();
        let mut transaction = self.session.begin()?;
        let due = failures(&self.run, now).next_due(&mut *transaction)?;
        self.run.next_retry = transaction.next_retry(self.run.name())?.and_then(|next| next.next_attempt_at);
        transaction.commit()?;
        let Some(due) = due else { return Ok(()) };
        let stream = due.stream.clone();
        match self.parts.events.event_at(&stream, due.position)? {
            Some(event) if *event.event.event_id() == due.event_id => self.handle(&stream, event, Some(due)),
            _ => {
                self.set_ahead(&stream, &Anchor { position: due.position, event_id: due.event_id });
                Ok(())
            }
        }
    }

    fn handle_page(&mut self, stream: &StreamId, head: Position) -> Result<(), HandlingError> {
        let cursor = self.run.cursor(stream);
        let Some(events) = self.parts.events.page_after(stream, cursor.read.as_ref(), self.parts.page)?
        else {
            if let Some(anchor) = &cursor.read {
                self.set_ahead(stream, anchor);
            }
            return Ok(());
        };
        if events.is_empty() {
            self.run.found_nothing(stream, head);
        }
        for event in events {
            if self.parts.is_stopping() || self.run.condition != Condition::Running {
                break;
            }
            if self.run.is_retry_due(self.parts.clock.now()) {
                break;
            }
            if self.run.registration.concerns(stream, &event) {
                self.handle(stream, event, None)?;
            } else {
                self.pass_by(stream, &event)?;
            }
        }
        Ok(())
    }

    fn pass_by(&mut self, stream: &StreamId, event: &StoredEvent) -> Result<(), HandlingError> {
        let cursor = self.run.cursor(stream).passed_by(Anchor::from(event), 1);
        let is_page = cursor.unrecorded >= self.parts.page;
        self.run.set_cursor(stream, cursor);
        self.parts.passed.change(self.run.index, |passed| passed.pass(stream, event.position, &[]));
        if is_page { Ok(self.record_passed_by()?) } else { Ok(()) }
    }

    fn record_passed_by(&mut self) -> Result<(), HandlerStoreError> {
        let unrecorded = self.run.unrecorded();
        if unrecorded.is_empty() || self.claim.is_none() {
            return Ok(());
        }
        let now = self.parts.clock.now();
        let mut transaction = self.session.begin()?;
        for (stream, anchor) in &unrecorded {
            let detail = transaction.progress_in(self.run.name(), stream)?.and_then(|found| found.detail);
            transaction.put_progress(self.run.name(), &progress(stream, anchor, now, detail))?;
        }
        transaction.commit()?;
        for (stream, anchor) in unrecorded {
            self.run.set_cursor(&stream, Cursor::recorded_at(anchor));
        }
        Ok(())
    }

    fn set_ahead(&mut self, stream: &StreamId, anchor: &Anchor) {
        self.run.condition = Condition::Ahead;
        let trouble = ahead(&self.run.registration, stream, anchor).to_string();
        set_trouble(&self.parts, &mut self.run, trouble);
        self.claim = None;
    }
}

fn failures(run: &HandlerRun, now: DateTime<Utc>) -> Failures<'_> {
    Failures { handler: run.name(), retry: &run.registration.retry, now }
}

fn put(
    transaction: &mut dyn HandlerTransaction,
    run: &HandlerRun,
    tried: &Tried,
    now: DateTime<Utc>,
) -> Result<PageResult, HandlerStoreError> {
    let Tried { stream, event, previous, step, detail, figures } = tried;
    let (failures, mut result) = (failures(run, now), PageResult::default());
    match (step, previous.clone()) {
        (Step::Handled, None) => {}
        (Step::Handled, Some(failure)) => {
            result.lines.extend(failures.resolve(
                transaction,
                failure,
                FailureState::Resolved,
                "retry".to_owned(),
            )?);
        }
        (Step::Failed(error), previous) => {
            result.lines.extend(failures.put_failed(transaction, stream, event, previous, error)?);
            result.failed.push(event.position);
            result.first_error = Some(error.error.clone());
        }
        (Step::Waits, _) => {
            failures.put_waiting(transaction, stream, event)?;
            result.failed.push(event.position);
        }
    }
    if previous.is_none() {
        transaction.put_progress(run.name(), &progress(stream, &Anchor::from(event), now, detail.clone()))?;
        let open = transaction.open_failures(run.name())?;
        if !result.failed.is_empty()
            && open.retrying + open.parked > OPEN_FAILURES
            && let Some(row) = running_row(transaction, run)?
        {
            stop(transaction, row, &mut result)?;
        }
    } else if let Some(found) = transaction.progress_in(run.name(), stream)? {
        transaction.put_progress(run.name(), &StreamProgress { detail: detail.clone(), ..found })?;
    }
    if *figures != HandlingFigures::default() {
        transaction.add_figures(run.name(), now.date_naive(), figures)?;
    }
    Ok(result)
}

impl Worker for Effect {
    fn add(&mut self, run: HandlerRun) {
        self.run.registration = run.registration;
    }

    fn look(&mut self, streams: &[Stream]) -> Result<(), HandlingError> {
        self.record()?;
        // What is not held may have been handled elsewhere since: its progress is read anew.
        let before = if self.claim.is_some() { self.run.condition } else { Condition::Unknown };
        self.run.condition = before;
        self.refresh()?;
        if self.run.condition == Condition::Running && self.claim.is_none() {
            self.claim = self.parts.store.claim(self.run.name())?;
            if self.claim.is_none() {
                self.parts.passed.change(self.run.index, |passed| passed.run_by = RunBy::AnotherProcess);
                return Ok(());
            }
            self.run.condition = Condition::Unknown;
            self.refresh()?;
        }
        announce(&self.parts, &mut self.run, before, streams)?;
        if self.run.condition == Condition::Running {
            self.record_passed_by()?;
        } else {
            self.claim = None;
        }
        Ok(())
    }

    fn round(&mut self, streams: &[Stream]) -> Result<bool, HandlingError> {
        self.record()?;
        if !self.runs() {
            return Ok(false);
        }
        if self.run.is_retry_due(self.parts.clock.now()) {
            self.retry()?;
            return Ok(true);
        }
        let Some(stream) = self.run.next_stream(streams).cloned() else { return Ok(false) };
        let head = streams.iter().find(|found| found.id == stream).map(|found| found.head);
        self.handle_page(&stream, head.unwrap_or(Position::new(0)))?;
        Ok(true)
    }

    fn next_retry(&self) -> Option<DateTime<Utc>> {
        self.run.next_retry.filter(|_| self.runs())
    }

    fn end(&mut self) -> Result<(), HandlingError> {
        self.record()?;
        self.record_passed_by()?;
        self.claim = None;
        Ok(())
    }

    fn runs(&self) -> bool {
        self.claim.is_some() && self.run.condition == Condition::Running
    }

    fn indices(&self) -> Vec<usize> {
        vec![self.run.index]
    }
}
