//! Loading in bulk: what the import use case puts its records into.

use std::path::Path;

use chrono::Utc;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use uuid::Uuid;

use crate::application::import::{Identity, ImportRecord, ImportTarget, Outcome};
use crate::domain::json::same_value;
use crate::domain::record::{Shape, derived_event_id};
use crate::domain::repository::RepositoryError;
use crate::domain::value_objects::{EventId, Position};

use super::append::first_of;
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
    /// The last position before the current source.
    present: Position,
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
        Ok(Self { connection, present: Position::new(0) })
    }
}

impl ImportTarget for SqliteImport {
    fn begin_source(&mut self) -> Result<(), RepositoryError> {
        self.connection.execute(FORGET_OCCURRENCES, []).map_err(port_error("begin an import"))?;
        self.present = read::last_position(&self.connection)?;
        Ok(())
    }

    fn store(&mut self, records: &[ImportRecord]) -> Result<Vec<Outcome>, RepositoryError> {
        let failed = port_error("import records");
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(&failed)?;
        let outcomes = records
            .iter()
            .map(|record| store_one(&transaction, record, self.present))
            .collect::<Result<_, _>>()?;
        transaction.commit().map_err(&failed)?;
        Ok(outcomes)
    }

    fn count(&self) -> Result<u64, RepositoryError> {
        read::count(&self.connection)
    }
}

fn store_one(
    transaction: &Transaction<'_>,
    record: &ImportRecord,
    present: Position,
) -> Result<Outcome, RepositoryError> {
    let event_id = match &record.identity {
        Identity::Carried(id) => id.clone(),
        Identity::Derived { content, written_at } => next_occurrence(transaction, *content, *written_at)?,
    };
    match first_of(transaction, event_id.as_str())? {
        Some(first) if !same_value(&first.body, &record.body) => {
            return Ok(Outcome::Conflict { event_id, position: first.position });
        }
        Some(first) if first.position <= present => return Ok(Outcome::AlreadyPresent),
        Some(_) => return Ok(Outcome::Duplicate),
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
            Shape::Legacy | Shape::Mapped => Origin::History,
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
