//! What a store knows of a log that is imported again.
//!
//! The latest source at a path stands for its log. Whether the log is still that is seen by its bytes: all of them,
//! or those before the place from which it can be gone on with.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::application::import::{
    ImportedLog, KnownSource, LISTED_REJECTS, RecordCounts, RejectList, RejectedRecord, SourceHeader,
};
use crate::application::log_source::{LogFormat, Place, ResumePoint, SourceDigest, ZERO_BYTES, with_range};
use crate::domain::repository::RepositoryError;
use crate::infrastructure::sqlite::error::port_error;
use crate::infrastructure::sqlite::lost_bytes::loses_bytes;

use super::incomplete_logs::IncompleteLogs;

const LATEST: &str = "FROM sources WHERE source_id = (SELECT max(source_id) FROM sources WHERE path = ?1)
    AND settings = ?2 AND superseded_by IS NULL";
/// Records that a retry has made events of are read again where they lie after that place.
const RETRIED_AGAIN: &str = "(SELECT count(*) FROM rejects WHERE rejects.source_id = sources.source_id
    AND current = 1 AND retried_position IS NOT NULL AND offset >= resume_offset)";
const OPEN_REJECTS: &str =
    "FROM rejects WHERE source_id = ?1 AND current = 1 AND retried_position IS NULL AND offset < ?2";

/// How much of the log at hand the store has already. A log of which nothing is known for good may turn out to be
/// written in another way.
pub(super) fn known(
    connection: &Connection,
    header: &SourceHeader,
    incomplete: &IncompleteLogs,
) -> Result<Option<KnownSource>, RepositoryError> {
    let known = || -> rusqlite::Result<Option<KnownSource>> {
        let mut statement = connection.prepare_cached(&format!(
            "SELECT imported + already_present + matched_existing - {RETRIED_AGAIN}, duplicates, out_of_range,
                source_id, separator, resume_offset, resume_line, resume_sha256, has_repeated_hour
             {LATEST} AND (format = ?3 OR resume_offset = 0)"
        ))?;
        let read = |row: &Row<'_>| -> rusqlite::Result<Option<KnownSource>> {
            let source_id = row.get(3)?;
            let is_whole = !incomplete.contains(source_id);
            if is_whole && row.get(8)? {
                return Ok(None);
            }
            Ok(Some(KnownSource {
                source_id,
                is_whole,
                separator: row.get(4)?,
                resume: ResumePoint { offset: row.get(5)?, line: row.get(6)?, sha256: row.get(7)? },
                counts: counts(row)?,
                rejects: RejectList::default(),
            }))
        };
        let parameters = params![header.path, header.settings, header.format.as_str()];
        let known = statement.query_row(parameters, read).optional()?.flatten();
        let Some(mut known) = known else { return Ok(None) };
        let before = known.resume.offset as i64;
        known.rejects = rejects(connection, (known.source_id, before), &header.path, &mut known.counts)?;
        Ok(Some(known))
    };
    known().map_err(port_error("look up earlier imports"))
}

/// What the last import of the log at `path` came to, where it was read to its end in that way, and all of it is
/// there.
pub(super) fn last_import(
    connection: &Connection,
    path: &str,
    settings: &str,
    incomplete: &IncompleteLogs,
) -> Result<Option<ImportedLog>, RepositoryError> {
    let last = || -> rusqlite::Result<Option<ImportedLog>> {
        let mut statement = connection.prepare_cached(&format!(
            "SELECT imported + already_present + matched_existing, duplicates, out_of_range,
                source_id, format, bytes, sha256, content_bytes, content_sha256
             {LATEST} AND finished_at IS NOT NULL"
        ))?;
        let read = |row: &Row<'_>| {
            let format: String = row.get(4)?;
            let formats = [LogFormat::JsonArray, LogFormat::Jsonl];
            Ok(ImportedLog {
                source_id: row.get(3)?,
                format: formats
                    .into_iter()
                    .find(|known| known.as_str() == format)
                    .ok_or(rusqlite::Error::InvalidQuery)?,
                digest: SourceDigest {
                    bytes: row.get(5)?,
                    sha256: row.get(6)?,
                    content_bytes: row.get(7)?,
                    content_sha256: row.get(8)?,
                },
                counts: counts(row)?,
                rejects: RejectList::default(),
            })
        };
        let log = statement.query_row([path, settings], read).optional()?;
        let Some(mut log) = log.filter(|log| !incomplete.contains(log.source_id)) else { return Ok(None) };
        log.rejects = rejects(connection, (log.source_id, i64::MAX), path, &mut log.counts)?;
        Ok(Some(log))
    };
    last().map_err(port_error("look up the last import"))
}

fn counts(row: &Row<'_>) -> rusqlite::Result<RecordCounts> {
    Ok(RecordCounts {
        already_present: row.get(0)?,
        duplicates: row.get(1)?,
        out_of_range: row.get(2)?,
        ..RecordCounts::default()
    })
}

/// The rejects of a log before an offset, which are counted.
fn rejects(
    connection: &Connection,
    (source_id, before): (i64, i64),
    path: &str,
    counts: &mut RecordCounts,
) -> rusqlite::Result<RejectList> {
    let count = format!("SELECT reason, count(*) {OPEN_REJECTS} GROUP BY reason");
    let mut statement = connection.prepare_cached(&count)?;
    let counted = statement.query_map([source_id, before], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let reasons: BTreeMap<String, u64> = counted.collect::<Result<_, _>>()?;
    counts.rejected = reasons.values().sum();
    counts.records = counts.already_present + counts.duplicates + counts.rejected + counts.out_of_range;
    let loses_bytes = loses_bytes();
    let list = format!(
        "SELECT line, offset, reason, detail, {loses_bytes}, iif(reason = '{ZERO_BYTES}', (SELECT ifnull(sum(length(text) + zeros), 0)
             FROM reject_texts WHERE reject_texts.reject_id = rejects.reject_id), 0) {OPEN_REJECTS} AND reason = ?3
         ORDER BY offset LIMIT {LISTED_REJECTS}"
    );
    let mut statement = connection.prepare_cached(&list)?;
    let mut first = Vec::new();
    for reason in reasons.keys() {
        let listed = statement.query_map(params![source_id, before, reason], |row| {
            let place = Place { line: row.get(0)?, offset: row.get(1)? };
            let (reason, bytes): (String, u64) = (row.get(2)?, row.get(5)?);
            let detail = with_range(&reason, row.get(3)?, (place.offset, place.offset + bytes));
            Ok(RejectedRecord { path: path.to_owned(), place, reason, detail, loses_bytes: row.get(4)? })
        })?;
        for reject in listed {
            first.push(reject?);
        }
    }
    let mut rejects = RejectList::of(reasons, first);
    rejects.sort_by_key(|reject| reject.place.offset);
    Ok(rejects)
}
