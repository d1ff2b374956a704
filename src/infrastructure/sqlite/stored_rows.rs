//! Whether the rows are there that were stored. Triggers keep programs from removing rows, but for those that drop the
//! triggers and make them again: what is stored is counted in `stored_rows` as well.
//!
//! That the last rows are missing shows by one position whenever a store is opened. Rows that are missing elsewhere
//! show where rows are counted: in a summary, an import, a comparison and an export.

use std::path::Path;

use rusqlite::Connection;

use super::error::{SqliteError, port_error};
use super::log_rows::{self, LogName};
use crate::domain::counted::counted;
use crate::domain::repository::RepositoryError;

const NOTE: &str = "UPDATE stored_rows SET records = records + ?1,
    last_position = max(last_position, ifnull((SELECT max(position) FROM events), 0)),
    last_source_id = max(last_source_id, ifnull((SELECT max(source_id) FROM sources), 0))";
const COUNT_ANEW: &str = "UPDATE stored_rows SET
    records = (SELECT count(*) FROM events) + (SELECT count(*) FROM twins),
    last_position = ifnull((SELECT max(position) FROM events), 0),
    last_source_id = ifnull((SELECT max(source_id) FROM sources), 0)";
/// How many rows there are, and how many were stored; NULL where the row of counts was removed. Events and twins in one
/// statement, so that they are of one state.
const RECORDS: &str = "SELECT (SELECT count(*) FROM events) + (SELECT count(*) FROM twins),
    (SELECT records FROM stored_rows)";
/// Whether logs are missing; and whether events are not where they were, as positions have gaps.
const PLACES: &str =
    "SELECT (SELECT count(*) FROM sources) <> ifnull((SELECT last_source_id FROM stored_rows), -1),
    ifnull((SELECT max(position) FROM events), 0) <> (SELECT count(*) FROM events)";
/// Rows of logs that are not known, and that no known log has: a log that was imported again has them.
const OF_UNKNOWN_LOGS: &str = "SELECT
    (SELECT count(*) FROM events AS row WHERE source_id NOT IN (SELECT source_id FROM sources)
        AND NOT EXISTS (SELECT 1 FROM source_repeats JOIN sources USING (source_id)
            WHERE source_repeats.position = row.position AND twin_id IS NULL))
    + (SELECT count(*) FROM twins AS row WHERE source_id NOT IN (SELECT source_id FROM sources)
        AND NOT EXISTS (SELECT 1 FROM source_repeats JOIN sources USING (source_id)
            WHERE source_repeats.position = row.position AND source_repeats.twin_id = row.twin_id))
    + (SELECT count(*) FROM source_repeats AS row WHERE source_id NOT IN (SELECT source_id FROM sources)
        AND NOT EXISTS (SELECT 1 FROM source_repeats AS other JOIN sources USING (source_id)
            WHERE other.position = row.position AND other.twin_id IS row.twin_id AND other.offset = row.offset))
    + (SELECT count(*) FROM rejects AS row WHERE source_id NOT IN (SELECT source_id FROM sources) AND current = 1
        AND retried_position IS NULL AND NOT EXISTS (SELECT 1 FROM rejects AS other JOIN sources USING (source_id)
            WHERE other.offset = row.offset AND other.detail = row.detail AND other.current = 1))";
const HAS_COUNTS: &str = "SELECT EXISTS (SELECT 1 FROM stored_rows)";
/// What a store that does not say it must have had: positions have no gaps, and each log says how many of its records
/// were stored. The last events are not missing, but for those of logs.
const COUNT_FROM_LOGS: &str = "WITH
    events_of AS (SELECT source_id, count(*) AS rows FROM events GROUP BY source_id),
    twins_of AS (SELECT source_id, count(*) AS rows FROM twins GROUP BY source_id),
    missing AS (SELECT ifnull(sum(max(imported - ifnull(events_of.rows, 0), 0)), 0) AS events,
                       ifnull(sum(max(matched_existing - ifnull(twins_of.rows, 0), 0)), 0) AS twins
        FROM sources LEFT JOIN events_of USING (source_id) LEFT JOIN twins_of USING (source_id)
        WHERE superseded_by IS NULL),
    had AS (SELECT ifnull(max(position), 0) AS last, count(*) AS events FROM events)
    INSERT INTO stored_rows
    SELECT max(last, had.events + missing.events) + missing.twins + (SELECT count(*) FROM twins),
           max(last, had.events + missing.events), ifnull((SELECT max(source_id) FROM sources), 0)
    FROM had, missing WHERE NOT EXISTS (SELECT 1 FROM stored_rows)";
const ENDS_EARLY: &str = "SELECT ifnull((SELECT max(position) FROM events), 0)
    <> ifnull((SELECT last_position FROM stored_rows), -1)";

/// So many logs are named in a warning.
const NAMED_LOGS: usize = 3;

/// Counts so many rows of events and twins that an import has stored, and the logs.
pub(super) fn note(connection: &Connection, records: i64) -> rusqlite::Result<()> {
    connection.prepare_cached(NOTE)?.execute([records])?;
    Ok(())
}

/// Counts what there is. To be asked where nothing can have been removed: in a store that was just built.
pub(super) fn count_anew(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute(COUNT_ANEW, [])?;
    log_rows::count_anew(connection)
}

/// Counts the rows of a store whose row of counts was removed, and says so.
pub(super) fn count_from_logs(path: &Path, connection: &Connection) -> Result<(), SqliteError> {
    let failed = |source| not_counted(path, source);
    // Asked first: a store that has its counts is not written to, and its writers are not waited for.
    if connection.query_row(HAS_COUNTS, [], |row| row.get(0)).map_err(failed)? {
        return Ok(());
    }
    if connection.execute(COUNT_FROM_LOGS, []).map_err(failed)? > 0 {
        tracing::warn!(
            "{} did not say how many rows were stored: another program has emptied `stored_rows`. They are counted anew, \
             from what each log says of its records. Where events that were saved live were removed from the end, that \
             does not show any more: a copy of the store has them",
            path.display()
        );
    }
    Ok(())
}

/// How many rows of events and twins are missing; `None` where the store does not say how many were stored.
pub(super) fn missing_records(connection: &Connection) -> rusqlite::Result<Option<u64>> {
    let (records, stored): (i64, Option<i64>) =
        connection.query_row(RECORDS, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(stored.map(|stored| (stored - records).max(0).unsigned_abs()))
}

/// How many rows there are, and how many were stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RowCheck {
    records: i64,
    stored_records: Option<i64>,
    of_unknown_logs: u64,
    incomplete_logs: Vec<LogName>,
    are_events_elsewhere: bool,
}

impl RowCheck {
    pub fn of(connection: &Connection) -> rusqlite::Result<Self> {
        let (records, stored_records) =
            connection.query_row(RECORDS, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let (are_logs_missing, are_events_elsewhere): (bool, bool) =
            connection.query_row(PLACES, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let of_unknown_logs = match are_logs_missing {
            true => connection.query_row(OF_UNKNOWN_LOGS, [], |row| row.get(0))?,
            false => 0,
        };
        let mut incomplete_logs = log_rows::incomplete(connection)?;
        if are_events_elsewhere && stored_records == Some(records) {
            incomplete_logs.extend(log_rows::repeating_nothing(connection)?);
            incomplete_logs.sort_unstable();
            incomplete_logs.dedup();
        }
        Ok(Self { records, stored_records, of_unknown_logs, incomplete_logs, are_events_elsewhere })
    }

    /// How many rows of events and twins are missing; where the row of counts is, one at least.
    pub fn missing_records(&self) -> u64 {
        self.stored_records.map_or(1, |stored| (stored - self.records).max(0).unsigned_abs())
    }

    /// Whether rows can refer to positions at which no event is.
    pub fn refers_to_nothing(&self) -> bool {
        self.missing_records() > 0 || self.are_events_elsewhere
    }

    /// How many records cannot be in an export: those that are missing, and those of logs that are not known.
    pub fn not_exported(&self) -> u64 {
        self.missing_records() + self.of_unknown_logs
    }

    /// The logs of which other rows are missing.
    pub fn incomplete_logs(&self) -> impl Iterator<Item = i64> {
        self.incomplete_logs.iter().map(|(source_id, _)| *source_id)
    }

    /// Warns where rows were removed.
    pub fn tell(&self, connection: &Connection) {
        let path = connection.path().unwrap_or_default();
        self.complaints().iter().for_each(|complaint| tracing::warn!("{path} {complaint}"));
    }

    /// What rows were removed, as sentences that begin with the store.
    pub fn complaints(&self) -> Vec<String> {
        let Self { records, stored_records, of_unknown_logs, incomplete_logs, .. } = self;
        let mut complaints = Vec::new();
        match stored_records {
            None => complaints.push(
                "does not say how many rows were stored: another program has emptied `stored_rows`, and it cannot \
                 be told whether rows are missing. Import the logs again (import-legacy): rows are counted anew then, and \
                 what is missing of the logs is brought back. What no log has is in a copy of the store alone"
                    .to_owned(),
            ),
            Some(stored) if records != stored => complaints.push(format!(
                "has {records} events and twins where {stored} were stored: another program has removed \
                 rows, or placed them itself. Import the logs again (import-legacy): those of which rows are missing \
                 are read from the beginning. What no log has is in a copy of the store alone"
            )),
            Some(_) => {}
        }
        if *of_unknown_logs > 0 {
            complaints.push(format!(
                "has {of_unknown_logs} records of logs that it does not know: another program has \
                 removed rows of `sources`. Import these logs again (import-legacy), so that the store can give \
                 them back"
            ));
        }
        complaints.extend(of_logs(incomplete_logs));
        complaints
    }
}

/// Of which logs rows are missing, apart from events and twins.
fn of_logs(incomplete: &[LogName]) -> Option<String> {
    if incomplete.is_empty() {
        return None;
    }
    let (named, others) = incomplete.split_at(NAMED_LOGS.min(incomplete.len()));
    let mut names = named.iter().map(|(_, path)| path.as_str()).collect::<Vec<_>>().join(", ");
    if !others.is_empty() {
        names += &format!(" and {} more", others.len());
    }
    Some(format!(
        "lacks rows of {} beside their events (rejected records, records that repeat events, or the text \
         around records), or has too many: another program has removed rows, or placed them itself. Import these logs \
         again (import-legacy), which reads them from the beginning: {names}",
        counted(incomplete.len() as u64, "log", "logs")
    ))
}

/// Warns where the last rows of the store at `path` are missing. Where they are there, that is seen by one position.
pub(super) fn tell_of_an_early_end(path: &Path, connection: &Connection) -> Result<(), SqliteError> {
    let failed = |source| not_counted(path, source);
    if ends_early(connection).map_err(failed)? {
        RowCheck::of(connection).map_err(failed)?.tell(connection);
    }
    Ok(())
}

/// Warns where the last rows of the store at `path` are missing, or rows of what it keeps of logs beside their events.
pub(super) fn tell_of_kept_rows(path: &Path, connection: &Connection) -> Result<(), SqliteError> {
    let failed = |source| not_counted(path, source);
    if ends_early(connection).map_err(failed)? {
        RowCheck::of(connection).map_err(failed)?.tell(connection);
    } else {
        let complaint = of_logs(&log_rows::incomplete(connection).map_err(failed)?);
        complaint.iter().for_each(|complaint| tracing::warn!("{} {complaint}", path.display()));
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
