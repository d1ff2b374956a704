//! The quarantine: what was rejected, and what becomes of it when it is tried again.

use std::path::Path;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::application::import::Outcome;
use crate::application::import::identity::is_saved_already;
use crate::application::log_source::Place;
use crate::application::rejects::{Quarantined, RejectStore, Retried};
use crate::domain::repository::RepositoryError;
use crate::infrastructure::turn_file::TurnFile;

use super::database_kind::EVENT_STORE;
use super::error::{SqliteError, port_error};
use super::import::{Occurrences, SourceWriter, id_of, store_one};
use super::lost_bytes::loses_bytes;
use super::{connection, retry_preview, schema, stored_rows};

/// What has more bytes than this (64 MiB) is no record, and is not held in memory.
pub const LONGEST_REJECT: usize = 64 << 20;

const FROM: &str = "FROM rejects JOIN sources USING (source_id)
    WHERE (?1 IS NULL OR path IN (SELECT value FROM json_each(?1))) AND (?2 IS NULL OR reason = ?2)";
const COLUMNS: &str = "reject_id, source_id, path, line, offset, reason, detail, rejected_at,
    current = 1 AND superseded_by IS NULL, retried_position,
    (SELECT ifnull(sum(length(text) + zeros), 0) FROM reject_texts WHERE reject_texts.reject_id = rejects.reject_id)";
const TEXTS: &str =
    "SELECT iif(zeros > 0, zeroblob(zeros), text) FROM reject_texts WHERE reject_id = ?1 ORDER BY offset";
const OPEN: &str = "AND current = 1 AND superseded_by IS NULL AND retried_position IS NULL";
const NEXT: &str =
    "AND (source_id, offset, reject_id) > (?3, ?4, ?5) ORDER BY source_id, offset, reject_id LIMIT 1";

/// Which rejects are meant.
#[derive(Debug, Default, Clone)]
pub struct RejectFilter {
    /// Those of the logs at one of these paths; empty: of all logs.
    pub paths: Vec<String>,
    /// Those of this reason.
    pub reason: Option<String>,
}

impl RejectFilter {
    /// The parameters of [`FROM`].
    fn parameters(&self) -> (Option<String>, Option<&str>) {
        // Their spelling as JSON cannot fail.
        let paths = (!self.paths.is_empty()).then(|| serde_json::Value::from(self.paths.clone()).to_string());
        (paths, self.reason.as_deref())
    }
}

/// A record in quarantine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectRow {
    /// Its number.
    pub reject_id: i64,
    /// The number of its log.
    pub source_id: i64,
    /// Where that is.
    pub path: String,
    /// Where it stands there.
    pub place: Place,
    /// Why, in one word.
    pub reason: String,
    /// Why, in a sentence.
    pub detail: String,
    /// When.
    pub rejected_at: DateTime<Utc>,
    /// Whether it stands in the latest version of its log that was imported.
    pub current: bool,
    /// The event that a later try made of it.
    pub retried_position: Option<i64>,
    /// How many bytes it has.
    pub bytes: u64,
}

/// The quarantine of a store.
pub struct SqliteRejects {
    connection: Connection,
    filter: RejectFilter,
    /// `None` in a dry run.
    turns: Option<TurnFile>,
    /// The log whose identical records are being counted.
    counting: Option<i64>,
    occurrences: Occurrences,
}

impl SqliteRejects {
    /// Opens the store at `path`, which exists, for looking at its rejects.
    ///
    /// # Errors
    /// As [`SqliteEventRepository::open_for_reading`](super::SqliteEventRepository::open_for_reading).
    pub fn open_for_reading(path: &Path, filter: RejectFilter) -> Result<Self, SqliteError> {
        let connection = schema::open_checked_for_reading(&EVENT_STORE, path)?;
        stored_rows::tell_of_kept_rows(path, &connection)?;
        Ok(Self { connection, filter, turns: None, counting: None, occurrences: Occurrences::default() })
    }

    /// Opens the store at `path`, which exists, for trying its rejects again. A dry run writes to temporary
    /// tables alone, and no writer of the store waits for it.
    ///
    /// # Errors
    /// As [`SqliteEventRepository::open`](super::SqliteEventRepository::open), and where there is no
    /// such file.
    pub fn open_for_retry(path: &Path, filter: RejectFilter, dry_run: bool) -> Result<Self, SqliteError> {
        if dry_run {
            schema::refuse_several_names(path)?;
            let rejects = Self::open_for_reading(path, filter)?;
            connection::allow_temporary_tables(path, &rejects.connection)?;
            retry_preview::begin(&rejects.connection).map_err(|source| SqliteError::Sqlite {
                action: "make a temporary table beside",
                path: path.to_owned(),
                source,
            })?;
            return Ok(rejects);
        }
        schema::ensure_present(path)?;
        let connection = schema::open_current(&EVENT_STORE, path)?;
        stored_rows::tell_of_kept_rows(path, &connection)?;
        let turns = Some(schema::turn_file_of(path));
        Ok(Self { connection, filter, turns, counting: None, occurrences: Occurrences::default() })
    }

    /// How many there are, by reason.
    pub fn count(&self) -> Result<Vec<(String, u64)>, RepositoryError> {
        let failed = port_error("count the rejects");
        let sql = format!("SELECT reason, count(*) {FROM} GROUP BY reason ORDER BY reason");
        let mut statement = self.connection.prepare(&sql).map_err(&failed)?;
        let counts = statement
            .query_map(self.filter.parameters(), |row| Ok((row.get(0)?, row.get(1)?)))
            .map_err(&failed)?;
        counts.collect::<Result<_, _>>().map_err(failed)
    }

    /// How many of them are current, and have not become events.
    pub fn count_open(&self) -> Result<u64, RepositoryError> {
        let sql = format!("SELECT count(*) {FROM} {OPEN}");
        self.connection
            .query_row(&sql, self.filter.parameters(), |row| row.get(0))
            .map_err(port_error("count the rejects"))
    }

    /// Gives the first `limit` of them to `take`, by path, offset and time, until it fails.
    pub fn each<E: From<RepositoryError>>(
        &self,
        limit: usize,
        mut take: impl FnMut(RejectRow) -> Result<(), E>,
    ) -> Result<(), E> {
        let failed = port_error("list the rejects");
        let sql = format!("SELECT {COLUMNS} {FROM} ORDER BY path, source_id, offset, reject_id LIMIT ?3");
        let mut statement = self.connection.prepare(&sql).map_err(&failed)?;
        let (paths, reason) = self.filter.parameters();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut rows = statement.query(params![paths, reason, limit]).map_err(&failed)?;
        while let Some(row) = rows.next().map_err(&failed)? {
            take(reject_row(row).map_err(&failed)?)?;
        }
        Ok(())
    }

    /// The bytes of one; `None` where they are more than [`LONGEST_REJECT`].
    pub fn bytes_of(&self, reject: &RejectRow) -> Result<Option<Vec<u8>>, RepositoryError> {
        if reject.bytes > LONGEST_REJECT as u64 {
            return Ok(None);
        }
        let failed = port_error("read the bytes of a reject");
        let mut statement = self.connection.prepare_cached(TEXTS).map_err(&failed)?;
        let mut rows = statement.query([reject.reject_id]).map_err(&failed)?;
        let mut bytes = Vec::new();
        while let Some(row) = rows.next().map_err(&failed)? {
            let text = row.get_ref(0).map_err(&failed)?;
            bytes.extend_from_slice(text.as_bytes().map_err(|error| failed(error.into()))?);
        }
        Ok(Some(bytes))
    }

    fn is_dry_run(&self) -> bool {
        self.turns.is_none()
    }

    fn save_all(&mut self, records: &[Retried]) -> Result<Vec<Option<Outcome>>, RepositoryError> {
        let failed = port_error("retry rejects");
        // Begun by a read, a transaction that writes to temporary tables alone takes no lock of a writer.
        let begin = if self.is_dry_run() { "BEGIN DEFERRED" } else { "BEGIN IMMEDIATE" };
        let _turn = self.turns.as_mut().and_then(TurnFile::take);
        self.connection.execute_batch(begin).map_err(&failed)?;
        let outcomes = records.iter().map(|record| self.save_one(record)).collect::<Result<_, _>>()?;
        self.connection.execute_batch("COMMIT").map_err(&failed)?;
        Ok(outcomes)
    }

    fn save_one(&mut self, retried: &Retried) -> Result<Option<Outcome>, RepositoryError> {
        let failed = port_error("retry a reject");
        let Retried { reject_id, source_id, record } = retried;
        if !is_open(&self.connection, *reject_id).map_err(&failed)? {
            return Ok(None);
        }
        let place = (*source_id, record.place.offset);
        let earlier = earlier_retry(&self.connection, place).map_err(&failed)?;
        let earlier = earlier.filter(|(_, body)| is_saved_already(body, &record.body));
        if self.is_dry_run() {
            let is_retried =
                || retry_preview::is_retried_as(&self.connection, place, &record.body).map_err(&failed);
            if earlier.is_some() || is_retried()? {
                return Ok(Some(Outcome::AlreadyPresent));
            }
        } else if let Some((position, _)) = earlier {
            note(&self.connection, *reject_id, place, position).map_err(&failed)?;
            return Ok(Some(Outcome::AlreadyPresent));
        }
        let mut source = SourceWriter::known(*source_id);
        if self.counting.replace(*source_id) != Some(*source_id) {
            self.occurrences.begin_log(&self.connection, source.known_part())?;
        }
        if self.is_dry_run() {
            let event_id = id_of(&self.connection, self.occurrences, record)?;
            return retry_preview::look_at(&self.connection, record, &event_id, *source_id).map(Some);
        }
        let outcome = store_one(&self.connection, &mut source, self.occurrences, record)?;
        source.note_rows(&self.connection).map_err(&failed)?;
        if outcome == Outcome::Imported {
            stored_rows::note(&self.connection, 1).map_err(&failed)?;
        }
        let position = match outcome {
            Outcome::Conflict { .. } => None,
            Outcome::Imported => Some(self.connection.last_insert_rowid()),
            Outcome::AlreadyPresent | Outcome::Duplicate | Outcome::MatchedExisting { .. } => {
                Some(repeated(&self.connection, place).map_err(&failed)?)
            }
        };
        if let Some(position) = position {
            note(&self.connection, *reject_id, place, position).map_err(&failed)?;
        }
        Ok(Some(outcome))
    }
}

/// Nothing has become of it, and it still stands for its place.
fn is_open(connection: &Connection, reject_id: i64) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM rejects
             WHERE reject_id = ?1 AND current = 1 AND retried_position IS NULL)",
        )?
        .query_row([reject_id], |row| row.get(0))
}

/// The event that was made of the same place before its log was imported again.
fn earlier_retry(connection: &Connection, place: (i64, u64)) -> rusqlite::Result<Option<(i64, String)>> {
    connection
        .prepare_cached(
            "SELECT position, body FROM rejects JOIN events ON position = retried_position
             WHERE rejects.source_id = ?1 AND offset = ?2 AND retried_position IS NOT NULL
             ORDER BY reject_id DESC LIMIT 1",
        )?
        .query_row(place, |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

fn repeated(connection: &Connection, place: (i64, u64)) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("SELECT position FROM source_repeats WHERE source_id = ?1 AND offset = ?2")?
        .query_row(place, |row| row.get(0))
}

/// Writes down which event the reject is, and counts it in its log: as imported where the event has
/// its place from there, else as present.
fn note(
    connection: &Connection,
    reject_id: i64,
    (source_id, offset): (i64, u64),
    position: i64,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE rejects SET retried_position = ?2 WHERE reject_id = ?1")?
        .execute([reject_id, position])?;
    connection
        .prepare_cached(
            "UPDATE sources SET rejected = rejected - 1, imported = imported + own.is_own,
                    already_present = already_present + 1 - own.is_own
             FROM (SELECT source_id IS ?1 AND source_offset IS ?2 AS is_own
                   FROM events WHERE position = ?3) AS own
             WHERE sources.source_id = ?1",
        )?
        .execute(params![source_id, offset, position])?;
    Ok(())
}

impl RejectStore for SqliteRejects {
    fn next(&mut self, previous: Option<&Quarantined>) -> Result<Option<Quarantined>, RepositoryError> {
        let failed = port_error("read a reject");
        let (paths, reason) = self.filter.parameters();
        let after = previous.map_or((i64::MIN, 0, 0), |previous| {
            (previous.source_id, previous.place.offset, previous.reject_id)
        });
        let row = self
            .connection
            .prepare_cached(&format!("SELECT {COLUMNS}, {} {FROM} {OPEN} {NEXT}", loses_bytes()))
            .and_then(|mut next| {
                let read = |row: &Row<'_>| Ok((reject_row(row)?, row.get(11)?));
                next.query_row(params![paths, reason, after.0, after.1, after.2], read).optional()
            })
            .map_err(&failed)?;
        let Some((row, loses_bytes)) = row else { return Ok(None) };
        let bytes = self.bytes_of(&row)?;
        let RejectRow { reject_id, source_id, path, place, reason, detail, bytes: length, .. } = row;
        let bytes = bytes.ok_or(length as usize);
        Ok(Some(Quarantined { reject_id, source_id, path, place, bytes, reason, detail, loses_bytes }))
    }

    fn save(&mut self, records: &[Retried]) -> Result<Vec<Option<Outcome>>, RepositoryError> {
        let outcomes = self.save_all(records);
        if outcomes.is_err() && !self.connection.is_autocommit() {
            // What went wrong is told; a rollback that fails as well changes nothing about it.
            drop(self.connection.execute_batch("ROLLBACK"));
        }
        outcomes
    }
}

fn reject_row(row: &Row<'_>) -> rusqlite::Result<RejectRow> {
    let micros: i64 = row.get(7)?;
    Ok(RejectRow {
        reject_id: row.get(0)?,
        source_id: row.get(1)?,
        path: row.get(2)?,
        place: Place { line: row.get(3)?, offset: row.get(4)? },
        reason: row.get(5)?,
        detail: row.get(6)?,
        rejected_at: DateTime::from_timestamp_micros(micros)
            .ok_or(rusqlite::Error::IntegralValueOutOfRange(7, micros))?,
        current: row.get(8)?,
        retried_position: row.get(9)?,
        bytes: row.get(10)?,
    })
}
