//! The port: what every store of events promises. The field calls it an event store; this project's
//! word is `EventRepository`.

mod error;

use std::sync::Arc;

use chrono::{DateTime, Utc};

pub use self::error::{BatchError, RepositoryError};

use super::event::DomainEvent;
use super::query::EventQuery;
use super::value_objects::{EventId, Position, StreamId};

/// How many events a query gives where no limit is stated.
pub const DEFAULT_LIMIT: usize = 100;

/// An event and its place in the order of the store that gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its place; comparable within one store only.
    pub position: Position,
    /// How it came into the store.
    pub origin: EventOrigin,
    /// The event.
    pub event: DomainEvent,
}

/// How an event came into a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventOrigin {
    /// A running system saved it, with its own id.
    Saved,
    /// It was read from a log: imported, or a line without an id in a file of the store. It is a fact of the past;
    /// what acts on the world must not act on it.
    Imported,
    /// A repair added it: the legacy log has it, and the running system did not save it. What acts on the world must not
    /// act on it either.
    Repaired,
}

/// What became of one event of [`EventRepository::save_each`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Saved {
    /// Where it is.
    pub position: Position,
    /// Whether this call stored it: `false` where the store had it before, or it stands earlier in the call.
    pub is_new: bool,
}

/// A stream of a store, and how far it reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// Its name, which never changes.
    pub id: StreamId,
    /// The position of its last event.
    pub head: Position,
}

/// What a store holds, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StoreSummary {
    /// How many events.
    pub events: u64,
    /// The time of the earliest event; `None` in an empty store.
    pub first: Option<DateTime<Utc>>,
    /// The time of the latest event; `None` in an empty store.
    pub last: Option<DateTime<Utc>>,
    /// The greatest position; `None` in an empty store.
    pub head: Option<Position>,
}

/// A store of events: append, never change, never lose.
///
/// The methods here are what a backend implements; [`EventRepositoryExt`] has the named questions.
///
/// # Contract
///
/// Every backend keeps each clause, and the conformance suite holds them to it: the module
/// `conformance` of this crate, with the cargo feature of that name, which a backend of another
/// crate runs just as well.
///
/// **Identity.** An event id is stored once. Saving an event again, in the same or another spelling
/// of the same JSON value, succeeds and answers the position of the first; the first text stays.
/// Saving other content under a stored id is [`RepositoryError::Conflict`], and changes nothing.
///
/// **Exactness.** What is read is what was saved: the text byte for byte, and the envelope with it.
/// Unknown types and fields are kept. An event that could not be read back as itself from its own
/// text ([`DomainEvent::ensure_live`]) is refused as [`RepositoryError::NotLive`].
///
/// **Durability.** When a save returns `Ok`, the event is on disk (for backends that have one) and
/// survives a killed process and a power cut. A save that failed left nothing that a query shows.
///
/// **Batches.** `save_events` answers one position for each event, in the order given; an event that
/// stands twice in the batch is stored once. All events are checked before anything is written. When
/// writing itself fails, [`BatchError::saved`] says how many events, counted from the first, are
/// stored: 0 where the backend is all-or-nothing (SQLite), any prefix where it is not (JSONL).
///
/// **Each.** `save_each` answers each event for itself, in the order given: a refusal or a conflict leaves the
/// others alone. It comes to what saving them one after the other would come to, a failure of the medium apart, and
/// what it answers as saved is as durable as after `save_event`. [`Saved::is_new`] says whether this call stored the
/// event. When the medium fails, the events that are not stored for it are all answered so, those that repeat them too.
///
/// **Order.** No two events have the same position, and a position never changes. "Newest first" is
/// timestamp descending, then position descending; "chronological" is timestamp ascending, then
/// position ascending. Both are the same in every backend that holds the same events.
///
/// **Streams.** A store is one stream or several, and each event is in one of them. In a stream,
/// an event that is saved later has the greater position. [`streams`](Self::streams) lists the
/// streams that hold events, in the order of their positions: every position of a stream is smaller
/// than every position of the next one, so that the streams, read one after the other, are the whole
/// store in growing positions. SQLite is one stream, in commit order and without gaps; JSONL has one
/// stream a day. A stream keeps its name and its positions for ever, also where a backend archives it.
///
/// **Reading on.** A reader that comes back for what is new keeps one position *for each stream*, and
/// reads each stream after its own. One position for the whole store is not enough: an event that
/// arrives late for an earlier day goes into the stream of that day, where its position is smaller
/// than those of later days, which may have been read already. A stream without a kept position is
/// read from its first event. Where [`Stream::head`] is the kept position, there is nothing new. Where
/// [`is_next`](Self::is_next) says that one position is the next after another, no event is between them.
///
/// **Summary.** [`summary`](Self::summary) agrees with what reading the whole store would count.
///
/// **Limits.** `limit` bounds the number of events given; 0 gives none.
///
/// **Errors.** A store never answers with part of what it holds without saying so: what cannot be
/// read is [`RepositoryError::Corrupt`] or [`RepositoryError::Storage`], not an empty answer. The one
/// exception is a torn last line of a JSONL file, which was never acknowledged: it is no event.
///
/// **Threads and processes.** All methods take `&self`. Any number of threads and processes may use
/// one store at a time.
pub trait EventRepository: Send + Sync {
    /// Appends one event.
    ///
    /// # Errors
    /// [`RepositoryError::NotLive`] and [`RepositoryError::Conflict`] where the store does not take
    /// it, else what the backend says.
    fn save_event(&self, event: &DomainEvent) -> Result<Position, RepositoryError> {
        let positions = self.save_events(std::slice::from_ref(event)).map_err(|batch| batch.error)?;
        positions
            .first()
            .copied()
            .ok_or_else(|| RepositoryError::storage("save an event", "the store answered no position for it"))
    }

    /// Appends events in the order given, and answers the position of each.
    ///
    /// # Errors
    /// As [`save_event`](Self::save_event), with how many of the events are stored.
    fn save_events(&self, events: &[DomainEvent]) -> Result<Vec<Position>, BatchError>;

    /// Appends events in the order given, each for itself: one that is refused leaves the others alone. One answer
    /// for each event, in the order given.
    ///
    /// A backend makes them durable together, by as few syncs as it can. This default saves one after the other; where
    /// others save to the store meanwhile, it may call an event new that one of them has just stored.
    fn save_each(&self, events: &[DomainEvent]) -> Vec<Result<Saved, RepositoryError>> {
        let save = |event: &DomainEvent| {
            let is_new = self.find_by_id(event.event_id())?.is_none();
            self.save_event(event).map(|position| Saved { position, is_new })
        };
        events.iter().map(save).collect()
    }

    /// The event of that id.
    ///
    /// It is a question of its own and no [`EventQuery`], because backends answer it otherwise: JSONL
    /// from a table of ids, and SQLite also by the id that the other system gave the same event.
    ///
    /// # Errors
    /// What the backend says.
    fn find_by_id(&self, id: &EventId) -> Result<Option<StoredEvent>, RepositoryError>;

    /// The first `limit` events that match, in the order of the query.
    ///
    /// # Errors
    /// What the backend says.
    fn query(&self, query: &EventQuery, limit: usize) -> Result<Vec<StoredEvent>, RepositoryError>;

    /// The streams that hold events, in the order of their positions. Cheap beside reading them.
    ///
    /// # Errors
    /// What the backend says.
    fn streams(&self) -> Result<Vec<Stream>, RepositoryError>;

    /// The first `limit` events of a stream after that position (from its first event where there is
    /// none), by position. A stream that the store does not know holds nothing.
    ///
    /// # Errors
    /// What the backend says.
    fn read_stream(
        &self,
        stream: &StreamId,
        after: Option<Position>,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, RepositoryError>;

    /// The stream of the event at that position, which this store gave; `None` where no stream reaches so far.
    ///
    /// # Errors
    /// What the backend says.
    fn stream_of(&self, position: Position) -> Result<Option<StreamId>, RepositoryError> {
        Ok(self.streams()?.into_iter().find(|stream| position <= stream.head).map(|stream| stream.id))
    }

    /// Whether `position` is the next one after that event in its stream, so that no event is between the two, nor ever
    /// will be. Both were given by this store, which is not read. `false` where the positions alone do not tell, as
    /// this default says.
    fn is_next(&self, position: Position, event: &StoredEvent) -> bool {
        let _ = (position, event);
        false
    }

    /// What the store holds, in numbers, all of one moment where the backend has such a thing.
    ///
    /// # Errors
    /// What the backend says.
    fn summary(&self) -> Result<StoreSummary, RepositoryError>;
}

/// A shared repository is one: threads and handles can own it together.
impl<R: EventRepository + ?Sized> EventRepository for Arc<R> {
    fn save_event(&self, event: &DomainEvent) -> Result<Position, RepositoryError> {
        (**self).save_event(event)
    }

    fn save_events(&self, events: &[DomainEvent]) -> Result<Vec<Position>, BatchError> {
        (**self).save_events(events)
    }

    fn save_each(&self, events: &[DomainEvent]) -> Vec<Result<Saved, RepositoryError>> {
        (**self).save_each(events)
    }

    fn find_by_id(&self, id: &EventId) -> Result<Option<StoredEvent>, RepositoryError> {
        (**self).find_by_id(id)
    }

    fn query(&self, query: &EventQuery, limit: usize) -> Result<Vec<StoredEvent>, RepositoryError> {
        (**self).query(query, limit)
    }

    fn streams(&self) -> Result<Vec<Stream>, RepositoryError> {
        (**self).streams()
    }

    fn read_stream(
        &self,
        stream: &StreamId,
        after: Option<Position>,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, RepositoryError> {
        (**self).read_stream(stream, after, limit)
    }

    fn stream_of(&self, position: Position) -> Result<Option<StreamId>, RepositoryError> {
        (**self).stream_of(position)
    }

    fn is_next(&self, position: Position, event: &StoredEvent) -> bool {
        (**self).is_next(position, event)
    }

    fn summary(&self) -> Result<StoreSummary, RepositoryError> {
        (**self).summary()
    }
}

/// The named questions, in terms of [`EventRepository::query`]; every repository has them.
///
/// ```
/// use chrono::{TimeDelta, Utc};
/// use mission_events::{EventRepositoryExt, JsonlEventRepository, Zone};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// let event_repo = JsonlEventRepository::open(&folder.path().join("events"), Zone::utc())?;
///
/// let recent = event_repo.get_recent_events(50)?;
/// let task_created_events = event_repo.find_by_type("TaskCreated", 100)?;
/// let today = Utc::now();
/// let todays_events = event_repo.find_by_date_range(today - TimeDelta::days(1), today, 100)?;
/// let task_events = event_repo.find_by_aggregate("T123", 100)?;
/// # assert!([recent, task_created_events, todays_events, task_events].iter().all(Vec::is_empty));
/// # Ok(())
/// # }
/// ```
pub trait EventRepositoryExt: EventRepository {
    /// The events of a type, newest first.
    ///
    /// # Errors
    /// As [`query`](EventRepository::query).
    fn find_by_type(&self, event_type: &str, limit: usize) -> Result<Vec<StoredEvent>, RepositoryError> {
        self.query(&EventQuery::newest_first().of_type(event_type), limit)
    }

    /// The events with `start <= timestamp <= end`, chronological. A range that ends before it
    /// starts is empty.
    ///
    /// # Errors
    /// As [`query`](EventRepository::query).
    fn find_by_date_range(
        &self,
        start: DateTime<Utc>,
        end: DateTime<Utc>,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, RepositoryError> {
        self.query(&EventQuery::chronological().between(start, end), limit)
    }

    /// The newest events, newest first.
    ///
    /// # Errors
    /// As [`query`](EventRepository::query).
    fn get_recent_events(&self, limit: usize) -> Result<Vec<StoredEvent>, RepositoryError> {
        self.query(&EventQuery::newest_first(), limit)
    }

    /// The history of an aggregate: the events about it, chronological.
    ///
    /// # Errors
    /// As [`query`](EventRepository::query).
    fn find_by_aggregate(
        &self,
        aggregate_id: &str,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, RepositoryError> {
        self.query(&EventQuery::chronological().about(aggregate_id), limit)
    }
}

impl<R: EventRepository + ?Sized> EventRepositoryExt for R {}
