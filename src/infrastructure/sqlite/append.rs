//! Appending, in one transaction: all events of a batch or none, or each for itself.

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};

use crate::application::import::identity::is_saved_already;
use crate::domain::event::DomainEvent;
use crate::domain::repository::{RepositoryError, Saved};
use crate::domain::save_each::fail_lost;
use crate::domain::value_objects::{EventId, Position};
use crate::infrastructure::system_clock::present_time;

use super::error::port_error;
use super::row::{INSERT, NewRow, Origin};

/// An id belongs to an event, or to the twin of one.
const FIND: &str = "SELECT position, body, source_id, source_offset, NULL FROM events WHERE event_id = ?1
    UNION ALL
    SELECT position, body, source_id, source_offset, twin_id FROM twins WHERE event_id = ?1";

const ACTION: &str = "save events";

pub(super) fn append(
    connection: &mut Connection,
    events: &[DomainEvent],
) -> Result<Vec<Position>, RepositoryError> {
    let transaction = begin(connection)?;
    let mut positions = Vec::with_capacity(events.len());
    for event in events {
        positions.push(append_one(&transaction, event)?.position);
    }
    transaction.commit().map_err(port_error(ACTION))?;
    Ok(positions)
}

/// Appends each event for itself. No savepoint is needed: what is wrong with an event shows before its row is
/// inserted, and a statement that fails takes back what it did.
pub(super) fn append_each(
    connection: &mut Connection,
    events: &[&DomainEvent],
) -> Vec<Result<Saved, RepositoryError>> {
    let mut answers = Vec::with_capacity(events.len());
    if let Err(failure) = answer_each(connection, events, &mut answers) {
        let first_new = answers.iter().flatten().find(|saved| saved.is_new).map(|saved| saved.position);
        fail_lost(&mut answers, |position| first_new.is_some_and(|first| position >= first), &failure);
        answers.resize_with(events.len(), || Err(failure.clone()));
    }
    answers
}

/// Where this fails, nothing was stored, and the events after the answers were not tried.
fn answer_each(
    connection: &mut Connection,
    events: &[&DomainEvent],
    answers: &mut Vec<Result<Saved, RepositoryError>>,
) -> Result<(), RepositoryError> {
    let transaction = begin(connection)?;
    for event in events {
        let answer = append_one(&transaction, event);
        // A full disk, an I/O error, a lack of memory or an interrupt may have rolled back everything.
        if transaction.is_autocommit() {
            answer?;
            return Err(RepositoryError::storage(ACTION, "the transaction was rolled back"));
        }
        answers.push(answer);
    }
    transaction.commit().map_err(port_error(ACTION))
}

/// Immediate: a transaction that reads first and then writes would be refused without waiting when another process
/// wrote in between.
fn begin(connection: &mut Connection) -> Result<Transaction<'_>, RepositoryError> {
    connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(port_error(ACTION))
}

fn append_one(transaction: &Transaction<'_>, event: &DomainEvent) -> Result<Saved, RepositoryError> {
    let failed = port_error("save an event");
    match first_of(transaction, event.event_id().as_str())? {
        Some(first) if is_saved_already(&first.body, event.body()) => {
            return Ok(Saved { position: first.position, is_new: false });
        }
        Some(first) => return Err(first.conflict(event.event_id())),
        None => {}
    }
    let row = NewRow {
        event_id: event.event_id().as_str(),
        event_type: event.event_type(),
        occurred_at: event.timestamp(),
        aggregate_id: event.aggregate_id().map(|id| id.as_str()),
        body: event.body(),
        origin: Origin::Native,
        recorded_at: present_time(),
        id_derived: false,
        source: None,
    };
    row.insert(&mut transaction.prepare_cached(INSERT).map_err(&failed)?).map_err(&failed)?;
    Ok(Saved { position: Position::new(transaction.last_insert_rowid()), is_new: true })
}

/// What has an id already: an event, or the twin of one.
pub(super) struct First {
    /// Where the event is.
    pub position: Position,
    pub body: String,
    /// The number of the twin, where it is one.
    pub twin_id: Option<i64>,
    /// The log that it was imported from, and its offset there.
    pub source: Option<(i64, i64)>,
}

impl First {
    pub fn conflict(&self, event_id: &EventId) -> RepositoryError {
        RepositoryError::Conflict { event_id: event_id.clone(), position: self.position }
    }
}

pub(super) fn first_of(connection: &Connection, event_id: &str) -> Result<Option<First>, RepositoryError> {
    let failed = port_error("look an event up");
    let mut statement = connection.prepare_cached(FIND).map_err(&failed)?;
    statement
        .query_row([event_id], |row| {
            let source: (Option<i64>, Option<i64>) = (row.get(2)?, row.get(3)?);
            Ok(First {
                position: Position::new(row.get(0)?),
                body: row.get(1)?,
                twin_id: row.get(4)?,
                source: source.0.zip(source.1),
            })
        })
        .optional()
        .map_err(&failed)
}

#[cfg(test)]
mod tests;
