//! A store that notes its batches, turns that can be withheld, a clock that is set.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use super::super::*;
use crate::application::clock::Clock;
use crate::application::handling::memory::MemoryHandlerStore;
use crate::application::handling::{Runner, RunnerSettings};
use crate::domain::event::DomainEvent;
use crate::domain::query::EventQuery;
use crate::domain::repository::{
    BatchError, EventRepository, RepositoryError, Saved, StoreSummary, StoredEvent, Stream,
};
use crate::domain::value_objects::{EventId, Position, StreamId};
use crate::infrastructure::system_clock::SystemClock;
use crate::wire::zone::Zone;

pub const LONG: Duration = Duration::from_secs(60);

pub fn event(id: &str) -> DomainEvent {
    event_of(id, 0)
}

/// An event whose text has at least so many bytes.
pub fn event_of(id: &str, bytes: usize) -> DomainEvent {
    let title = "x".repeat(bytes);
    let text = format!(
        r#"{{"event_id": "{id}", "event_type": "TaskCreated", "timestamp": "2025-10-25T10:00:00Z", "title": "{title}"}}"#
    );
    DomainEvent::from_json(&text, &Zone::utc()).unwrap()
}

type DuringSave = Box<dyn Fn(&[DomainEvent]) + Send + Sync>;

/// Stores every event. What has the id `bad` is refused, `old` was there before, and `unanswered` is one to which the store,
/// against its contract, gives no answer.
pub struct Store {
    batches: Mutex<Vec<Vec<String>>>,
    during_save: DuringSave,
}

impl Default for Store {
    fn default() -> Self {
        Self::with(|_| {})
    }
}

impl Store {
    /// A store that does this in each save.
    pub fn with(during_save: impl Fn(&[DomainEvent]) + Send + Sync + 'static) -> Self {
        Self { batches: Mutex::default(), during_save: Box::new(during_save) }
    }

    /// The ids of the events that were stored, by batch.
    pub fn batches(&self) -> Vec<Vec<String>> {
        self.batches.lock().unwrap().clone()
    }

    pub fn ids(&self) -> Vec<String> {
        self.batches().concat()
    }
}

impl EventRepository for Store {
    fn save_each(&self, events: &[DomainEvent]) -> Vec<Result<Saved, RepositoryError>> {
        (self.during_save)(events);
        let mut batches = self.batches.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next: i64 = batches.iter().map(|batch| batch.len() as i64).sum();
        let (mut batch, mut answers) = (Vec::new(), Vec::new());
        for event in events {
            let id = event.event_id().as_str();
            if id == "unanswered" {
                break;
            }
            answers.push(if id == "bad" {
                Err(RepositoryError::Conflict {
                    event_id: event.event_id().clone(),
                    position: Position::new(1),
                })
            } else {
                next += 1;
                batch.push(id.to_owned());
                Ok(Saved { position: Position::new(next), is_new: id != "old" })
            });
        }
        batches.push(batch);
        answers
    }

    fn save_events(&self, _: &[DomainEvent]) -> Result<Vec<Position>, BatchError> {
        Err(not_asked().into())
    }

    fn find_by_id(&self, _: &EventId) -> Result<Option<StoredEvent>, RepositoryError> {
        Err(not_asked())
    }

    fn query(&self, _: &EventQuery, _: usize) -> Result<Vec<StoredEvent>, RepositoryError> {
        Err(not_asked())
    }

    fn streams(&self) -> Result<Vec<Stream>, RepositoryError> {
        Err(not_asked())
    }

    fn read_stream(
        &self,
        _: &StreamId,
        _: Option<Position>,
        _: usize,
    ) -> Result<Vec<StoredEvent>, RepositoryError> {
        Err(not_asked())
    }

    fn summary(&self) -> Result<StoreSummary, RepositoryError> {
        Err(not_asked())
    }
}

fn not_asked() -> RepositoryError {
    RepositoryError::storage("answer", "a dispatcher saves each event and asks nothing")
}

/// What a test holds up in another thread, until this is dropped.
pub struct Hold {
    _go: Sender<()>,
    entered: Receiver<()>,
}

impl Hold {
    /// Waits until something is held up.
    pub fn wait(&self) {
        self.entered.recv().unwrap();
    }
}

/// A place at which threads are held up.
pub fn hold() -> (impl Fn() + Send + Sync + 'static, Hold) {
    let (go, goes) = bounded::<()>(0);
    let (enter, entered) = unbounded();
    let pass = move || {
        // It is not listened to for ever.
        let _ = enter.send(());
        let _ = goes.recv();
    };
    (pass, Hold { _go: go, entered })
}

/// A store that holds up each save.
pub fn held_store() -> (Arc<Store>, Hold) {
    let (pass, hold) = hold();
    (Arc::new(Store::with(move |_| pass())), hold)
}

/// Turns that do this before they are given, which are waited for each time, and which tell of idle time.
pub struct Turns<F> {
    pub before: F,
    pub idles: Sender<()>,
}

impl<F: Fn() + Send> StoreTurn for Turns<F> {
    fn take(&mut self) -> Box<dyn Turn + '_> {
        (self.before)();
        Box::new(())
    }

    fn take_now(&mut self) -> Option<Box<dyn Turn + '_>> {
        None
    }

    fn idle(&mut self) {
        let _ = self.idles.send(());
    }
}

/// Turns that are there at once, and tell of idle time.
pub struct FreeTurns(pub Sender<()>);

impl StoreTurn for FreeTurns {
    fn take(&mut self) -> Box<dyn Turn + '_> {
        Box::new(())
    }

    fn take_now(&mut self) -> Option<Box<dyn Turn + '_>> {
        Some(Box::new(()))
    }

    fn idle(&mut self) {
        let _ = self.0.send(());
    }
}

/// A clock that stands still until it is set on.
#[derive(Default)]
pub struct SetClock(Mutex<Duration>);

impl SetClock {
    pub fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for SetClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH
    }

    fn elapsed(&self) -> Duration {
        *self.0.lock().unwrap()
    }

    fn wait(&self, duration: Duration) {
        self.advance(duration);
    }
}

/// A clock that stands still, and does this at each look at it.
pub struct LookedAt<F>(pub F);

impl<F: Fn() + Send + Sync> Clock for LookedAt<F> {
    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH
    }

    fn elapsed(&self) -> Duration {
        (self.0)();
        Duration::ZERO
    }

    fn wait(&self, _: Duration) {}
}

pub fn runner(events: Arc<dyn EventRepository>) -> Arc<Runner> {
    let clock = Arc::new(SystemClock::default());
    Arc::new(Runner::new(events, Arc::new(MemoryHandlerStore::default()), clock, RunnerSettings::default()))
}

pub fn dispatcher(store: &Arc<Store>) -> EventDispatcherService {
    // Idle time does nothing here, and would be busy at any moment.
    service(Arc::clone(store) as _, Box::new(()), LONG, LONG)
}

pub fn dispatcher_with(
    events: Arc<dyn EventRepository>,
    turn: Box<dyn StoreTurn>,
    limit: Duration,
) -> EventDispatcherService {
    service(events, turn, limit, Duration::ZERO)
}

fn service(
    events: Arc<dyn EventRepository>,
    turn: Box<dyn StoreTurn>,
    limit: Duration,
    idle_after: Duration,
) -> EventDispatcherService {
    let ports = DispatchPorts { turn, clock: Arc::new(SystemClock::default()) };
    let settings = DispatchSettings { limit, wait_for_handlers: Duration::ZERO, idle_after };
    EventDispatcherService::new(Arc::clone(&events), runner(events), ports, settings)
}
