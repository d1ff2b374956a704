//! What a store writes down of the logs that it was loaded from.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use crate::application::import::identity::Repetition;
use crate::application::import::{
    Batch, ImportRecord, KnownSource, LISTED_REJECTS, Outcome, RecordCounts, RejectedRecord, SourceHeader,
};
use crate::application::log_source::{Place, Reject, ResumePoint, SourceDigest};
use crate::domain::repository::RepositoryError;
use crate::infrastructure::sqlite::append::First;
use crate::infrastructure::sqlite::error::port_error;

const KNOWN: &str = "SELECT source_id, resume_offset, resume_line, resume_sha256,
        imported + already_present + matched_existing - (
            SELECT count(*) FROM rejects WHERE rejects.source_id = sources.source_id AND current = 1
                AND retried_position IS NOT NULL AND offset >= resume_offset),
        duplicates, out_of_range, separator
    FROM sources WHERE path = ?1 AND (format = ?2 OR resume_offset = 0) AND settings = ?3 AND has_repeated_hour = 0
    ORDER BY source_id DESC";
const INSERT_SOURCE: &str = "INSERT INTO sources (path, format, compression, settings, separator,
        resume_offset, resume_line, resume_sha256, records, imported, already_present, matched_existing,
        duplicates, rejected, out_of_range, has_repeated_hour, started_at)
    VALUES (?1, ?2, ?3, ?4, x'', 0, 1, ?5, 0, 0, 0, 0, 0, 0, 0, 0, ?6)";
/// What is there already stays, and counts as a change: a row that was not stored shows.
const INSERT_TEXT: &str = "INSERT INTO source_texts VALUES (?1, ?2, ?3)
    ON CONFLICT (source_id, offset) DO UPDATE SET text = source_texts.text";
const INSERT_REPEAT: &str = "INSERT INTO source_repeats VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
    ON CONFLICT (source_id, offset) DO UPDATE SET line = source_repeats.line";
const INSERT_REJECT_TEXT: &str = "INSERT INTO reject_texts VALUES (?1, ?2, ?3)
    ON CONFLICT (reject_id, offset) DO UPDATE SET text = reject_texts.text";
/// The SHA-256 of nothing.
const NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// How much of the log at hand the store has already, from earlier imports; the latest first. A log of
/// which nothing is known for good may turn out to be written in another way.
pub(super) fn known(
    connection: &Connection,
    header: &SourceHeader,
) -> Result<Vec<KnownSource>, RepositoryError> {
    let failed = port_error("look up earlier imports");
    let mut statement = connection.prepare_cached(KNOWN).map_err(&failed)?;
    let mut rows =
        statement.query(params![header.path, header.format.as_str(), header.settings]).map_err(&failed)?;
    let mut known = Vec::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        let read = || -> rusqlite::Result<KnownSource> {
            let counts = RecordCounts {
                already_present: row.get(4)?,
                duplicates: row.get(5)?,
                out_of_range: row.get(6)?,
                ..RecordCounts::default()
            };
            Ok(KnownSource {
                source_id: row.get(0)?,
                resume: ResumePoint { offset: row.get(1)?, line: row.get(2)?, sha256: row.get(3)? },
                counts,
                separator: row.get(7)?,
                conflicts: 0,
                rejects: Vec::new(),
            })
        };
        let mut source = read().map_err(&failed)?;
        rejects_of(connection, header, &mut source).map_err(&failed)?;
        known.push(source);
    }
    Ok(known)
}

/// Adds the rejects that lie before the place from which the log continues.
fn rejects_of(
    connection: &Connection,
    header: &SourceHeader,
    source: &mut KnownSource,
) -> rusqlite::Result<()> {
    let before =
        "FROM rejects WHERE source_id = ?1 AND current = 1 AND retried_position IS NULL AND offset < ?2";
    let of_source = params![source.source_id, source.resume.offset];
    let count = format!("SELECT count(*), count(*) FILTER (WHERE reason = 'conflict') {before}");
    (source.counts.rejected, source.conflicts) =
        connection.query_row(&count, of_source, |row| Ok((row.get(0)?, row.get(1)?)))?;
    let counts = &mut source.counts;
    counts.records = counts.already_present + counts.duplicates + counts.rejected + counts.out_of_range;
    let mut statement = connection.prepare(&format!(
        "SELECT line, offset, reason, detail {before} ORDER BY offset LIMIT {LISTED_REJECTS}"
    ))?;
    let listed = statement.query_map(of_source, |row| {
        Ok(RejectedRecord {
            path: header.path.clone(),
            place: Place { line: row.get(0)?, offset: row.get(1)? },
            reason: row.get(2)?,
            detail: row.get(3)?,
        })
    })?;
    source.rejects = listed.collect::<Result<_, _>>()?;
    Ok(())
}

/// The log that is being imported, in the store that it is written down in.
#[derive(Debug, Clone, Copy)]
pub(in crate::infrastructure::sqlite) struct SourceWriter {
    pub source_id: i64,
    /// Before this offset it was there when the import began.
    pub known_to: u64,
    /// The reject that was written last, which may continue.
    last_reject: Option<i64>,
}

impl SourceWriter {
    /// A log that was imported, and to which single records are added: all of it is known.
    pub fn known(source_id: i64) -> Self {
        Self { source_id, known_to: i64::MAX as u64, last_reject: None }
    }

    /// Begins a log, or continues as the latest version of a known one.
    pub fn begin(
        connection: &Connection,
        header: &SourceHeader,
        continues: Option<&KnownSource>,
        now: DateTime<Utc>,
    ) -> rusqlite::Result<Self> {
        let Some(known) = continues else {
            let source_id = connection.prepare(INSERT_SOURCE)?.insert(params![
                header.path,
                header.format.as_str(),
                header.compression,
                header.settings,
                NOTHING,
                now.timestamp_micros()
            ])?;
            return Ok(Self { source_id, known_to: 0, last_reject: None });
        };
        let after = params![known.source_id, known.resume.offset];
        // What stood after the last record (a closing bracket, a torn tail) is no longer the end. It is
        // read again, and counted again: also where an event was made of it since.
        connection.execute(
            "UPDATE sources SET records = records - reread, rejected = rejected - reread_rejected,
                    imported = imported - reread_imported,
                    already_present = already_present - (reread - reread_rejected - reread_imported),
                    compression = ?3, format = ?4, bytes = NULL, sha256 = NULL, content_bytes = NULL,
                    content_sha256 = NULL, finished_at = NULL
             FROM (SELECT count(*) AS reread, count(*) - count(retried_position) AS reread_rejected,
                          count(events.position) AS reread_imported
                   FROM rejects LEFT JOIN events ON events.position = retried_position
                        AND events.source_id = ?1 AND events.source_offset = offset
                   WHERE rejects.source_id = ?1 AND offset >= ?2 AND current = 1)
             WHERE sources.source_id = ?1",
            params![known.source_id, known.resume.offset, header.compression, header.format.as_str()],
        )?;
        connection.execute(
            "UPDATE rejects SET current = 0 WHERE source_id = ?1 AND offset >= ?2 AND current = 1",
            after,
        )?;
        connection.execute("DELETE FROM source_texts WHERE source_id = ?1 AND offset >= ?2", after)?;
        Ok(Self { source_id: known.source_id, known_to: known.resume.offset, last_reject: None })
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
            texts.insert(params![self.source_id, text.offset, text.bytes])?;
        }
        let mut rejected = 0;
        for piece in &batch.rejects {
            if let Some(reject) = &piece.reject {
                rejected += 1;
                self.last_reject = Some(self.reject(connection, piece.place, reject, now)?);
            }
            if let Some(reject_id) = self.last_reject {
                reject_text(connection, reject_id, piece.place.offset, &piece.bytes)?;
            }
        }
        let mut counts =
            RecordCounts { rejected, out_of_range: batch.out_of_range, ..RecordCounts::default() };
        for (record, outcome) in batch.records.iter().zip(outcomes) {
            counts.add(outcome);
            if let Outcome::Conflict { event_id, position } = outcome {
                let reject = Reject::Conflict { event_id: event_id.clone(), position: *position };
                let reject_id = self.reject(connection, record.place, &reject, now)?;
                reject_text(connection, reject_id, record.place.offset, record.body.as_bytes())?;
            }
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

    /// Writes down that a record is what the store has.
    pub fn repeat(
        &self,
        connection: &Connection,
        record: &ImportRecord,
        first: &First,
        repetition: Repetition,
    ) -> rusqlite::Result<()> {
        let respelled = (record.body != first.body).then_some(record.body.as_str());
        connection.prepare_cached(INSERT_REPEAT)?.insert(params![
            self.source_id,
            record.place.offset,
            record.place.line,
            first.position.get(),
            repetition.as_str(),
            respelled,
            first.twin_id
        ])?;
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
        connection
            .prepare_cached(
                "INSERT INTO rejects (source_id, offset, line, reason, detail, current, rejected_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6)",
            )?
            .insert(params![
                self.source_id,
                place.offset,
                place.line,
                reject.reason(),
                detail,
                now.timestamp_micros()
            ])
    }

    /// The log has ended.
    pub fn end(
        &self,
        connection: &Connection,
        digest: &SourceDigest,
        now: DateTime<Utc>,
    ) -> rusqlite::Result<()> {
        connection.execute(
            "UPDATE sources SET bytes = ?2, sha256 = ?3, content_bytes = ?4, content_sha256 = ?5, finished_at = ?6
             WHERE source_id = ?1",
            params![
                self.source_id,
                digest.bytes,
                digest.sha256,
                digest.content_bytes,
                digest.content_sha256,
                now.timestamp_micros()
            ],
        )?;
        Ok(())
    }
}

fn reject_text(connection: &Connection, reject_id: i64, offset: u64, bytes: &[u8]) -> rusqlite::Result<()> {
    if !bytes.is_empty() {
        connection.prepare_cached(INSERT_REJECT_TEXT)?.insert(params![reject_id, offset, bytes])?;
    }
    Ok(())
}
