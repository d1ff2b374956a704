//! The rows of a store as one side of a comparison.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use postgres::Row;

use super::address::PostgresAddress;
use super::connection::Session;
use super::error::{PostgresError, port_error};
use super::read::only;
use super::row::{COLUMNS, stored_event};
use super::schema;
use crate::application::compare::feed::{CompareError, Fed, Feed, FeedFacts};
use crate::application::compare::parallel_run::{RowCounts, Rows};
use crate::application::log_source::Place;
use crate::domain::repository::RepositoryError;
use crate::domain::value_objects::AggregateId;
use crate::wire::record::RecordReader;

const COUNTS: &str =
    "SELECT count(*) FILTER (WHERE origin = 'native'), count(*) FILTER (WHERE origin = 'history'),
        min(occurred_at) FILTER (WHERE origin = 'native'), max(occurred_at) FILTER (WHERE origin = 'history'),
        (SELECT count(*) FROM repairs), (SELECT coalesce(max(position), 0) - count(*) FROM events)
    FROM (SELECT origin, occurred_at FROM events UNION ALL SELECT origin, occurred_at FROM twins) AS both_texts";
const STATE: &str =
    "SELECT count(*), coalesce(max(position), 0), (SELECT coalesce(max(twin_id), 0) FROM twins) FROM events";
const TEXT_OF_REPAIRED: &str = "SELECT body FROM events WHERE position = $1";
const TEXT_OF: &str = "SELECT body FROM events WHERE position = $1 AND origin IN ($2, 'repaired')
    UNION ALL SELECT body FROM twins WHERE position = $1 AND origin = $2";

/// The rows of so many positions are read at once. A limit on rows instead would have those of all later positions
/// sorted for each page.
const PAGE: i64 = 1024;

const ACTION: &str = "read events";

/// The rows, as the column `origin` says it.
fn origin(rows: Rows) -> &'static str {
    match rows {
        Rows::Native => "native",
        Rows::History => "history",
        Rows::Repaired => "repaired",
    }
}

impl From<PostgresError> for CompareError {
    fn from(error: PostgresError) -> Self {
        Self::Open(Box::new(error))
    }
}

fn address_of(path: &Path) -> Result<PostgresAddress, CompareError> {
    Ok(PostgresAddress::of_path(path).map_err(PostgresError::from)?)
}

/// Counts the rows of the store whose URL stands in the place of a path, by the system that wrote them.
///
/// # Errors
/// It is no store of this program, or cannot be read.
pub fn row_counts(path: &Path) -> Result<RowCounts, CompareError> {
    let failed = port_error("count the events");
    let mut session = schema::open_for_reading(&address_of(path)?)?;
    let rows = session.query(COUNTS, &[]).map_err(&failed)?;
    let row = only(&rows)?;
    let count = |column: usize| row.try_get(column).map(i64::unsigned_abs).map_err(&failed);
    Ok(RowCounts {
        native: count(0)?,
        history: count(1)?,
        repaired: count(4)?,
        first_native: row.try_get(2).map_err(&failed)?,
        last_history: row.try_get(3).map_err(&failed)?,
        // Positions have no gaps.
        missing: Some(count(5)?),
    })
}

/// Rows of a store as it was when it was opened: what is appended later is not read.
pub struct PostgresFeed {
    path: PathBuf,
    session: Session,
    rows: Rows,
    events: u64,
    last: i64,
    last_twin: i64,
}

impl PostgresFeed {
    /// # Errors
    /// The store could not be read.
    pub fn open(path: &Path, rows: Rows) -> Result<Self, CompareError> {
        Self::open_at(&address_of(path)?, rows)
    }

    fn open_at(address: &PostgresAddress, rows: Rows) -> Result<Self, CompareError> {
        let mut session = schema::open_for_reading(address)?;
        let path = address.url().as_path().to_owned();
        let failed = port_error("count the events");
        let state = session.query(STATE, &[]).map_err(&failed)?;
        let row = only(&state)?;
        let events: i64 = row.try_get(0).map_err(&failed)?;
        let last = row.try_get(1).map_err(&failed)?;
        let last_twin = row.try_get(2).map_err(&failed)?;
        Ok(Self { path, session, rows, events: events.unsigned_abs(), last, last_twin })
    }

    /// The rows up to a position, and the twins up to a number.
    ///
    /// # Errors
    /// The store could not be read.
    pub(super) fn open_up_to(
        address: &PostgresAddress,
        rows: Rows,
        last: i64,
        last_twin: i64,
    ) -> Result<Self, CompareError> {
        Ok(Self { last, last_twin, ..Self::open_at(address, rows)? })
    }

    /// As in SQLite: a twin stands at the position of its event, and an event that was repaired is of the history as well, once its
    /// log is imported.
    fn page(&mut self, after: i64, to: i64) -> Result<Vec<Row>, RepositoryError> {
        let range = "position > $1 AND position <= $2";
        let rows = match self.rows {
            Rows::Repaired => {
                let of_repaired = format!(
                    "SELECT {COLUMNS}, id_derived FROM events
                     WHERE {range} AND position IN (SELECT position FROM repairs WHERE {range}) ORDER BY position"
                );
                self.session.query(&of_repaired, &[&after, &to])
            }
            Rows::Native | Rows::History => {
                let of_origin = format!(
                    "SELECT {COLUMNS}, id_derived FROM events WHERE {range} AND origin = $3
                     UNION ALL
                     SELECT {COLUMNS}, id_derived FROM twins WHERE {range} AND origin = $3 AND twin_id <= $4
                     UNION ALL
                     SELECT {COLUMNS}, id_derived FROM events
                     WHERE {range} AND origin = 'repaired' AND $3 = 'history'
                        AND EXISTS (SELECT 1 FROM repairs WHERE repairs.position = events.position)
                        AND EXISTS (SELECT 1 FROM source_repeats AS repeats WHERE repeats.position = events.position)
                     ORDER BY position"
                );
                let origin = origin(self.rows);
                self.session.query(&of_origin, &[&after, &to, &origin, &self.last_twin])
            }
        };
        rows.map_err(port_error(ACTION))
    }
}

impl Feed for PostgresFeed {
    fn path(&self) -> &Path {
        &self.path
    }

    fn has_positions(&self) -> bool {
        true
    }

    fn holds_repaired(&self) -> bool {
        self.rows == Rows::Repaired
    }

    fn read(
        &mut self,
        reader: &mut RecordReader<'_>,
        take: &mut dyn FnMut(Fed<'_>, &RecordReader<'_>) -> Result<(), CompareError>,
    ) -> Result<FeedFacts, CompareError> {
        let mut after = 0;
        while after < self.last {
            let to = after.saturating_add(PAGE).min(self.last);
            for row in &self.page(after, to)? {
                let stored = stored_event(row)?;
                let position = stored.position.get().unsigned_abs();
                let place = Place { line: position, offset: position };
                let is_derived: bool = row.try_get("id_derived").map_err(port_error(ACTION))?;
                let (event, at): (_, DateTime<Utc>) = (&stored.event, stored.event.timestamp());
                let id = (!is_derived).then(|| event.event_id().as_str());
                let aggregate = event.aggregate_id().map(AggregateId::as_str);
                match reader.read_stored(event.body(), id, event.event_type(), at, aggregate) {
                    Ok(record) => take(Fed::Record { place, record: &record }, reader)?,
                    Err(error) => take(Fed::Reject { place, reject: error.into() }, reader)?,
                }
            }
            after = to;
        }
        Ok(FeedFacts::Store { events: self.events, last_position: self.last.unsigned_abs() })
    }

    fn texts(&mut self, offsets: &[u64], take: &mut dyn FnMut(u64, &[u8])) -> Result<(), CompareError> {
        let failed = port_error(ACTION);
        for offset in offsets {
            let position = i64::try_from(*offset).unwrap_or(i64::MAX);
            let rows = match self.rows {
                Rows::Repaired => self.session.query(TEXT_OF_REPAIRED, &[&position]),
                Rows::Native | Rows::History => self.session.query(TEXT_OF, &[&position, &origin(self.rows)]),
            };
            let rows = rows.map_err(&failed)?;
            let body: &str = only(&rows)?.try_get(0).map_err(&failed)?;
            take(*offset, body.as_bytes());
        }
        Ok(())
    }
}
