//! The one place that knows how an event and a row of `events` become each other.

use chrono::{DateTime, Utc};
use rusqlite::{CachedStatement, Connection, Row, params};

use crate::application::import::{Identity, ImportRecord};
use crate::application::log_source::Place;
use crate::domain::event::DomainEvent;
use crate::domain::repository::{EventOrigin, RepositoryError, StoredEvent};
use crate::domain::value_objects::{AggregateId, EventId, Position};
use crate::wire::record::Shape;

use super::error::port_error;

/// The columns that [`stored_event`] reads, in its order.
pub(super) const COLUMNS: &str =
    "position, event_id, event_type, occurred_at, aggregate_id, body, source_id, origin";

/// Puts a row after all that were stored, those that another program has removed included: what refers to a position
/// never comes to refer to another event.
pub(super) const INSERT: &str = "INSERT INTO events
    (position, event_id, event_type, occurred_at, aggregate_id, body, origin, recorded_at,
     id_derived, source_id, source_offset, source_line)
    VALUES (max(ifnull((SELECT max(position) FROM events), 0), ifnull((SELECT last_position FROM stored_rows), 0)) + 1,
            ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";

/// The same unless an event has the id.
pub(super) const INSERT_IF_NEW: &str = "INSERT INTO events
    (position, event_id, event_type, occurred_at, aggregate_id, body, origin, recorded_at,
     id_derived, source_id, source_offset, source_line)
    VALUES (max(ifnull((SELECT max(position) FROM events), 0), ifnull((SELECT last_position FROM stored_rows), 0)) + 1,
            ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
    ON CONFLICT (event_id) DO NOTHING";

/// The same as [`INSERT`] at the position `?12`.
const INSERT_AT: &str = "INSERT INTO events
    (position, event_id, event_type, occurred_at, aggregate_id, body, origin, recorded_at,
     id_derived, source_id, source_offset, source_line)
    VALUES (?12, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";

/// The same for a store that is being built, whose rows are counted when all of them are there.
pub(super) const INSERT_IN_BULK: &str = "INSERT INTO events
    (event_id, event_type, occurred_at, aggregate_id, body, origin, recorded_at,
     id_derived, source_id, source_offset, source_line)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";

/// How an event came into the store: which system wrote it, or by a repair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Native,
    History,
    Repaired,
}

impl Origin {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::History => "history",
            Self::Repaired => "repaired",
        }
    }
}

/// What one row is made of, borrowed from wherever it lies.
pub(super) struct NewRow<'e> {
    pub event_id: &'e str,
    pub event_type: &'e str,
    pub occurred_at: DateTime<Utc>,
    pub aggregate_id: Option<&'e str>,
    pub body: &'e str,
    pub origin: Origin,
    pub recorded_at: DateTime<Utc>,
    pub id_derived: bool,
    /// The log that it is imported from, and its place there.
    pub source: Option<(i64, Place)>,
}

impl<'e> NewRow<'e> {
    /// The row of an imported record, under the given id.
    pub fn imported(
        record: &'e ImportRecord,
        event_id: &'e EventId,
        source_id: i64,
        recorded_at: DateTime<Utc>,
    ) -> Self {
        Self {
            event_id: event_id.as_str(),
            event_type: &record.event_type,
            occurred_at: record.occurred_at,
            aggregate_id: record.aggregate_id.as_ref().map(AggregateId::as_str),
            body: &record.body,
            origin: match record.shape {
                Shape::New => Origin::Native,
                Shape::Legacy | Shape::Mapped => Origin::History,
            },
            recorded_at,
            id_derived: matches!(record.identity, Identity::Derived { .. }),
            source: Some((source_id, record.place)),
        }
    }

    /// Inserts it at a position that an event had which is missing.
    pub fn insert_at(&self, connection: &Connection, position: i64) -> rusqlite::Result<()> {
        connection.prepare_cached(INSERT_AT)?.insert(params![
            self.event_id,
            self.event_type,
            self.occurred_at.timestamp_micros(),
            self.aggregate_id,
            self.body,
            self.origin.as_str(),
            self.recorded_at.timestamp_micros(),
            self.id_derived,
            self.source.map(|(id, _)| id),
            self.source.map(|(_, place)| place.offset as i64),
            self.source.map(|(_, place)| place.line as i64),
            position,
        ])?;
        Ok(())
    }

    /// Executes the prepared [`INSERT`] or [`INSERT_IN_BULK`]. A row that is not there then is an error.
    pub fn insert(&self, statement: &mut CachedStatement<'_>) -> rusqlite::Result<()> {
        match self.execute(statement)? {
            1 => Ok(()),
            rows => Err(rusqlite::Error::StatementChangedRows(rows)),
        }
    }

    /// Executes the prepared [`INSERT_IF_NEW`]; answers whether the row was inserted.
    pub fn insert_if_new(&self, statement: &mut CachedStatement<'_>) -> rusqlite::Result<bool> {
        Ok(self.execute(statement)? == 1)
    }

    fn execute(&self, statement: &mut CachedStatement<'_>) -> rusqlite::Result<usize> {
        statement.execute(params![
            self.event_id,
            self.event_type,
            self.occurred_at.timestamp_micros(),
            self.aggregate_id,
            self.body,
            self.origin.as_str(),
            self.recorded_at.timestamp_micros(),
            self.id_derived,
            self.source.map(|(id, _)| id),
            self.source.map(|(_, place)| place.offset as i64),
            self.source.map(|(_, place)| place.line as i64),
        ])
    }
}

/// Reads the [`COLUMNS`] of a row. What a database holds is input: it may be anything.
pub(super) fn stored_event(row: &Row<'_>) -> Result<StoredEvent, RepositoryError> {
    let failed = port_error("read an event");
    let position: i64 = row.get(0).map_err(&failed)?;
    let corrupt =
        |detail: String| RepositoryError::Corrupt { place: format!("event row {position}"), detail };
    let id: String = row.get(1).map_err(|error| corrupt(error.to_string()))?;
    let occurred_at: i64 = row.get(3).map_err(|error| corrupt(error.to_string()))?;
    let timestamp = DateTime::from_timestamp_micros(occurred_at)
        .ok_or_else(|| corrupt(format!("occurred_at {occurred_at} is no time")))?;
    let aggregate: Option<String> = row.get(4).map_err(|error| corrupt(error.to_string()))?;
    let source: Option<i64> = row.get(6).map_err(|error| corrupt(error.to_string()))?;
    let origin = row.get_ref(7).map_err(&failed)?.as_str().map_err(|error| corrupt(error.to_string()))?;
    let is_repaired = origin == Origin::Repaired.as_str();
    Ok(StoredEvent {
        position: Position::new(position),
        origin: match (source, is_repaired) {
            (Some(_), _) => EventOrigin::Imported,
            (None, true) => EventOrigin::Repaired,
            (None, false) => EventOrigin::Saved,
        },
        event: DomainEvent::from_parts(
            EventId::new(id).map_err(|error| corrupt(error.to_string()))?,
            row.get(2).map_err(|error| corrupt(error.to_string()))?,
            timestamp,
            aggregate.map(AggregateId::new),
            row.get(5).map_err(|error| corrupt(error.to_string()))?,
        ),
    })
}
