//! A store in PostgreSQL, as a move reads and writes it.

use std::io::Write;
use std::ops::RangeInclusive;

use postgres::error::SqlState;
use postgres::fallible_iterator::FallibleIterator;
use postgres::types::ToSql;
use postgres::{Client, Error};

use super::address::PostgresAddress;
use super::binary_rows::{BEGINNING, END, columns, decode, encode};
use super::connection::Session;
use super::error::{PostgresError, port_error};
use super::export::PostgresExport;
use super::feed::PostgresFeed;
use super::schema;
use crate::application::compare::feed::{CompareError, Feed};
use crate::application::compare::parallel_run::Rows;
use crate::application::export::ExportStore;
use crate::application::moving::{
    EVENTS, GiveRows, Growth, Keys, MovingStore, STORED_ROWS, Standing, Table, TakeRow, Value,
};
use crate::domain::repository::RepositoryError;
use crate::wire::zone::Zone;

/// One state for as long as it takes to copy and to hash it.
const BEGIN_STATE: &str =
    "SET idle_in_transaction_session_timeout = 0; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// What is committed outlives the server, and the standby has it where one is to, whatever the role is set to.
const BEGIN: &str = "BEGIN; SELECT set_config('synchronous_commit',
    CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, true)";
/// Held by the session until it ends. A session whose process was killed ends a moment later.
const LOCK: &str = "SELECT pg_advisory_lock(hashtextextended('mission-events move ' || $1, 0))";
const STAND_AS: &str = "UPDATE store SET moved_to = $1::text, copy_of = $2::text, is_whole = $3,
    moved_at = CASE WHEN $1::text IS NULL THEN NULL ELSE now() END";
/// What has been appended since the store was moved here counts by its positions, which have no gaps.
const STORED: &str = "SELECT records + greatest(last - last_position, 0) AS records, greatest(last, last_position) AS last_position, last_source_id
    FROM stored_rows, (SELECT coalesce(max(position), 0) AS last FROM events) AS appended";
const COUNTS: &str = "SELECT (SELECT count(*) FROM events), (SELECT coalesce(max(position), 0) FROM events),
    (SELECT count(*) FROM twins), (SELECT sum(records)::bigint FROM (";

/// A store in PostgreSQL that is moved, or moved into.
pub struct PostgresMovingStore {
    /// Of the primary: a standby may lack the last events.
    address: PostgresAddress,
    zone: Zone,
    /// Reads, within one state where that was begun.
    reader: Session,
    /// Writes, in transactions of its own.
    writer: Session,
}

impl PostgresMovingStore {
    /// Opens a store that exists; live days of its export are those of `zone`.
    ///
    /// # Errors
    /// As [`PostgresEventRepository::open_for_reading`](super::PostgresEventRepository::open_for_reading), but that a copy need not
    /// be complete.
    pub fn open(address: PostgresAddress, zone: Zone) -> Result<Self, PostgresError> {
        let address = address.of_primary();
        let reader = schema::open_for_reading_at_any_standing(&address)?;
        let writer = schema::open_at_any_standing(&address)?;
        Ok(Self { address, zone, reader, writer })
    }

    /// The same, and makes the store where there is none.
    ///
    /// # Errors
    /// As [`PostgresEventRepository::open`](super::PostgresEventRepository::open).
    pub fn open_or_make(address: PostgresAddress, zone: Zone) -> Result<Self, PostgresError> {
        let address = address.of_primary();
        let writer = schema::open_at_any_standing(&address)?;
        let reader = schema::open_for_reading_at_any_standing(&address)?;
        Ok(Self { address, zone, reader, writer })
    }

    /// Whether there is a store; nothing is made.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn is_there(address: &PostgresAddress) -> Result<bool, PostgresError> {
        match schema::open_for_reading_at_any_standing(&address.clone().of_primary()) {
            Ok(_) => Ok(true),
            Err(PostgresError::Missing { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Does what `work` does in one transaction, which is rolled back where it fails.
    fn in_transaction<T>(
        &mut self,
        action: &'static str,
        work: impl FnOnce(&mut Client) -> Result<T, RepositoryError>,
    ) -> Result<T, RepositoryError> {
        self.writer.client.batch_execute(BEGIN).map_err(port_error(action))?;
        match work(&mut self.writer.client) {
            Ok(done) => match self.writer.end_transaction().map_err(port_error(action))? {
                true => Ok(done),
                false => Err(RepositoryError::storage(action, Unconfirmed)),
            },
            Err(error) => {
                // What went wrong is told; a connection that was lost with it has taken the transaction along.
                drop(self.writer.client.batch_execute("ROLLBACK"));
                Err(error)
            }
        }
    }
}

/// The wait for the standby was cancelled.
#[derive(Debug, thiserror::Error)]
#[error(
    "the server was kept from waiting for its synchronous standby: what was done is on its own disk, and may be lost with it; run the same \
     command again, which waits for the standby"
)]
struct Unconfirmed;

const WRITING: &str = "move rows into PostgreSQL";

fn copy_in(client: &mut Client, table: &Table, give: GiveRows<'_>) -> Result<(), RepositoryError> {
    let failed = |error: std::io::Error| {
        // What the server says comes as the source of what the writer says.
        match error.downcast::<Error>() {
            Ok(said) => port_error(WRITING)(said),
            Err(error) => RepositoryError::storage(WRITING, error),
        }
    };
    let sql = format!("COPY {} ({}) FROM STDIN BINARY", table.name, columns(table));
    let mut writer = client.copy_in(&sql).map_err(port_error(WRITING))?;
    writer.write_all(BEGINNING).map_err(failed)?;
    let mut buffer = Vec::new();
    give(&mut |row| {
        buffer.clear();
        encode(table, row, &mut buffer)?;
        writer.write_all(&buffer).map_err(failed)
    })?;
    writer.write_all(&END).map_err(failed)?;
    writer.finish().map(drop).map_err(port_error(WRITING))
}

/// What is selected from: the rows as they are, or as they are by now.
fn rows_of(table: &Table) -> String {
    if *table == STORED_ROWS { format!("({STORED}) AS stored") } else { table.name.to_owned() }
}

impl MovingStore for PostgresMovingStore {
    fn place(&self) -> String {
        self.address.url().to_string()
    }

    fn standing(&mut self) -> Result<Standing, RepositoryError> {
        schema::standing(&mut self.writer.client).map_err(port_error("look what a store stands as"))
    }

    fn lock(&mut self) -> Result<(), RepositoryError> {
        let failed = port_error("keep other moves from a store");
        let client = &mut self.writer.client;
        client.batch_execute("SET lock_timeout = '3s'").map_err(&failed)?;
        if let Err(error) = client.execute(LOCK, &[&self.address.schema]) {
            if error.code() != Some(&SqlState::LOCK_NOT_AVAILABLE) {
                return Err(failed(error));
            }
            let said =
                format!("another move of {} is at work: run this one when that has ended", self.address);
            return Err(RepositoryError::storage("keep other moves from a store", said));
        }
        client.batch_execute("SET lock_timeout = '15s'").map_err(failed)
    }

    fn stand_as(
        &mut self,
        from: &Standing,
        to: &Standing,
        last: RangeInclusive<i64>,
    ) -> Result<i64, RepositoryError> {
        let place = self.place();
        let action = "change what a store stands as";
        let failed = port_error(action);
        let (moved_to, copy_of, is_whole) = match to {
            Standing::Own => (None, None, true),
            Standing::Moved { to } => (Some(to), None, true),
            Standing::Copy { of, is_whole } => (None, Some(of), *is_whole),
        };
        self.in_transaction(action, |client| {
            // Whoever appends has ended before, or finds the row changed.
            client.execute("SELECT 1 FROM store FOR UPDATE", &[]).map_err(&failed)?;
            from.ensure_is(&schema::standing(client).map_err(&failed)?, &place)?;
            let row =
                client.query_one("SELECT coalesce(max(position), 0) FROM events", &[]).map_err(&failed)?;
            let found = row.try_get(0).map_err(&failed)?;
            if last.contains(&found) {
                client.execute(STAND_AS, &[&moved_to, &copy_of, &is_whole]).map_err(&failed)?;
            }
            Ok(found)
        })
    }

    /// Nothing is imported into such a store.
    fn hold_imports(&mut self) -> Result<(), RepositoryError> {
        Ok(())
    }

    fn release_imports(&mut self) {}

    fn complaints(&mut self) -> Result<Vec<String>, RepositoryError> {
        let failed = port_error("count the rows");
        let sql = format!("{COUNTS}{STORED}) AS stored)");
        let row = self.reader.client.query_one(&sql, &[]).map_err(&failed)?;
        let count = |column: usize| row.try_get::<_, Option<i64>>(column).map_err(&failed);
        let (events, last, twins) = (count(0)?, count(1)?, count(2)?);
        let rows = events.zip(twins).map(|(events, twins)| events + twins);
        let stored = count(3)?;
        if events == last && rows == stored {
            return Ok(Vec::new());
        }
        let [rows, stored, last] = [rows, stored, last].map(Option::unwrap_or_default);
        Ok(vec![format!(
            "has {rows} events and twins where {stored} were stored, and its last position is {last}: another program has removed rows, or \
             placed them itself; go back to a copy of the schema"
        )])
    }

    fn begin_state(&mut self) -> Result<(), RepositoryError> {
        self.reader.client.batch_execute(BEGIN_STATE).map_err(port_error("begin to read a store"))
    }

    fn end_state(&mut self) -> Result<(), RepositoryError> {
        self.reader.client.batch_execute("COMMIT").map_err(port_error("end to read a store"))
    }

    fn last_key(&mut self, table: &Table) -> Result<i64, RepositoryError> {
        let failed = port_error("look up the last row");
        let Some((key, _)) = table.columns.first() else { return Ok(0) };
        let sql = format!("SELECT coalesce(max(\"{key}\"), 0) FROM {}", table.name);
        self.reader.client.query_one(&sql, &[]).map_err(&failed)?.try_get(0).map_err(failed)
    }

    fn each_row(&mut self, table: &Table, keys: Keys, take: TakeRow<'_>) -> Result<(), RepositoryError> {
        let failed = port_error("read the rows of a store");
        let mut sql = format!("SELECT {} FROM {}", columns(table), rows_of(table));
        let mut parameters: Vec<&(dyn ToSql + Sync)> = Vec::new();
        if table.key > 0 {
            let (key, _) = table.columns[0];
            sql += &format!(" WHERE \"{key}\" BETWEEN $1 AND $2 ORDER BY {}", table.quoted_key());
            parameters.extend([&keys.first as &(dyn ToSql + Sync), &keys.last]);
        }
        let statement = self.reader.prepared(&sql).map_err(&failed)?;
        let mut rows = self.reader.client.query_raw(&statement, parameters).map_err(&failed)?;
        while let Some(row) = rows.next().map_err(&failed)? {
            let values: Vec<Value<'_>> = decode(table, &row)?;
            take(&values)?;
        }
        Ok(())
    }

    fn add_rows(&mut self, table: &Table, give: GiveRows<'_>) -> Result<(), RepositoryError> {
        self.in_transaction(WRITING, |client| copy_in(client, table, give))
    }

    fn replace_rows(&mut self, table: &Table, give: GiveRows<'_>) -> Result<(), RepositoryError> {
        if *table == EVENTS || table.growth == Growth::Appended {
            let said = format!("rows of {} are never replaced", table.name);
            return Err(RepositoryError::storage(WRITING, said));
        }
        self.in_transaction(WRITING, |client| {
            let sql = format!("DELETE FROM {}", table.name);
            client.batch_execute(&sql).map_err(port_error(WRITING))?;
            copy_in(client, table, give)
        })
    }

    fn export(&mut self) -> Result<Box<dyn ExportStore>, RepositoryError> {
        let failed = |error| RepositoryError::storage("read the logs of a store", error);
        Ok(Box::new(PostgresExport::open(&self.address, self.zone.clone()).map_err(failed)?))
    }

    fn feed(&self, rows: Rows, last: i64, last_twin: i64) -> Result<Box<dyn Feed>, CompareError> {
        Ok(Box::new(PostgresFeed::open_up_to(&self.address, rows, last, last_twin)?))
    }
}
