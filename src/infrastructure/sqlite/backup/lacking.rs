//! What a store has beside its events that another one lacks: logs that were imported, and what was noted of them.

use std::path::Path;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql};

use super::proof::TABLES;
use crate::infrastructure::sqlite::database_kind::EVENT_STORE;
use crate::infrastructure::sqlite::error::SqliteError;
use crate::infrastructure::sqlite::schema;

/// By what the rows of a table are known, and which of them are held. What an import changes later in a row that is there is left out: a
/// store as it was earlier has nothing of it.
const KNOWN_BY: [(&str, &str, &str); 9] = [
    ("sources", "source_id, path, settings, started_at", "1"),
    ("sources", "source_id", "finished_at IS NOT NULL"),
    ("source_texts", "source_id, offset", OF_LOGS),
    ("source_repeats", "source_id, offset, position", OF_LOGS),
    ("rejects", "reject_id, source_id, offset, reason, detail", OF_LOGS),
    ("rejects", "reject_id, retried_position", "retried_position IS NOT NULL"),
    ("reject_texts", "reject_id, offset", OF_REJECTS),
    ("twins", "twin_id, position, event_id, source_id, source_offset", "1"),
    ("repairs", "position, path, source_offset", "1"),
];
/// A log with which the other store has gone on, or that another one has superseded there, can have lost rows by that.
const OF_LOGS: &str = "source_id NOT IN (SELECT source_id FROM later)";
const OF_REJECTS: &str =
    "reject_id NOT IN (SELECT reject_id FROM main.rejects WHERE source_id IN (SELECT source_id FROM later))";
const LATER: &str = "WITH later AS (SELECT here.source_id FROM main.sources AS here JOIN other.sources AS there USING (source_id, path, started_at)
    WHERE there.resume_offset > here.resume_offset OR there.superseded_by IS NOT NULL AND here.superseded_by IS NULL)";
/// Events are held against each other one by one; the others are of the program.
const NOT_HELD: [&str; 3] = ["events", "stored_rows", "refinery_schema_history"];

const HAS_TABLE: &str =
    "SELECT EXISTS (SELECT 1 FROM other.sqlite_schema WHERE type = 'table' AND name = ?1)";

/// How many rows the store at `here` has that the one at `there` lacks, by their tables; tables of other programs are held
/// against each other with all their columns.
///
/// # Errors
/// One of the two cannot be read.
pub fn rows_only_in(here: &Path, there: &Path) -> Result<Vec<(String, u64)>, SqliteError> {
    let connection = schema::open_checked_for_reading(&EVENT_STORE, here)?;
    lacking(&connection, there).map_err(|source| SqliteError::Sqlite {
        action: "hold against the backup",
        path: here.to_owned(),
        source,
    })
}

/// The bytes of a path, whatever they are.
struct Bytes<'p>(&'p [u8]);

impl ToSql for Bytes<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Text(self.0)))
    }
}

fn lacking(connection: &Connection, there: &Path) -> rusqlite::Result<Vec<(String, u64)>> {
    // Beginning with `file:` it would be a URI.
    let there = std::path::absolute(there).unwrap_or_else(|_| there.to_owned());
    connection.execute("ATTACH ?1 AS other", [Bytes(there.as_os_str().as_encoded_bytes())])?;
    let mut statement = connection.prepare(TABLES)?;
    let tables: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut lacking = Vec::new();
    for table in tables.into_iter().filter(|table| !NOT_HELD.contains(&table.as_str())) {
        let quoted = format!("\"{}\"", table.replace('"', "\"\""));
        let has_table: bool = connection.query_row(HAS_TABLE, [&table], |row| row.get(0))?;
        let mut known_by: Vec<(&str, &str)> = KNOWN_BY
            .iter()
            .filter(|(of, ..)| *of == table)
            .map(|(_, columns, held)| (*columns, *held))
            .collect();
        if known_by.is_empty() {
            known_by.push(("*", "1"));
        }
        let mut rows: u64 = 0;
        for (columns, held) in known_by {
            let other = match has_table {
                true => format!("EXCEPT SELECT {columns} FROM other.{quoted} WHERE {}", of_other(held)),
                false => String::new(),
            };
            let count = format!(
                "{LATER} SELECT count(*) FROM (SELECT {columns} FROM main.{quoted} WHERE {held} {other})"
            );
            rows = rows.max(connection.query_row(&count, [], |row| row.get(0))?);
        }
        if rows > 0 {
            lacking.push((table, rows));
        }
    }
    Ok(lacking)
}

/// Of the rows of the other store all are held, but for what says something by being there.
fn of_other(held: &str) -> &str {
    if held.ends_with("IS NOT NULL") { held } else { "1" }
}
