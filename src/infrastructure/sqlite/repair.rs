//! Adding events that the new system did not write: all of them in one transaction, apart from what it has written.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use crate::application::import::Identity;
use crate::application::repair::{
    Disposition, HeldEvent, HeldOrigin, MissingEvent, RepairStore, disposition,
};
use crate::domain::repository::RepositoryError;
use crate::domain::value_objects::{AggregateId, Position};
use crate::infrastructure::system_clock::present_time;

use super::append::first_of;
use super::database_kind::EVENT_STORE;
use super::error::{SqliteError, port_error};
use super::row::{INSERT, NewRow, Origin};
use super::schema::{self, ImportLock};
use super::stored_rows;

const ORIGIN: &str = "SELECT origin, EXISTS (SELECT 1 FROM repairs WHERE repairs.position = events.position)
    FROM events WHERE position = ?1";
/// The new system may write late what seemed to be missing.
const SAVED_MEANWHILE: &str = "SELECT position FROM events
    WHERE position > ?1 AND origin = 'native' AND event_type = ?2 AND aggregate_id IS ?3 ORDER BY position LIMIT 1";
const NOTE: &str = "INSERT INTO repairs (position, path, source_offset, source_line, repaired_at) VALUES (?1, ?2, ?3, ?4, ?5)";

/// A store that missing events can be added to.
pub struct SqliteRepair {
    path: PathBuf,
    connection: Connection,
}

impl SqliteRepair {
    /// Opens the store at `path`, which exists, to look only.
    ///
    /// # Errors
    /// As [`SqliteEventRepository::open_for_reading`](super::SqliteEventRepository::open_for_reading).
    pub fn open_for_reading(path: &Path) -> Result<Self, SqliteError> {
        let connection = schema::open_checked_for_reading(&EVENT_STORE, path)?;
        Ok(Self { path: path.to_owned(), connection })
    }

    /// Opens the store at `path`, which exists, to add events.
    ///
    /// # Errors
    /// As [`SqliteEventRepository::open`](super::SqliteEventRepository::open), and where there is no such file.
    pub fn open(path: &Path) -> Result<Self, SqliteError> {
        schema::ensure_present(path)?;
        let connection = schema::open_current(&EVENT_STORE, path)?;
        stored_rows::tell_of_an_early_end(path, &connection)?;
        Ok(Self { path: path.to_owned(), connection })
    }
}

impl RepairStore for SqliteRepair {
    fn look_up(
        &mut self,
        events: &[&MissingEvent],
        compared_up_to: Position,
    ) -> Result<Vec<Disposition>, RepositoryError> {
        let state = self.connection.unchecked_transaction().map_err(port_error("look at the store"))?;
        events.iter().map(|event| decide(&state, event, compared_up_to)).collect()
    }

    fn add(
        &mut self,
        events: &[&MissingEvent],
        compared_up_to: Position,
    ) -> Result<Vec<Disposition>, RepositoryError> {
        let failed = port_error("add missing events");
        // An import decides by what is there which records are twins, and which are events of their own.
        let _lock = ImportLock::acquire(&self.path)
            .map_err(|error| RepositoryError::storage("wait for an import", error))?;
        let mut turns = schema::turn_file_of(&self.path);
        let _turn = turns.take();
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(&failed)?;
        let mut dispositions = Vec::with_capacity(events.len());
        for event in events {
            let disposition = decide(&transaction, event, compared_up_to)?;
            match disposition {
                Disposition::Add => {
                    insert(&transaction, event).map_err(&failed)?;
                    note(&transaction, event, transaction.last_insert_rowid()).map_err(&failed)?;
                }
                Disposition::AcceptImported(position) => {
                    note(&transaction, event, position.get()).map_err(&failed)?;
                }
                _ => {}
            }
            dispositions.push(disposition);
        }
        transaction.commit().map_err(failed)?;
        Ok(dispositions)
    }
}

fn decide(
    connection: &Connection,
    event: &MissingEvent,
    compared_up_to: Position,
) -> Result<Disposition, RepositoryError> {
    let failed = port_error("look an event up");
    let record = &event.record;
    let aggregate_id = record.aggregate_id.as_ref().map(AggregateId::as_str);
    let saved_meanwhile: Option<i64> = connection
        .prepare_cached(SAVED_MEANWHILE)
        .and_then(|mut find| {
            let parameters = params![compared_up_to.get(), record.event_type, aggregate_id];
            find.query_row(parameters, |row| row.get(0)).optional()
        })
        .map_err(&failed)?;
    let first = first_of(connection, event.event_id.as_str())?;
    let held = match &first {
        None => None,
        Some(first) => {
            let position = first.position;
            let (origin, is_repaired): (String, bool) = connection
                .query_row(ORIGIN, [position.get()], |row| Ok((row.get(0)?, row.get(1)?)))
                .map_err(failed)?;
            let origin = match origin.as_str() {
                _ if first.twin_id.is_some() => HeldOrigin::Twin,
                _ if is_repaired => HeldOrigin::Repaired,
                native if native == Origin::Native.as_str() => HeldOrigin::Native,
                // Also one whose note of the repair another program has removed: it is noted again.
                _ => HeldOrigin::Imported,
            };
            Some(HeldEvent { position, body: &first.body, origin })
        }
    };
    Ok(disposition(event, held, saved_meanwhile.map(Position::new)))
}

fn insert(connection: &Connection, event: &MissingEvent) -> rusqlite::Result<()> {
    let record = &event.record;
    let row = NewRow {
        event_id: event.event_id.as_str(),
        event_type: &record.event_type,
        occurred_at: record.occurred_at,
        aggregate_id: record.aggregate_id.as_ref().map(AggregateId::as_str),
        body: &record.body,
        origin: Origin::Repaired,
        recorded_at: present_time(),
        id_derived: matches!(record.identity, Identity::Derived { .. }),
        source: None,
    };
    row.insert(&mut connection.prepare_cached(INSERT)?)
}

fn note(connection: &Connection, event: &MissingEvent, position: i64) -> rusqlite::Result<()> {
    let place = event.record.place;
    let now = present_time().timestamp_micros();
    let parameters = params![position, event.path, place.offset as i64, place.line as i64, now];
    connection.prepare_cached(NOTE)?.execute(parameters)?;
    Ok(())
}

#[cfg(test)]
mod tests;
