//! Indexes and triggers of a store that is being built, which are made when all rows are there.

use rusqlite::Connection;

/// What is made of `events` when all rows are there, in the words of the schema.
const MADE_LAST: &str =
    "SELECT type, name, sql FROM sqlite_schema WHERE tbl_name = 'events' AND type IN ('index', 'trigger')";
/// The index that keeps ids apart.
pub(super) const UNIQUE: &str = "events_by_id";

/// Drops them; answers the statements that make the [unique](UNIQUE) one, and all others.
pub(super) fn drop_all(connection: &Connection) -> rusqlite::Result<(String, Vec<String>)> {
    let mut statement = connection.prepare(MADE_LAST)?;
    let parts = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let parts: Vec<(String, String, String)> = parts.collect::<Result<_, _>>()?;
    let mut unique_index = String::new();
    let mut others = Vec::new();
    for (kind, name, sql) in parts {
        connection.execute_batch(&format!("DROP {kind} {name}"))?;
        if name == UNIQUE { unique_index = sql } else { others.push(sql) }
    }
    Ok((unique_index, others))
}
