//! Sessions: a connection each.

use rusqlite::{Connection, TransactionBehavior};

use crate::application::handling::store::{
    HandlerSession, HandlerStoreError, HandlerTransaction, HandlerView,
};

use super::error::{OpenedForReading, failed};
use super::transaction::SqliteTransaction;
use crate::infrastructure::sqlite::background_checkpoint::BackgroundCheckpoints;

/// More than there are statements here and in the read models: none is compiled twice.
const CACHED_STATEMENTS: usize = 128;

/// One thread's connection to the store.
pub(super) struct SqliteSession {
    connection: Connection,
    reads_only: bool,
    /// For projections, whose commits are not synced.
    checkpoints: Option<BackgroundCheckpoints>,
}

impl SqliteSession {
    pub fn new(connection: Connection, reads_only: bool, checkpoints: Option<BackgroundCheckpoints>) -> Self {
        connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
        Self { connection, reads_only, checkpoints }
    }
}

impl HandlerSession for SqliteSession {
    fn begin(&mut self) -> Result<Box<dyn HandlerTransaction + '_>, HandlerStoreError> {
        let action = "begin to write to the handler store";
        if self.reads_only {
            return Err(HandlerStoreError::Storage { action, source: Box::new(OpenedForReading) });
        }
        if let Some(checkpoints) = &mut self.checkpoints {
            checkpoints.before_transaction(&mut self.connection);
        }
        // Immediate: a transaction that reads first and writes then would be refused where another one has written
        // in between.
        let transaction = SqliteTransaction::begin(&self.connection, TransactionBehavior::Immediate)
            .map_err(failed(action))?;
        Ok(Box::new(transaction))
    }

    fn snapshot(&mut self) -> Result<Box<dyn HandlerView + '_>, HandlerStoreError> {
        let failed = failed("read the handler store");
        let snapshot =
            SqliteTransaction::begin(&self.connection, TransactionBehavior::Deferred).map_err(&failed)?;
        // A deferred transaction is of the state that its first query finds.
        snapshot.look().map_err(&failed)?;
        Ok(Box::new(snapshot))
    }
}
