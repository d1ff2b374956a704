//! One state of a store, as an export reads it. It has logs where it was moved here with them.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use chrono::{DateTime, NaiveDate, Utc};
use postgres::Error;
use postgres::fallible_iterator::FallibleIterator;
use postgres::types::ToSql;

use super::address::PostgresAddress;
use super::connection::Session;
use super::error::{PostgresError, port_error};
use super::logs::{self, Extents};
use super::row::{COLUMNS, stored_event};
use super::schema;
use crate::application::export::{ExportStore, LiveDay, LiveEvent, Piece, StoredLog};
use crate::domain::repository::{EventOrigin, RepositoryError};
use crate::wire::zone::Zone;

/// One state for all statements, for as long as the files take that are written of it. A day is sorted: few events of many.
const BEGIN: &str = "SET idle_in_transaction_session_timeout = 0; SET enable_sort = on;
    BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
const TIMES: &str = "SELECT occurred_at FROM events WHERE source_id IS NULL ORDER BY occurred_at";
const OF_DAY: &str = "WHERE source_id IS NULL AND occurred_at BETWEEN $1 AND $2 ORDER BY position";
const ALL: &str = "WHERE source_id IS NULL ORDER BY position";
/// Positions have no gaps.
const MISSING: &str = "SELECT coalesce(max(position), 0) - count(*) FROM events";

const ACTION: &str = "read live events";

/// One state of a store, for an export.
pub struct PostgresExport {
    session: Session,
    zone: Zone,
    days: BTreeMap<NaiveDate, LiveDay>,
    extents: Extents,
    missing_records: u64,
}

impl PostgresExport {
    /// Opens the store, which exists, and looks over its events; their days are those of `zone`. Nothing is changed.
    ///
    /// # Errors
    /// As [`PostgresEventRepository::open_for_reading`](super::PostgresEventRepository::open_for_reading).
    pub fn open(address: &PostgresAddress, zone: Zone) -> Result<Self, PostgresError> {
        let session = schema::open_for_reading(address)?;
        let (days, extents) = (BTreeMap::new(), Extents::default());
        let mut export = Self { session, zone, days, extents, missing_records: 0 };
        export.look_over().map_err(|source| PostgresError::Server {
            action: "look over the events of",
            address: Box::new(address.clone()),
            source,
        })?;
        Ok(export)
    }

    fn look_over(&mut self) -> Result<(), Error> {
        self.session.client.batch_execute(BEGIN)?;
        let mut rows = self.session.client.query_raw(TIMES, std::iter::empty::<&(dyn ToSql + Sync)>())?;
        while let Some(row) = rows.next()? {
            let time: DateTime<Utc> = row.try_get(0)?;
            let day = self.zone.day_of(time);
            let day = self.days.entry(day).or_insert(LiveDay { day, events: 0, first: time, last: time });
            day.events += 1;
            day.last = time;
        }
        drop(rows);
        self.extents = Extents::look_over(&mut self.session)?;
        let missing: i64 = self.session.client.query_one(MISSING, &[])?.try_get(0)?;
        self.missing_records = missing.max(0).unsigned_abs();
        Ok(())
    }
}

impl ExportStore for PostgresExport {
    fn missing_records(&self) -> u64 {
        self.missing_records
    }

    fn logs(&mut self) -> Result<Vec<StoredLog>, RepositoryError> {
        logs::stored_logs(&mut self.session).map_err(port_error("read which logs were imported"))
    }

    fn each_piece(
        &mut self,
        log: &StoredLog,
        take: &mut dyn FnMut(Piece<'_>) -> ControlFlow<()>,
    ) -> Result<(), RepositoryError> {
        let pieces = self.extents.each_piece(&mut self.session, log.source_id, take);
        pieces.map_err(port_error("read the bytes of a log"))
    }

    fn events_only_in(&mut self, log: &StoredLog, others: &[i64]) -> Result<u64, RepositoryError> {
        let count = self.extents.events_only_in(&mut self.session, log.source_id, others);
        count.map_err(port_error("count the events of a log"))
    }

    fn live_days(&mut self) -> Result<Vec<LiveDay>, RepositoryError> {
        Ok(self.days.values().copied().collect())
    }

    fn each_live(
        &mut self,
        day: Option<&LiveDay>,
        take: &mut dyn FnMut(LiveEvent<'_>) -> ControlFlow<()>,
    ) -> Result<(), RepositoryError> {
        let failed = port_error(ACTION);
        let bounds: Vec<&(dyn ToSql + Sync)> = day.map_or(Vec::new(), |day| vec![&day.first, &day.last]);
        let clause = if day.is_some() { OF_DAY } else { ALL };
        let statement = self.session.prepared(&format!("SELECT {COLUMNS} FROM events {clause}"));
        let statement = statement.map_err(&failed)?;
        let mut rows = self.session.client.query_raw(&statement, bounds).map_err(&failed)?;
        while let Some(row) = rows.next().map_err(&failed)? {
            let stored = stored_event(&row)?;
            let occurred_at = stored.event.timestamp();
            // Where a zone's clock goes back over midnight, days overlap.
            if day.is_some_and(|day| day.day != self.zone.day_of(occurred_at)) {
                continue;
            }
            let event = LiveEvent {
                position: stored.position.get(),
                occurred_at,
                event_type: stored.event.event_type(),
                body: stored.event.body(),
                is_repaired: stored.origin == EventOrigin::Repaired,
            };
            if take(event).is_break() {
                break;
            }
        }
        Ok(())
    }
}
