//! What a store writes down of the logs that it was loaded from.

use std::path::Path;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Params, Statement, params};

use crate::application::import::identity::Repetition;
use crate::application::import::{
    Batch, ImportRecord, KnownPart, KnownSource, Outcome, PartState, RecordCounts, SourceHeader,
};
use crate::application::log_source::{Place, Reject, SourceDigest};
use crate::infrastructure::sqlite::append::First;
use crate::infrastructure::sqlite::log_rows::{self, StoredLogRows};
use crate::infrastructure::sqlite::stored_rows;

/// The number of a log is never given to another one, though another program has removed its row.
const INSERT_SOURCE: &str = "INSERT INTO sources (source_id, path, format, compression, settings, separator,
        resume_offset, resume_line, resume_sha256, records, imported, already_present, matched_existing,
        duplicates, rejected, out_of_range, has_repeated_hour, started_at, restores_to, file)
    VALUES (max(ifnull((SELECT max(source_id) FROM sources), 0),
                ifnull((SELECT last_source_id FROM stored_rows), 0)) + 1,
            ?1, ?2, ?3, ?4, x'', 0, 1, ?5, 0, 0, 0, 0, 0, 0, 0, 0, ?6, ?7, ?8)";
/// Another program can have removed the row of a reject, and not its bytes: they are not those of another one.
const INSERT_REJECT: &str =
    "INSERT INTO rejects (reject_id, source_id, offset, line, reason, detail, current, rejected_at)
    VALUES (max(ifnull((SELECT max(reject_id) FROM rejects), 0),
                ifnull((SELECT max(reject_id) FROM reject_texts), 0)) + 1,
            ?1, ?2, ?3, ?4, ?5, 1, ?6)";
/// What is there already stays.
const INSERT_TEXT: &str =
    "INSERT INTO source_texts VALUES (?1, ?2, ?3) ON CONFLICT (source_id, offset) DO NOTHING";
const HAS_TEXT: &str = "SELECT EXISTS (SELECT 1 FROM source_texts WHERE source_id = ?1 AND offset = ?2)";
const INSERT_REPEAT: &str = "INSERT INTO source_repeats VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (source_id, offset) DO NOTHING";
const HAS_REPEAT: &str = "SELECT EXISTS (SELECT 1 FROM source_repeats WHERE source_id = ?1 AND offset = ?2)";
const INSERT_REJECT_TEXT: &str =
    "INSERT INTO reject_texts VALUES (?1, ?2, ?3, ?4) ON CONFLICT (reject_id, offset) DO NOTHING";
const HAS_REJECT_TEXT: &str =
    "SELECT EXISTS (SELECT 1 FROM reject_texts WHERE reject_id = ?1 AND offset = ?2)";
/// Which others have this log as their later version: those that were read in the same way, or any where all of
/// it was read.
const SUPERSEDES: &str = "FROM sources AS one, sources AS other
    WHERE one.source_id = ?1 AND other.superseded_by IS NULL AND other.source_id < one.source_id
      AND (one.out_of_range = 0 OR other.settings = one.settings)";
/// The SHA-256 of nothing.
const NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// The log that is being imported, in the store that it is written down in.
#[derive(Debug, Clone, Copy)]
pub(in crate::infrastructure::sqlite) struct SourceWriter {
    pub source_id: i64,
    /// Before this offset it was there when the import began.
    known_to: u64,
    /// Before this offset, rows were stored and are missing: what is stored again was counted.
    restores_to: u64,
    /// The reject that was written last, which may continue.
    last_reject: Option<i64>,
    /// Rows that were stored and are not counted yet.
    rows: StoredLogRows,
    counting: Counting,
}

/// When the rows are counted that are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::infrastructure::sqlite) enum Counting {
    /// With each batch.
    EachBatch,
    /// All of them, once the store is built.
    AtTheEnd,
}

impl SourceWriter {
    /// A log that was imported, and to which single records are added: all of it is known.
    pub fn known(source_id: i64) -> Self {
        Self::from(source_id, i64::MAX as u64, 0, Counting::EachBatch)
    }

    fn from(source_id: i64, known_to: u64, restores_to: u64, counting: Counting) -> Self {
        let (last_reject, rows) = (None, StoredLogRows::default());
        Self { source_id, known_to, restores_to, last_reject, rows, counting }
    }

    /// What the store knew of it when the import began.
    pub fn known_part(&self) -> KnownPart {
        KnownPart { source_id: self.source_id, to: self.known_to, state: PartState::Kept }
    }

    /// Whether the record was stored before, and what was stored of it is missing.
    pub fn restores(&self, record: &ImportRecord) -> bool {
        record.place.offset < self.restores_to
    }

    /// Begins a log, or continues as the latest version of a known one. One of which rows are missing begins anew.
    pub fn begin(
        connection: &Connection,
        header: &SourceHeader,
        continues: Option<&KnownSource>,
        counting: Counting,
        now: DateTime<Utc>,
    ) -> rusqlite::Result<Self> {
        let Some(known) = continues.filter(|known| known.is_whole) else {
            let restores_to = continues.map_or(0, |known| known.resume.offset);
            let source_id = connection.prepare_cached(INSERT_SOURCE)?.insert(params![
                header.path,
                header.format.as_str(),
                header.compression,
                header.settings,
                NOTHING,
                now.timestamp_micros(),
                restores_to,
                header.file
            ])?;
            if counting == Counting::EachBatch {
                stored_rows::note(connection, 0)?;
            }
            return Ok(Self::from(source_id, 0, restores_to, counting));
        };
        let after = params![known.source_id, known.resume.offset];
        // What stood after the last record (a closing bracket, a torn tail) is no longer the end. It is
        // read again, and counted again: also where an event was made of it since.
        connection.execute(
            "UPDATE sources SET records = records - reread, rejected = rejected - reread_rejected,
                    imported = imported - reread_imported,
                    already_present = already_present - (reread - reread_rejected - reread_imported),
                    compression = ?3, format = ?4, file = ifnull(?5, file), bytes = NULL, sha256 = NULL, content_bytes = NULL,
                    content_sha256 = NULL, finished_at = NULL
             FROM (SELECT count(*) AS reread, count(*) - count(retried_position) AS reread_rejected,
                          count(events.position) AS reread_imported
                   FROM rejects LEFT JOIN events ON events.position = retried_position
                        AND events.source_id = ?1 AND events.source_offset = offset
                   WHERE rejects.source_id = ?1 AND offset >= ?2 AND current = 1)
             WHERE sources.source_id = ?1",
            params![
                known.source_id,
                known.resume.offset,
                header.compression,
                header.format.as_str(),
                header.file
            ],
        )?;
        log_rows::take_off(connection, known.source_id, known.resume.offset)?;
        connection.execute(
            "UPDATE rejects SET current = 0 WHERE source_id = ?1 AND offset >= ?2 AND current = 1",
            after,
        )?;
        connection.execute("DELETE FROM source_texts WHERE source_id = ?1 AND offset >= ?2", after)?;
        let source_id = known.source_id;
        let restores_to = connection
            .prepare_cached("SELECT restores_to FROM sources WHERE source_id = ?1")?
            .query_row([source_id], |row| row.get(0))?;
        Ok(Self::from(source_id, known.resume.offset, restores_to, counting))
    }

    /// Writes down everything of a batch that is not a new event.
    pub fn store(
        &mut self,
        connection: &Connection,
        batch: &Batch,
        outcomes: &[Outcome],
        now: DateTime<Utc>,
    ) -> rusqlite::Result<()> {
        let mut texts = connection.prepare_cached(INSERT_TEXT)?;
        for text in &batch.texts {
            let place = params![self.source_id, text.offset];
            let row = params![self.source_id, text.offset, text.bytes];
            self.rows.texts += insert_once(connection, &mut texts, row, (HAS_TEXT, place))?;
        }
        let mut rejected = 0;
        for piece in &batch.rejects {
            if let Some(reject) = &piece.reject {
                rejected += 1;
                self.last_reject = Some(self.reject(connection, piece.place, reject, now)?);
            }
            if let Some(reject_id) = self.last_reject {
                self.reject_text(connection, reject_id, piece.place.offset, &piece.bytes)?;
            }
        }
        let mut stored = 0;
        let mut counts =
            RecordCounts { rejected, out_of_range: batch.out_of_range, ..RecordCounts::default() };
        for (record, outcome) in batch.records.iter().zip(outcomes) {
            counts.add(outcome);
            match outcome {
                Outcome::Conflict { event_id, position } => {
                    let reject = Reject::Conflict { event_id: event_id.clone(), position: *position };
                    let reject_id = self.reject(connection, record.place, &reject, now)?;
                    self.reject_text(connection, reject_id, record.place.offset, record.body.as_bytes())?;
                }
                Outcome::Imported | Outcome::MatchedExisting { .. } => {
                    stored += i64::from(!self.restores(record));
                }
                Outcome::AlreadyPresent | Outcome::Duplicate => {}
            }
        }
        if self.counting == Counting::EachBatch {
            stored_rows::note(connection, stored)?;
            self.note_rows(connection)?;
        }
        let records = batch.records.len() as u64 + rejected + batch.out_of_range;
        connection
            .prepare_cached(
                "UPDATE sources SET separator = ?2, resume_offset = ?3, resume_line = ?4, resume_sha256 = ?5,
                    records = records + ?6, imported = imported + ?7, already_present = already_present + ?8,
                    duplicates = duplicates + ?9, rejected = rejected + ?10, out_of_range = out_of_range + ?11,
                    has_repeated_hour = max(has_repeated_hour, ?12), matched_existing = matched_existing + ?13
                 WHERE source_id = ?1",
            )?
            .execute(params![
                self.source_id,
                batch.separator,
                batch.resume.offset,
                batch.resume.line,
                batch.resume.sha256,
                records,
                counts.imported,
                counts.already_present,
                counts.duplicates,
                counts.rejected,
                counts.out_of_range,
                batch.flags.contains_key("ambiguous_local_time"),
                counts.matched_existing
            ])?;
        Ok(())
    }

    /// Counts the rows that were stored since it was asked last, apart from events and twins.
    pub fn note_rows(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        self.rows.note(connection, self.source_id)
    }

    /// Writes down that a record is what the store has. The row is counted by [`note_rows`](Self::note_rows).
    pub fn repeat(
        &mut self,
        connection: &Connection,
        record: &ImportRecord,
        first: &First,
        repetition: Repetition,
    ) -> rusqlite::Result<()> {
        let respelled = (record.body != first.body).then_some(record.body.as_str());
        let row = params![
            self.source_id,
            record.place.offset,
            record.place.line,
            first.position.get(),
            repetition.as_str(),
            respelled,
            first.twin_id
        ];
        let place = params![self.source_id, record.place.offset];
        let mut insert = connection.prepare_cached(INSERT_REPEAT)?;
        self.rows.repeats += insert_once(connection, &mut insert, row, (HAS_REPEAT, place))?;
        Ok(())
    }

    fn reject(
        &self,
        connection: &Connection,
        place: Place,
        reject: &Reject,
        now: DateTime<Utc>,
    ) -> rusqlite::Result<i64> {
        let detail = reject.sentence();
        let written: Option<i64> = connection
            .prepare_cached(
                "SELECT reject_id FROM rejects
                 WHERE source_id = ?1 AND offset = ?2 AND detail = ?3 AND current = 1",
            )?
            .query_row(params![self.source_id, place.offset, detail], |row| row.get(0))
            .optional()?;
        if let Some(reject_id) = written {
            return Ok(reject_id);
        }
        connection.prepare_cached(INSERT_REJECT)?.insert(params![
            self.source_id,
            place.offset,
            place.line,
            reject.reason(),
            detail,
            now.timestamp_micros()
        ])
    }

    fn reject_text(
        &mut self,
        connection: &Connection,
        reject_id: i64,
        offset: u64,
        bytes: &[u8],
    ) -> rusqlite::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let mut insert = connection.prepare_cached(INSERT_REJECT_TEXT)?;
        let place = (HAS_REJECT_TEXT, params![reject_id, offset]);
        let is_zero = bytes.iter().all(|byte| *byte == 0);
        let (text, zeros) = if is_zero { (&bytes[..0], bytes.len()) } else { (bytes, 0) };
        let row = params![reject_id, offset, text, zeros as u64];
        self.rows.reject_texts += insert_once(connection, &mut insert, row, place)?;
        Ok(())
    }

    /// The log has ended: it stands for its earlier versions.
    pub fn end(
        &self,
        connection: &Connection,
        digest: &SourceDigest,
        now: DateTime<Utc>,
    ) -> rusqlite::Result<()> {
        connection
            .prepare_cached(
                "UPDATE sources SET bytes = ?2, sha256 = ?3, content_bytes = ?4, content_sha256 = ?5, finished_at = ?6
                 WHERE source_id = ?1",
            )?
            .execute(params![
                self.source_id,
                digest.bytes,
                digest.sha256,
                digest.content_bytes,
                digest.content_sha256,
                now.timestamp_micros()
            ])?;
        for earlier in self.earlier_versions(connection)? {
            connection
                .prepare_cached("UPDATE sources SET superseded_by = ?2 WHERE source_id = ?1")?
                .execute([earlier, self.source_id])?;
        }
        Ok(())
    }

    /// Those at its path; and those at another one that had the same bytes, where no file is any more: it was
    /// moved. A copy beside its original is a log of its own.
    fn earlier_versions(&self, connection: &Connection) -> rusqlite::Result<Vec<i64>> {
        let mut at_path = connection
            .prepare_cached(&format!("SELECT other.source_id {SUPERSEDES} AND other.path = one.path"))?;
        let earlier = at_path.query_map([self.source_id], |row| row.get(0))?;
        let mut earlier: Vec<i64> = earlier.collect::<Result<_, _>>()?;
        let mut of_content = connection.prepare_cached(&format!(
            "SELECT other.source_id, other.path {SUPERSEDES}
                AND other.content_sha256 = one.content_sha256 AND other.path <> one.path"
        ))?;
        let mut rows = of_content.query([self.source_id])?;
        while let Some(row) = rows.next()? {
            let path: String = row.get(1)?;
            // A file that cannot be looked at may be there.
            if matches!(Path::new(&path).try_exists(), Ok(false)) {
                earlier.push(row.get(0)?);
            }
        }
        Ok(earlier)
    }
}

/// Stores a row unless the place has one; answers how many rows were stored. A row that was not stored shows.
fn insert_once(
    connection: &Connection,
    insert: &mut Statement<'_>,
    row: impl Params,
    (is_there, place): (&str, impl Params),
) -> rusqlite::Result<i64> {
    let stored = insert.execute(row)?;
    if stored == 1 {
        return Ok(1);
    }
    let is_there = connection.prepare_cached(is_there)?.query_row(place, |row| row.get(0))?;
    if is_there { Ok(0) } else { Err(rusqlite::Error::StatementChangedRows(stored)) }
}
