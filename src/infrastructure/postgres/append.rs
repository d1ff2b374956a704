//! Appending, in one round trip: all events of a batch or none, or each for itself.
//!
//! A connection that is lost while events are saved leaves open whether they are. They are sent again: an id is stored
//! once, so that the second time answers what the first time would have.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use postgres::Row;
use postgres::types::ToSql;
use thiserror::Error;

use super::address::PostgresAddress;
use super::connection::{Access, Session, with_session};
use super::error::port_error;
use super::names::key;
use super::row::{NewRow, NewRows};
use crate::application::import::identity::is_saved_already;
use crate::domain::event::DomainEvent;
use crate::domain::repository::{RepositoryError, Saved};
use crate::domain::value_objects::{EventId, Position};
use crate::infrastructure::system_clock::present_time;

const APPEND: &str = "SELECT place, stored_at, stored_body, stored_when
    FROM append_events($1, $2, $3, $4, $5, $6, $7, $8)";
/// For one event, in half the time; it tells neither what has the id of the event nor what is refused.
const APPEND_ONE: &str = "SELECT append_event($1, $2, $3, $4, $5, $6, $7, $8)";
/// Where an event is, or would come to be as one of those that follow the last one.
const PLACE_OF: &str = "SELECT coalesce((SELECT position FROM events WHERE event_id = $1),
    (SELECT coalesce(max(position), 0) FROM events) + $2)";

const ACTION: &str = "save events";

/// The connection that appends.
pub(super) struct Appender {
    address: PostgresAddress,
    needs_standby: bool,
    /// Held for one batch. `None` while there is no connection.
    session: Mutex<Option<Session>>,
}

/// The wait for the standby was cancelled.
#[derive(Debug, Error)]
#[error(
    "the server was kept from waiting for its synchronous standby: the events are on its own disk, and may be lost with it; saving them again waits for the standby"
)]
struct Unconfirmed;

/// What has the id of an event.
struct First {
    position: Position,
    /// `None` where it is the event itself, which this call has stored.
    body: Option<String>,
}

impl First {
    fn answer(&self, event: &DomainEvent) -> Result<Saved, RepositoryError> {
        match &self.body {
            None => Ok(Saved { position: self.position, is_new: true }),
            Some(body) if is_saved_already(body, event.body()) => {
                Ok(Saved { position: self.position, is_new: false })
            }
            Some(_) => Err(conflict(event.event_id(), self.position)),
        }
    }
}

fn conflict(event_id: &EventId, position: Position) -> RepositoryError {
    RepositoryError::Conflict { event_id: event_id.clone(), position }
}

/// The events of a batch that do not stand in it before, and which of them each event is.
struct Distinct<'e> {
    events: Vec<&'e DomainEvent>,
    /// For each event of the batch: the number of the one with its id, and whether it is that one.
    numbers: Vec<(usize, bool)>,
}

impl<'e> Distinct<'e> {
    fn of(events: &[&'e DomainEvent]) -> Self {
        let mut distinct = Self { events: Vec::new(), numbers: Vec::with_capacity(events.len()) };
        let mut by_id: HashMap<&EventId, usize> = HashMap::with_capacity(events.len());
        for event in events {
            let next = distinct.events.len();
            let number = *by_id.entry(event.event_id()).or_insert(next);
            if number == next {
                distinct.events.push(event);
            }
            distinct.numbers.push((number, number == next));
        }
        distinct
    }
}

impl Appender {
    pub fn new(address: PostgresAddress, needs_standby: bool, session: Session) -> Self {
        Self { address, needs_standby, session: Mutex::new(Some(session)) }
    }

    /// Appends all events or none, and answers the position of each.
    pub fn append(&self, events: &[&DomainEvent]) -> Result<Vec<Position>, RepositoryError> {
        let distinct = Distinct::of(events);
        for (event, (number, _)) in events.iter().zip(&distinct.numbers) {
            if !is_saved_already(distinct.events[*number].body(), event.body()) {
                return Err(conflict(event.event_id(), self.place_of(event.event_id(), *number)?));
            }
        }
        let mut firsts = Vec::new();
        let refuse_conflicts = |event: &DomainEvent, first: &First| first.answer(event).map(drop);
        self.append_distinct(&distinct.events, &mut firsts, refuse_conflicts)?;
        let position =
            |(number, _): &(usize, bool)| firsts.get(*number)?.as_ref().map(|first| first.position);
        distinct.numbers.iter().map(|number| position(number).ok_or_else(unanswered)).collect()
    }

    /// Appends each event for itself.
    pub fn append_each(&self, events: &[&DomainEvent]) -> Vec<Result<Saved, RepositoryError>> {
        let distinct = Distinct::of(events);
        let mut firsts = Vec::new();
        let failure = self.append_distinct(&distinct.events, &mut firsts, |_, _| Ok(())).err();
        let answer = |event: &DomainEvent, (number, is_first): (usize, bool)| {
            let Some(first) = firsts.get(number).and_then(Option::as_ref) else {
                return Err(failure.clone().unwrap_or_else(unanswered));
            };
            match &first.body {
                None if !is_first => {
                    let body = Some(distinct.events[number].body().to_owned());
                    First { position: first.position, body }.answer(event)
                }
                _ => first.answer(event),
            }
        };
        events.iter().zip(&distinct.numbers).map(|(event, number)| answer(event, *number)).collect()
    }

    /// Appends events of which no two have the same id. Those whose ids are known are left out, where `accept` does not
    /// refuse them, and the others are appended together: what fails is none of them. `firsts` has what is known then.
    fn append_distinct(
        &self,
        events: &[&DomainEvent],
        firsts: &mut Vec<Option<First>>,
        accept: impl Fn(&DomainEvent, &First) -> Result<(), RepositoryError>,
    ) -> Result<(), RepositoryError> {
        firsts.resize_with(events.len(), || None);
        // As the column has it: by this, rows of this call are known again.
        let recorded = DateTime::from_timestamp_micros(present_time().timestamp_micros()).unwrap_or_default();
        let mut rest: Vec<usize> = (0..events.len()).collect();
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let mut was_lost = false;
        if let [event] = events {
            let row = NewRow::of(event);
            let answer = self.call(&mut session, APPEND_ONE, row.arguments(), &recorded, &mut was_lost)?;
            let position: Option<i64> =
                answer.first().ok_or_else(unanswered)?.try_get(0).map_err(port_error(ACTION))?;
            if let Some(position) = position {
                firsts[0] = Some(First { position: Position::new(position), body: None });
                return Ok(());
            }
        }
        while !rest.is_empty() {
            let mut rows = NewRows::default();
            rest.iter().for_each(|number| rows.add(events[*number]));
            let answer = self.call(&mut session, APPEND, rows.arguments(), &recorded, &mut was_lost)?;
            for row in &answer {
                let Answered { place, position, known } = Answered::read(row)?;
                let Some(place) = place else {
                    for (number, position) in rest.drain(..).zip(position..) {
                        firsts[number] = Some(First { position: Position::new(position), body: None });
                    }
                    break;
                };
                let number = usize::try_from(place - 1).ok().and_then(|place| rest.get(place).copied());
                let number = number.ok_or_else(unanswered)?;
                let is_of_this_call =
                    |body: &str, when| was_lost && when == recorded && body == events[number].body();
                let body = known.filter(|(body, when)| !is_of_this_call(body, *when)).map(|(body, _)| body);
                let first = First { position: Position::new(position), body };
                accept(events[number], &first)?;
                firsts[number] = Some(first);
            }
            let before = rest.len();
            rest.retain(|number| firsts[*number].is_none());
            if !rest.is_empty() && rest.len() == before {
                return Err(unanswered());
            }
        }
        Ok(())
    }

    /// Calls a function that appends; `was_lost` is set where a connection was lost, so that an earlier call may have appended.
    fn call(
        &self,
        session: &mut Option<Session>,
        sql: &str,
        arguments: [&(dyn ToSql + Sync); 6],
        recorded: &DateTime<Utc>,
        was_lost: &mut bool,
    ) -> Result<Vec<Row>, RepositoryError> {
        let mut arguments = arguments.to_vec();
        arguments.extend([recorded as &(dyn ToSql + Sync), &self.needs_standby]);
        let connect = || Session::connect(&self.address, Access::Writing);
        let (answer, is_confirmed) = with_session(session, connect, ACTION, |session, is_lost| {
            *was_lost |= is_lost;
            session.commit(sql, &arguments)
        })?;
        if is_confirmed { Ok(answer) } else { Err(RepositoryError::storage(ACTION, Unconfirmed)) }
    }

    fn place_of(&self, id: &EventId, number: usize) -> Result<Position, RepositoryError> {
        let (key, after) = (key(id.as_str()), i64::try_from(number).unwrap_or(i64::MAX - 1) + 1);
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let connect = || Session::connect(&self.address, Access::Writing);
        let rows = with_session(&mut session, connect, ACTION, |session, _| {
            session.query(PLACE_OF, &[&key, &after])
        })?;
        let row = rows.first().ok_or_else(unanswered)?;
        row.try_get(0).map(Position::new).map_err(port_error(ACTION))
    }
}

/// A row of what `append_events` answers.
struct Answered {
    /// The place in the call of an event whose id is known; `None` where all were appended.
    place: Option<i64>,
    /// The position of that event, or of the first one that was appended.
    position: i64,
    /// The text of the event that has the id, and when its row was written.
    known: Option<(String, DateTime<Utc>)>,
}

impl Answered {
    fn read(row: &Row) -> Result<Self, RepositoryError> {
        let failed = port_error(ACTION);
        let body: Option<String> = row.try_get(2).map_err(&failed)?;
        let when: Option<DateTime<Utc>> = row.try_get(3).map_err(&failed)?;
        Ok(Self {
            place: row.try_get(0).map_err(&failed)?,
            position: row.try_get(1).map_err(&failed)?,
            known: body.zip(when),
        })
    }
}

fn unanswered() -> RepositoryError {
    RepositoryError::storage(ACTION, "the server answered nothing for an event")
}
