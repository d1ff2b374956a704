//! What a store knows of the parts of rotated logs, whatever paths they had.

use std::collections::BTreeMap;

use rusqlite::{Connection, Params};

use crate::application::import::{PartState, PartVersion, SharedCounts};
use crate::application::log_source::ResumePoint;
use crate::domain::repository::RepositoryError;
use crate::infrastructure::sqlite::error::port_error;

/// Parts of one log are those that were imported together, and those that were at a path of one of them.
const VERSIONS: &str = "WITH RECURSIVE
    versions AS (SELECT * FROM sources WHERE instr(settings, ' parts=') > 0),
    of_log (settings) AS (
        SELECT settings FROM versions WHERE path IN (SELECT value FROM json_each(?1))
        UNION
        SELECT other.settings FROM of_log JOIN versions AS one USING (settings)
            JOIN versions AS other ON other.path = one.path)
    SELECT source_id, path, resume_offset, resume_line, resume_sha256, settings IN (SELECT settings FROM of_log),
        superseded_by IS NULL, finished_at IS NOT NULL, imported + matched_existing, file
    FROM versions ORDER BY source_id";
/// The state of a part that is kept is the least one.
const STORED_SHARED: &str = "WITH kept AS (
        SELECT repeats.source_id, position, twin_id
        FROM temp.known_parts AS known CROSS JOIN source_repeats AS repeats
            ON repeats.source_id = known.source_id AND offset < known_to
        WHERE state = ?1 AND kind = 'already_present')
    SELECT row.source_id, kept.source_id, count(*)
    FROM kept CROSS JOIN events AS row ON row.position = kept.position
    WHERE kept.twin_id IS NULL AND id_derived = 1 AND row.source_id <> kept.source_id GROUP BY 1, 2
    UNION ALL SELECT row.source_id, kept.source_id, count(*)
    FROM kept CROSS JOIN twins AS row ON row.twin_id = kept.twin_id
    WHERE id_derived = 1 AND row.source_id <> kept.source_id GROUP BY 1, 2";
const WITHOUT_ID: &str = "SELECT source_id, count(*) FROM (
        SELECT source_id FROM events WHERE id_derived = 1 AND source_id IS NOT NULL
        UNION ALL SELECT source_id FROM twins WHERE id_derived = 1)
    GROUP BY source_id";

const REPEATS_WITHOUT_ID: &str = "SELECT repeats.source_id, count(*)
    FROM source_repeats AS repeats LEFT JOIN events USING (position) LEFT JOIN twins USING (twin_id)
    WHERE CASE WHEN repeats.twin_id IS NULL THEN events.id_derived ELSE twins.id_derived END = 1
    GROUP BY repeats.source_id";

/// Every log that was imported as a part, by number.
pub(super) fn of(connection: &Connection, paths: &[String]) -> Result<Vec<PartVersion>, RepositoryError> {
    let failed = port_error("look up the parts of a log");
    let paths = serde_json::to_string(paths)
        .map_err(|error| RepositoryError::storage("look up the parts of a log", error))?;
    let mut statement = connection.prepare_cached(VERSIONS).map_err(&failed)?;
    let versions = statement.query_map([paths], |row| {
        Ok(PartVersion {
            source_id: row.get(0)?,
            path: row.get(1)?,
            resume: ResumePoint { offset: row.get(2)?, line: row.get(3)?, sha256: row.get(4)? },
            is_of_log: row.get(5)?,
            is_latest: row.get(6)?,
            is_finished: row.get(7)?,
            records: row.get(8)?,
            file: row.get(9)?,
        })
    });
    versions.and_then(Iterator::collect).map_err(failed)
}

/// How many records without id of each part that is kept are events of another log, which comes first.
pub(super) fn stored_shared(connection: &Connection) -> Result<SharedCounts, RepositoryError> {
    let mut shared = SharedCounts::new();
    counts(connection, STORED_SHARED, [PartState::Kept as i64], |row| {
        *shared.entry((row.get(0)?, row.get(1)?)).or_default() += row.get::<_, u64>(2)?;
        Ok(())
    })?;
    Ok(shared)
}

/// How many events and twins without id each log has.
pub(super) fn records_without_id(connection: &Connection) -> Result<BTreeMap<i64, u64>, RepositoryError> {
    by_log(connection, WITHOUT_ID)
}

/// How many records without id of each log repeat events and twins.
pub(super) fn repeats_without_id(connection: &Connection) -> Result<BTreeMap<i64, u64>, RepositoryError> {
    by_log(connection, REPEATS_WITHOUT_ID)
}

fn by_log(connection: &Connection, select: &str) -> Result<BTreeMap<i64, u64>, RepositoryError> {
    let mut records = BTreeMap::new();
    counts(connection, select, [], |row| {
        records.insert(row.get(0)?, row.get(1)?);
        Ok(())
    })?;
    Ok(records)
}

fn counts(
    connection: &Connection,
    select: &str,
    parameters: impl Params,
    mut take: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<()>,
) -> Result<(), RepositoryError> {
    let count = || -> rusqlite::Result<()> {
        let mut statement = connection.prepare_cached(select)?;
        let mut rows = statement.query(parameters)?;
        while let Some(row) = rows.next()? {
            take(row)?;
        }
        Ok(())
    };
    count().map_err(port_error("count the records of parts"))
}
