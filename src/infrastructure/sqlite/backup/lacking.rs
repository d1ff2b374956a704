//! What a database has that a later state of it lacks: of the events how they came, the logs that were imported and what was noted of
//! them, and what handlers have done that cannot be built again. Row is held against row, in the order of one side, so that memory
//! does not grow with them.

use std::path::Path;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql};

use super::proof::TABLES;
use crate::application::backup::LackingRows;
use crate::infrastructure::sqlite::error::SqliteError;
use crate::infrastructure::sqlite::health::Database;
use crate::infrastructure::sqlite::schema;

/// Which rows of a table the later state lacks or has otherwise. What may have become of a row by then is no difference.
type Lacking = (&'static str, &'static str);

/// The logs with which the later state has gone on, from where they had been read to.
const GONE_ON: &str = "WITH gone_on AS (SELECT here.source_id FROM main.sources AS here JOIN other.sources AS there USING (source_id)
    WHERE there.resume_offset > here.resume_offset OR there.finished_at > here.finished_at
       OR there.finished_at IS NOT NULL AND here.finished_at IS NULL)";
const OF_EVENTS: [Lacking; 8] = [
    // Events are held against each other one by one elsewhere, as the port gives them. One that was taken out and is imported again is recorded anew.
    (
        "events",
        "EXISTS (SELECT 1 FROM other.events AS there WHERE there.position = here.position AND there.event_id = here.event_id
            AND (there.origin, there.id_derived, there.source_id, there.source_offset, there.source_line)
         IS NOT (here.origin, here.id_derived, here.source_id, here.source_offset, here.source_line))",
    ),
    // A log that has grown is read on: its end is not known until then, and what it comes to is another.
    (
        "sources",
        "NOT EXISTS (SELECT 1 FROM other.sources AS there WHERE there.source_id = here.source_id
            AND (there.path, there.settings, there.started_at, there.restores_to)
              = (here.path, here.settings, here.started_at, here.restores_to)
            AND there.resume_offset >= here.resume_offset
            AND (here.finished_at IS NULL OR there.finished_at IS NOT NULL)
            AND (here.content_sha256 IS NULL OR there.content_sha256 IS NOT NULL)
            AND (here.superseded_by IS NULL OR there.superseded_by IS NOT NULL)
            AND (here.source_id IN gone_on
              OR (there.format, there.compression, there.separator, there.bytes, there.sha256, there.content_bytes,
                  there.content_sha256, there.resume_offset, there.resume_line, there.resume_sha256, there.records,
                  there.out_of_range, there.has_repeated_hour)
              IS (here.format, here.compression, here.separator, here.bytes, here.sha256, here.content_bytes,
                  here.content_sha256, here.resume_offset, here.resume_line, here.resume_sha256, here.records,
                  here.out_of_range, here.has_repeated_hour)))",
    ),
    // What stood after the last record is read again then.
    (
        "source_texts",
        "(here.source_id NOT IN gone_on
           OR here.offset < (SELECT resume_offset FROM main.sources WHERE sources.source_id = here.source_id))
         AND NOT EXISTS (SELECT 1 FROM other.source_texts AS there
            WHERE there.source_id = here.source_id AND there.offset = here.offset AND there.text = here.text)",
    ),
    (
        "source_repeats",
        "NOT EXISTS (SELECT 1 FROM other.source_repeats AS there
            WHERE there.source_id = here.source_id AND there.offset = here.offset
              AND (there.line, there.position, there.kind, there.text, there.twin_id)
               IS (here.line, here.position, here.kind, here.text, here.twin_id))",
    ),
    // A record that was rejected can have become an event since, or be of an earlier version of its log.
    (
        "rejects",
        "NOT EXISTS (SELECT 1 FROM other.rejects AS there WHERE there.reject_id = here.reject_id
            AND (there.source_id, there.offset, there.line, there.reason, there.detail, there.rejected_at)
              = (here.source_id, here.offset, here.line, here.reason, here.detail, here.rejected_at)
            AND (here.retried_position IS NULL OR there.retried_position = here.retried_position)
            AND (there.current = here.current OR here.source_id IN gone_on))",
    ),
    (
        "reject_texts",
        "NOT EXISTS (SELECT 1 FROM other.reject_texts AS there WHERE there.reject_id = here.reject_id
            AND there.offset = here.offset AND there.text = here.text AND there.zeros = here.zeros)",
    ),
    (
        "twins",
        "NOT EXISTS (SELECT 1 FROM other.twins AS there WHERE there.twin_id = here.twin_id
            AND (there.position, there.event_id, there.event_type, there.occurred_at, there.aggregate_id, there.body,
                 there.origin, there.recorded_at, there.id_derived, there.source_id, there.source_offset,
                 there.source_line, there.class)
             IS (here.position, here.event_id, here.event_type, here.occurred_at, here.aggregate_id, here.body,
                 here.origin, here.recorded_at, here.id_derived, here.source_id, here.source_offset,
                 here.source_line, here.class))",
    ),
    (
        "repairs",
        "NOT EXISTS (SELECT 1 FROM other.repairs AS there WHERE there.position = here.position
            AND (there.path, there.source_offset, there.source_line, there.repaired_at)
              = (here.path, here.source_offset, here.source_line, here.repaired_at))",
    ),
];
/// Projections are built again from the events, and figures of days are figures.
const OF_HANDLERS: [Lacking; 6] = [
    (
        "handlers",
        "here.kind = 'effect' AND NOT EXISTS (SELECT 1 FROM other.handlers AS there
            WHERE there.handler = here.handler AND there.kind = here.kind)",
    ),
    // An effect that was asked to act again goes back.
    (
        "handler_progress",
        "here.handler IN (SELECT handler FROM main.handlers WHERE kind = 'effect')
         AND NOT EXISTS (SELECT 1 FROM other.handler_progress AS there
            WHERE there.handler = here.handler AND there.stream = here.stream
              AND (there.position > here.position OR there.updated_at > here.updated_at
                OR (there.position, there.event_id, there.detail) IS (here.position, here.event_id, here.detail)))",
    ),
    // One that is tried again, or decided upon, changes.
    (
        "handler_failures",
        "NOT EXISTS (SELECT 1 FROM other.handler_failures AS there
            WHERE there.handler = here.handler AND there.stream = here.stream AND there.position = here.position
              AND there.event_id = here.event_id
              AND ((there.state, there.attempts, there.next_attempt_at, there.last_failed_at, there.resolved_at)
                 IS NOT (here.state, here.attempts, here.next_attempt_at, here.last_failed_at, here.resolved_at)
                OR (there.error, there.resolved_by) IS (here.error, here.resolved_by)))",
    ),
    (
        "mode_changes",
        "NOT EXISTS (SELECT 1 FROM other.mode_changes AS there WHERE there.change = here.change
            AND (there.at, there.mode, there.primary_side, there.new_event_types, there.legacy_end)
             IS (here.at, here.mode, here.primary_side, here.new_event_types, here.legacy_end))",
    ),
    (
        "mode_change_heads",
        "NOT EXISTS (SELECT 1 FROM other.mode_change_heads AS there
            WHERE there.change = here.change AND there.stream = here.stream AND there.position = here.position)",
    ),
    (
        "undecided_records",
        "NOT EXISTS (SELECT 1 FROM other.undecided_records AS there WHERE there.undecided = here.undecided
            AND (there.mirror, there.found_at, there.event_id, there.legacy_offset, there.detail)
             IS (here.mirror, here.found_at, here.event_id, here.legacy_offset, here.detail))",
    ),
];
/// They are of the program, and say nothing that the others do not.
const NOT_HELD: [&str; 2] = ["stored_rows", "refinery_schema_history"];

const HAS_TABLE: &str =
    "SELECT EXISTS (SELECT 1 FROM other.sqlite_schema WHERE type = 'table' AND name = ?1)";

/// How tables of other programs are held, which can change as they like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtherTables {
    /// Each row is to be in the other state, as it is.
    Rows,
    /// The table is to be there.
    Presence,
}

/// The rows that the database at `here` has, and the one at `there`, a later state of it, lacks or has otherwise, by their tables.
///
/// # Errors
/// One of the two cannot be read, or is no such database.
pub fn rows_only_in(
    database: Database,
    here: &Path,
    there: &Path,
    others: OtherTables,
) -> Result<Vec<LackingRows>, SqliteError> {
    let kind = database.kind();
    drop(schema::open_checked_for_reading(&kind, there)?);
    let connection = schema::open_checked_for_reading(&kind, here)?;
    let rows = attach(&connection, there).and_then(|()| match database {
        Database::Events => {
            let mut rows = lacking(&connection, GONE_ON, &OF_EVENTS)?;
            rows.extend(of_other_programs(&connection, others)?);
            Ok(rows)
        }
        Database::Handlers => lacking(&connection, "", &OF_HANDLERS),
    });
    rows.map_err(|source| SqliteError::Sqlite {
        action: "hold against another state of it",
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

/// Attaches the other database, and begins to read one state of both.
fn attach(connection: &Connection, there: &Path) -> rusqlite::Result<()> {
    // Beginning with `file:` it would be a URI.
    let there = std::path::absolute(there).unwrap_or_else(|_| there.to_owned());
    connection.execute("ATTACH ?1 AS other", [Bytes(there.as_os_str().as_encoded_bytes())])?;
    connection.execute_batch("BEGIN")
}

fn lacking(connection: &Connection, with: &str, tables: &[Lacking]) -> rusqlite::Result<Vec<LackingRows>> {
    let mut lacking = Vec::new();
    for (table, condition) in tables {
        let count = format!("{with} SELECT count(*) FROM main.{table} AS here WHERE {condition}");
        let rows = connection.query_row(&count, [], |row| row.get(0))?;
        if rows > 0 {
            lacking.push(LackingRows { table: (*table).to_owned(), rows });
        }
    }
    Ok(lacking)
}

fn of_other_programs(connection: &Connection, others: OtherTables) -> rusqlite::Result<Vec<LackingRows>> {
    let mut statement = connection.prepare(TABLES)?;
    let tables: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let is_of_another = |table: &String| {
        !NOT_HELD.contains(&table.as_str()) && !OF_EVENTS.iter().any(|(known, _)| known == table)
    };
    let mut lacking = Vec::new();
    for table in tables.into_iter().filter(is_of_another) {
        let quoted = format!("\"{}\"", table.replace('"', "\"\""));
        let has_table: bool = connection.query_row(HAS_TABLE, [&table], |row| row.get(0))?;
        let except = match (has_table, others) {
            (true, OtherTables::Presence) => continue,
            (true, OtherTables::Rows) => format!("EXCEPT SELECT * FROM other.{quoted}"),
            (false, _) => String::new(),
        };
        let count = format!("SELECT count(*) FROM (SELECT * FROM main.{quoted} {except})");
        let rows = connection.query_row(&count, [], |row| row.get(0))?;
        if rows > 0 {
            lacking.push(LackingRows { table, rows });
        }
    }
    Ok(lacking)
}
