//! The port's questions as values, so that a test can put all of them in one loop.

use chrono::{DateTime, Utc};
use mission_events::internals::domain::repository::{EventRepository, RepositoryError, StoredEvent};
use mission_events::internals::domain::value_objects::{EventId, Position};

/// A question to a store.
#[derive(Debug, Clone)]
pub enum Query {
    ById(EventId),
    ByType(String),
    Between(DateTime<Utc>, DateTime<Utc>),
    Recent,
    HistoryOf(String),
    /// The events by position, behind the one given.
    Behind(Option<Position>),
}

impl Query {
    pub fn by_id(id: &str) -> Self {
        Self::ById(EventId::new(id).unwrap())
    }

    /// The store's answer. `limit` means nothing where one event at most can be the answer.
    pub fn ask(
        &self,
        store: &dyn EventRepository,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, RepositoryError> {
        match self {
            Self::ById(id) => Ok(store.find_by_id(id)?.into_iter().collect()),
            Self::ByType(event_type) => store.find_by_type(event_type, limit),
            Self::Between(start, end) => store.find_by_date_range(*start, *end, limit),
            Self::Recent => store.get_recent_events(limit),
            Self::HistoryOf(aggregate) => store.get_event_history(aggregate, limit),
            Self::Behind(position) => store.read_from(*position, limit),
        }
    }
}

/// One query of each kind that has the event in its answer. The last one, by its aggregate, is left
/// out where it has none.
pub fn one_of_each_query(stored: &StoredEvent) -> Vec<Query> {
    let (event, time) = (&stored.event, stored.event.timestamp());
    let mut queries = vec![
        Query::ById(event.event_id().clone()),
        Query::ByType(event.event_type().to_owned()),
        Query::Between(time, time),
        Query::Recent,
        Query::Behind(None),
    ];
    queries.extend(event.aggregate_id().map(|id| Query::HistoryOf(id.as_str().to_owned())));
    queries
}

/// All events of the store, by position.
pub fn everything(store: &dyn EventRepository) -> Vec<StoredEvent> {
    store.read_from(None, usize::MAX).unwrap()
}

/// The ids, in the order of the answer.
pub fn ids(found: &[StoredEvent]) -> Vec<&str> {
    found.iter().map(|stored| stored.event.event_id().as_str()).collect()
}
