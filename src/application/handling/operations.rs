//! What an operator does with handlers.

use std::sync::Arc;
use std::time::Duration;

use super::effect::Effect;
use super::error::HandlingError;
use super::failure::{Failure, FailureState};
use super::failures::{Failures, LogLine};
use super::parts::HandlingParts;
use super::projections::Projections;
use super::registration::{HandlerKind, Registration, RetryPolicy, StartFrom};
use super::run::HandlerRun;
use super::start::{enter, other_version, put_progress_up_to};
use super::status::{HandlerStatus, status};
use super::store::{
    Durability, HandlerRow, HandlerSession, HandlerState, HandlerStore, HandlerTransaction, OpenFailures,
};
use super::worker::{Worker, run_due};
use crate::application::clock::Clock;
use crate::domain::repository::EventRepository;
use crate::domain::value_objects::EventId;

/// How often the right to run an effect is asked for, before the answer is that another process has it.
const CLAIMS: u32 = 10;
const CLAIM_PAUSE: Duration = Duration::from_millis(50);

/// The handlers of a program, for commands: each does its work and returns.
///
/// Other processes may run the same handlers meanwhile.
pub struct HandlerOperations {
    pub(super) parts: Arc<HandlingParts>,
    pub(super) registrations: Vec<Arc<Registration>>,
}

/// What a retry did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retried {
    /// Events that are no longer open.
    pub handled: u64,
    /// What is open now.
    pub open: OpenFailures,
    /// The handler does not run here: its failures are tried as soon as it runs, by the process that runs it.
    pub is_left: bool,
}

impl HandlerOperations {
    /// Operations on these handlers, in order of registration.
    pub fn new(
        events: Arc<dyn EventRepository>,
        store: Arc<dyn HandlerStore>,
        clock: Arc<dyn Clock + Send + Sync>,
        page: usize,
        registrations: Vec<Registration>,
    ) -> Self {
        let parts = Arc::new(HandlingParts::new(events, store, clock, page));
        parts.passed.add_up_to(registrations.len());
        Self { parts, registrations: registrations.into_iter().map(Arc::new).collect() }
    }

    /// Every handler: those of the program in order of registration, then those that only the handler store knows.
    ///
    /// # Errors
    /// A store cannot be read.
    pub fn list(&self) -> Result<Vec<HandlerStatus>, HandlingError> {
        let streams = self.parts.events.streams()?;
        let mut session = self.parts.store.session(Durability::AtCommit)?;
        let mut view = session.snapshot()?;
        let mut names = self.names();
        let stored = view.handlers()?.into_iter().map(|row| row.name);
        names.extend(stored.filter(|name| !self.names().contains(name)));
        let mut list = Vec::with_capacity(names.len());
        for name in &names {
            list.extend(status(
                &self.parts,
                &mut *view,
                &streams,
                name,
                self.find(name).map(|found| &**found),
            )?);
        }
        Ok(list)
    }

    /// The failures of a handler, resolved ones included, by stream and position.
    ///
    /// # Errors
    /// There is no such handler, or the handler store cannot be read.
    pub fn failures(&self, name: &str) -> Result<Vec<Failure>, HandlingError> {
        let mut session = self.parts.store.session(Durability::AtCommit)?;
        let mut view = session.snapshot()?;
        if view.handler(name)?.is_none() {
            // A handler of the program that was never run has no failures.
            return self.registration(name).map(|_| Vec::new());
        }
        Ok(view.failures(name)?)
    }

    /// Tries the failures of a handler now, or that of one event, and then what waits for them.
    ///
    /// # Errors
    /// There is no such handler or open failure, or a store cannot be read or written.
    pub fn retry(&self, name: &str, event: Option<&EventId>) -> Result<Retried, HandlingError> {
        let mut session = self.parts.store.session(Durability::AtCommit)?;
        self.stored(&mut *session, name)?;
        let before = session.snapshot()?.open_failures(name)?;
        self.change(&mut *session, name, |failures, transaction| {
            let open = transaction.failures(name)?.into_iter().filter(|failure| failure.state.is_open());
            let mut chosen =
                open.filter(|failure| event.is_none_or(|event| failure.event_id == *event)).peekable();
            if let (Some(event), None) = (event, chosen.peek()) {
                return Err(no_failure(name, event));
            }
            for failure in chosen.filter(|failure| failure.state != FailureState::Waiting) {
                failures.put_due(transaction, failure)?;
            }
            Ok(None)
        })?;
        self.run_due(&mut *session, name, before)
    }

    /// Leaves an event out, for a reason that is kept, and handles what waits for it.
    ///
    /// # Errors
    /// There is no such handler or open failure, or a store cannot be read or written.
    pub fn skip(&self, name: &str, event: &EventId, reason: &str) -> Result<Retried, HandlingError> {
        let mut session = self.parts.store.session(Durability::AtCommit)?;
        self.stored(&mut *session, name)?;
        let before = session.snapshot()?.open_failures(name)?;
        self.change(&mut *session, name, |failures, transaction| {
            let mut open = transaction.failures(name)?.into_iter().filter(|failure| failure.state.is_open());
            let failure =
                open.find(|failure| failure.event_id == *event).ok_or_else(|| no_failure(name, event))?;
            Ok(failures.resolve(transaction, failure, FailureState::Skipped, format!("skip: {reason}"))?)
        })?;
        self.run_due(&mut *session, name, before)
    }

    /// Lets a handler handle nothing until it is resumed.
    ///
    /// # Errors
    /// There is no such handler, or the handler store cannot be read or written.
    pub fn pause(&self, name: &str) -> Result<(), HandlingError> {
        let mut session = self.parts.store.session(Durability::AtCommit)?;
        self.stored(&mut *session, name)?;
        self.change(&mut *session, name, |_, transaction| {
            if let Some(row) = transaction.handler(name)? {
                let paused = HandlerRow { state: HandlerState::Paused, state_reason: None, ..row };
                transaction.put_handler(&paused)?;
            }
            Ok(None)
        })
    }

    /// Lets a handler go on that was paused or stopped. `from_now`: an effect goes on with the next event that is
    /// stored, and is never given those before; what was open is skipped.
    ///
    /// # Errors
    /// There is no such handler, it is a projection and cannot go on from now, another process runs it, or a store
    /// cannot be read or written.
    pub fn resume(&self, name: &str, from_now: bool) -> Result<(), HandlingError> {
        let mut session = self.parts.store.session(Durability::AtCommit)?;
        let row = self.stored(&mut *session, name)?;
        if from_now && row.kind == HandlerKind::Projection {
            return Err(HandlingError::FromNow { handler: name.to_owned() });
        }
        let _claim = if from_now { self.claim(row.kind, name)? } else { None };
        let registration = self.find(name).filter(|_| row.kind == HandlerKind::Projection);
        self.change(&mut *session, name, |failures, transaction| {
            let Some(row) = transaction.handler(name)? else { return Ok(None) };
            if from_now {
                failures.resolve_all(transaction, FailureState::Skipped, "skip: resumed from now")?;
                transaction.clear_progress(name)?;
                put_progress_up_to(&self.parts, transaction, name, StartFrom::Now, failures.now)?;
            }
            let other = registration.filter(|known| known.version != row.version);
            let (state, state_reason) = match other {
                Some(known) => (HandlerState::ReplayNeeded, Some(other_version(&row, known))),
                None => (HandlerState::Running, None),
            };
            transaction.put_handler(&HandlerRow { state, state_reason, ..row })?;
            Ok(None)
        })
    }

    pub(super) fn registration(&self, name: &str) -> Result<&Arc<Registration>, HandlingError> {
        self.find(name).ok_or_else(|| unknown(name, self.names()))
    }

    /// The right to run a handler; a projection needs none.
    pub(super) fn claim(
        &self,
        kind: HandlerKind,
        name: &str,
    ) -> Result<Option<Box<dyn Send>>, HandlingError> {
        if kind == HandlerKind::Projection {
            return Ok(None);
        }
        for attempt in 0..CLAIMS {
            // A process that runs the handler asks for it as well, and gives it back where it is paused or ahead.
            if attempt > 0 {
                self.parts.clock.wait(CLAIM_PAUSE);
            }
            if let Some(claim) = self.parts.store.claim(name)? {
                return Ok(Some(claim));
            }
        }
        Err(HandlingError::RunElsewhere { handler: name.to_owned() })
    }

    /// Changes what is known of a handler, in a transaction of its own.
    pub(super) fn change(
        &self,
        session: &mut dyn HandlerSession,
        name: &str,
        change: impl FnOnce(&Failures<'_>, &mut dyn HandlerTransaction) -> Result<Option<LogLine>, HandlingError>,
    ) -> Result<(), HandlingError> {
        let retry = self.find(name).map_or_else(RetryPolicy::default, |found| found.retry.clone());
        let failures = Failures { handler: name, retry: &retry, now: self.parts.clock.now() };
        let mut transaction = session.begin()?;
        let line = change(&failures, &mut *transaction)?;
        transaction.commit()?;
        line.iter().for_each(LogLine::write);
        Ok(())
    }

    /// What the handler store knows of a handler. One of the program that was never run is made known to it.
    pub(super) fn stored(
        &self,
        session: &mut dyn HandlerSession,
        name: &str,
    ) -> Result<HandlerRow, HandlingError> {
        if let Some(row) = session.snapshot()?.handler(name)? {
            return Ok(row);
        }
        enter(&self.parts, session, self.registration(name)?)?;
        let row = session.snapshot()?.handler(name)?;
        row.ok_or_else(|| unknown(name, self.names()))
    }

    /// Tries the failures of a handler that are due, where it runs and no other process runs it.
    fn run_due(
        &self,
        session: &mut dyn HandlerSession,
        name: &str,
        before: OpenFailures,
    ) -> Result<Retried, HandlingError> {
        let mut is_left = true;
        if let Some((index, registration)) = self.numbered(name) {
            let run = HandlerRun::new(index, Arc::clone(registration));
            let mut worker: Box<dyn Worker> = match registration.kind {
                HandlerKind::Projection => {
                    let mut projections = Projections::new(Arc::clone(&self.parts))?;
                    projections.add(run);
                    Box::new(projections)
                }
                HandlerKind::Effect => Box::new(Effect::new(Arc::clone(&self.parts), run)?),
            };
            is_left = !run_due(&self.parts, &mut *worker)?;
        }
        let open = session.snapshot()?.open_failures(name)?;
        let total = |open: OpenFailures| open.retrying + open.parked + open.waiting;
        Ok(Retried { handled: total(before).saturating_sub(total(open)), open, is_left })
    }

    fn names(&self) -> Vec<String> {
        self.registrations.iter().map(|registration| registration.handler.name().to_owned()).collect()
    }

    fn find(&self, name: &str) -> Option<&Arc<Registration>> {
        self.numbered(name).map(|(_, registration)| registration)
    }

    fn numbered(&self, name: &str) -> Option<(usize, &Arc<Registration>)> {
        self.registrations.iter().enumerate().find(|(_, registration)| registration.handler.name() == name)
    }
}

fn unknown(name: &str, known: Vec<String>) -> HandlingError {
    HandlingError::UnknownHandler { name: name.to_owned(), known }
}

fn no_failure(name: &str, event: &EventId) -> HandlingError {
    HandlingError::NoFailure { handler: name.to_owned(), event_id: event.to_string() }
}
