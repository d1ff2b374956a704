//! What is recorded of modes, as tables of the handler store: see `handler_migrations/`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, Params, Row, Transaction, TransactionBehavior, params};

use super::error::{OpenedForReading, failed};
use super::mode_row;
use crate::application::handling::store::HandlerStoreError;
use crate::application::mode_log::{ModeChange, ModeLog, ProcessMode, UndecidedRecord};

const CHANGES: &str = "SELECT change, at, mode, primary_side, new_event_types, legacy_end FROM mode_changes
    ORDER BY change";
const HEADS: &str =
    "SELECT change, stream, position FROM mode_change_heads WHERE change = ?1 ORDER BY stream";
const LAST_ROUTING: &str = "SELECT change, mode, primary_side, new_event_types FROM mode_changes
    ORDER BY change DESC LIMIT 1";
const LAST_CHANGE: &str = "SELECT ifnull(max(change), 0) FROM mode_changes";
const ADD_CHANGE: &str = "INSERT INTO mode_changes (at, mode, primary_side, new_event_types, legacy_end)
    VALUES (?1, ?2, ?3, ?4, ?5)";
const ADD_HEAD: &str = "INSERT INTO mode_change_heads (change, stream, position) VALUES (?1, ?2, ?3)";

const PROCESSES: &str = "SELECT pid, mode, primary_side, new_event_types, since, seen_at FROM process_modes
    ORDER BY pid";
const PUT_PROCESS: &str =
    "INSERT INTO process_modes (pid, mode, primary_side, new_event_types, since, seen_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)
    ON CONFLICT DO UPDATE SET mode = excluded.mode, primary_side = excluded.primary_side,
        new_event_types = excluded.new_event_types, since = excluded.since, seen_at = excluded.seen_at";
const REMOVE_PROCESS: &str = "DELETE FROM process_modes WHERE pid = ?1";

const UNDECIDED: &str = "SELECT undecided, mirror, found_at, event_id, legacy_offset, detail
    FROM undecided_records ORDER BY undecided";
const ADD_UNDECIDED: &str =
    "INSERT INTO undecided_records (mirror, found_at, event_id, legacy_offset, detail)
    VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";

/// What is recorded of modes in a handler store. A change is on disk when it is made.
pub struct SqliteModeLog {
    connection: Mutex<Connection>,
    reads_only: bool,
    /// The changes as they were read last, and the number of the last one. None is ever altered. Taken after the connection.
    known: Mutex<Known>,
}

type Known = (i64, Arc<Vec<ModeChange>>);

impl SqliteModeLog {
    /// On a connection of its own, whose commits are synced.
    pub(super) fn new(connection: Connection, reads_only: bool) -> Self {
        Self { connection: Mutex::new(connection), reads_only, known: Mutex::default() }
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the store in one transaction, which has the right to write from its beginning on.
    fn change<T>(
        &self,
        action: &'static str,
        change: impl FnOnce(&Connection) -> Result<T, HandlerStoreError>,
    ) -> Result<T, HandlerStoreError> {
        if self.reads_only {
            return Err(HandlerStoreError::Storage { action, source: Box::new(OpenedForReading) });
        }
        let connection = self.connection();
        let transaction = Transaction::new_unchecked(&connection, TransactionBehavior::Immediate)
            .map_err(failed(action))?;
        let changed = change(&connection)?;
        transaction.commit().map_err(failed(action))?;
        Ok(changed)
    }

    fn execute(&self, action: &'static str, sql: &str, values: impl Params) -> Result<(), HandlerStoreError> {
        self.change(action, |connection| {
            connection
                .prepare_cached(sql)
                .and_then(|mut statement| statement.execute(values))
                .map_err(failed(action))?;
            Ok(())
        })
    }
}

impl ModeLog for SqliteModeLog {
    fn changes(&self) -> Result<Arc<Vec<ModeChange>>, HandlerStoreError> {
        let action = "read the changes of mode";
        let connection = self.connection();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        // The heads are those of the changes that are read.
        let _state = connection.unchecked_transaction().map_err(failed(action))?;
        let last =
            connection.prepare_cached(LAST_CHANGE).and_then(|mut last| last.query_one([], |row| row.get(0)));
        let last: i64 = last.map_err(failed(action))?;
        if last != known.0 {
            let mut changes: Vec<ModeChange> = Vec::new();
            for (change, mut row) in rows(&connection, action, CHANGES, [], mode_row::change)? {
                row.from = changes.last().map(|before| before.to.clone());
                row.heads = rows(&connection, action, HEADS, [change], mode_row::head)?;
                changes.push(row);
            }
            *known = (last, Arc::new(changes));
        }
        Ok(Arc::clone(&known.1))
    }

    fn add_change(&self, change: &ModeChange) -> Result<bool, HandlerStoreError> {
        let action = "record a change of mode";
        self.change(action, |connection| {
            let last = rows(connection, action, LAST_ROUTING, [], mode_row::routing_of_change)?.pop();
            if last.as_ref() == Some(&change.to) {
                return Ok(false);
            }
            add(connection, change).map_err(failed(action))?;
            Ok(true)
        })
    }

    fn processes(&self) -> Result<Vec<ProcessMode>, HandlerStoreError> {
        rows(&self.connection(), "read the modes of processes", PROCESSES, [], mode_row::process)
    }

    fn put_process(&self, process: &ProcessMode) -> Result<(), HandlerStoreError> {
        let [mode, primary, types] = mode_row::words(&process.routing);
        let (since, seen_at) = (process.since.timestamp_micros(), process.seen_at.timestamp_micros());
        let values = params![process.pid, mode, primary, types, since, seen_at];
        self.execute("record the mode of a process", PUT_PROCESS, values)
    }

    fn remove_process(&self, pid: u32) -> Result<(), HandlerStoreError> {
        self.execute("record the end of a process", REMOVE_PROCESS, [pid])
    }

    fn undecided(&self) -> Result<Vec<UndecidedRecord>, HandlerStoreError> {
        rows(&self.connection(), "read what was not decided", UNDECIDED, [], mode_row::undecided)
    }

    fn add_undecided(&self, record: &UndecidedRecord) -> Result<(), HandlerStoreError> {
        let UndecidedRecord { mirror, found_at, event_id, legacy_offset, detail } = record;
        let values = params![mirror, found_at.timestamp_micros(), event_id, legacy_offset, detail];
        self.execute("record what was not decided", ADD_UNDECIDED, values)
    }
}

fn add(connection: &Connection, change: &ModeChange) -> rusqlite::Result<()> {
    let [mode, primary, types] = mode_row::words(&change.to);
    connection.prepare_cached(ADD_CHANGE)?.execute(params![
        change.at.timestamp_micros(),
        mode,
        primary,
        types,
        change.legacy_end
    ])?;
    let key = connection.last_insert_rowid();
    let mut add_head = connection.prepare_cached(ADD_HEAD)?;
    change.heads.iter().try_for_each(|(stream, position)| {
        add_head.execute(params![key, stream.as_str(), position.get()]).map(drop)
    })
}

fn rows<T>(
    connection: &Connection,
    action: &'static str,
    sql: &str,
    values: impl Params,
    read: fn(&Row<'_>) -> Result<T, HandlerStoreError>,
) -> Result<Vec<T>, HandlerStoreError> {
    let failed = failed(action);
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    let mut rows = statement.query(values).map_err(&failed)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        found.push(read(row)?);
    }
    Ok(found)
}
