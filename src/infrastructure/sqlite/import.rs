//! Loading in bulk: what the import use case puts its records into.

use std::ops::RangeInclusive;
use std::path::Path;

use chrono::Utc;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use uuid::Uuid;

use crate::application::import::{Identity, ImportRecord, ImportTarget, Outcome};
use crate::domain::json::same_value;
use crate::domain::record::{Shape, derived_event_id};
use crate::domain::repository::RepositoryError;
use crate::domain::value_objects::EventId;

use super::append::{First, first_of};
use super::error::port_error;
use super::row::{INSERT, NewRow, Origin};
use super::{SqliteError, read, schema};

/// How many identical records of a log came so far. In a temporary table, which spills to a file:
/// a log may repeat itself as often as it likes. Sorted by time first, as logs mostly are.
const CREATE_OCCURRENCES: &str = "CREATE TEMP TABLE occurrences (
    written_at INTEGER NOT NULL, content BLOB NOT NULL, seen INTEGER NOT NULL,
    PRIMARY KEY (written_at, content)) STRICT, WITHOUT ROWID";
const FORGET_OCCURRENCES: &str = "DELETE FROM temp.occurrences";
const COUNT_OCCURRENCE: &str = "INSERT INTO temp.occurrences VALUES (?1, ?2, 1)
    ON CONFLICT DO UPDATE SET seen = seen + 1 RETURNING seen";

/// A store in SQLite that is being loaded.
pub struct SqliteImport {
    connection: Connection,
    /// The positions that this import gave to events of the current source, in ascending ranges. More
    /// than one where other processes wrote in between.
    own: Vec<RangeInclusive<i64>>,
}

impl SqliteImport {
    /// Opens the store for loading, and makes it where there is none.
    ///
    /// # Errors
    /// As [`SqliteEventRepository::open`](super::SqliteEventRepository::open).
    pub fn open(path: &Path) -> Result<Self, SqliteError> {
        let connection = schema::open_current(path)?;
        connection.execute_batch(CREATE_OCCURRENCES).map_err(|source| SqliteError::Sqlite {
            action: "make a temporary table in",
            path: path.to_owned(),
            source,
        })?;
        Ok(Self { connection, own: Vec::new() })
    }
}

impl ImportTarget for SqliteImport {
    fn begin_source(&mut self) -> Result<(), RepositoryError> {
        self.connection.execute(FORGET_OCCURRENCES, []).map_err(port_error("begin an import"))?;
        self.own.clear();
        Ok(())
    }

    fn store(&mut self, records: &[ImportRecord]) -> Result<Vec<Outcome>, RepositoryError> {
        let failed = port_error("import records");
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(&failed)?;
        let before = read::last_position(&transaction)?.get();
        let outcomes = records
            .iter()
            .map(|record| store_one(&transaction, record, &self.own, before))
            .collect::<Result<_, _>>()?;
        let after = read::last_position(&transaction)?.get();
        transaction.commit().map_err(&failed)?;
        extend(&mut self.own, before + 1..=after);
        Ok(outcomes)
    }

    fn count(&self) -> Result<u64, RepositoryError> {
        read::count(&self.connection)
    }
}

/// Adds a range behind all others.
fn extend(ranges: &mut Vec<RangeInclusive<i64>>, added: RangeInclusive<i64>) {
    match ranges.last_mut() {
        _ if added.is_empty() => {}
        Some(last) if last.end() + 1 == *added.start() => *last = *last.start()..=*added.end(),
        _ => ranges.push(added),
    }
}

/// Whether one of the ascending ranges holds the number.
fn holds(ranges: &[RangeInclusive<i64>], number: i64) -> bool {
    let candidate = ranges.partition_point(|range| *range.end() < number);
    ranges.get(candidate).is_some_and(|range| range.contains(&number))
}

/// `own` are the positions of this source's events up to `before`; what lies behind that is of this
/// very transaction.
fn store_one(
    transaction: &Transaction<'_>,
    record: &ImportRecord,
    own: &[RangeInclusive<i64>],
    before: i64,
) -> Result<Outcome, RepositoryError> {
    let event_id = match &record.identity {
        Identity::Carried(id) => id.clone(),
        Identity::Derived { content, written_at } => next_occurrence(transaction, *content, *written_at)?,
    };
    match first_of(transaction, event_id.as_str())? {
        Some(first) if !same_value(&first.body, &record.body) => {
            return Ok(Outcome::Conflict { event_id, position: first.position });
        }
        Some(First { position, .. }) if position.get() > before || holds(own, position.get()) => {
            return Ok(Outcome::Duplicate);
        }
        Some(_) => return Ok(Outcome::AlreadyPresent),
        None => {}
    }
    let failed = port_error("import a record");
    let row = NewRow {
        event_id: event_id.as_str(),
        event_type: &record.event_type,
        occurred_at: record.occurred_at,
        aggregate_id: record.aggregate_id.as_ref().map(|id| id.as_str()),
        body: &record.body,
        origin: match record.shape {
            Shape::New => Origin::Native,
            Shape::Legacy => Origin::History,
        },
        recorded_at: Utc::now(),
    };
    row.insert(&mut transaction.prepare_cached(INSERT).map_err(&failed)?).map_err(&failed)?;
    Ok(Outcome::Imported)
}

fn next_occurrence(
    transaction: &Transaction<'_>,
    content: Uuid,
    written_at: i64,
) -> Result<EventId, RepositoryError> {
    let failed = port_error("count identical records");
    let mut statement = transaction.prepare_cached(COUNT_OCCURRENCE).map_err(&failed)?;
    let seen: i64 =
        statement.query_row(params![written_at, content.as_bytes()], |row| row.get(0)).map_err(&failed)?;
    Ok(derived_event_id(content, seen.unsigned_abs()))
}
