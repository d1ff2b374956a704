//! What the statements of the read models share.

use rusqlite::{Connection, Params};

use crate::application::read_models::Occurrence;

/// Runs a statement that is kept for the next time.
pub fn execute(connection: &Connection, sql: &str, values: impl Params) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute(values).map(drop)
}

/// When an event occurred, as tables have it.
pub fn micros(occurrence: Occurrence) -> i64 {
    occurrence.at.timestamp_micros()
}
