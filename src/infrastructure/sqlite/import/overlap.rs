//! Whether the same events may have been recorded twice: by the legacy log, which has no ids, and by the
//! new system.

use chrono::DateTime;
use rusqlite::{Connection, params};

use crate::application::import::Overlap;
use crate::domain::repository::RepositoryError;
use crate::infrastructure::sqlite::error::port_error;

/// Looks at the rows of `events`: those that the store had, and those that this import adds to them.
/// A subquery may stand for each table; it has `origin`, `id_derived` and `occurred_at`.
pub(super) fn find(
    connection: &Connection,
    had: &str,
    has: &str,
) -> Result<Option<Overlap>, RepositoryError> {
    let failed = port_error("look for overlapping histories");
    let native = |rows: &str| -> rusqlite::Result<(Option<i64>, Option<i64>)> {
        let range = format!("SELECT min(occurred_at), max(occurred_at) FROM {rows} WHERE origin = 'native'");
        connection.query_row(&range, [], |row| Ok((row.get(0)?, row.get(1)?)))
    };
    let within = |rows: &str, first: i64, last: i64| -> rusqlite::Result<(u64, Option<i64>, Option<i64>)> {
        let derived = format!(
            "SELECT count(*), min(occurred_at), max(occurred_at) FROM {rows}
             WHERE id_derived = 1 AND origin = 'history' AND occurred_at BETWEEN ?1 AND ?2"
        );
        connection
            .query_row(&derived, params![first, last], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
    };
    let (Some(native_first), Some(native_last)) = native(has).map_err(&failed)? else { return Ok(None) };
    let (now, Some(first), Some(last)) = within(has, native_first, native_last).map_err(&failed)? else {
        return Ok(None);
    };
    let before = match native(had).map_err(&failed)? {
        (Some(first), Some(last)) => within(had, first, last).map_err(&failed)?.0,
        _ => 0,
    };
    let time = |micros| DateTime::from_timestamp_micros(micros).unwrap_or_default();
    Ok((now > before).then(|| Overlap {
        records: now - before,
        first: time(first),
        last: time(last),
        native_first: time(native_first),
        native_last: time(native_last),
    }))
}
