//! The queries of the port. Each walks an index, and nothing else; a test asks PostgreSQL for its plans.

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use postgres::types::ToSql;
use postgres::{Error, Row};

use super::address::PostgresAddress;
use super::connection::{Access, Session, with_session};
use super::error::{PostgresError, port_error};
use super::names::key;
use super::row::{COLUMNS, stored_event};
use crate::domain::query::{EventQuery, TimeOrder};
use crate::domain::repository::{RepositoryError, StoreSummary, StoredEvent};
use crate::domain::value_objects::{AggregateId, EventId, Position};

/// What follows `SELECT … FROM events` in each query but those that [`matching`] makes.
const BY_ID: &str = "WHERE event_id = $1";
const BY_TWIN: &str = "WHERE position = (SELECT position FROM twins WHERE event_id = $1)";
const AFTER: &str = "WHERE position > $1 ORDER BY position LIMIT $2";

const LAST_POSITION: &str = "SELECT max(position) FROM events";
/// One statement, so that all of it is of one state.
const SUMMARY: &str = "SELECT (SELECT max(position) FROM events), (SELECT min(occurred_at) FROM events),
    (SELECT max(occurred_at) FROM events), (SELECT count(*) FROM events)";

/// So many connections wait for the next query.
const MOST_IDLE: usize = 4;

/// The connections that queries use, as many as there are queries at a time.
pub(super) struct Readers {
    address: PostgresAddress,
    idle: Mutex<Vec<Session>>,
}

impl Readers {
    pub fn new(address: PostgresAddress, session: Session) -> Self {
        Self { address, idle: Mutex::new(vec![session]) }
    }

    /// Does `work` on a connection; a lost one is replaced.
    pub fn read<T>(
        &self,
        action: &'static str,
        mut work: impl FnMut(&mut Session) -> Result<T, Error>,
    ) -> Result<T, RepositoryError> {
        let mut session = self.idle().pop();
        let answer = with_session(&mut session, || self.connect(), action, |session, _| work(session));
        let mut idle = self.idle();
        if idle.len() < MOST_IDLE {
            idle.extend(session);
        }
        answer
    }

    fn connect(&self) -> Result<Session, PostgresError> {
        Session::connect(&self.address, Access::Reading)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Session>> {
        // Each is whole: one that a query has panicked on is not put back.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn by_id(&self, id: &EventId) -> Result<Option<StoredEvent>, RepositoryError> {
        let key = key(id.as_str());
        let own = self.select(BY_ID, &[&key])?.pop();
        // What the other system wrote of an event is known by its own id too.
        if own.is_some() { Ok(own) } else { Ok(self.select(BY_TWIN, &[&key])?.pop()) }
    }

    pub fn query(&self, query: &EventQuery, limit: usize) -> Result<Vec<StoredEvent>, RepositoryError> {
        let (first, last) = query
            .between
            .map_or((earliest(), latest()), |(start, end)| (bound(start, true), bound(end, false)));
        let limit = bounded(limit);
        let event_type = query.event_type.as_deref().map(key);
        let aggregate_id = query.aggregate_id.as_ref().map(|id| key(AggregateId::as_str(id)));
        let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&first, &last, &limit];
        parameters.extend(event_type.as_ref().map(|name| name as &(dyn ToSql + Sync)));
        parameters.extend(aggregate_id.as_ref().map(|name| name as &(dyn ToSql + Sync)));
        self.select(&matching(query), &parameters)
    }

    pub fn after(
        &self,
        position: Option<Position>,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, RepositoryError> {
        self.select(AFTER, &[&position.map_or(i64::MIN, Position::get), &bounded(limit)])
    }

    /// The position of the last event.
    pub fn last_position(&self) -> Result<Option<Position>, RepositoryError> {
        let action = "look up the last event";
        let rows = self.read(action, |session| session.query(LAST_POSITION, &[]))?;
        let last: Option<i64> = only(&rows)?.try_get(0).map_err(port_error(action))?;
        Ok(last.map(Position::new))
    }

    pub fn summary(&self) -> Result<StoreSummary, RepositoryError> {
        let action = "count the events";
        let rows = self.read(action, |session| session.query(SUMMARY, &[]))?;
        let (row, failed) = (only(&rows)?, port_error(action));
        let head: Option<i64> = row.try_get(0).map_err(&failed)?;
        let events: i64 = row.try_get(3).map_err(&failed)?;
        Ok(StoreSummary {
            events: events.unsigned_abs(),
            first: row.try_get(1).map_err(&failed)?,
            last: row.try_get(2).map_err(&failed)?,
            head: head.map(Position::new),
        })
    }

    fn select(
        &self,
        clause: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<StoredEvent>, RepositoryError> {
        let sql = statement(clause);
        // All rows at once: to wait for each by itself takes a tenth of the time for a hundred.
        let rows = self.read("read events", |session| session.query(&sql, parameters))?;
        rows.into_iter().map(|row| stored_event(&row)).collect()
    }
}

pub(super) fn only(rows: &[Row]) -> Result<&Row, RepositoryError> {
    rows.first().ok_or_else(|| RepositoryError::storage("read events", "the server answered no row"))
}

fn statement(clause: &str) -> String {
    format!("SELECT {COLUMNS} FROM events {clause}")
}

/// The clause of a query: `$1` to `$2` are the bounds of the time, `$3` is the limit, and type and aggregate follow. The bounds
/// stand in every clause, as in SQLite.
fn matching(query: &EventQuery) -> String {
    let mut clause = "WHERE occurred_at BETWEEN $1 AND $2".to_owned();
    let conditions =
        [("event_type", query.event_type.is_some()), ("aggregate_id", query.aggregate_id.is_some())];
    for (number, (column, _)) in (4..).zip(conditions.iter().filter(|(_, is_set)| *is_set)) {
        clause.push_str(&format!(" AND {column} = ${number}"));
    }
    clause.push_str(match query.order {
        TimeOrder::Chronological => " ORDER BY occurred_at, position LIMIT $3",
        TimeOrder::NewestFirst => " ORDER BY occurred_at DESC, position DESC LIMIT $3",
    });
    clause
}

/// A bound between two microseconds: the first one within the range is the next, the last one is the one before. What is
/// beyond the calendar of PostgreSQL or of events is cut off.
fn bound(time: DateTime<Utc>, is_first: bool) -> DateTime<Utc> {
    let is_between = !time.timestamp_subsec_nanos().is_multiple_of(1_000);
    let micros = time.timestamp_micros() + i64::from(is_first && is_between);
    DateTime::from_timestamp_micros(micros).unwrap_or(time).clamp(earliest(), latest())
}

/// No event is earlier: years begin with 1, and a zone can move it by a day.
fn earliest() -> DateTime<Utc> {
    in_year(-1)
}

/// No event is later: years end with 9999.
fn latest() -> DateTime<Utc> {
    in_year(10_001)
}

fn in_year(year: i32) -> DateTime<Utc> {
    NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or_default().and_time(NaiveTime::MIN).and_utc()
}

/// PostgreSQL counts in signed numbers.
fn bounded(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
