//! Reading a store back into the logs that it was loaded from.
//!
//! One read transaction holds one state of the store. What each log has in `events` is found by one
//! pass over the table, which there is no index for. The events of one log lie in the order of their
//! offsets, unless a record was rejected first and became an event later: then their offsets are
//! sorted in a temporary table. So a log costs one walk over the part of the table in which its
//! events lie, and memory for one event.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::fallible_streaming_iterator::FallibleStreamingIterator;
use rusqlite::{Connection, Row, Rows, params};

use crate::application::export::{ContentDigest, ExportStore, LiveDay, LiveEvent, Piece, StoredLog};
use crate::domain::repository::RepositoryError;
use crate::wire::zone::Zone;

use super::database_kind::EVENT_STORE;
use super::error::{SqliteError, port_error};
use super::lost_bytes::loses_bytes;
use super::{connection, schema, stored_rows};

const LOG: &str = "source_id, path, compression, separator, records, out_of_range,
        iif(finished_at IS NULL, NULL, content_bytes), content_sha256";
const EVERYTHING: &str =
    "SELECT position, source_id, ifnull(source_offset, -1), occurred_at FROM events ORDER BY position";

/// Where one log's bytes are; each answers offset and bytes in the order of offsets. At one offset
/// the first of these stands: a reject before an event that an earlier version of the log had there,
/// an event or a twin before the reject that it was, and a record before the layout. An imported event
/// without an offset, which no import leaves, stands at -1: where no log has anything.
const REJECTS: &str = "SELECT text.offset, iif(text.zeros > 0, zeroblob(text.zeros), text.text)
    FROM rejects CROSS JOIN reject_texts AS text ON text.reject_id = rejects.reject_id
    WHERE rejects.source_id = ?1 AND rejects.current = 1 AND rejects.retried_position IS NULL
    ORDER BY rejects.offset, rejects.detail, text.offset";
const EVENTS: &str = "SELECT ifnull(source_offset, -1), body FROM events
    WHERE position BETWEEN ?2 AND ?3 AND source_id = ?1 ORDER BY position";
const SORTED_EVENTS: &str = "SELECT sorted.source_offset, events.body
    FROM temp.sorted_events AS sorted CROSS JOIN events ON events.position = sorted.position
    ORDER BY sorted.source_offset, sorted.position";
const TWINS: &str = "SELECT source_offset, body FROM twins WHERE source_id = ?1 ORDER BY source_offset";
const REPEATS: &str = "SELECT repeats.offset, coalesce(repeats.text, twins.body, events.body)
    FROM source_repeats AS repeats LEFT JOIN events ON events.position = repeats.position
                                   LEFT JOIN twins ON twins.twin_id = repeats.twin_id
    WHERE repeats.source_id = ?1 AND coalesce(repeats.text, twins.body, events.body) IS NOT NULL
    ORDER BY repeats.offset";
const TEXTS: &str = "SELECT offset, text FROM source_texts WHERE source_id = ?1 ORDER BY offset";

const SORT: &str = "DROP TABLE IF EXISTS temp.sorted_events;
    CREATE TEMP TABLE sorted_events (source_offset INTEGER NOT NULL, position INTEGER NOT NULL,
        PRIMARY KEY (source_offset, position)) STRICT, WITHOUT ROWID";
const FILL: &str = "INSERT INTO temp.sorted_events SELECT ifnull(source_offset, -1), position FROM events
    WHERE position BETWEEN ?2 AND ?3 AND source_id = ?1";

const LIVE: &str = "SELECT position, occurred_at, body, event_type, origin = 'repaired' FROM events
    WHERE source_id IS NULL ORDER BY position";
const LIVE_OF_DAY: &str =
    "SELECT position, occurred_at, body, event_type, origin = 'repaired' FROM events INDEXED BY events_by_timestamp
    WHERE occurred_at BETWEEN ?1 AND ?2 AND source_id IS NULL ORDER BY position";
const ONLY_THERE: &str = "SELECT count(*) FROM events
    WHERE position BETWEEN ?2 AND ?3 AND source_id = ?1 AND NOT EXISTS (
        SELECT 1 FROM source_repeats AS repeats
        WHERE repeats.position = events.position
          AND repeats.source_id IN (SELECT value FROM json_each(?4)))";
const REPEATED: &str = "SELECT count(*) FROM source_repeats
    WHERE source_id IN (SELECT value FROM json_each(?1)) AND twin_id IS NULL";
const TWINS_ONLY_THERE: &str = "SELECT count(*) FROM twins
    WHERE source_id = ?1 AND NOT EXISTS (
        SELECT 1 FROM source_repeats AS repeats
        WHERE repeats.position = twins.position AND repeats.twin_id = twins.twin_id
          AND repeats.source_id IN (SELECT value FROM json_each(?2)))";

/// One state of a store, for an export.
pub struct SqliteExport {
    connection: Connection,
    zone: Zone,
    logs: BTreeMap<i64, Extent>,
    days: BTreeMap<NaiveDate, LiveDay>,
    missing_records: u64,
}

/// Where the events of a log lie.
#[derive(Debug, Clone, Copy)]
struct Extent {
    first: i64,
    last: i64,
    last_offset: i64,
    /// Their offsets ascend with their positions.
    is_ordered: bool,
}

impl SqliteExport {
    /// Opens the store at `path`, which exists, and looks over its events; their days are those of
    /// `zone`. Nothing is changed.
    ///
    /// # Errors
    /// As [`SqliteEventRepository::open_for_reading`](super::SqliteEventRepository::open_for_reading).
    pub fn open(path: &Path, zone: Zone) -> Result<Self, SqliteError> {
        let connection = schema::open_checked_for_reading(&EVENT_STORE, path)?;
        connection::allow_temporary_tables(path, &connection)?;
        let missing_records = stored_rows::check_and_tell(path, &connection)?.not_exported();
        let mut export =
            Self { connection, zone, logs: BTreeMap::new(), days: BTreeMap::new(), missing_records };
        export.read_extents().map_err(|source| SqliteError::Sqlite {
            action: "look over the events of",
            path: path.to_owned(),
            source,
        })?;
        Ok(export)
    }

    /// How many records of these logs are events that the store has from elsewhere, or from another place of the log.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn repeated_records(&self, logs: &[i64]) -> Result<u64, RepositoryError> {
        self.connection
            .query_row(REPEATED, [format!("{logs:?}")], |row| row.get(0))
            .map_err(port_error("count the records that repeat events"))
    }

    /// Where the events of each log lie, and which days have live events.
    fn read_extents(&mut self) -> rusqlite::Result<()> {
        self.connection.execute_batch("BEGIN")?;
        let mut statement = self.connection.prepare(EVERYTHING)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let position: i64 = row.get(0)?;
            match row.get::<_, Option<i64>>(1)? {
                Some(source_id) => {
                    let offset: i64 = row.get(2)?;
                    let new = Extent { first: position, last: position, last_offset: -1, is_ordered: true };
                    let extent = self.logs.entry(source_id).or_insert(new);
                    extent.is_ordered &= extent.last_offset < offset;
                    (extent.last, extent.last_offset) = (position, offset);
                }
                None => {
                    let time = time(row, 3)?;
                    let day = self.zone.day_of(time);
                    let new = LiveDay { day, events: 0, first: time, last: time };
                    let day = self.days.entry(day).or_insert(new);
                    day.events += 1;
                    (day.first, day.last) = (day.first.min(time), day.last.max(time));
                }
            }
        }
        Ok(())
    }

    /// The events of a log are found by this statement; those of one that has none lie nowhere.
    fn events_of(&self, source_id: i64) -> rusqlite::Result<(&'static str, Extent)> {
        let nowhere = Extent { first: 0, last: -1, last_offset: -1, is_ordered: true };
        let extent = self.logs.get(&source_id).copied().unwrap_or(nowhere);
        if extent.is_ordered {
            return Ok((EVENTS, extent));
        }
        self.connection.execute_batch(SORT)?;
        self.connection.execute(FILL, params![source_id, extent.first, extent.last])?;
        Ok((SORTED_EVENTS, extent))
    }

    fn merge(
        &self,
        source_id: i64,
        take: &mut dyn FnMut(Piece<'_>) -> ControlFlow<()>,
    ) -> rusqlite::Result<()> {
        let (events, extent) = self.events_of(source_id)?;
        let mut rejects = self.connection.prepare(REJECTS)?;
        let mut events = self.connection.prepare(events)?;
        let mut twins = self.connection.prepare(TWINS)?;
        let mut repeats = self.connection.prepare(REPEATS)?;
        let mut texts = self.connection.prepare(TEXTS)?;
        let parameters = [source_id, extent.first, extent.last];
        let events = match events.parameter_count() {
            0 => events.query([]),
            _ => events.query(parameters),
        };
        let of_log = [source_id];
        let mut streams = [
            rejects.query(of_log)?,
            events?,
            twins.query(of_log)?,
            repeats.query(of_log)?,
            texts.query(of_log)?,
        ];
        for rows in &mut streams {
            rows.advance()?;
        }
        while let Some(rows) = next_of(&mut streams)? {
            if let Some(row) = rows.get() {
                let piece = Piece { offset: row.get(0)?, bytes: row.get_ref(1)?.as_bytes()? };
                if take(piece).is_break() {
                    break;
                }
            }
            rows.advance()?;
        }
        Ok(())
    }
}

/// The stream whose row has the least offset; of several, the first.
fn next_of<'a, 's>(streams: &'a mut [Rows<'s>]) -> rusqlite::Result<Option<&'a mut Rows<'s>>> {
    let mut least: Option<(i64, usize)> = None;
    for (index, rows) in streams.iter().enumerate() {
        if let Some(row) = rows.get() {
            let offset: i64 = row.get(0)?;
            if least.is_none_or(|(least, _)| offset < least) {
                least = Some((offset, index));
            }
        }
    }
    Ok(least.map(|(_, index)| &mut streams[index]))
}

fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<DateTime<Utc>> {
    let micros: i64 = row.get(column)?;
    DateTime::from_timestamp_micros(micros).ok_or(rusqlite::Error::IntegralValueOutOfRange(column, micros))
}

fn stored_log(row: &Row<'_>) -> rusqlite::Result<StoredLog> {
    let content: (Option<u64>, Option<String>) = (row.get(6)?, row.get(7)?);
    Ok(StoredLog {
        source_id: row.get(0)?,
        path: row.get(1)?,
        compression: row.get(2)?,
        separator: row.get(3)?,
        records: row.get(4)?,
        out_of_range: row.get(5)?,
        kept_nowhere: row.get(8)?,
        content: content.0.zip(content.1).map(|(bytes, sha256)| ContentDigest { bytes, sha256 }),
    })
}

impl ExportStore for SqliteExport {
    fn missing_records(&self) -> u64 {
        self.missing_records
    }

    fn logs(&mut self) -> Result<Vec<StoredLog>, RepositoryError> {
        let failed = port_error("read which logs were imported");
        let sql = format!(
            "SELECT {LOG}, iif(compression IS NULL, NULL, (
                 SELECT detail FROM rejects WHERE rejects.source_id = sources.source_id AND current = 1
                     AND {} ORDER BY offset LIMIT 1))
             FROM sources ORDER BY source_id",
            loses_bytes()
        );
        let mut statement = self.connection.prepare(&sql).map_err(&failed)?;
        let logs = statement.query_map([], stored_log).map_err(&failed)?;
        logs.collect::<Result<_, _>>().map_err(failed)
    }

    fn each_piece(
        &mut self,
        log: &StoredLog,
        take: &mut dyn FnMut(Piece<'_>) -> ControlFlow<()>,
    ) -> Result<(), RepositoryError> {
        self.merge(log.source_id, take).map_err(port_error("read the bytes of a log"))
    }

    fn events_only_in(&mut self, log: &StoredLog, others: &[i64]) -> Result<u64, RepositoryError> {
        let failed = port_error("count the events of a log");
        let others = format!("{others:?}");
        let twins: u64 = self
            .connection
            .query_row(TWINS_ONLY_THERE, params![log.source_id, others], |row| row.get(0))
            .map_err(&failed)?;
        let Some(extent) = self.logs.get(&log.source_id) else { return Ok(twins) };
        let rows: u64 = self
            .connection
            .query_row(ONLY_THERE, params![log.source_id, extent.first, extent.last, others], |row| {
                row.get(0)
            })
            .map_err(failed)?;
        Ok(rows + twins)
    }

    fn live_days(&mut self) -> Result<Vec<LiveDay>, RepositoryError> {
        Ok(self.days.values().copied().collect())
    }

    fn each_live(
        &mut self,
        day: Option<&LiveDay>,
        take: &mut dyn FnMut(LiveEvent<'_>) -> ControlFlow<()>,
    ) -> Result<(), RepositoryError> {
        let failed = port_error("read live events");
        let mut statement =
            self.connection.prepare(if day.is_some() { LIVE_OF_DAY } else { LIVE }).map_err(&failed)?;
        let rows = match day {
            Some(day) => statement.query([day.first.timestamp_micros(), day.last.timestamp_micros()]),
            None => statement.query([]),
        };
        let mut rows = rows.map_err(&failed)?;
        while let Some(row) = rows.next().map_err(&failed)? {
            let mut give = || -> rusqlite::Result<ControlFlow<()>> {
                let occurred_at = time(row, 1)?;
                // Where a zone's clock goes back over midnight, days overlap.
                if day.is_some_and(|day| day.day != self.zone.day_of(occurred_at)) {
                    return Ok(ControlFlow::Continue(()));
                }
                Ok(take(LiveEvent {
                    position: row.get(0)?,
                    occurred_at,
                    event_type: row.get_ref(3)?.as_str()?,
                    body: row.get_ref(2)?.as_str()?,
                    is_repaired: row.get(4)?,
                }))
            };
            if give().map_err(&failed)?.is_break() {
                break;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_statement_sorts_the_texts_of_a_log() {
        let folder = tempfile::tempdir().unwrap();
        let connection = schema::open_current(&EVENT_STORE, &folder.path().join("events.db")).unwrap();
        connection.execute_batch(SORT).unwrap();
        let plan = |sql: &str| -> String {
            let sql = (1..=4).fold(sql.to_owned(), |sql, n| sql.replace(&format!("?{n}"), "'1'"));
            let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let steps = statement.query_map([], |row| row.get::<_, String>(3)).unwrap();
            steps.map(Result::unwrap).collect::<Vec<_>>().join("; ")
        };
        for sql in [
            EVERYTHING,
            REJECTS,
            EVENTS,
            SORTED_EVENTS,
            TWINS,
            REPEATS,
            TEXTS,
            LIVE,
            ONLY_THERE,
            TWINS_ONLY_THERE,
        ] {
            assert!(!plan(sql).contains("B-TREE"), "{sql}: {}", plan(sql));
        }
        for sql in [EVENTS, ONLY_THERE, FILL] {
            assert!(
                plan(sql).contains("SEARCH events USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"),
                "{sql}"
            );
        }
        assert!(plan(LIVE_OF_DAY).contains("SEARCH events USING INDEX events_by_timestamp"));
        assert!(plan("SELECT body FROM events ORDER BY body").contains("B-TREE"));
    }
}
