//! The rows of a store as one side of a comparison.

use std::path::{Path, PathBuf};

use chrono::DateTime;
use rusqlite::Connection;

use crate::application::compare::feed::{CompareError, Fed, Feed, FeedFacts};
use crate::application::compare::parallel_run::{RowCounts, Rows};
use crate::application::log_source::Place;
use crate::wire::record::RecordReader;

use super::connection::MAGIC;
use super::database_kind::EVENT_STORE;
use super::error::{SqliteError, port_error};
use super::schema::open_checked_for_reading;
use super::stored_rows;

/// A twin stands at the position of its event, which is of the other origin: of one origin there is at
/// most one record at each position. An event that was repaired is of the history as well, once its log is imported.
const PAGE_OF: &str = "SELECT position, event_id, id_derived, event_type, occurred_at, aggregate_id, body
        FROM events WHERE position > ?1 AND position <= ?2 AND origin = ?4
    UNION ALL
    SELECT position, event_id, id_derived, event_type, occurred_at, aggregate_id, body
        FROM twins WHERE position > ?1 AND position <= ?2 AND origin = ?4 AND twin_id <= ?5
    UNION ALL
    SELECT position, event_id, id_derived, event_type, occurred_at, aggregate_id, body
        FROM repairs CROSS JOIN events USING (position)
        WHERE position > ?1 AND position <= ?2 AND origin = 'repaired' AND ?4 = 'history'
          AND EXISTS (SELECT 1 FROM source_repeats WHERE source_repeats.position = repairs.position)
    ORDER BY position LIMIT ?3";
/// Those that were added by a repair, and those of the history that were accepted by one.
const PAGE_OF_REPAIRED: &str =
    "SELECT position, event_id, id_derived, event_type, occurred_at, aggregate_id, body
    FROM repairs CROSS JOIN events USING (position) WHERE position > ?1 AND position <= ?2
    ORDER BY position LIMIT ?3";
const TEXT_OF_REPAIRED: &str = "SELECT body FROM events WHERE position = ?1";
const TEXT_OF: &str = "SELECT body FROM events WHERE position = ?1 AND origin IN (?2, 'repaired')
    UNION ALL SELECT body FROM twins WHERE position = ?1 AND origin = ?2";
const STATE: &str =
    "SELECT count(*) FILTER (WHERE origin = 'native'), count(*) FILTER (WHERE origin = 'history'),
        min(occurred_at) FILTER (WHERE origin = 'native'), max(occurred_at) FILTER (WHERE origin = 'history'),
        (SELECT count(*) FROM repairs)
    FROM (SELECT origin, occurred_at FROM events UNION ALL SELECT origin, occurred_at FROM twins)";

/// The rows, as the column `origin` says it.
fn origin(rows: Rows) -> &'static str {
    match rows {
        Rows::Native => "native",
        Rows::History => "history",
        Rows::Repaired => "repaired",
    }
}

/// Counts the rows of a store, by the system that wrote them.
///
/// # Errors
/// It is no store of this program, or cannot be read.
pub fn row_counts(path: &Path) -> Result<RowCounts, CompareError> {
    let connection = open_checked_for_reading(&EVENT_STORE, path)?;
    let failed = port_error("count the events");
    let missing = stored_rows::missing_records(&connection).map_err(&failed)?;
    let counts = connection
        .query_row(STATE, [], |row| {
            let time = |micros: Option<i64>| micros.and_then(DateTime::from_timestamp_micros);
            Ok(RowCounts {
                native: row.get(0)?,
                history: row.get(1)?,
                first_native: time(row.get(2)?),
                last_history: time(row.get(3)?),
                repaired: row.get(4)?,
                missing,
            })
        })
        .map_err(failed)?;
    Ok(counts)
}

/// Whether the store at `path` has events.
pub fn holds_events(path: &Path) -> Result<bool, SqliteError> {
    let connection = open_checked_for_reading(&EVENT_STORE, path)?;
    let found = connection.query_row("SELECT EXISTS (SELECT 1 FROM events)", [], |row| row.get(0));
    found.map_err(|source| SqliteError::Sqlite { action: "look at", path: path.to_owned(), source })
}

/// Whether a file that begins so is a store of events, by the header of its file.
pub fn is_event_store(beginning: &[u8]) -> bool {
    const APPLICATION_ID: std::ops::Range<usize> = 68..72;
    beginning.starts_with(MAGIC)
        && beginning.get(APPLICATION_ID) == Some(&EVENT_STORE.application_id.to_be_bytes())
}

impl From<SqliteError> for CompareError {
    fn from(error: SqliteError) -> Self {
        Self::Open(Box::new(error))
    }
}

/// Rows of a store as it was when it was opened: what is appended later is not read.
pub struct StoreFeed {
    path: PathBuf,
    connection: Connection,
    rows: Rows,
    events: u64,
    last: i64,
    last_twin: i64,
}

/// How many rows are read in one transaction: a long one would keep the log of the database from being checkpointed.
const PAGE: usize = 4096;

impl StoreFeed {
    /// # Errors
    /// The store could not be read.
    pub fn open(path: &Path, rows: Rows) -> Result<Self, CompareError> {
        let connection = open_checked_for_reading(&EVENT_STORE, path)?;
        let state = "SELECT count(*), ifnull(max(position), 0), (SELECT ifnull(max(twin_id), 0) FROM twins)
            FROM events";
        let (events, last, last_twin) = connection
            .query_row(state, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .map_err(port_error("count the events"))?;
        Ok(Self { path: path.to_owned(), connection, rows, events, last, last_twin })
    }

    /// The rows up to a position, and the twins up to a number.
    ///
    /// # Errors
    /// The store could not be read.
    #[cfg(feature = "postgres")]
    pub fn open_up_to(path: &Path, rows: Rows, last: i64, last_twin: i64) -> Result<Self, CompareError> {
        Ok(Self { last, last_twin, ..Self::open(path, rows)? })
    }
}

impl Feed for StoreFeed {
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
        let failed = port_error("read events");
        let are_repaired = self.holds_repaired();
        let page_of = if are_repaired { PAGE_OF_REPAIRED } else { PAGE_OF };
        let mut statement = self.connection.prepare(page_of).map_err(&failed)?;
        let mut after = 0_i64;
        loop {
            let rows = match are_repaired {
                true => statement.query((after, self.last, PAGE)),
                false => statement.query((after, self.last, PAGE, origin(self.rows), self.last_twin)),
            };
            let mut rows = rows.map_err(&failed)?;
            let mut count = 0;
            while let Some(row) = rows.next().map_err(&failed)? {
                count += 1;
                after = row.get(0).map_err(&failed)?;
                let place = Place { line: after.unsigned_abs(), offset: after.unsigned_abs() };
                let text =
                    |column| row.get_ref(column).and_then(|value| Ok(value.as_str()?)).map_err(&failed);
                let is_derived: bool = row.get(2).map_err(&failed)?;
                let id = if is_derived { None } else { Some(text(1)?) };
                let occurred_at =
                    DateTime::from_timestamp_micros(row.get(4).map_err(&failed)?).unwrap_or_default();
                let aggregate =
                    row.get_ref(5).and_then(|value| Ok(value.as_str_or_null()?)).map_err(&failed)?;
                match reader.read_stored(text(6)?, id, text(3)?, occurred_at, aggregate) {
                    Ok(record) => take(Fed::Record { place, record: &record }, reader)?,
                    Err(error) => take(Fed::Reject { place, reject: error.into() }, reader)?,
                }
            }
            if count < PAGE {
                break;
            }
        }
        Ok(FeedFacts::Store { events: self.events, last_position: self.last.unsigned_abs() })
    }

    fn texts(&mut self, offsets: &[u64], take: &mut dyn FnMut(u64, &[u8])) -> Result<(), CompareError> {
        let failed = port_error("read events");
        let are_repaired = self.holds_repaired();
        let text_of = if are_repaired { TEXT_OF_REPAIRED } else { TEXT_OF };
        let mut statement = self.connection.prepare(text_of).map_err(&failed)?;
        for offset in offsets {
            let body: rusqlite::Result<String> = match are_repaired {
                true => statement.query_row([offset], |row| row.get(0)),
                false => statement.query_row((offset, origin(self.rows)), |row| row.get(0)),
            };
            take(*offset, body.map_err(&failed)?.as_bytes());
        }
        Ok(())
    }
}
