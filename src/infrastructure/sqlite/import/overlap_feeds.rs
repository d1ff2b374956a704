//! The records of both systems that may be of one life, as feeds of a comparison.
//!
//! All of them are read through the connection of the import: what the import brings may lie in its
//! temporary tables, or in a store that nobody else can see yet.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::DateTime;
use rusqlite::{Connection, Row, params};

use crate::application::compare::feed::{CompareError, Fed, Feed, FeedFacts};
use crate::application::import::{NEAR, Sides};
use crate::application::log_source::Place;
use crate::domain::repository::RepositoryError;
use crate::infrastructure::sqlite::error::port_error;
use crate::infrastructure::sqlite::row::Origin;
use crate::wire::record::RecordReader;

/// A connection that the two sides of a comparison take turns with.
pub(super) type Shared = Arc<Mutex<Connection>>;

/// How many records are held in memory between two turns.
const PAGE: usize = 512;

/// The positions of rows that are near enough: paging through them does not go through all of the store.
const CREATE_NEAR: &str = "DROP TABLE IF EXISTS temp.near;
    CREATE TEMP TABLE near (position INTEGER PRIMARY KEY) STRICT";
/// The row of an origin, or the twin that stands at its position; both of a pair carry its position as
/// an id. Records of the legacy system that have an identity of their own are told apart by that.
const STORED: &str = "SELECT near.position, iif(twins.twin_id IS NULL, NULL, CAST(near.position AS TEXT)),
        iif(events.origin = ?3, events.event_type, twins.event_type),
        iif(events.origin = ?3, events.occurred_at, twins.occurred_at),
        iif(events.origin = ?3, events.aggregate_id, twins.aggregate_id),
        iif(events.origin = ?3, events.body, twins.body)
    FROM temp.near CROSS JOIN events ON events.position = near.position
                   LEFT JOIN twins ON twins.position = near.position
    WHERE near.position > ?1
      AND (twins.origin = ?3 OR events.origin = ?3
           AND (events.origin = 'native' OR events.id_derived = 1 OR twins.twin_id IS NOT NULL))
    ORDER BY near.position LIMIT ?2";
const WOULD_BE: &str = "SELECT number, NULL, event_type, occurred_at, aggregate_id, body FROM temp.would_be
    WHERE number > ?1 AND origin = ?3 AND (origin = 'native' OR id_derived = 1)
      AND occurred_at BETWEEN ?4 AND ?5
    ORDER BY number LIMIT ?2";

/// A connection to share; where a thread panicked with it, its statement was reset when it was dropped.
pub(super) fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From when to when records of both systems may be of one life; in microseconds, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub first: i64,
    pub last: i64,
}

impl Window {
    /// A time of one system with everything that is near it.
    pub fn around(first: i64, last: i64) -> Self {
        let near = NEAR.num_microseconds().unwrap_or(i64::MAX);
        Self { first: first.saturating_sub(near), last: last.saturating_add(near) }
    }

    /// What two times of different systems have in common, with everything that is near it.
    pub fn shared(one: Self, other: Self) -> Option<Self> {
        let (first, last) = (one.first.max(other.first), one.last.min(other.last));
        let shared = Self::around(first, last);
        (shared.first <= shared.last).then_some(shared)
    }

    pub fn hull(self, other: Self) -> Self {
        Self { first: self.first.min(other.first), last: self.last.max(other.last) }
    }

    /// The same with another time in it.
    pub fn with(window: Option<Self>, at: i64) -> Self {
        window.map_or(Self { first: at, last: at }, |window| window.hull(Self { first: at, last: at }))
    }
}

/// The rows of the window alone: all of them are new. Those in `temp.gone` are none.
pub(super) fn of_new_store(path: &Path, shared: &Shared, window: Window) -> Result<Sides, RepositoryError> {
    note_near(&lock(shared), window, "AND position NOT IN (SELECT position FROM temp.gone)")?;
    let feeds = |origin| vec![feed(path, shared, STORED, origin, None)];
    Ok(Sides { history: feeds(Origin::History), native: feeds(Origin::Native), stored_feeds: 0 })
}

/// The rows and twins of the window, and behind them the records of `temp.would_be`.
pub(super) fn of_survey(path: &Path, shared: &Shared, window: Window) -> Result<Sides, RepositoryError> {
    note_near(&lock(shared), window, "")?;
    let feeds = |origin| {
        let stored = feed(path, shared, STORED, origin, None);
        vec![stored, feed(path, shared, WOULD_BE, origin, Some(window))]
    };
    Ok(Sides { history: feeds(Origin::History), native: feeds(Origin::Native), stored_feeds: 1 })
}

fn note_near(connection: &Connection, window: Window, condition: &str) -> Result<(), RepositoryError> {
    let failed = port_error("look for records of the same time");
    connection.execute_batch(CREATE_NEAR).map_err(&failed)?;
    let fill = format!(
        "INSERT INTO temp.near SELECT position FROM events
         WHERE occurred_at BETWEEN ?1 AND ?2 {condition} ORDER BY position"
    );
    connection.execute(&fill, params![window.first, window.last]).map_err(&failed)?;
    Ok(())
}

fn feed(
    path: &Path,
    shared: &Shared,
    select: &'static str,
    origin: Origin,
    window: Option<Window>,
) -> Box<dyn Feed> {
    Box::new(PairFeed { path: path.to_owned(), connection: Arc::clone(shared), select, origin, window })
}

/// Records of one origin, numbered.
struct PairFeed {
    path: PathBuf,
    connection: Shared,
    select: &'static str,
    origin: Origin,
    window: Option<Window>,
}

/// A record as it is held between two turns.
struct Held {
    number: i64,
    id: Option<String>,
    event_type: String,
    occurred_at: i64,
    aggregate: Option<String>,
    body: String,
}

impl PairFeed {
    fn page(&self, behind: i64, limit: usize) -> Result<Vec<Held>, RepositoryError> {
        let failed = port_error("read records to pair");
        let connection = lock(&self.connection);
        let mut statement = connection.prepare_cached(self.select).map_err(&failed)?;
        let origin = self.origin.as_str();
        let rows = match self.window {
            None => statement.query_map(params![behind, limit as i64, origin], held),
            Some(Window { first, last }) => {
                statement.query_map(params![behind, limit as i64, origin, first, last], held)
            }
        };
        rows.and_then(Iterator::collect).map_err(failed)
    }
}

fn held(row: &Row<'_>) -> rusqlite::Result<Held> {
    Ok(Held {
        number: row.get(0)?,
        id: row.get(1)?,
        event_type: row.get(2)?,
        occurred_at: row.get(3)?,
        aggregate: row.get(4)?,
        body: row.get(5)?,
    })
}

impl Feed for PairFeed {
    fn path(&self) -> &Path {
        &self.path
    }

    fn read(
        &mut self,
        reader: &mut RecordReader<'_>,
        take: &mut dyn FnMut(Fed<'_>, &RecordReader<'_>) -> Result<(), CompareError>,
    ) -> Result<FeedFacts, CompareError> {
        let (mut behind, mut events) = (0, 0);
        loop {
            let page = self.page(behind, PAGE)?;
            for held in &page {
                (behind, events) = (held.number, events + 1);
                let place = Place { line: behind.unsigned_abs(), offset: behind.unsigned_abs() };
                let at = DateTime::from_timestamp_micros(held.occurred_at).unwrap_or_default();
                let (id, aggregate) = (held.id.as_deref(), held.aggregate.as_deref());
                match reader.read_stored(&held.body, id, &held.event_type, at, aggregate) {
                    Ok(record) => take(Fed::Record { place, record: &record }, reader)?,
                    Err(error) => {
                        let (reason, detail) = (error.reason(), error.to_string());
                        take(Fed::Reject { place, reason, detail }, reader)?;
                    }
                }
            }
            if page.len() < PAGE {
                return Ok(FeedFacts::Store { events, last_position: behind.unsigned_abs() });
            }
        }
    }

    fn texts(&mut self, offsets: &[u64], take: &mut dyn FnMut(u64, &[u8])) -> Result<(), CompareError> {
        for &offset in offsets {
            let next = self.page(offset as i64 - 1, 1)?;
            if let Some(held) = next.first().filter(|held| held.number.unsigned_abs() == offset) {
                take(offset, held.body.as_bytes());
            }
        }
        Ok(())
    }
}
