//! A store in SQLite, as a move reads and writes it.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Row, ToSql, TransactionBehavior, params_from_iter};

use super::database_kind::EVENT_STORE;
use super::error::{SqliteError, port_error};
use super::export::SqliteExport;
use super::feed::StoreFeed;
use super::schema::{self, ImportLock};
use super::stored_rows::RowCheck;
use super::{connection, fence};
use crate::application::compare::feed::{CompareError, Feed};
use crate::application::compare::parallel_run::Rows;
use crate::application::export::ExportStore;
use crate::application::moving::{GiveRows, Keys, MovingStore, Standing, Table, TakeRow, Value};
use crate::domain::path_text::text_of;
use crate::domain::repository::RepositoryError;
use crate::durable::lock::{FileLock, LockError};
use crate::infrastructure::side_files::{MOVE_LOCK, with_suffix};
use crate::wire::zone::Zone;

const LAST_POSITION: &str = "SELECT ifnull(max(position), 0) FROM events";

/// A store in SQLite that is moved, or moved into.
pub struct SqliteMovingStore {
    path: PathBuf,
    zone: Zone,
    reader: Connection,
    /// Opened when something is written.
    writer: Option<Connection>,
    /// Keeps other moves away, once it is taken.
    lock: Option<FileLock>,
    /// Keeps imports away, while it is held.
    imports: Option<ImportLock>,
}

impl SqliteMovingStore {
    /// Opens a store that exists; live days of its export are those of `zone`.
    ///
    /// # Errors
    /// As [`SqliteEventRepository::open_for_reading`](super::SqliteEventRepository::open_for_reading), but that a copy need not
    /// be complete.
    pub fn open(path: &Path, zone: Zone) -> Result<Self, SqliteError> {
        let reader = schema::open_checked_at_any_standing(&EVENT_STORE, path)?;
        // Its counterpart names it so, wherever it is read.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        Ok(Self { path, zone, reader, writer: None, lock: None, imports: None })
    }

    /// The same, and makes the store where there is none.
    ///
    /// # Errors
    /// As [`SqliteEventRepository::open`](super::SqliteEventRepository::open).
    pub fn open_or_make(path: &Path, zone: Zone) -> Result<Self, SqliteError> {
        drop(schema::open_at_any_standing(&EVENT_STORE, path)?);
        Self::open(path, zone)
    }

    fn writer(&mut self) -> Result<&mut Connection, RepositoryError> {
        let opened = match self.writer.take() {
            Some(writer) => writer,
            None => self
                .open_writer()
                .map_err(|error| RepositoryError::storage("open a store to move rows into it", error))?,
        };
        Ok(self.writer.insert(opened))
    }

    fn open_writer(&self) -> Result<Connection, SqliteError> {
        let writer = schema::open_at_any_standing(&EVENT_STORE, &self.path)?;
        connection::make_copying(&self.path, &writer)?;
        Ok(writer)
    }

    fn import_lock(&self) -> Result<ImportLock, RepositoryError> {
        let not_locked = |error| RepositoryError::storage("wait for an import", error);
        ImportLock::acquire(&self.path).map_err(not_locked)
    }

    /// Inserts the rows, in one transaction, after what `before` does in it.
    fn insert(&mut self, table: &Table, before: &str, give: GiveRows<'_>) -> Result<(), RepositoryError> {
        let failed = port_error("move rows into a store");
        let numbers: Vec<String> = (1..=table.columns.len()).map(|number| format!("?{number}")).collect();
        let sql = format!(
            "INSERT INTO {} ({}) VALUES ({})",
            table.name,
            table.quoted_columns(),
            numbers.join(", ")
        );
        let transaction =
            self.writer()?.transaction_with_behavior(TransactionBehavior::Immediate).map_err(&failed)?;
        transaction.execute_batch(before).map_err(&failed)?;
        let mut insert = transaction.prepare(&sql).map_err(&failed)?;
        give(&mut |row| {
            let values = row.iter().map(Bound);
            insert.execute(params_from_iter(values)).map(drop).map_err(&failed)
        })?;
        drop(insert);
        transaction.commit().map_err(failed)
    }
}

/// A value as SQLite takes it.
struct Bound<'v, 'r>(&'v Value<'r>);

impl ToSql for Bound<'_, '_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Integer(value) => ValueRef::Integer(*value),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn value<'r>(table: &Table, row: &'r Row<'_>, column: usize) -> Result<Value<'r>, RepositoryError> {
    let corrupt = |detail: String| {
        let key = row.get_ref(0).ok().and_then(|key| key.as_i64().ok()).unwrap_or_default();
        let name = table.columns.get(column).map_or("", |(name, _)| name);
        RepositoryError::Corrupt { place: format!("column {name} of row {key} of {}", table.name), detail }
    };
    Ok(match row.get_ref(column).map_err(|error| corrupt(error.to_string()))? {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => Value::Integer(value),
        ValueRef::Text(bytes) => {
            Value::Text(std::str::from_utf8(bytes).map_err(|error| corrupt(error.to_string()))?.into())
        }
        ValueRef::Blob(bytes) => Value::Bytes(bytes.into()),
        ValueRef::Real(value) => return Err(corrupt(format!("expected no fraction, found {value}"))),
    })
}

impl MovingStore for SqliteMovingStore {
    fn place(&self) -> String {
        text_of(&self.path)
    }

    fn standing(&mut self) -> Result<Standing, RepositoryError> {
        fence::standing(&self.reader).map_err(port_error("look what a store stands as"))
    }

    fn lock(&mut self) -> Result<(), RepositoryError> {
        let action = "keep other moves from a store";
        let path = with_suffix(&self.path, MOVE_LOCK);
        let held = FileLock::exclusive(&path, Duration::ZERO).map_err(|error| match error {
            LockError::Held => {
                let place = self.path.display();
                let said = format!("another move of {place} is at work: run this one when that has ended");
                RepositoryError::storage(action, said)
            }
            LockError::Open(source) | LockError::Refused(source) => {
                RepositoryError::storage(action, SqliteError::Lock { path: path.clone(), source })
            }
        })?;
        self.lock = Some(held);
        Ok(())
    }

    fn stand_as(
        &mut self,
        from: &Standing,
        to: &Standing,
        last: RangeInclusive<i64>,
    ) -> Result<i64, RepositoryError> {
        let place = self.place();
        let failed = port_error("change what a store stands as");
        let _lock = if self.imports.is_none() { Some(self.import_lock()?) } else { None };
        let mut turns = schema::turn_file_of(&self.path);
        let _turn = turns.take();
        let transaction =
            self.writer()?.transaction_with_behavior(TransactionBehavior::Immediate).map_err(&failed)?;
        from.ensure_is(&fence::standing(&transaction).map_err(&failed)?, &place)?;
        let found: i64 = transaction.query_row(LAST_POSITION, [], |row| row.get(0)).map_err(&failed)?;
        if last.contains(&found) {
            fence::stand_as(&transaction, to).map_err(&failed)?;
            transaction.commit().map_err(failed)?;
        }
        Ok(found)
    }

    fn hold_imports(&mut self) -> Result<(), RepositoryError> {
        if self.imports.is_none() {
            self.imports = Some(self.import_lock()?);
        }
        Ok(())
    }

    fn release_imports(&mut self) {
        self.imports = None;
    }

    fn complaints(&mut self) -> Result<Vec<String>, RepositoryError> {
        Ok(RowCheck::of(&self.reader).map_err(port_error("count the rows"))?.complaints())
    }

    fn begin_state(&mut self) -> Result<(), RepositoryError> {
        self.reader.execute_batch("BEGIN").map_err(port_error("begin to read a store"))
    }

    fn end_state(&mut self) -> Result<(), RepositoryError> {
        self.reader.execute_batch("COMMIT").map_err(port_error("end to read a store"))
    }

    fn last_key(&mut self, table: &Table) -> Result<i64, RepositoryError> {
        let Some((key, _)) = table.columns.first() else { return Ok(0) };
        let sql = format!("SELECT ifnull(max(\"{key}\"), 0) FROM {}", table.name);
        self.reader.query_row(&sql, [], |row| row.get(0)).map_err(port_error("look up the last row"))
    }

    fn each_row(&mut self, table: &Table, keys: Keys, take: TakeRow<'_>) -> Result<(), RepositoryError> {
        let failed = port_error("read the rows of a store");
        let mut sql = format!("SELECT {} FROM {}", table.quoted_columns(), table.name);
        if table.key > 0 {
            let (key, _) = table.columns[0];
            sql += &format!(" WHERE \"{key}\" BETWEEN ?1 AND ?2 ORDER BY {}", table.quoted_key());
        }
        let mut statement = self.reader.prepare_cached(&sql).map_err(&failed)?;
        let mut rows = match table.key {
            0 => statement.query([]),
            _ => statement.query([keys.first, keys.last]),
        }
        .map_err(&failed)?;
        while let Some(row) = rows.next().map_err(&failed)? {
            let values: Result<Vec<Value<'_>>, _> =
                (0..table.columns.len()).map(|column| value(table, row, column)).collect();
            take(&values?)?;
        }
        Ok(())
    }

    fn add_rows(&mut self, table: &Table, give: GiveRows<'_>) -> Result<(), RepositoryError> {
        self.insert(table, "", give)
    }

    fn replace_rows(&mut self, table: &Table, give: GiveRows<'_>) -> Result<(), RepositoryError> {
        self.insert(table, &format!("DELETE FROM {}", table.name), give)
    }

    fn export(&mut self) -> Result<Box<dyn ExportStore>, RepositoryError> {
        // What was copied is in the file: the memory of the writer goes before others take theirs.
        self.writer = None;
        let export = SqliteExport::open(&self.path, self.zone.clone());
        let failed = |error| RepositoryError::storage("read the logs of a store", error);
        Ok(Box::new(export.map_err(failed)?))
    }

    fn feed(&self, rows: Rows, last: i64, last_twin: i64) -> Result<Box<dyn Feed>, CompareError> {
        Ok(Box::new(StoreFeed::open_up_to(&self.path, rows, last, last_twin)?))
    }
}
