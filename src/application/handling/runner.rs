//! The runner: reads the store after the progress of each handler, and handles what is there.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::effect::Effect;
use super::error::HandlingError;
use super::failure::{Failure, FailureState};
use super::parts::HandlingParts;
use super::passed::{Known, RunBy};
use super::projections::Projections;
use super::registration::{HandlerKind, Registration};
use super::run::HandlerRun;
use super::start::enter;
use super::store::{Durability, HandlerSession, HandlerStore, HandlerStoreError, HandlerView};
use super::thread::{Wake, WorkerThread};
use super::worker::Worker;
use crate::application::clock::Clock;
use crate::domain::error_chain::error_chain;
use crate::domain::event::DomainEvent;
use crate::domain::repository::{EventRepository, Saved};
use crate::domain::value_objects::{Position, StreamId};

/// What has become of an event with one handler.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It was handled.
    Done,
    /// It was not handled, and is tried again.
    Failed {
        /// The error with its causes.
        error: String,
        /// When it is tried again.
        next_attempt: DateTime<Utc>,
    },
    /// It was not handled, and is tried again on request alone, or was left out for a reason that was given.
    Parked {
        /// The error with its causes, or the reason.
        error: String,
    },
    /// It was not tried: an earlier event of its aggregate is not handled.
    Waiting,
    /// The handler has not come so far.
    Behind {
        /// At least how many events it has yet to handle.
        events: u64,
    },
}

/// How a runner works.
#[derive(Debug, Clone)]
pub struct RunnerSettings {
    /// How many events are handled in one transaction.
    pub page: usize,
    /// How often the store is looked at for events of other processes.
    pub look_again: Duration,
}

impl Default for RunnerSettings {
    fn default() -> Self {
        Self { page: 500, look_again: Duration::from_secs(1) }
    }
}

/// How often the progress of a handler is looked at that another process runs.
const POLL: Duration = Duration::from_millis(5);

/// Runs handlers: projections in one thread, each effect in its own. Without a handler there is no thread.
pub struct Runner {
    parts: Arc<HandlingParts>,
    look_again: Duration,
    /// Held while a handler is registered.
    registering: Mutex<()>,
    registrations: RwLock<Vec<Registered>>,
    threads: Mutex<Threads>,
    /// For what became of events that is not known in memory.
    lookup: Mutex<Option<Box<dyn HandlerSession>>>,
}

/// A handler, and the thread that runs it.
struct Registered {
    registration: Arc<Registration>,
    wake: Arc<Wake>,
}

struct Threads {
    /// One for all projections, and one for each effect.
    wakes: Vec<(HandlerKind, Arc<Wake>)>,
    /// Each thread has a clone, so that `ended` is disconnected when all have ended.
    alive: Option<Sender<()>>,
    ended: Receiver<()>,
}

impl Runner {
    /// A runner of no handlers yet.
    pub fn new(
        events: Arc<dyn EventRepository>,
        store: Arc<dyn HandlerStore>,
        clock: Arc<dyn Clock + Send + Sync>,
        settings: RunnerSettings,
    ) -> Self {
        let (alive, ended) = channel();
        let threads = Threads { wakes: Vec::new(), alive: Some(alive), ended };
        Self {
            parts: Arc::new(HandlingParts::new(events, store, clock, settings.page)),
            look_again: settings.look_again,
            registering: Mutex::default(),
            registrations: RwLock::default(),
            threads: Mutex::new(threads),
            lookup: Mutex::default(),
        }
    }

    /// Adds a handler, after those that are there. It begins with the first event that is saved, or when no further
    /// one was registered for [`RunnerSettings::look_again`].
    ///
    /// A handler that is registered already can be registered for further types; all else stays as it was then. Once
    /// it has begun, it is given events of these types from then on.
    ///
    /// # Errors
    /// A store cannot be read or written, the name is another handler's, or the handler is ahead of the event store.
    pub fn register(&self, registration: Registration) -> Result<(), HandlingError> {
        let _registering = locked(&self.registering);
        let name = registration.handler.name();
        let known = self.registered().iter().position(|known| known.handler.name() == name);
        if let Some(index) = known {
            return self.add_types(index, &registration);
        }
        enter(&self.parts, &mut *self.parts.store.session(Durability::AtCommit)?, &registration)?;
        let (kind, registration) = (registration.kind, Arc::new(registration));
        let run = HandlerRun::new(self.registered().len(), Arc::clone(&registration));
        self.parts.passed.add_up_to(run.index);
        let mut threads = locked(&self.threads);
        let projections = threads.wakes.iter().find(|(kind, _)| *kind == HandlerKind::Projection);
        let wake = match (kind, projections) {
            (HandlerKind::Projection, Some((_, wake))) => {
                wake.add(run);
                Arc::clone(wake)
            }
            (HandlerKind::Projection, None) => {
                let wake = Arc::new(Wake::default());
                wake.add(run);
                let projections = Projections::new(Arc::clone(&self.parts))?;
                self.start(&threads, projections, &wake)?;
                threads.wakes.push((kind, Arc::clone(&wake)));
                wake
            }
            (HandlerKind::Effect, _) => {
                let wake = Arc::new(Wake::default());
                self.start(&threads, Effect::new(Arc::clone(&self.parts), run)?, &wake)?;
                threads.wakes.push((kind, Arc::clone(&wake)));
                wake
            }
        };
        self.registrations
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Registered { registration, wake });
        Ok(())
    }

    fn add_types(&self, index: usize, registration: &Registration) -> Result<(), HandlingError> {
        let mut registered = self.registrations.write().unwrap_or_else(PoisonError::into_inner);
        let Some(Registered { registration: known, wake }) = registered.get_mut(index) else { return Ok(()) };
        if !Arc::ptr_eq(&known.handler, &registration.handler) || known.kind != registration.kind {
            let name = registration.handler.name().to_owned();
            return Err(HandlingError::NameTaken { name, taken_by: "registered" });
        }
        let event_types = known.event_types.with(&registration.event_types);
        *known = Arc::new(Registration { event_types, ..(**known).clone() });
        wake.add(HandlerRun::new(index, Arc::clone(known)));
        Ok(())
    }

    /// The handlers, in order of registration.
    pub fn registrations(&self) -> Vec<Registration> {
        self.registered().iter().map(|registration| (**registration).clone()).collect()
    }

    /// Tells of events that this process has saved, in the order of their saves. Returns at once; what follows on what a
    /// handler has read is not read from the store again.
    pub fn saved_events(&self, events: &[(&DomainEvent, Saved)]) {
        if locked(&self.threads).wakes.is_empty() {
            return;
        }
        self.parts.events.saved(events);
        let positions: Vec<Position> = events.iter().map(|(_, saved)| saved.position).collect();
        self.saved(&positions);
    }

    /// Tells that events were saved at these positions. Returns at once.
    pub fn saved(&self, positions: &[Position]) {
        let threads = locked(&self.threads);
        if threads.wakes.is_empty() {
            return;
        }
        // Once for all that will ask for it; where it fails, they are told.
        for position in positions.iter().min().into_iter().chain(positions.iter().max()) {
            drop(self.parts.events.stream_of(*position));
        }
        threads.wakes.iter().for_each(|(_, wake)| wake.saved(positions));
    }

    /// Drops a value once each handler of that type has come so far, at once where none is waited for. A caller that waits by that,
    /// and asks for the [`outcomes`](Self::outcomes) then, is woken once, and by no event of others.
    pub fn hold_until_passed(&self, event_type: &str, position: Position, value: Box<dyn Send>) {
        let concerned = concerned(&self.registered(), event_type);
        // Where no handler is waited for, the store is not asked.
        if !concerned.is_empty()
            && let Ok(Some(stream)) = self.parts.events.stream_of(position)
        {
            self.parts.passed.hold(concerned, stream, position, value);
        }
    }

    /// What has become of the event of that type at that position with each of its handlers, in order of
    /// registration. Waits until each has come so far, for at most `patience`; not for one that is paused or stopped.
    pub fn outcomes(
        &self,
        event_type: &str,
        position: Position,
        patience: Duration,
    ) -> Vec<(String, Outcome)> {
        let deadline = self.parts.clock.elapsed() + patience;
        let registered = self.registered();
        let concerned = concerned(&registered, event_type);
        // Where no handler is waited for, the store is not asked.
        if concerned.is_empty() {
            return Vec::new();
        }
        let name = |index: usize| registered[index].handler.name().to_owned();
        let Ok(Some(stream)) = self.parts.events.stream_of(position) else {
            // The handlers cannot read the event either.
            return concerned.into_iter().map(|index| (name(index), Outcome::Behind { events: 1 })).collect();
        };
        let known = self.parts.passed.wait(&concerned, &stream, position, patience);
        let outcomes = concerned.into_iter().zip(known).map(|(index, known)| {
            let outcome = match known {
                Known::Handled => Outcome::Done,
                Known::InStore => self.stored_outcome(&name(index), &stream, position),
                Known::NotPassed(RunBy::AnotherProcess) => {
                    self.outcome_elsewhere(&name(index), &stream, position, deadline)
                }
                Known::NotPassed(_) => Outcome::Behind { events: 1 },
            };
            (name(index), outcome)
        });
        outcomes.collect()
    }

    /// Why handlers do not go on for now: the name of each, and the error with its causes.
    pub fn troubles(&self) -> Vec<(String, String)> {
        let registered = self.registered();
        let troubles = registered.iter().enumerate().filter_map(|(index, registration)| {
            Some((registration.handler.name().to_owned(), self.parts.passed.trouble(index)?))
        });
        troubles.collect()
    }

    /// Finishes the pages in flight and ends the threads, within `patience`. What is not handled then is behind, not
    /// lost. Answers whether all threads have ended.
    pub fn shut_down(&self, patience: Duration) -> bool {
        self.stop();
        let mut threads = locked(&self.threads);
        threads.alive = None;
        threads.ended.recv_timeout(patience) == Err(RecvTimeoutError::Disconnected)
    }

    fn stop(&self) {
        self.parts.stop();
        locked(&self.threads).wakes.iter().for_each(|(_, wake)| wake.stop());
    }

    fn start<W: Worker + 'static>(
        &self,
        threads: &Threads,
        worker: W,
        wake: &Arc<Wake>,
    ) -> Result<(), HandlingError> {
        let alive = threads.alive.clone();
        let thread = WorkerThread::new(Arc::clone(&self.parts), worker, Arc::clone(wake), self.look_again);
        let run = move || {
            thread.run();
            drop(alive);
        };
        thread::Builder::new().name("handlers".to_owned()).spawn(run).map_err(HandlingError::Thread)?;
        Ok(())
    }

    fn registered(&self) -> Vec<Arc<Registration>> {
        let registered = self.registrations.read().unwrap_or_else(PoisonError::into_inner);
        registered.iter().map(|registered| Arc::clone(&registered.registration)).collect()
    }

    /// What the store says of an event that the handler has passed.
    fn stored_outcome(&self, handler: &str, stream: &StreamId, position: Position) -> Outcome {
        match self.look_up(|view| view.failure(handler, stream, position)) {
            Ok(failure) => Outcome::of(failure),
            Err(error) => {
                tracing::warn!(
                    "what became of position {position} with {handler} is not known: {}",
                    error_chain(&error)
                );
                Outcome::Behind { events: 1 }
            }
        }
    }

    fn outcome_elsewhere(
        &self,
        handler: &str,
        stream: &StreamId,
        position: Position,
        deadline: Duration,
    ) -> Outcome {
        loop {
            let progress = self.look_up(|view| view.progress_in(handler, stream));
            if progress.is_ok_and(|progress| progress.is_some_and(|progress| progress.position >= position)) {
                return self.stored_outcome(handler, stream, position);
            }
            let left = deadline.saturating_sub(self.parts.clock.elapsed());
            if left.is_zero() || self.parts.is_stopping() {
                return Outcome::Behind { events: 1 };
            }
            self.parts.clock.wait(left.min(POLL));
        }
    }

    fn look_up<T>(
        &self,
        ask: impl FnOnce(&mut dyn HandlerView) -> Result<T, HandlerStoreError>,
    ) -> Result<T, HandlerStoreError> {
        let mut lookup = locked(&self.lookup);
        let session = match lookup.take() {
            Some(session) => lookup.insert(session),
            None => lookup.insert(self.parts.store.session(Durability::Later)?),
        };
        ask(&mut *session.snapshot()?)
    }
}

impl Drop for Runner {
    /// The threads end after the page in flight; they are not waited for.
    fn drop(&mut self) {
        self.stop();
    }
}

impl Outcome {
    /// What the failure of an event says, which the handler has passed.
    fn of(failure: Option<Failure>) -> Self {
        let Some(failure) = failure else { return Self::Done };
        let error = failure.error.unwrap_or_default();
        match (failure.state, failure.next_attempt_at) {
            (FailureState::Resolved, _) => Self::Done,
            // Released, and not tried yet.
            (FailureState::Retrying, _) if failure.attempts == 0 => Self::Waiting,
            (FailureState::Retrying, Some(next_attempt)) => Self::Failed { error, next_attempt },
            (FailureState::Skipped, _) => Self::Parked { error: failure.resolved_by.unwrap_or(error) },
            (FailureState::Parked | FailureState::Retrying, _) => Self::Parked { error },
            (FailureState::Waiting, _) => Self::Waiting,
        }
    }
}

/// The numbers of the handlers that are given events of that type.
fn concerned(registered: &[Arc<Registration>], event_type: &str) -> Vec<usize> {
    let is_concerned = |&index: &usize| registered[index].event_types.contain(event_type);
    (0..registered.len()).filter(is_concerned).collect()
}

/// What a lock guards is changed by single steps: a panic leaves nothing half made.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
