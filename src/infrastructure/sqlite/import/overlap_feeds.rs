//! The records of both systems that may be of the same events, as feeds of a comparison.
//!
//! All of them are read through the connection of the import: what the import brings may lie in its
//! temporary tables, or in a store that no other connection can see yet.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::DateTime;
use rusqlite::{Connection, Params, Row, params};

use crate::application::compare::feed::{CompareError, Fed, Feed, FeedFacts};
use crate::application::import::{OverlapFeeds, TimeWindow};
use crate::application::log_source::Place;
use crate::domain::repository::RepositoryError;
use crate::infrastructure::sqlite::error::port_error;
use crate::infrastructure::sqlite::row::Origin;
use crate::wire::record::RecordReader;

/// A connection that the two sides of a comparison take turns with: a side holds it for one page.
pub(super) type SharedConnection = Arc<Mutex<Connection>>;

/// How many records are held in memory between two turns.
const PAGE: usize = 512;

/// The positions of rows that are near enough: paging through them does not go through all of the store.
const CREATE_OVERLAPPING: &str = "DROP TABLE IF EXISTS temp.overlapping;
    CREATE TEMP TABLE overlapping (position INTEGER PRIMARY KEY) STRICT";
const NOTE_OVERLAPPING: &str = "INSERT INTO temp.overlapping
    SELECT position FROM events WHERE occurred_at BETWEEN ?1 AND ?2 ORDER BY position";
/// The row of an origin, or the twin that stands at its position; both of a pair carry its position as
/// an id. Records of the legacy system that have an identity of their own are told apart by that.
const STORED: &str =
    "SELECT overlapping.position, iif(twins.twin_id IS NULL, NULL, CAST(overlapping.position AS TEXT)),
        iif(events.origin = ?3, events.event_type, twins.event_type),
        iif(events.origin = ?3, events.occurred_at, twins.occurred_at),
        iif(events.origin = ?3, events.aggregate_id, twins.aggregate_id),
        iif(events.origin = ?3, events.body, twins.body)
    FROM temp.overlapping CROSS JOIN events ON events.position = overlapping.position
                          LEFT JOIN twins ON twins.position = overlapping.position
    WHERE overlapping.position > ?1
      AND (twins.origin = ?3 OR events.origin = ?3
           AND (events.origin = 'native' OR events.id_derived = 1 OR twins.twin_id IS NOT NULL))
    ORDER BY overlapping.position LIMIT ?2";
/// The row of an origin in a store that has no twins yet, nor an index.
const NEW: &str = "SELECT position, NULL, event_type, occurred_at, aggregate_id, body FROM events
    WHERE position > ?1 AND position <= ?6 AND origin = ?3 AND (origin = 'native' OR id_derived = 1)
      AND occurred_at BETWEEN ?4 AND ?5 AND position NOT IN (SELECT position FROM temp.superseded)
    ORDER BY position LIMIT ?2";
const PREVIEWED: &str = "SELECT number, NULL, event_type, occurred_at, aggregate_id, body FROM temp.previewed
    WHERE number > ?1 AND origin = ?3 AND (origin = 'native' OR id_derived = 1)
      AND occurred_at BETWEEN ?4 AND ?5
    ORDER BY number LIMIT ?2";

/// A connection to share; where a thread panicked with it, its statement was reset when it was dropped.
pub(super) fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where the rows of each system are: a log of one mostly follows that of the other, and the rows of the one are not gone
/// through for those of the other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct OriginPositions {
    history: Option<(i64, i64)>,
    others: Option<(i64, i64)>,
}

impl OriginPositions {
    /// Takes in a row that comes after all others.
    pub fn note(&mut self, origin: Origin, position: i64) {
        let range = if origin == Origin::History { &mut self.history } else { &mut self.others };
        range.get_or_insert((position, position)).1 = position;
    }

    /// The first and the last position of an origin.
    fn of(self, origin: Origin) -> (i64, i64) {
        if origin == Origin::History { self.history } else { self.others }.unwrap_or_default()
    }
}

/// The rows of the window alone: all of them are new, and there. Those in `temp.superseded` are left out.
pub(super) fn of_new_store(
    path: &Path,
    shared: &SharedConnection,
    window: TimeWindow,
    positions: OriginPositions,
) -> OverlapFeeds {
    let feeds = |origin| vec![feed(path, shared, Rows::New(window, positions.of(origin)), origin)];
    OverlapFeeds { history: feeds(Origin::History), native: feeds(Origin::Native), stored_feeds: 0 }
}

/// The rows and twins of the window, and after them the records of `temp.previewed`.
pub(super) fn of_preview(
    path: &Path,
    shared: &SharedConnection,
    window: TimeWindow,
) -> Result<OverlapFeeds, RepositoryError> {
    note_overlapping(&lock(shared), window)?;
    let feeds = |origin| {
        let stored = feed(path, shared, Rows::Stored, origin);
        vec![stored, feed(path, shared, Rows::Previewed(window), origin)]
    };
    Ok(OverlapFeeds { history: feeds(Origin::History), native: feeds(Origin::Native), stored_feeds: 1 })
}

fn note_overlapping(connection: &Connection, window: TimeWindow) -> Result<(), RepositoryError> {
    let failed = port_error("look for records of the same time");
    connection.execute_batch(CREATE_OVERLAPPING).map_err(&failed)?;
    connection.execute(NOTE_OVERLAPPING, params![window.first, window.last]).map_err(failed)?;
    Ok(())
}

fn feed(path: &Path, shared: &SharedConnection, rows: Rows, origin: Origin) -> Box<dyn Feed> {
    Box::new(OverlapFeed { path: path.to_owned(), connection: Arc::clone(shared), rows, origin })
}

/// Which rows a feed has.
#[derive(Debug, Clone, Copy)]
enum Rows {
    /// Those of [`STORED`].
    Stored,
    /// Those of [`PREVIEWED`] in a time.
    Previewed(TimeWindow),
    /// Those of [`NEW`] in a time, from one position to another.
    New(TimeWindow, (i64, i64)),
}

/// Records of one origin, numbered.
struct OverlapFeed {
    path: PathBuf,
    connection: SharedConnection,
    rows: Rows,
    origin: Origin,
}

/// A record as it is held between two turns.
struct FeedRow {
    number: i64,
    id: Option<String>,
    event_type: String,
    occurred_at: i64,
    aggregate: Option<String>,
    body: String,
}

impl OverlapFeed {
    fn page(&self, after: i64, limit: usize) -> Result<Vec<FeedRow>, RepositoryError> {
        let failed = port_error("read records to pair");
        let connection = lock(&self.connection);
        let (limit, origin) = (limit as i64, self.origin.as_str());
        match self.rows {
            Rows::Stored => feed_rows(&connection, STORED, params![after, limit, origin]),
            Rows::Previewed(TimeWindow { first, last }) => {
                feed_rows(&connection, PREVIEWED, params![after, limit, origin, first, last])
            }
            Rows::New(TimeWindow { first, last }, (from, to)) => {
                let after = after.max(from - 1);
                feed_rows(&connection, NEW, params![after, limit, origin, first, last, to])
            }
        }
        .map_err(failed)
    }
}

fn feed_rows(
    connection: &Connection,
    select: &str,
    parameters: impl Params,
) -> rusqlite::Result<Vec<FeedRow>> {
    connection.prepare_cached(select)?.query_map(parameters, feed_row)?.collect()
}

fn feed_row(row: &Row<'_>) -> rusqlite::Result<FeedRow> {
    Ok(FeedRow {
        number: row.get(0)?,
        id: row.get(1)?,
        event_type: row.get(2)?,
        occurred_at: row.get(3)?,
        aggregate: row.get(4)?,
        body: row.get(5)?,
    })
}

impl Feed for OverlapFeed {
    fn path(&self) -> &Path {
        &self.path
    }

    fn read(
        &mut self,
        reader: &mut RecordReader<'_>,
        take: &mut dyn FnMut(Fed<'_>, &RecordReader<'_>) -> Result<(), CompareError>,
    ) -> Result<FeedFacts, CompareError> {
        let (mut last, mut events) = (0, 0);
        loop {
            let page = self.page(last, PAGE)?;
            for row in &page {
                (last, events) = (row.number, events + 1);
                let place = Place { line: last.unsigned_abs(), offset: last.unsigned_abs() };
                let at = DateTime::from_timestamp_micros(row.occurred_at).unwrap_or_default();
                let (id, aggregate) = (row.id.as_deref(), row.aggregate.as_deref());
                match reader.read_stored(&row.body, id, &row.event_type, at, aggregate) {
                    Ok(record) => take(Fed::Record { place, record: &record }, reader)?,
                    Err(error) => take(Fed::Reject { place, reject: error.into() }, reader)?,
                }
            }
            if page.len() < PAGE {
                return Ok(FeedFacts::Store { events, last_position: last.unsigned_abs() });
            }
        }
    }

    fn texts(&mut self, offsets: &[u64], take: &mut dyn FnMut(u64, &[u8])) -> Result<(), CompareError> {
        for &offset in offsets {
            let next = self.page(offset as i64 - 1, 1)?;
            if let Some(row) = next.first().filter(|row| row.number.unsigned_abs() == offset) {
                take(offset, row.body.as_bytes());
            }
        }
        Ok(())
    }
}
