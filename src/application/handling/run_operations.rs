//! Operations that handle events: a replay, and a run to the end of what is stored.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::effect::Effect;
use super::error::HandlingError;
use super::failure::FailureState;
use super::operations::HandlerOperations;
use super::projections::Projections;
use super::registration::{HandlerKind, Registration};
use super::replay::{Replayed, replay};
use super::run::HandlerRun;
use super::start::enter;
use super::store::Durability;
use super::worker::{Worker, run_to_end, until_free};

/// A handler that was not run, and why.
#[derive(Debug)]
pub struct NotRun {
    /// Its name.
    pub handler: String,
    /// Why.
    pub error: HandlingError,
}

impl HandlerOperations {
    /// How many events a replay reads.
    ///
    /// # Errors
    /// The event store cannot be read.
    pub fn events_to_replay(&self) -> Result<u64, HandlingError> {
        Ok(self.parts.events.count()?)
    }

    /// Makes the read models of a projection anew, in one transaction. `on_page` is told how many events were read,
    /// and can end the replay; the state of before is kept then.
    ///
    /// # Errors
    /// There is no such handler, it is an effect, or too many events failed; or a store cannot be read or written.
    pub fn replay(
        &self,
        name: &str,
        on_page: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<Replayed, HandlingError> {
        let registration = self.registration(name)?;
        if registration.kind == HandlerKind::Effect {
            let events = self.events_for(registration)?;
            return Err(HandlingError::EffectsAgain { handler: name.to_owned(), events });
        }
        let mut session = self.parts.store.session(Durability::AtCommit)?;
        replay(&self.parts, &mut *session, registration, on_page)
    }

    /// Lets an effect act again on every event: it goes on from the first one when it is run next. `confirmed` is the
    /// number of these events, as [`replay`](Self::replay) has said it.
    ///
    /// # Errors
    /// There is no such handler, the number is another one, another process runs the handler, or a store cannot be
    /// read or written.
    pub fn effects_again(&self, name: &str, confirmed: u64) -> Result<(), HandlingError> {
        let registration = self.registration(name)?;
        let events = self.events_for(registration)?;
        if events != confirmed {
            return Err(HandlingError::EffectsAgain { handler: name.to_owned(), events });
        }
        let mut session = self.parts.store.session(Durability::AtCommit)?;
        self.stored(&mut *session, name)?;
        let _claim = self.claim(registration.kind, name)?;
        self.change(&mut *session, name, |failures, transaction| {
            failures.resolve_all(transaction, FailureState::Resolved, "replay")?;
            transaction.clear_progress(name)?;
            Ok(None)
        })
    }

    /// Runs all handlers until each has handled what is stored, or `go_on` says no. What is to be tried again later
    /// is not waited for. Answers which handlers were not run, and why.
    ///
    /// # Errors
    /// A store cannot be read or written.
    pub fn run_to_end(&self, go_on: &dyn Fn() -> bool) -> Result<Vec<NotRun>, HandlingError> {
        let mut not_run = Vec::new();
        let mut workers: Vec<Box<dyn Worker>> = Vec::new();
        let mut projections = Projections::new(Arc::clone(&self.parts))?;
        let mut session = self.parts.store.session(Durability::AtCommit)?;
        for (index, registration) in self.registrations.iter().enumerate() {
            let mut known = || enter(&self.parts, &mut *session, registration);
            if let Err(error) = until_free(&self.parts, go_on, &mut known) {
                not_run.push(NotRun { handler: registration.handler.name().to_owned(), error });
                continue;
            }
            let run = HandlerRun::new(index, Arc::clone(registration));
            match registration.kind {
                HandlerKind::Projection => projections.add(run),
                HandlerKind::Effect => {
                    let effect = Effect::new(Arc::clone(&self.parts), run)?;
                    workers.push(Box::new(effect));
                }
            }
        }
        workers.insert(0, Box::new(projections));
        let streams = self.parts.events.streams()?;
        for worker in &mut workers {
            run_to_end(&self.parts, &mut **worker, &streams, go_on)?;
        }
        Ok(not_run)
    }

    /// How many events a handler would be given if it began with the first one.
    fn events_for(&self, registration: &Registration) -> Result<u64, HandlingError> {
        let mut events = 0;
        for stream in self.parts.events.streams()? {
            let mut after = None;
            loop {
                let page = self.parts.events.after(&stream.id, after, self.parts.page)?;
                let Some(last) = page.last() else { break };
                after = Some(last.position);
                events += page.iter().filter(|event| registration.concerns(&stream.id, event)).count() as u64;
            }
        }
        Ok(events)
    }
}
