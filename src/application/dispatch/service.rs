//! The dispatcher.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::dispatched::{DispatchError, Dispatched};
use super::pending::{AfterSubmission, PendingDispatch, StoredDispatch};
use super::ports::StoreTurn;
use super::queue::{IDLE_AFTER, Queue, Submitted};
use super::report::Report;
use super::writer::Writer;
use crate::application::clock::Clock;
use crate::application::handling::{
    EventHandler, EventTypes, HandlerKind, HandlingError, Registration, RetryPolicy, Runner, StartFrom,
};
use crate::domain::event::DomainEvent;
use crate::domain::repository::{EventRepository, EventRepositoryExt, RepositoryError, StoredEvent};

/// The key of [`EventDispatcherService::handlers`] for handlers of every type.
const EVERY_TYPE: &str = "all";

/// How long a dispatcher that is dropped waits for its threads: another process may have the turn and never end it.
const PATIENCE_AT_DROP: Duration = Duration::from_secs(15);

/// What a dispatcher needs beside the events and their handlers.
pub struct DispatchPorts {
    /// The turns of the processes that write to the store; `Box::new(())` where this is the only one.
    pub turn: Box<dyn StoreTurn>,
    /// The clock, which also decides how long is waited.
    pub clock: Arc<dyn Clock + Send + Sync>,
}

/// How long a dispatcher waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DispatchSettings {
    /// How long an event may wait to be stored, before it is withdrawn and the answer is [`DispatchError::Busy`].
    pub limit: Duration,
    /// How long a dispatch waits for handlers after its event was stored.
    pub wait_for_handlers: Duration,
    /// How long no event comes before the store does what it does in idle time.
    pub idle_after: Duration,
}

impl Default for DispatchSettings {
    /// 15 seconds, 1 second, 100 milliseconds.
    fn default() -> Self {
        Self {
            limit: Duration::from_secs(15),
            wait_for_handlers: Duration::from_secs(1),
            idle_after: IDLE_AFTER,
        }
    }
}

/// A way into the queue: `None` where it stays full for so long.
type Submit = fn(&Queue, DomainEvent, Duration) -> Result<Option<Submitted>, DispatchError>;

/// Stores events and has them handled.
///
/// Any number of threads dispatch at a time: what comes while events are being stored is stored next, with one sync, by
/// a thread of the dispatcher, which the first event starts. The events of one thread are stored in the order in which it dispatches
/// them. Dropped, it stores what has been submitted and ends its threads, as [`shut_down`](Self::shut_down) does, within 15
/// seconds.
pub struct EventDispatcherService {
    events: Arc<dyn EventRepository>,
    queue: Queue,
    after: Arc<AfterSubmission>,
}

impl EventDispatcherService {
    /// A dispatcher that stores events in `events`, and whose handlers `runner` runs, which reads the same store.
    pub fn new(
        events: Arc<dyn EventRepository>,
        runner: Arc<Runner>,
        ports: DispatchPorts,
        settings: DispatchSettings,
    ) -> Self {
        let DispatchPorts { turn, clock } = ports;
        let (wakes, holds) = (Arc::clone(&runner), Arc::clone(&runner));
        let writer = Writer {
            events: Arc::clone(&events),
            turn: Mutex::new(turn),
            clock: Arc::clone(&clock),
            when_saved: Box::new(move |events| wakes.saved_events(events)),
            hold_until_passed: Box::new(move |event_type, position, held| {
                holds.hold_until_passed(event_type, position, held);
            }),
        };
        let DispatchSettings { limit, wait_for_handlers, idle_after } = settings;
        let after = AfterSubmission { runner, clock, limit, wait_for_handlers, report: Report::default() };
        Self { events, queue: Queue::new(writer, idle_after), after: Arc::new(after) }
    }

    /// Stores an event, and waits for its handlers: for as long as the settings say, after which they go on by
    /// themselves. An event that the store has already is not stored again, and what its handlers made of it is
    /// answered.
    ///
    /// # Errors
    /// [`DispatchError`]: the event is not stored, but where the error says that this is not known.
    pub fn dispatch(&self, event: DomainEvent) -> Result<Dispatched, DispatchError> {
        self.submit(event, Queue::store)?.handled()
    }

    /// Stores an event as [`dispatch`](Self::dispatch) does; its handlers are waited for when the answer is asked for it.
    ///
    /// # Errors
    /// As there.
    pub fn store(&self, event: DomainEvent) -> Result<StoredDispatch, DispatchError> {
        self.submit(event, Queue::store)?.stored()
    }

    /// Submits an event, and answers as soon as it is in the queue, which takes 1,024: where that is full, it
    /// waits.
    ///
    /// # Errors
    /// [`DispatchError::Busy`] where the queue stays full, [`DispatchError::ShuttingDown`]; what becomes of the event
    /// later, the answer tells.
    pub fn dispatch_async(&self, event: DomainEvent) -> Result<PendingDispatch, DispatchError> {
        self.submit(event, Queue::submit)
    }

    fn submit(&self, event: DomainEvent, submit: Submit) -> Result<PendingDispatch, DispatchError> {
        let after = &self.after;
        after.report.executing(event.event_id());
        let submitted_at = after.clock.elapsed();
        let submitted = submit(&self.queue, event, after.limit).and_then(|submitted| {
            let waited = after.clock.elapsed().saturating_sub(submitted_at);
            submitted.ok_or(DispatchError::Busy { waited })
        });
        match submitted {
            Ok(submitted) => Ok(PendingDispatch { after: Arc::clone(after), submitted, submitted_at }),
            Err(error) => {
                after.report.failed();
                Err(error)
            }
        }
    }

    /// Gives a handler the events of a type that are stored from now on, after the handlers that are registered
    /// already: as an effect, with the default retries. One handler can be registered for several types, one after the
    /// other. [`register`](Self::register) is for all else.
    ///
    /// # Errors
    /// As there.
    pub fn register_handler(
        &self,
        event_type: &str,
        handler: Arc<dyn EventHandler>,
    ) -> Result<(), HandlingError> {
        self.register(Registration {
            handler,
            event_types: EventTypes::Named(BTreeSet::from([event_type.to_owned()])),
            kind: HandlerKind::Effect,
            start: StartFrom::Now,
            retry: RetryPolicy::default(),
            version: 1,
            intervals: Vec::new(),
        })
    }

    /// Adds a handler after those that are registered already.
    ///
    /// # Errors
    /// As [`Runner::register`].
    pub fn register(&self, registration: Registration) -> Result<(), HandlingError> {
        self.after.runner.register(registration)
    }

    /// The names of the handlers of each type for which there is one, in the order in which they are run. Those of every
    /// type stand among those of each, and under `all`.
    pub fn handlers(&self) -> BTreeMap<String, Vec<String>> {
        let registrations = self.after.runner.registrations();
        let types = registrations.iter().flat_map(|registration| match &registration.event_types {
            EventTypes::All => vec![EVERY_TYPE],
            EventTypes::Named(names) => names.iter().map(String::as_str).collect(),
        });
        let names_of = |event_type: &str| {
            let concerned = |registration: &&Registration| registration.event_types.contain(event_type);
            let names =
                registrations.iter().filter(concerned).map(|registration| registration.handler.name());
            names.map(str::to_owned).collect()
        };
        types.map(|event_type| (event_type.to_owned(), names_of(event_type))).collect()
    }

    /// The newest events of the store, newest first, whichever session has dispatched them. The usual limit is
    /// [`DEFAULT_LIMIT`](crate::domain::repository::DEFAULT_LIMIT), 100.
    ///
    /// # Errors
    /// What the store says.
    pub fn get_event_history(&self, limit: usize) -> Result<Vec<StoredEvent>, RepositoryError> {
        self.events.get_recent_events(limit)
    }

    /// Waits for at most `patience` until every event that was submitted before is stored, or was refused, also one of which
    /// nothing awaits the answer. Answers whether that is so.
    pub fn flush(&self, patience: Duration) -> bool {
        self.queue.flush(patience)
    }

    /// Lets no more events in, stores those that were submitted, has the handlers finish what they are at, and ends all
    /// threads, within `patience`. Answers whether all of that was done; if not, events that are stored are handled at
    /// the next start, and those that are not are stored should the process live for so long.
    pub fn shut_down(&self, patience: Duration) -> bool {
        let began = self.after.clock.elapsed();
        let is_stored = self.queue.close(patience);
        let left = (began + patience).saturating_sub(self.after.clock.elapsed());
        self.after.runner.shut_down(left) && is_stored
    }
}

impl Drop for EventDispatcherService {
    fn drop(&mut self) {
        self.shut_down(PATIENCE_AT_DROP);
    }
}
