//! What SQLite says, in the words of the port.

use rusqlite::ErrorCode;
use thiserror::Error;

use crate::application::handling::store::HandlerStoreError;
use crate::infrastructure::sqlite::SqliteError;

/// The store is only read.
#[derive(Debug, Error)]
#[error("the handler store was opened for reading")]
pub(super) struct OpenedForReading;

/// SQLite has rolled the transaction back by itself, as it does where a disk is full.
#[derive(Debug, Error)]
#[error("the transaction has ended: an error before has undone it")]
pub(super) struct TransactionEnded;

/// What helps where the file cannot be read.
const WITHOUT_A_BACKUP: &str = "put a backup of it in its place; without one, move it away: the read models are built anew from the events, and effects begin with the next event";
/// Read models change with the progress of their handler: rows that are there already were handled, and the progress was deleted or set back.
const NOT_OF_ITS_PROGRESS: &str = "its rows are not of the progress beside them, which another program has changed: `mission-events handlers replay` builds the read models of a handler anew";

/// Translates what SQLite says while the port does `action`.
pub(super) fn failed(action: &'static str) -> impl Fn(rusqlite::Error) -> HandlerStoreError {
    move |error| match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            HandlerStoreError::Busy { action, source: Box::new(error) }
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            HandlerStoreError::Corrupt { detail: format!("{error}; {WITHOUT_A_BACKUP}") }
        }
        Some(ErrorCode::ConstraintViolation) => {
            HandlerStoreError::Corrupt { detail: format!("{error}; {NOT_OF_ITS_PROGRESS}") }
        }
        _ => HandlerStoreError::Storage { action, source: Box::new(error) },
    }
}

/// Translates why a session was not opened.
pub(super) fn not_opened(error: SqliteError) -> HandlerStoreError {
    let action = "open the handler store";
    let is_busy = match &error {
        SqliteError::Locked { .. } => true,
        SqliteError::Sqlite { source, .. } => source.sqlite_error_code() == Some(ErrorCode::DatabaseBusy),
        _ => false,
    };
    let source = Box::new(error);
    if is_busy {
        HandlerStoreError::Busy { action, source }
    } else {
        HandlerStoreError::Storage { action, source }
    }
}
