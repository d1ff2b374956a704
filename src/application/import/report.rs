//! What an import did, in numbers that add up.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use chrono::{DateTime, Datelike, Utc};
use serde::Serialize;

use super::outcome::Outcome;
use super::overlap::{ClockRefusal, Overlap, TimeWindow};
use crate::application::log_source::{LogFormat, Place, Reject, SkippedFile, with_range};
use crate::application::reject_list::{self, HasReason};

/// How many rejected records a report names, of all reasons together; its counts are complete.
pub const LISTED_REJECTS: usize = 1_000;

/// The rejected records of logs, as a report lists them.
pub type RejectList = reject_list::RejectList<RejectedRecord, LISTED_REJECTS>;

/// The result of an import.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ImportReport {
    /// Each log, in the order in which it was read.
    pub sources: Vec<SourceReport>,
    /// All logs together.
    #[serde(flatten)]
    pub total: RecordCounts,
    /// How many of the rejected records are conflicts.
    pub conflicts: u64,
    /// How many records are what the other system wrote of an event, by how they differ from that.
    pub twins: BTreeMap<&'static str, u64>,
    /// How many records resemble one of the other system, and are yet events of their own.
    pub kept_apart: u64,
    /// How many records were kept although they are unusual, by what is.
    pub flags: BTreeMap<&'static str, u64>,
    /// How many lines damaged compressed data decodes to: they are no records, and each part that is
    /// damaged is one reject.
    pub in_doubt: u64,
    /// Files of a named folder that were not read, and why.
    pub skipped_files: Vec<SkippedFile>,
    /// How many rejected records have each reason.
    pub reasons: BTreeMap<String, u64>,
    /// The first rejected records of each reason.
    pub rejects: Vec<RejectedRecord>,
    /// Records without id that several logs of this import have, and that the store has once.
    pub shared_records: Vec<SharedRecords>,
    /// Parts that were imported before and are missing among these, where records were taken for theirs.
    pub missing_parts: Vec<MissingPart>,
    /// Parts whose file is another one than was imported from there before, and begins with its bytes.
    pub replaced_parts: Vec<ReplacedPart>,
    /// From when to when the records of this import are that were read through a mapping; `None` where there are none.
    pub mapped_times: Option<TimeRange>,
    /// Whether this was a dry run: nothing was written.
    pub dry_run: bool,
    /// Why nothing was written although it was to be.
    pub refused: Option<Refusal>,
    /// The store, after.
    pub store: StoreReport,
    /// How long it took.
    pub elapsed_seconds: f64,
}

/// From when to when; both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct TimeRange {
    /// The earliest time.
    pub first: DateTime<Utc>,
    /// The latest one.
    pub last: DateTime<Utc>,
}

impl TimeRange {
    /// The range of a window that holds times of events.
    pub(super) fn of(window: TimeWindow) -> Option<Self> {
        let at = DateTime::from_timestamp_micros;
        Some(Self { first: at(window.first)?, last: at(window.last)? })
    }

    /// Whether an end of it is hardly the time of an event that a program has logged.
    pub fn is_doubtful(&self) -> bool {
        self.first.year() < 1980 || self.last.year() >= 2100
    }
}

/// Why an import wrote nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// Records would be rejected, and all were to be imported or none.
    Strict,
    /// The same events would perhaps be counted twice.
    Overlap(Overlap),
    /// The clocks of both systems are too far apart to say which records are of the same event.
    Clocks(ClockRefusal),
}

/// What became of the records of one log, or of all.
///
/// `records = imported + already_present + matched_existing + duplicates + rejected + out_of_range`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct RecordCounts {
    /// Everything in the log that is not blank.
    pub records: u64,
    /// New events of the store.
    pub imported: u64,
    /// In the store before this log was read.
    pub already_present: u64,
    /// Matched with an event that the new system wrote.
    pub matched_existing: u64,
    /// The same id and content as an earlier record of the log.
    pub duplicates: u64,
    /// Not events, or in conflict with one.
    pub rejected: u64,
    /// Outside the asked time range.
    pub out_of_range: u64,
}

impl RecordCounts {
    /// RecordCounts what became of one record.
    pub fn add(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Imported => self.imported += 1,
            Outcome::MatchedExisting { .. } => self.matched_existing += 1,
            Outcome::AlreadyPresent => self.already_present += 1,
            Outcome::Duplicate => self.duplicates += 1,
            Outcome::Conflict { .. } => self.rejected += 1,
        }
    }

    /// Whether every record became exactly one thing.
    pub fn are_conserved(&self) -> bool {
        self.records
            == self.imported
                + self.already_present
                + self.matched_existing
                + self.duplicates
                + self.rejected
                + self.out_of_range
    }
}

impl AddAssign for RecordCounts {
    fn add_assign(&mut self, other: Self) {
        self.records += other.records;
        self.imported += other.imported;
        self.already_present += other.already_present;
        self.matched_existing += other.matched_existing;
        self.duplicates += other.duplicates;
        self.rejected += other.rejected;
        self.out_of_range += other.out_of_range;
    }
}

/// What became of one log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceReport {
    /// Where it is.
    pub path: String,
    /// How it is written.
    pub format: LogFormat,
    /// Its size.
    pub bytes: u64,
    /// The SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// Its records.
    #[serde(flatten)]
    pub counts: RecordCounts,
    /// How many bytes it has got since it was read: they are left to the next import.
    pub left_bytes: u64,
}

/// Records without id that one log of an import has, and another one too: the store has them once. That is
/// right of a copy, and wrong of two parts of one log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SharedRecords {
    /// The log whose records were present already.
    pub path: String,
    /// The log that has them as well.
    pub first: String,
    /// How many.
    pub records: u64,
}

/// A part of a log that was imported before and is not among the parts of this import. Records without id that are
/// identical to records of it were taken for those, or a part that begins with them for another one that does: they can
/// be others that are not stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MissingPart {
    /// The part that has them.
    pub path: String,
    /// Where the missing part was.
    pub missing: String,
    /// Its number in the store.
    pub source_id: i64,
    /// How many records.
    pub records: u64,
}

/// A part whose file is another one than that which was imported from its path before, and begins with the same bytes.
/// It is that log, copied; or a log that was begun anew with records that are equal to those of the one before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReplacedPart {
    /// The part.
    pub path: String,
    /// The number that the store has of what was imported from there.
    pub source_id: i64,
    /// How many records without id the store has of it.
    pub records: u64,
}

/// A record that was not imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RejectedRecord {
    /// The log.
    pub path: String,
    /// Where in the log.
    #[serde(flatten)]
    pub place: Place,
    /// Why, in one word.
    pub reason: String,
    /// Why, in a sentence.
    pub detail: String,
    /// Whether bytes of the file that it stands for are in no store.
    #[serde(skip)]
    pub loses_bytes: bool,
}

impl RejectedRecord {
    pub(super) fn new(path: &str, place: Place, reject: &Reject) -> Self {
        let (reason, detail) = (reject.reason().to_owned(), reject.sentence());
        Self { path: path.to_owned(), place, reason, detail, loses_bytes: reject.loses_bytes() }
    }

    /// The same, whose bytes end there.
    pub(super) fn up_to(self, end: u64) -> Self {
        Self { detail: with_range(&self.reason, self.detail, (self.place.offset, end)), ..self }
    }
}

impl HasReason for RejectedRecord {
    fn reason(&self) -> &str {
        &self.reason
    }
}

/// The store that was imported into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoreReport {
    /// Where it is.
    pub path: String,
    /// How many events it holds.
    pub events: u64,
}
