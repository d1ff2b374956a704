//! Logs of which rows are missing that were stored: they are not skipped or gone on with, but read from the beginning.

use std::collections::BTreeSet;

use rusqlite::Connection;

use crate::infrastructure::sqlite::stored_rows::RowCheck;

/// Reads all rows: it is asked where some are missing. A log can have had its records from another one.
const WITHOUT_RECORDS: &str = "WITH
    rows_of AS (SELECT source_id, count(*) AS rows FROM events GROUP BY source_id),
    twins_of AS (SELECT source_id, count(*) AS rows FROM twins GROUP BY source_id)
    SELECT source_id FROM sources LEFT JOIN rows_of USING (source_id) LEFT JOIN twins_of USING (source_id)
    WHERE imported > ifnull(rows_of.rows, 0) OR matched_existing > ifnull(twins_of.rows, 0)
    UNION SELECT source_id FROM source_repeats AS repeats
    WHERE CASE WHEN twin_id IS NULL
        THEN NOT EXISTS (SELECT 1 FROM events WHERE events.position = repeats.position)
        ELSE NOT EXISTS (SELECT 1 FROM twins WHERE twins.twin_id = repeats.twin_id) END";

/// The numbers of logs of which rows are missing.
#[derive(Debug, Default)]
pub(super) struct IncompleteLogs(BTreeSet<i64>);

impl IncompleteLogs {
    /// Those of a store whose rows were counted.
    pub fn of(connection: &Connection, check: &RowCheck) -> rusqlite::Result<Self> {
        let mut incomplete: BTreeSet<i64> = check.incomplete_logs().collect();
        if check.missing_records() > 0 {
            let mut statement = connection.prepare(WITHOUT_RECORDS)?;
            for source_id in statement.query_map([], |row| row.get(0))? {
                incomplete.insert(source_id?);
            }
        }
        Ok(Self(incomplete))
    }

    pub fn contains(&self, source_id: i64) -> bool {
        self.0.contains(&source_id)
    }
}
