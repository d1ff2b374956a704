//! Putting the logs together that a store had imported before it was moved here: as `sqlite/export.rs` does it, by statements that
//! the server sorts.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use postgres::fallible_iterator::FallibleIterator;
use postgres::types::ToSql;
use postgres::{Error, Row};

use super::connection::Session;
use crate::application::export::{ContentDigest, Piece, StoredLog};
use crate::application::log_source::{DAMAGED_DATA, KEPT_NOWHERE};

const LOGS: &str = "SELECT source_id, path, compression, separator, records, out_of_range,
        CASE WHEN finished_at IS NOT NULL THEN content_bytes END, content_sha256,
        CASE WHEN compression IS NOT NULL THEN (
            SELECT detail FROM rejects WHERE rejects.source_id = sources.source_id AND current
                AND (reason = $1 OR reason = 'torn_tail' AND strpos(detail, $2) > 0)
            ORDER BY \"offset\" LIMIT 1) END
    FROM sources ORDER BY source_id";

/// Where the events of each log lie: there is no index for it.
const EXTENTS: &str = "SELECT source_id, min(position), max(position) FROM events WHERE source_id IS NOT NULL GROUP BY source_id";

/// The bytes of a log, in the order of their offsets. At one offset the first of these stands: a reject before an event that an earlier
/// version of the log had there, an event or a twin before the reject that it was, and a record before the layout. Several rejects
/// can begin at one place: each comes after all pieces of the one before it.
const PIECES: &str = "
    SELECT at, body, bytes, zeros FROM (
        SELECT max(text.\"offset\") OVER in_order AS place, 0 AS rank, row_number() OVER in_order AS number,
               text.\"offset\" AS at, NULL AS body, text.text AS bytes, text.zeros AS zeros
        FROM rejects JOIN reject_texts AS text USING (reject_id)
        WHERE rejects.source_id = $1 AND current AND retried_position IS NULL
        WINDOW in_order AS (ORDER BY rejects.\"offset\", rejects.detail, text.\"offset\" ROWS UNBOUNDED PRECEDING)
        UNION ALL
        SELECT coalesce(source_offset, -1), 1, position, coalesce(source_offset, -1), body, NULL, 0
        FROM events WHERE position BETWEEN $2 AND $3 AND source_id = $1
        UNION ALL
        SELECT source_offset, 2, twin_id, source_offset, body, NULL, 0 FROM twins WHERE source_id = $1
        UNION ALL
        SELECT repeats.\"offset\", 3, 0, repeats.\"offset\", coalesce(repeats.text, twins.body, events.body), NULL, 0
        FROM source_repeats AS repeats LEFT JOIN events ON events.position = repeats.position
                                       LEFT JOIN twins ON twins.twin_id = repeats.twin_id
        WHERE repeats.source_id = $1 AND coalesce(repeats.text, twins.body, events.body) IS NOT NULL
        UNION ALL
        SELECT \"offset\", 4, 0, \"offset\", NULL, text, 0 FROM source_texts WHERE source_id = $1
    ) AS pieces ORDER BY place, rank, number";

const ONLY_THERE: &str = "SELECT
    (SELECT count(*) FROM events WHERE position BETWEEN $2 AND $3 AND source_id = $1 AND NOT EXISTS (
        SELECT 1 FROM source_repeats AS repeats
        WHERE repeats.position = events.position AND repeats.source_id = ANY($4)))
    + (SELECT count(*) FROM twins WHERE source_id = $1 AND NOT EXISTS (
        SELECT 1 FROM source_repeats AS repeats
        WHERE repeats.position = twins.position AND repeats.twin_id = twins.twin_id AND repeats.source_id = ANY($4)))";

/// The logs that were imported.
pub(super) fn stored_logs(session: &mut Session) -> Result<Vec<StoredLog>, Error> {
    session.client.query(LOGS, &[&DAMAGED_DATA, &KEPT_NOWHERE])?.iter().map(stored_log).collect()
}

fn stored_log(row: &Row) -> Result<StoredLog, Error> {
    let number = |column: usize| row.try_get::<_, i64>(column).map(i64::unsigned_abs);
    let content: (Option<i64>, Option<String>) = (row.try_get(6)?, row.try_get(7)?);
    Ok(StoredLog {
        source_id: row.try_get(0)?,
        path: row.try_get(1)?,
        compression: row.try_get(2)?,
        separator: row.try_get(3)?,
        records: number(4)?,
        out_of_range: number(5)?,
        kept_nowhere: row.try_get(8)?,
        content: content
            .0
            .zip(content.1)
            .map(|(bytes, sha256)| ContentDigest { bytes: bytes.unsigned_abs(), sha256 }),
    })
}

/// Where the events of each log lie, by the number of the log.
#[derive(Debug, Default)]
pub(super) struct Extents(BTreeMap<i64, (i64, i64)>);

impl Extents {
    pub fn look_over(session: &mut Session) -> Result<Self, Error> {
        let rows = session.client.query(EXTENTS, &[])?;
        let extents = rows.iter().map(|row| Ok((row.try_get(0)?, (row.try_get(1)?, row.try_get(2)?))));
        extents.collect::<Result<_, Error>>().map(Self)
    }

    fn of(&self, source_id: i64) -> (i64, i64) {
        self.0.get(&source_id).copied().unwrap_or((0, -1))
    }

    /// Gives the pieces of a log, until `take` has enough.
    pub fn each_piece(
        &self,
        session: &mut Session,
        source_id: i64,
        take: &mut dyn FnMut(Piece<'_>) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let (first, last) = self.of(source_id);
        let statement = session.prepared(PIECES)?;
        let parameters: [&(dyn ToSql + Sync); 3] = [&source_id, &first, &last];
        let mut rows = session.client.query_raw(&statement, parameters)?;
        while let Some(row) = rows.next()? {
            let (offset, body): (i64, Option<&str>) = (row.try_get(0)?, row.try_get(1)?);
            let (bytes, zeros): (Option<&[u8]>, i64) = (row.try_get(2)?, row.try_get(3)?);
            let all_zero = vec![0; usize::try_from(zeros).unwrap_or(0)];
            let bytes = match (body, bytes) {
                (Some(body), _) => body.as_bytes(),
                (None, Some(bytes)) if zeros == 0 => bytes,
                (None, _) => &all_zero,
            };
            if take(Piece { offset, bytes }).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// How many events were imported from a log that none of the others has.
    pub fn events_only_in(
        &self,
        session: &mut Session,
        source_id: i64,
        others: &[i64],
    ) -> Result<u64, Error> {
        let (first, last) = self.of(source_id);
        let row = session.client.query_one(ONLY_THERE, &[&source_id, &first, &last, &others])?;
        row.try_get::<_, i64>(0).map(i64::unsigned_abs)
    }
}
