//! The questions of the port as values, so that a test can put all of them in one loop.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::domain::query::EventQuery;
use crate::domain::repository::{EventRepository, RepositoryError, StoredEvent};
use crate::domain::value_objects::{EventId, Position, StreamId};

/// A question to a store whose answer is events.
#[derive(Debug, Clone)]
pub enum Question {
    /// [`find_by_id`](EventRepository::find_by_id).
    ById(EventId),
    /// [`query`](EventRepository::query).
    Matching(EventQuery),
    /// [`read_stream`](EventRepository::read_stream).
    Stream {
        /// The stream.
        stream: StreamId,
        /// The position that is read on from.
        after: Option<Position>,
    },
}

impl Question {
    /// The event of that id.
    pub fn by_id(id: &str) -> Self {
        Self::ById(EventId::new(id).unwrap())
    }

    /// The events of a type, newest first.
    pub fn of_type(event_type: &str) -> Self {
        Self::Matching(EventQuery::newest_first().of_type(event_type))
    }

    /// The events about an aggregate, chronological.
    pub fn about(aggregate_id: &str) -> Self {
        Self::Matching(EventQuery::chronological().about(aggregate_id))
    }

    /// The events of a range, chronological.
    pub fn between(start: DateTime<Utc>, end: DateTime<Utc>) -> Self {
        Self::Matching(EventQuery::chronological().between(start, end))
    }

    /// All events, newest first.
    pub fn recent() -> Self {
        Self::Matching(EventQuery::newest_first())
    }

    /// The events of a stream after a position.
    pub fn stream(stream: &str, after: Option<Position>) -> Self {
        Self::Stream { stream: StreamId::new(stream), after }
    }

    /// The answer of the store. `limit` means nothing where one event at most can be the answer.
    ///
    /// # Errors
    /// What the store says.
    pub fn ask(
        &self,
        store: &dyn EventRepository,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, RepositoryError> {
        match self {
            Self::ById(id) => Ok(store.find_by_id(id)?.into_iter().collect()),
            Self::Matching(query) => store.query(query, limit),
            Self::Stream { stream, after } => store.read_stream(stream, *after, limit),
        }
    }
}

/// One question of each kind that has the event in its answer. The one by its aggregate is left out
/// where it has none.
pub fn one_of_each_question(store: &dyn EventRepository, stored: &StoredEvent) -> Vec<Question> {
    let (event, time) = (&stored.event, stored.event.timestamp());
    let streams = store.streams().unwrap();
    let stream =
        streams.iter().find(|stream| stored.position <= stream.head).expect("the stream of an event");
    let mut questions = vec![
        Question::ById(event.event_id().clone()),
        Question::of_type(event.event_type()),
        Question::between(time, time),
        Question::recent(),
        Question::stream(stream.id.as_str(), None),
    ];
    questions.extend(event.aggregate_id().map(|id| Question::about(id.as_str())));
    questions
}

/// All events of the store, stream after stream.
pub fn everything(store: &dyn EventRepository) -> Vec<StoredEvent> {
    let streams = store.streams().unwrap();
    streams.iter().flat_map(|stream| store.read_stream(&stream.id, None, usize::MAX).unwrap()).collect()
}

/// The ids, in the order of the answer.
pub fn ids(found: &[StoredEvent]) -> Vec<&str> {
    found.iter().map(|stored| stored.event.event_id().as_str()).collect()
}

/// A reader that comes back for what is new, as the contract says it: with one position for each stream.
#[derive(Debug, Default)]
pub struct StreamReader {
    positions: BTreeMap<StreamId, Position>,
}

impl StreamReader {
    /// Everything that was not read before, in pages of that size.
    pub fn read_on(&mut self, store: &dyn EventRepository, page: usize) -> Vec<StoredEvent> {
        let mut read = Vec::new();
        for stream in store.streams().unwrap() {
            while self.positions.get(&stream.id) != Some(&stream.head) {
                let after = self.positions.get(&stream.id).copied();
                let found = store.read_stream(&stream.id, after, page).unwrap();
                let Some(last) = found.last() else { break };
                self.positions.insert(stream.id.clone(), last.position);
                read.extend(found);
                assert!(read.len() < 1_000, "reading on does not end");
            }
        }
        read
    }
}
