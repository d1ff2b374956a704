//! Whether the rows are there that were stored. Triggers keep programs from removing rows, but for those that drop the
//! triggers and make them again: what is stored is counted in `stored_rows` as well.
//!
//! That the last rows are missing shows by one position whenever a store is opened. Rows that are missing elsewhere
//! show where rows are counted: in a summary, an import, a comparison and an export.

use std::path::Path;

use rusqlite::Connection;

use super::error::{SqliteError, port_error};
use crate::domain::repository::RepositoryError;

const NOTE: &str = "UPDATE stored_rows SET records = records + ?1,
    last_position = max(last_position, ifnull((SELECT max(position) FROM events), 0)),
    last_source_id = max(last_source_id, ifnull((SELECT max(source_id) FROM sources), 0))";
const COUNT_ANEW: &str = "UPDATE stored_rows SET
    records = (SELECT count(*) FROM events) + (SELECT count(*) FROM twins),
    last_position = ifnull((SELECT max(position) FROM events), 0),
    last_source_id = ifnull((SELECT max(source_id) FROM sources), 0)";
/// Events and twins in one statement, so that they are of one state. Where the row of counts was removed, nothing agrees with it.
const CHECK: &str = "SELECT (SELECT count(*) FROM events) + (SELECT count(*) FROM twins),
    ifnull((SELECT records FROM stored_rows), -1),
    (SELECT count(*) FROM sources) <> ifnull((SELECT last_source_id FROM stored_rows), -1)";
/// The logs of which rejected records are missing.
pub(super) const WITHOUT_REJECTS: &str = "SELECT source_id FROM sources
    WHERE superseded_by IS NULL AND rejected > (SELECT count(*) FROM rejects
        WHERE rejects.source_id = sources.source_id AND current = 1 AND retried_position IS NULL)";
/// Rows of logs that are not known, and that no known log has: a log that was imported again has them.
const OF_UNKNOWN_LOGS: &str = "SELECT
    (SELECT count(*) FROM events AS row WHERE source_id NOT IN (SELECT source_id FROM sources)
        AND NOT EXISTS (SELECT 1 FROM source_repeats JOIN sources USING (source_id)
            WHERE source_repeats.position = row.position AND twin_id IS NULL))
    + (SELECT count(*) FROM twins AS row WHERE source_id NOT IN (SELECT source_id FROM sources)
        AND NOT EXISTS (SELECT 1 FROM source_repeats JOIN sources USING (source_id)
            WHERE source_repeats.position = row.position AND source_repeats.twin_id = row.twin_id))";
const ENDS_EARLY: &str = "SELECT ifnull((SELECT max(position) FROM events), 0)
    <> ifnull((SELECT last_position FROM stored_rows), -1)";

/// Counts so many rows of events and twins that an import has stored, and the logs.
pub(super) fn note(connection: &Connection, records: i64) -> rusqlite::Result<()> {
    connection.prepare_cached(NOTE)?.execute([records])?;
    Ok(())
}

/// Counts what there is. To be asked where nothing can have been removed: in a store that was just built.
pub(super) fn count_anew(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute(COUNT_ANEW, [])?;
    Ok(())
}

/// How many rows there are, and how many were stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RowCheck {
    records: i64,
    stored_records: i64,
    of_unknown_logs: u64,
    logs_without_rejects: u64,
}

impl RowCheck {
    pub fn of(connection: &Connection) -> rusqlite::Result<Self> {
        let (records, stored_records, are_logs_missing) =
            connection.query_row(CHECK, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let of_unknown_logs = match are_logs_missing {
            true => connection.query_row(OF_UNKNOWN_LOGS, [], |row| row.get(0))?,
            false => 0,
        };
        let count = format!("SELECT count(*) FROM ({WITHOUT_REJECTS})");
        let logs_without_rejects = connection.query_row(&count, [], |row| row.get(0))?;
        Ok(Self { records, stored_records, of_unknown_logs, logs_without_rejects })
    }

    /// How many rows of events and twins are missing; where the row of counts is, one at least.
    pub fn missing_records(&self) -> u64 {
        match self.stored_records {
            ..0 => 1,
            stored => (stored - self.records).max(0).unsigned_abs(),
        }
    }

    /// How many records cannot be in an export: those that are missing, and those of logs that are not known.
    pub fn not_exported(&self) -> u64 {
        self.missing_records() + self.of_unknown_logs
    }

    /// Warns where rows were removed.
    pub fn tell(&self, connection: &Connection) {
        let path = connection.path().unwrap_or_default();
        let Self { records, stored_records, of_unknown_logs, logs_without_rejects } = self;
        if *stored_records < 0 {
            tracing::warn!(
                "{path} does not say how many rows were stored: another program has emptied `stored_rows`, and it cannot \
                 be told any more whether rows are missing. Go back to a copy of the store, or import all logs \
                 into a new one (import-legacy --into)"
            );
        } else if records != stored_records {
            tracing::warn!(
                "{path} has {records} events and twins where {stored_records} were stored: another program has removed \
                 rows, or placed them itself. Import the logs again (import-legacy): those of which rows are missing \
                 are read from the beginning. What no log has is in a copy of the store alone"
            );
        }
        if *of_unknown_logs > 0 {
            tracing::warn!(
                "{path} has {of_unknown_logs} events and twins of logs that it does not know: another program has \
                 removed rows of `sources`. Import these logs again (import-legacy), so that the store can give \
                 them back"
            );
        }
        if *logs_without_rejects > 0 {
            tracing::warn!(
                "rejected records of {logs_without_rejects} logs are missing in {path}: another program has removed \
                 rows. Import these logs again (import-legacy)"
            );
        }
    }
}

/// Warns where the last rows of the store at `path` are missing. Where they are there, that is seen by one position.
pub(super) fn tell_of_an_early_end(path: &Path, connection: &Connection) -> Result<(), SqliteError> {
    let failed = |source| not_counted(path, source);
    if ends_early(connection).map_err(failed)? {
        RowCheck::of(connection).map_err(failed)?.tell(connection);
    }
    Ok(())
}

/// Warns where rows of the store at `path` are missing, wherever.
pub(super) fn check_and_tell(path: &Path, connection: &Connection) -> Result<RowCheck, SqliteError> {
    let check = RowCheck::of(connection).map_err(|source| not_counted(path, source))?;
    check.tell(connection);
    Ok(check)
}

/// Warns where rows are missing, unless [`tell_of_an_early_end`] has done so.
pub(super) fn tell_of_others(connection: &Connection) -> Result<(), RepositoryError> {
    let failed = port_error("count the rows");
    if !ends_early(connection).map_err(&failed)? {
        RowCheck::of(connection).map_err(failed)?.tell(connection);
    }
    Ok(())
}

fn ends_early(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row(ENDS_EARLY, [], |row| row.get(0))
}

fn not_counted(path: &Path, source: rusqlite::Error) -> SqliteError {
    SqliteError::Sqlite { action: "count the rows of", path: path.to_owned(), source }
}
