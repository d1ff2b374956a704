//! Events in a schema of a PostgreSQL database. Cargo feature `postgres`.
//!
//! One table, `events`, that is only appended to: triggers refuse UPDATE, DELETE and TRUNCATE, the owner's too. Events are
//! appended by a function of the database, `append_events`, or `append_event` for a single one, in one round trip: it locks the row of
//! the table `store`, so that positions count 1, 2, 3, … in the order of the commits whatever processes append, and it makes its own
//! commit synchronous.
//! What it has answered is on the disk of the server, and on that of its synchronous standby where it has one.
//!
//! What a store had in SQLite before it was [moved](crate::application::moving) is kept in tables of the same names; nothing but a move
//! adds to them.
//!
//! The store is one [stream](EventRepository). Every query of the port is answered from an index.
//!
//! A connection that is lost is made again, for 15 s at most, and what it was lost with is sent again.
//!
//! The client blocks: in a program that is asynchronous it is to be called from a thread of its own (`spawn_blocking`).

mod address;
mod append;
mod binary_rows;
mod connection;
mod error;
mod export;
mod feed;
mod grants;
mod health;
mod logs;
mod moving;
mod names;
mod password;
mod read;
mod row;
mod schema;
mod tls;

use chrono::{DateTime, Utc};

use crate::application::growth::DayGrowth;
use crate::application::moving::Standing;
use crate::domain::event::DomainEvent;
use crate::domain::query::EventQuery;
use crate::domain::repository::{
    BatchError, EventRepository, RepositoryError, Saved, StoreSummary, StoredEvent, Stream,
};
use crate::domain::save_each::answer_live;
use crate::domain::value_objects::{EventId, Position, StreamId};
use crate::wire::zone::Zone;

use self::append::Appender;
use self::connection::{Access, Session};
use self::read::Readers;

pub use self::address::{AddressError, PostgresAddress};
pub use self::error::PostgresError;
pub use self::export::PostgresExport;
pub use self::feed::{PostgresFeed, row_counts};
pub use self::grants::grants;
pub use self::health::Server;
pub use self::moving::PostgresMovingStore;

/// A store of events in a schema of a PostgreSQL database.
pub struct PostgresEventRepository {
    address: PostgresAddress,
    zone: Zone,
    /// `None` where the store was opened for reading.
    appender: Option<Appender>,
    readers: Readers,
}

impl PostgresEventRepository {
    /// Opens the store for reading and appending, and makes it where there is none. Naive timestamps of events that are saved
    /// are read in `zone`. Where a standby is `needed`, nothing is appended while the server has none that is synchronous.
    ///
    /// # Errors
    /// No server is reached, its database is not one for a store, or the schema is another program's or a newer version's.
    pub fn open(address: PostgresAddress, zone: Zone, needs_standby: bool) -> Result<Self, PostgresError> {
        let writer = schema::open_current(&address)?;
        let reader = Session::connect(&address, Access::Reading)?;
        let appender = Some(Appender::new(address.clone(), needs_standby, writer));
        let readers = Readers::new(address.clone(), reader);
        Ok(Self { address, zone, appender, readers })
    }

    /// Opens a store that exists, for queries alone; nothing is made or changed. A standby has it as well.
    ///
    /// # Errors
    /// As [`open`](Self::open), and where there is no store.
    pub fn open_for_reading(address: PostgresAddress, zone: Zone) -> Result<Self, PostgresError> {
        let readers = Readers::new(address.clone(), schema::open_for_reading(&address)?);
        Ok(Self { address, zone, appender: None, readers })
    }

    /// Where the store is.
    pub fn address(&self) -> &PostgresAddress {
        &self.address
    }

    /// What the server is.
    ///
    /// # Errors
    /// What the server says.
    pub fn server(&self) -> Result<Server, RepositoryError> {
        self.readers.server()
    }

    /// What it stands as: the store itself, or moved to another place, or a copy.
    ///
    /// # Errors
    /// What the server says.
    pub fn standing(&self) -> Result<Standing, RepositoryError> {
        self.readers.standing()
    }

    /// The size of the events with their indexes, in bytes.
    ///
    /// # Errors
    /// What the server says.
    pub fn size_in_bytes(&self) -> Result<u64, RepositoryError> {
        self.readers.size_in_bytes()
    }

    /// The position of the last event, 0 in an empty store; and how many events are there, by rows, up to each of these
    /// positions. All of it is of one state of the store.
    ///
    /// # Errors
    /// What the server says.
    pub fn count_up_to(&self, positions: &[Position]) -> Result<(Position, Vec<u64>), RepositoryError> {
        self.readers.count_up_to(positions)
    }

    /// How many events are of each day from `since` on, with the bytes of their texts, in the order of the days.
    ///
    /// # Errors
    /// What the server says.
    pub fn growth(&self, since: DateTime<Utc>) -> Result<Vec<DayGrowth>, RepositoryError> {
        self.readers.growth(since, &self.zone)
    }

    fn appender(&self) -> Result<&Appender, RepositoryError> {
        let refusal = || RepositoryError::storage("save events", "the store was opened for reading");
        self.appender.as_ref().ok_or_else(refusal)
    }
}

impl EventRepository for PostgresEventRepository {
    fn save_events(&self, events: &[DomainEvent]) -> Result<Vec<Position>, BatchError> {
        for event in events {
            event.ensure_live(&self.zone).map_err(|reason| RepositoryError::not_live(event, reason))?;
        }
        Ok(self.appender()?.append(&events.iter().collect::<Vec<_>>())?)
    }

    fn save_each(&self, events: &[DomainEvent]) -> Vec<Result<Saved, RepositoryError>> {
        answer_live(events, &self.zone, |live| match self.appender() {
            Ok(appender) => appender.append_each(live),
            Err(error) => live.iter().map(|_| Err(error.clone())).collect(),
        })
    }

    fn find_by_id(&self, id: &EventId) -> Result<Option<StoredEvent>, RepositoryError> {
        self.readers.by_id(id)
    }

    fn query(&self, query: &EventQuery, limit: usize) -> Result<Vec<StoredEvent>, RepositoryError> {
        self.readers.query(query, limit)
    }

    fn streams(&self) -> Result<Vec<Stream>, RepositoryError> {
        let head = self.readers.last_position()?;
        Ok(head.map(|head| Stream { id: StreamId::single(), head }).into_iter().collect())
    }

    fn read_stream(
        &self,
        stream: &StreamId,
        after: Option<Position>,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, RepositoryError> {
        if *stream == StreamId::single() { self.readers.after(after, limit) } else { Ok(Vec::new()) }
    }

    fn stream_of(&self, position: Position) -> Result<Option<StreamId>, RepositoryError> {
        let head = self.readers.last_position()?;
        Ok(head.filter(|head| position <= *head).map(|_| StreamId::single()))
    }

    fn is_next(&self, position: Position, event: &StoredEvent) -> bool {
        event.position.get() + 1 == position.get()
    }

    fn summary(&self) -> Result<StoreSummary, RepositoryError> {
        self.readers.summary()
    }
}
