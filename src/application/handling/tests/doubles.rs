//! A clock, a store of events and handlers that tests have in hand.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::application::clock::Clock;
use crate::application::handling::memory::MemoryHandlerStore;
use crate::application::handling::store::{
    Durability, HandlerSession, HandlerStore, HandlerStoreError, HandlerTransaction, HandlerView,
};
use crate::application::handling::{
    EventHandler, EventTypes, Handled, HandlerContext, HandlerError, HandlerKind, Registration, RetryPolicy,
    StartFrom,
};
use crate::application::read_models::TaskChange;
use crate::domain::event::DomainEvent;
use crate::domain::query::EventQuery;
use crate::domain::repository::{
    BatchError, EventOrigin, EventRepository, RepositoryError, StoreSummary, StoredEvent, Stream,
};
use crate::domain::value_objects::{AggregateId, EventId, Position, StreamId};

/// A clock that stands still until it is waited for.
#[derive(Default)]
pub struct ManualClock {
    millis: AtomicU64,
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::from_std(self.elapsed()).unwrap()
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.millis.load(Ordering::SeqCst))
    }

    fn wait(&self, duration: Duration) {
        self.millis.fetch_add(duration.as_millis() as u64, Ordering::SeqCst);
    }
}

/// Events in streams, as a store of daily files has them. What is in it can be taken away.
#[derive(Default)]
pub struct FakeEvents {
    streams: Mutex<BTreeMap<StreamId, Vec<StoredEvent>>>,
    /// So many reads fail.
    pub failing_reads: AtomicUsize,
}

/// Positions of one stream.
const OF_A_STREAM: i64 = 1_000_000;

impl FakeEvents {
    /// Appends an event to a stream whose name is a number.
    pub fn append(&self, stream: u32, id: &str, event_type: &str, aggregate: Option<&str>) -> Position {
        self.append_as(stream, id, event_type, aggregate, EventOrigin::Saved)
    }

    pub fn append_as(
        &self,
        stream: u32,
        id: &str,
        event_type: &str,
        aggregate: Option<&str>,
        origin: EventOrigin,
    ) -> Position {
        let mut streams = self.streams.lock().unwrap();
        let events = streams.entry(stream_id(stream)).or_default();
        // With gaps, as byte offsets have them.
        let number = i64::from(stream) * OF_A_STREAM + 10 * (events.len() as i64 + 1);
        let position = Position::new(number);
        let event = DomainEvent::from_parts(
            EventId::new(id).unwrap(),
            event_type.to_owned(),
            DateTime::UNIX_EPOCH,
            aggregate.map(AggregateId::new),
            "{}".to_owned(),
        );
        events.push(StoredEvent { position, origin, event });
        position
    }

    /// Takes away all but the first events of a stream, as a restored backup does.
    pub fn cut(&self, stream: u32, events: usize) {
        let mut streams = self.streams.lock().unwrap();
        let id = stream_id(stream);
        if events == 0 {
            streams.remove(&id);
        } else if let Some(all) = streams.get_mut(&id) {
            all.truncate(events);
        }
    }

    /// The ids of all events, stream after stream.
    pub fn ids(&self) -> Vec<String> {
        let streams = self.streams.lock().unwrap();
        streams.values().flatten().map(|event| event.event.event_id().to_string()).collect()
    }

    fn reading(&self) -> Result<(), RepositoryError> {
        let fails =
            self.failing_reads.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if fails.is_ok() { Err(RepositoryError::storage("read events", "the disk is away")) } else { Ok(()) }
    }
}

pub fn stream_id(stream: u32) -> StreamId {
    StreamId::new(format!("{stream:03}"))
}

impl EventRepository for FakeEvents {
    fn save_events(&self, _events: &[DomainEvent]) -> Result<Vec<Position>, BatchError> {
        Err(RepositoryError::storage("save events", "handlers save none").into())
    }

    fn find_by_id(&self, _id: &EventId) -> Result<Option<StoredEvent>, RepositoryError> {
        Ok(None)
    }

    fn query(&self, _query: &EventQuery, _limit: usize) -> Result<Vec<StoredEvent>, RepositoryError> {
        Ok(Vec::new())
    }

    fn streams(&self) -> Result<Vec<Stream>, RepositoryError> {
        self.reading()?;
        let streams = self.streams.lock().unwrap();
        let stream = |(id, events): (&StreamId, &Vec<StoredEvent>)| Stream {
            id: id.clone(),
            head: events.last().unwrap().position,
        };
        Ok(streams.iter().map(stream).collect())
    }

    fn read_stream(
        &self,
        stream: &StreamId,
        after: Option<Position>,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, RepositoryError> {
        self.reading()?;
        let streams = self.streams.lock().unwrap();
        let Some(events) = streams.get(stream) else { return Ok(Vec::new()) };
        let first = events.partition_point(|event| Some(event.position) <= after);
        Ok(events[first..].iter().take(limit).cloned().collect())
    }

    fn is_next(&self, position: Position, event: &StoredEvent) -> bool {
        let (position, of) = (position.get(), event.position.get());
        position / OF_A_STREAM == of / OF_A_STREAM && position == of + 10
    }

    fn summary(&self) -> Result<StoreSummary, RepositoryError> {
        let events = self.streams.lock().unwrap().values().map(|events| events.len() as u64).sum();
        Ok(StoreSummary { events, ..StoreSummary::default() })
    }
}

/// How attempts to handle an event end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Transient,
    Permanent,
    Panic,
}

/// Handles what it is given, but for the events that tests name. What it has handled is kept with its progress, in
/// order, so that it is undone and repeated with it; an effect keeps the attempts in memory as well.
pub struct Recorder {
    name: &'static str,
    failing: Mutex<HashMap<String, Vec<Ending>>>,
    attempts: Mutex<Vec<(String, u32)>>,
    replays: AtomicUsize,
}

impl Recorder {
    pub fn new(name: &'static str) -> Arc<Self> {
        let (failing, attempts, replays) = (Mutex::default(), Mutex::default(), AtomicUsize::new(0));
        Arc::new(Self { name, failing, attempts, replays })
    }

    /// The next attempts with that event fail.
    pub fn fail(&self, id: &str, endings: &[Ending]) {
        self.failing.lock().unwrap().insert(id.to_owned(), endings.to_vec());
    }

    /// Ids and numbers of all attempts.
    pub fn attempts(&self) -> Vec<(String, u32)> {
        self.attempts.lock().unwrap().clone()
    }

    /// How often it was given an event by a replay.
    pub fn replays(&self) -> usize {
        self.replays.load(Ordering::SeqCst)
    }
}

impl EventHandler for Recorder {
    fn name(&self) -> &str {
        self.name
    }

    fn handle(&self, event: &StoredEvent, context: &mut HandlerContext<'_>) -> Result<Handled, HandlerError> {
        let id = event.event.event_id().as_str();
        self.attempts.lock().unwrap().push((id.to_owned(), context.attempt()));
        self.replays.fetch_add(usize::from(context.is_replay()), Ordering::SeqCst);
        assert_eq!(context.idempotency_key().as_str(), id);
        let before = context.detail().map(|detail| format!("{detail} ")).unwrap_or_default();
        context.set_detail(format!("{before}{id}"));
        if let Ok(read_models) = context.read_models() {
            read_models.record_change(&change(event)).unwrap();
        }
        let mut failing = self.failing.lock().unwrap();
        let ending =
            failing.get_mut(id).filter(|endings| !endings.is_empty()).map(|endings| endings.remove(0));
        drop(failing);
        match ending {
            None => Ok(Handled::Done),
            Some(Ending::Transient) => Err(HandlerError::Transient("the server is away".into())),
            Some(Ending::Permanent) => Err(HandlerError::Permanent("the field is missing".into())),
            Some(Ending::Panic) => panic!("of the handler"),
        }
    }
}

/// What a recorder adds to the read models.
pub fn change(event: &StoredEvent) -> TaskChange<'_> {
    TaskChange {
        task_id: event.event.aggregate_id().map_or("", AggregateId::as_str),
        position: event.position,
        changed_at: event.event.timestamp(),
        field: event.event.event_id().as_str(),
        old_value: None,
        new_value: None,
    }
}

pub fn projection(handler: &Arc<Recorder>) -> Registration {
    Registration {
        handler: Arc::clone(handler) as Arc<dyn EventHandler>,
        event_types: EventTypes::All,
        kind: HandlerKind::Projection,
        start: StartFrom::Beginning,
        retry: RetryPolicy::default(),
        version: 1,
        intervals: Vec::new(),
    }
}

pub fn effect(handler: &Arc<Recorder>) -> Registration {
    Registration { kind: HandlerKind::Effect, start: StartFrom::Now, ..projection(handler) }
}

pub fn of_type(event_type: &str, registration: Registration) -> Registration {
    Registration { event_types: EventTypes::Named([event_type.to_owned()].into()), ..registration }
}

/// A store whose next transactions are refused, as while another process replays.
#[derive(Clone, Default)]
pub struct BusyStore {
    pub store: MemoryHandlerStore,
    pub busy: Arc<AtomicUsize>,
}

struct BusySession {
    session: Box<dyn HandlerSession>,
    busy: Arc<AtomicUsize>,
}

impl HandlerStore for BusyStore {
    fn session(&self, durability: Durability) -> Result<Box<dyn HandlerSession>, HandlerStoreError> {
        Ok(Box::new(BusySession { session: self.store.session(durability)?, busy: Arc::clone(&self.busy) }))
    }

    fn claim(&self, handler: &str) -> Result<Option<Box<dyn Send>>, HandlerStoreError> {
        self.store.claim(handler)
    }
}

impl HandlerSession for BusySession {
    fn begin(&mut self) -> Result<Box<dyn HandlerTransaction + '_>, HandlerStoreError> {
        let is_busy = self.busy.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if is_busy.is_ok() {
            return Err(HandlerStoreError::Busy {
                action: "begin a transaction",
                source: "it is locked".into(),
            });
        }
        self.session.begin()
    }

    fn snapshot(&mut self) -> Result<Box<dyn HandlerView + '_>, HandlerStoreError> {
        self.session.snapshot()
    }
}
