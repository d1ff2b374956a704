//! The one place that knows how an event and a row of `events` become each other.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::error::Error;

use chrono::{DateTime, Utc};
use postgres::Row;
use postgres::types::{FromSql, ToSql};

use super::error::port_error;
use super::names::{exact_names, key, read_exact_names};
use crate::domain::error_chain::error_chain;
use crate::domain::event::DomainEvent;
use crate::domain::repository::{EventOrigin, RepositoryError, StoredEvent};
use crate::domain::value_objects::{AggregateId, EventId, Position};

/// The columns that [`stored_event`] reads, in its order.
pub(super) const COLUMNS: &str =
    "position, event_id, event_type, occurred_at, aggregate_id, body, source_id, origin, exact_names";

const EVENT_ID: &str = "event_id";
const EVENT_TYPE: &str = "event_type";
const AGGREGATE_ID: &str = "aggregate_id";

/// What an event has in the columns of its row.
pub(super) struct NewRow<'e> {
    event_id: Cow<'e, str>,
    event_type: Cow<'e, str>,
    time: DateTime<Utc>,
    aggregate_id: Option<Cow<'e, str>>,
    body: &'e str,
    names: Option<String>,
}

impl<'e> NewRow<'e> {
    pub fn of(event: &'e DomainEvent) -> Self {
        let (id, event_type) = (event.event_id().as_str(), event.event_type());
        let aggregate_id = event.aggregate_id().map(AggregateId::as_str);
        Self {
            event_id: key(id),
            event_type: key(event_type),
            time: event.timestamp(),
            aggregate_id: aggregate_id.map(key),
            body: event.body(),
            names: exact_names([
                (EVENT_ID, Some(id)),
                (EVENT_TYPE, Some(event_type)),
                (AGGREGATE_ID, aggregate_id),
            ]),
        }
    }

    /// The arguments of `append_event` but for the last two.
    pub fn arguments(&self) -> [&(dyn ToSql + Sync); 6] {
        [&self.event_id, &self.event_type, &self.time, &self.aggregate_id, &self.body, &self.names]
    }
}

/// The arguments of `append_events` but for the last two, an array each.
#[derive(Default)]
pub(super) struct NewRows<'e> {
    event_ids: Vec<Cow<'e, str>>,
    event_types: Vec<Cow<'e, str>>,
    times: Vec<DateTime<Utc>>,
    aggregate_ids: Vec<Option<Cow<'e, str>>>,
    bodies: Vec<&'e str>,
    names: Vec<Option<String>>,
}

impl<'e> NewRows<'e> {
    pub fn add(&mut self, event: &'e DomainEvent) {
        let NewRow { event_id, event_type, time, aggregate_id, body, names } = NewRow::of(event);
        self.event_ids.push(event_id);
        self.event_types.push(event_type);
        self.times.push(time);
        self.aggregate_ids.push(aggregate_id);
        self.bodies.push(body);
        self.names.push(names);
    }

    pub fn arguments(&self) -> [&(dyn ToSql + Sync); 6] {
        [&self.event_ids, &self.event_types, &self.times, &self.aggregate_ids, &self.bodies, &self.names]
    }
}

/// Reads the [`COLUMNS`] of a row. What a database holds is input: it may be anything.
pub(super) fn stored_event(row: &Row) -> Result<StoredEvent, RepositoryError> {
    let position: i64 = row.try_get(0).map_err(port_error("read an event"))?;
    let column = Columns { row, position };
    let mut names = match column.get::<Option<&str>>(8)? {
        Some(names) => read_exact_names(names).map_err(|error| column.corrupt(&error))?,
        None => BTreeMap::new(),
    };
    let mut exact = |column: &str, held: String| names.remove(column).unwrap_or(held);
    let id = exact(EVENT_ID, column.get(1)?);
    let event_type = exact(EVENT_TYPE, column.get(2)?);
    let aggregate_id = column.get::<Option<String>>(4)?.map(|held| exact(AGGREGATE_ID, held));
    let (source, origin): (Option<i64>, &str) = (column.get(6)?, column.get(7)?);
    Ok(StoredEvent {
        position: Position::new(position),
        origin: match (source, origin) {
            (Some(_), _) => EventOrigin::Imported,
            (None, "repaired") => EventOrigin::Repaired,
            (None, _) => EventOrigin::Saved,
        },
        event: DomainEvent::from_parts(
            EventId::new(id).map_err(|error| column.corrupt(&error))?,
            event_type,
            column.get(3)?,
            aggregate_id.map(AggregateId::new),
            column.get(5)?,
        ),
    })
}

/// The columns of the row at a position.
struct Columns<'r> {
    row: &'r Row,
    position: i64,
}

impl Columns<'_> {
    fn get<'r, T: FromSql<'r>>(&'r self, number: usize) -> Result<T, RepositoryError> {
        self.row.try_get(number).map_err(|error| self.corrupt(&error))
    }

    fn corrupt(&self, error: &(dyn Error + 'static)) -> RepositoryError {
        let place = format!("event row {}", self.position);
        RepositoryError::Corrupt { place, detail: error_chain(error) }
    }
}
