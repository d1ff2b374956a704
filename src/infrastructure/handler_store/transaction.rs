//! Transactions: what they read, and what they change.

use chrono::NaiveDate;
use rusqlite::{Connection, Params, Row, Transaction, TransactionBehavior, params};

use crate::application::handling::failure::{Failure, FailureState};
use crate::application::handling::store::{
    HandlerRow, HandlerStoreError, HandlerTransaction, HandlerView, HandlingFigures, OpenFailures,
    StreamProgress,
};
use crate::application::read_models::TaskReadModels;
use crate::domain::value_objects::{AggregateId, Position, StreamId};

use super::error::{TransactionEnded, failed};
use super::read_models::{self, SqliteReadModels};
use super::{name, row};

/// Selects the columns that [`row::handler`] reads.
macro_rules! handlers {
    ($where:literal) => {
        concat!("SELECT handler, kind, version, state, state_reason, created_at FROM handlers ", $where)
    };
}

/// Selects the columns that [`row::progress`] reads.
macro_rules! progress {
    ($where:literal) => {
        concat!(
            "SELECT handler, stream, position, event_id, updated_at, detail FROM handler_progress ",
            $where
        )
    };
}

/// Selects the columns that [`row::failure`] reads.
macro_rules! failures {
    ($where:literal) => {
        concat!(
            "SELECT handler, stream, position, event_id, event_type, aggregate_id, state, attempts, next_attempt_at,
                 first_failed_at, last_failed_at, error, resolved_at, resolved_by
             FROM handler_failures ",
            $where
        )
    };
}

const HANDLERS: &str = handlers!("ORDER BY handler");
const HANDLER: &str = handlers!("WHERE handler = ?1");
const PROGRESS: &str = progress!("WHERE handler = ?1 ORDER BY stream");
const PROGRESS_IN: &str = progress!("WHERE handler = ?1 AND stream = ?2");
const FAILURES: &str = failures!("WHERE handler = ?1 ORDER BY stream, position");
const FAILURE: &str = failures!("WHERE handler = ?1 AND stream = ?2 AND position = ?3");
// The words of the indexes: SQLite takes an index of some rows where the query says the same of them.
const OPEN_ABOUT: &str = failures!(
    "WHERE handler = ?1 AND aggregate_id = ?2 AND state IN ('retrying', 'parked', 'waiting')
     ORDER BY stream, position"
);
const NEXT_RETRY: &str = failures!(
    "WHERE handler = ?1 AND state IN ('retrying', 'parked', 'waiting') AND state = 'retrying'
     ORDER BY next_attempt_at, stream, position LIMIT 1"
);
const OPEN_BY_STATE: &str = "SELECT state, count(*) FROM handler_failures
    WHERE handler = ?1 AND state IN ('retrying', 'parked', 'waiting') GROUP BY state";
const EVENTS_HANDLED: &str = "SELECT ifnull(sum(handled), 0) FROM handled_by_day WHERE handler = ?1";

const PUT_HANDLER: &str = "INSERT INTO handlers (handler, kind, version, state, state_reason, created_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)
    ON CONFLICT DO UPDATE SET kind = excluded.kind, version = excluded.version, state = excluded.state,
        state_reason = excluded.state_reason, created_at = excluded.created_at";
const PUT_PROGRESS: &str =
    "INSERT INTO handler_progress (handler, stream, position, event_id, updated_at, detail)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)
    ON CONFLICT DO UPDATE SET position = excluded.position, event_id = excluded.event_id,
        updated_at = excluded.updated_at, detail = excluded.detail";
const CLEAR_PROGRESS: &str = "DELETE FROM handler_progress WHERE handler = ?1";
const PUT_FAILURE: &str = "INSERT INTO handler_failures (handler, stream, position, event_id, event_type,
        aggregate_id, state, attempts, next_attempt_at, first_failed_at, last_failed_at, error, resolved_at,
        resolved_by)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
    ON CONFLICT DO UPDATE SET event_id = excluded.event_id, event_type = excluded.event_type,
        aggregate_id = excluded.aggregate_id, state = excluded.state, attempts = excluded.attempts,
        next_attempt_at = excluded.next_attempt_at, first_failed_at = excluded.first_failed_at,
        last_failed_at = excluded.last_failed_at, error = excluded.error, resolved_at = excluded.resolved_at,
        resolved_by = excluded.resolved_by";
const ADD_FIGURES: &str = "INSERT INTO handled_by_day (handler, day, handled, failed, micros, slowest_micros)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)
    ON CONFLICT DO UPDATE SET handled = handled + excluded.handled, failed = failed + excluded.failed,
        micros = micros + excluded.micros, slowest_micros = max(slowest_micros, excluded.slowest_micros)";

/// A transaction of a connection, rolled back when it is dropped.
pub(super) struct SqliteTransaction<'c> {
    connection: &'c Connection,
    transaction: Transaction<'c>,
    read_models: SqliteReadModels<'c>,
}

impl<'c> SqliteTransaction<'c> {
    /// Begins one. The connection has none.
    pub fn begin(connection: &'c Connection, behavior: TransactionBehavior) -> rusqlite::Result<Self> {
        let transaction = Transaction::new_unchecked(connection, behavior)?;
        Ok(Self { connection, transaction, read_models: SqliteReadModels::new(connection) })
    }

    /// Reads, to no other end.
    pub fn look(&self) -> rusqlite::Result<()> {
        self.connection
            .prepare_cached("SELECT count(*) FROM sqlite_schema LIMIT 1")?
            .query_row([], |_| Ok(()))
    }

    fn rows<T>(
        &self,
        action: &'static str,
        sql: &str,
        params: impl Params,
        read: fn(&Row<'_>) -> Result<T, HandlerStoreError>,
    ) -> Result<Vec<T>, HandlerStoreError> {
        let failed = failed(action);
        let mut statement = self.connection.prepare_cached(sql).map_err(&failed)?;
        let mut rows = statement.query(params).map_err(&failed)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(&failed)? {
            found.push(read(row)?);
        }
        Ok(found)
    }

    /// An error such as a full disk ends the transaction, and SQLite would commit each statement after it by itself.
    fn ensure_open(&self, action: &'static str) -> Result<(), HandlerStoreError> {
        if self.connection.is_autocommit() {
            return Err(HandlerStoreError::Storage { action, source: Box::new(TransactionEnded) });
        }
        Ok(())
    }

    fn execute(&self, action: &'static str, sql: &str, params: impl Params) -> Result<(), HandlerStoreError> {
        self.ensure_open(action)?;
        let failed = failed(action);
        let mut statement = self.connection.prepare_cached(sql).map_err(&failed)?;
        statement.execute(params).map_err(&failed)?;
        Ok(())
    }
}

impl HandlerView for SqliteTransaction<'_> {
    fn handlers(&mut self) -> Result<Vec<HandlerRow>, HandlerStoreError> {
        self.rows("read the handlers", HANDLERS, [], row::handler)
    }

    fn handler(&mut self, name: &str) -> Result<Option<HandlerRow>, HandlerStoreError> {
        Ok(self.rows("read a handler", HANDLER, [name], row::handler)?.pop())
    }

    fn progress(&mut self, handler: &str) -> Result<Vec<StreamProgress>, HandlerStoreError> {
        self.rows("read the progress of a handler", PROGRESS, [handler], row::progress)
    }

    fn progress_in(
        &mut self,
        handler: &str,
        stream: &StreamId,
    ) -> Result<Option<StreamProgress>, HandlerStoreError> {
        let key = [handler, stream.as_str()];
        Ok(self.rows("read the progress of a handler", PROGRESS_IN, key, row::progress)?.pop())
    }

    fn failures(&mut self, handler: &str) -> Result<Vec<Failure>, HandlerStoreError> {
        self.rows("read the failures of a handler", FAILURES, [handler], row::failure)
    }

    fn failure(
        &mut self,
        handler: &str,
        stream: &StreamId,
        position: Position,
    ) -> Result<Option<Failure>, HandlerStoreError> {
        let key = (handler, stream.as_str(), position.get());
        Ok(self.rows("read a failure", FAILURE, key, row::failure)?.pop())
    }

    fn open_failures_about(
        &mut self,
        handler: &str,
        aggregate: &AggregateId,
    ) -> Result<Vec<Failure>, HandlerStoreError> {
        self.rows(
            "read the failures of an aggregate",
            OPEN_ABOUT,
            [handler, aggregate.as_str()],
            row::failure,
        )
    }

    fn next_retry(&mut self, handler: &str) -> Result<Option<Failure>, HandlerStoreError> {
        Ok(self.rows("look for the next attempt", NEXT_RETRY, [handler], row::failure)?.pop())
    }

    fn open_failures(&mut self, handler: &str) -> Result<OpenFailures, HandlerStoreError> {
        let mut open = OpenFailures::default();
        for (state, count) in self.rows("count the failures", OPEN_BY_STATE, [handler], row::state_count)? {
            match state {
                FailureState::Retrying => open.retrying = count,
                FailureState::Parked => open.parked = count,
                FailureState::Waiting => open.waiting = count,
                FailureState::Skipped | FailureState::Resolved => {}
            }
        }
        Ok(open)
    }

    fn events_handled(&mut self, handler: &str) -> Result<u64, HandlerStoreError> {
        let handled = self.rows("count the events", EVENTS_HANDLED, [handler], row::events_of_days)?;
        Ok(handled.into_iter().sum())
    }
}

impl HandlerTransaction for SqliteTransaction<'_> {
    /// SQLite's own, which says nothing of changes that this connection has made.
    fn version(&mut self) -> Result<Option<i64>, HandlerStoreError> {
        let failed = failed("look for changes of the handler store");
        let mut statement = self.connection.prepare_cached("PRAGMA data_version").map_err(&failed)?;
        statement.query_row([], |row| row.get(0)).map(Some).map_err(&failed)
    }

    fn put_handler(&mut self, handler: &HandlerRow) -> Result<(), HandlerStoreError> {
        let action = "keep a handler";
        name::ensure_valid(&handler.name)
            .map_err(|invalid| HandlerStoreError::Storage { action, source: Box::new(invalid) })?;
        let row = params![
            handler.name,
            row::kind_word(handler.kind),
            handler.version,
            handler.state.as_str(),
            handler.state_reason,
            handler.created_at.timestamp_micros(),
        ];
        self.execute(action, PUT_HANDLER, row)
    }

    fn put_progress(&mut self, handler: &str, progress: &StreamProgress) -> Result<(), HandlerStoreError> {
        let row = params![
            handler,
            progress.stream.as_str(),
            progress.position.get(),
            progress.event_id.as_str(),
            progress.updated_at.timestamp_micros(),
            progress.detail,
        ];
        self.execute("keep the progress of a handler", PUT_PROGRESS, row)
    }

    fn clear_progress(&mut self, handler: &str) -> Result<(), HandlerStoreError> {
        self.execute("forget the progress of a handler", CLEAR_PROGRESS, [handler])
    }

    fn put_failure(&mut self, handler: &str, failure: &Failure) -> Result<(), HandlerStoreError> {
        let row = params![
            handler,
            failure.stream.as_str(),
            failure.position.get(),
            failure.event_id.as_str(),
            failure.event_type,
            failure.aggregate_id.as_ref().map(AggregateId::as_str),
            failure.state.as_str(),
            failure.attempts,
            failure.next_attempt_at.map(|time| time.timestamp_micros()),
            failure.first_failed_at.map(|time| time.timestamp_micros()),
            failure.last_failed_at.map(|time| time.timestamp_micros()),
            failure.error,
            failure.resolved_at.map(|time| time.timestamp_micros()),
            failure.resolved_by,
        ];
        self.execute("keep a failure", PUT_FAILURE, row)
    }

    fn add_figures(
        &mut self,
        handler: &str,
        day: NaiveDate,
        figures: &HandlingFigures,
    ) -> Result<(), HandlerStoreError> {
        let HandlingFigures { handled, failed, micros, slowest_micros } = figures;
        let row = params![handler, day.to_string(), handled, failed, micros, slowest_micros];
        self.execute("keep the figures of a handler", ADD_FIGURES, row)
    }

    fn set_savepoint(&mut self) -> Result<(), HandlerStoreError> {
        self.execute("set a savepoint", "SAVEPOINT event", [])
    }

    fn undo_to_savepoint(&mut self) -> Result<(), HandlerStoreError> {
        self.execute("undo to a savepoint", "ROLLBACK TO event", [])?;
        self.execute("undo to a savepoint", "RELEASE event", [])
    }

    fn release_savepoint(&mut self) -> Result<(), HandlerStoreError> {
        self.execute("release a savepoint", "RELEASE event", [])
    }

    fn read_models(&mut self) -> &mut dyn TaskReadModels {
        &mut self.read_models
    }

    fn clear_read_models(&mut self, handler: &str) -> Result<(), HandlerStoreError> {
        let action = "empty read models";
        self.ensure_open(action)?;
        read_models::clear(self.connection, handler).map_err(failed(action))
    }

    fn commit(self: Box<Self>) -> Result<(), HandlerStoreError> {
        self.transaction.commit().map_err(failed("commit to the handler store"))
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ToSql;

    use super::*;
    use crate::infrastructure::sqlite::database_kind::HANDLER_STORE;
    use crate::infrastructure::sqlite::schema;

    fn database() -> (tempfile::TempDir, Connection) {
        let folder = tempfile::tempdir().unwrap();
        let connection = schema::open_current(&HANDLER_STORE, &folder.path().join("handlers.db")).unwrap();
        (folder, connection)
    }

    #[test]
    fn every_query_searches_an_index_and_sorts_nothing() {
        let (_folder, connection) = database();
        for sql in [
            HANDLER,
            PROGRESS,
            PROGRESS_IN,
            FAILURES,
            FAILURE,
            OPEN_ABOUT,
            NEXT_RETRY,
            OPEN_BY_STATE,
            EVENTS_HANDLED,
            CLEAR_PROGRESS,
        ] {
            let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let keys = vec![&"" as &dyn ToSql; plan.parameter_count()];
            let steps = plan.query_map(&keys[..], |row| row.get(3)).unwrap();
            let steps: Vec<String> = steps.map(Result::unwrap).collect();
            assert!(
                matches!(&steps[..], [step] if step.starts_with("SEARCH") && step.contains("handler=?")),
                "{sql}: {steps:?}"
            );
        }
    }

    #[test]
    fn after_an_error_that_has_undone_the_transaction_nothing_is_written_any_more() {
        let (_folder, connection) = database();
        let begun = SqliteTransaction::begin(&connection, TransactionBehavior::Immediate);
        let mut transaction = Box::new(begun.unwrap());
        connection.execute_batch("ROLLBACK").unwrap();
        let refusals = [
            transaction.clear_progress("task_history"),
            transaction.clear_read_models("task_history"),
            transaction.set_savepoint(),
            transaction.commit(),
        ];
        assert!(refusals.iter().all(Result::is_err), "{refusals:?}");
        assert!(connection.is_autocommit());
    }
}
