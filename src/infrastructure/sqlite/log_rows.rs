//! Whether the rows are there that were stored of each log beside its events and twins: its rejected records with
//! their bytes, the records that repeat events, and the text around records. Each log has the counts of its own.
//!
//! An earlier version of a log is not looked at: nothing brings its rows back. An export shows what it lacks.

use rusqlite::{Connection, params};

/// Some records that were rejected are missing, or rows of the other tables are not as many as were stored.
const INCOMPLETE: &str = "SELECT source_id, path FROM sources
    WHERE superseded_by IS NULL AND (
        rejected > (SELECT count(*) FROM rejects
            WHERE rejects.source_id = sources.source_id AND current = 1 AND retried_position IS NULL)
        OR texts <> (SELECT count(*) FROM source_texts WHERE source_texts.source_id = sources.source_id)
        OR repeats <> (SELECT count(*) FROM source_repeats WHERE source_repeats.source_id = sources.source_id)
        OR reject_texts <> (SELECT count(*) FROM rejects JOIN reject_texts USING (reject_id)
            WHERE rejects.source_id = sources.source_id AND current = 1))
    ORDER BY source_id";
/// Records that repeat an event which is not where they say, or a twin that is not there. Reads all of them.
const REPEATING_NOTHING: &str = "SELECT source_id, path FROM sources
    WHERE superseded_by IS NULL AND EXISTS (SELECT 1 FROM source_repeats AS repeats
        WHERE repeats.source_id = sources.source_id
          AND CASE WHEN twin_id IS NULL
            THEN NOT EXISTS (SELECT 1 FROM events WHERE events.position = repeats.position)
            ELSE NOT EXISTS (SELECT 1 FROM twins WHERE twins.twin_id = repeats.twin_id) END)
    ORDER BY source_id";
const COUNT_ANEW: &str = "UPDATE sources SET
    texts = (SELECT count(*) FROM source_texts WHERE source_texts.source_id = sources.source_id),
    repeats = (SELECT count(*) FROM source_repeats WHERE source_repeats.source_id = sources.source_id),
    reject_texts = (SELECT count(*) FROM rejects JOIN reject_texts USING (reject_id)
        WHERE rejects.source_id = sources.source_id AND current = 1)";
/// What stands from an offset on is written anew, or is of an earlier version.
const TAKE_OFF: &str = "UPDATE sources SET
    texts = texts - (SELECT count(*) FROM source_texts WHERE source_texts.source_id = ?1 AND offset >= ?2),
    reject_texts = reject_texts - (SELECT count(*) FROM rejects JOIN reject_texts USING (reject_id)
        WHERE rejects.source_id = ?1 AND rejects.offset >= ?2 AND current = 1)
    WHERE source_id = ?1";
const NOTE: &str = "UPDATE sources SET texts = texts + ?2, repeats = repeats + ?3,
    reject_texts = reject_texts + ?4 WHERE source_id = ?1";

/// The number of a log, and where it is.
pub(super) type LogName = (i64, String);

/// The logs of which such rows are missing.
pub(super) fn incomplete(connection: &Connection) -> rusqlite::Result<Vec<LogName>> {
    logs(connection, INCOMPLETE)
}

/// The logs that repeat events which are not where they say: these were removed, or stored again elsewhere.
pub(super) fn repeating_nothing(connection: &Connection) -> rusqlite::Result<Vec<LogName>> {
    logs(connection, REPEATING_NOTHING)
}

fn logs(connection: &Connection, select: &str) -> rusqlite::Result<Vec<LogName>> {
    let mut statement = connection.prepare(select)?;
    let logs = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    logs.collect()
}

/// Counts what there is. To be asked where nothing can have been removed: in a store that was just built.
pub(super) fn count_anew(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute(COUNT_ANEW, [])?;
    Ok(())
}

/// Takes off what a log has from an offset on, before that is removed or is of an earlier version.
pub(super) fn take_off(connection: &Connection, source_id: i64, offset: u64) -> rusqlite::Result<()> {
    connection.execute(TAKE_OFF, params![source_id, offset])?;
    Ok(())
}

/// How many rows of a log were stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct StoredLogRows {
    pub texts: i64,
    pub repeats: i64,
    pub reject_texts: i64,
}

impl StoredLogRows {
    /// Counts them, and begins anew.
    pub fn note(&mut self, connection: &Connection, source_id: i64) -> rusqlite::Result<()> {
        let Self { texts, repeats, reject_texts } = std::mem::take(self);
        if (texts, repeats, reject_texts) != (0, 0, 0) {
            connection.prepare_cached(NOTE)?.execute([source_id, texts, repeats, reject_texts])?;
        }
        Ok(())
    }
}
