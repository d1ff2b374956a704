//! What one log came to, as far as it was read.

use std::collections::BTreeMap;

use super::outcome::Outcome;
use super::overlap::TimeWindow;
use super::record::ImportRecord;
use super::reject_list::RejectList;
use super::report::{RecordCounts, RejectedRecord, SourceReport};
use super::seen_log::{LogEnd, ReadTo};
use super::target::{Batch, ImportedLog, KnownSource, SourceText};
use crate::application::log_source::{LogFormat, Place, Reject, ResumePoint, SourceDigest};
use crate::wire::record::Shape;

/// The end of a log that is no record is held in memory, if it has no more bytes than this (1 MiB).
const LONGEST_END: usize = 1 << 20;

/// What one log came to.
#[derive(Debug)]
pub(super) struct LogTotals {
    pub report: SourceReport,
    pub flags: BTreeMap<&'static str, u64>,
    pub twins: BTreeMap<&'static str, u64>,
    /// Lines that damaged compressed data decodes to.
    pub in_doubt: u64,
    /// The rejected records.
    pub rejects: RejectList,
    /// It has brought new events of the new system.
    pub has_native: bool,
    /// From when to when the records are that were read through a mapping.
    pub mapped_times: Option<TimeWindow>,
    /// What mostly stands between its records.
    pub separator: Vec<u8>,
    /// Up to where it is known.
    pub resume: ResumePoint,
    has_history: bool,
    /// What stands after `resume`, and is no record.
    texts: Vec<SourceText>,
    /// They are not too many to be held.
    has_all_texts: bool,
    /// Where something was rejected last.
    last_reject: Option<u64>,
}

impl LogTotals {
    /// A log of which the store has so much.
    pub fn new(path: String, format: LogFormat, known: Option<&KnownSource>) -> Self {
        let counts = known.map(|known| known.counts).unwrap_or_default();
        let mut totals = Self::of(path, format, counts);
        if let Some(known) = known {
            // The store may know it under another spelling of the path.
            totals.rejects = known.rejects.clone().at(&totals.report.path);
        }
        totals
    }

    /// A log that is what was imported last.
    pub fn unchanged(path: String, log: &ImportedLog) -> Self {
        let mut totals = Self::of(path, log.format, log.counts);
        totals.report.bytes = log.digest.bytes;
        totals.report.sha256.clone_from(&log.digest.sha256);
        totals.rejects = log.rejects.clone().at(&totals.report.path);
        totals
    }

    fn of(path: String, format: LogFormat, counts: RecordCounts) -> Self {
        Self {
            report: SourceReport { path, format, bytes: 0, sha256: String::new(), counts, left_bytes: 0 },
            flags: BTreeMap::new(),
            twins: BTreeMap::new(),
            in_doubt: 0,
            rejects: RejectList::default(),
            has_native: false,
            mapped_times: None,
            separator: Vec::new(),
            resume: ResumePoint::default(),
            has_history: false,
            texts: Vec::new(),
            has_all_texts: true,
            last_reject: None,
        }
    }

    /// Counts what became of a batch, and answers its records.
    pub fn take(&mut self, batch: Batch, outcomes: Vec<Outcome>) -> Vec<ImportRecord> {
        let new_rejects = batch.rejects.iter().filter(|rejected| rejected.reject.is_some()).count();
        let counts = &mut self.report.counts;
        counts.records += (batch.records.len() + new_rejects) as u64 + batch.out_of_range;
        counts.out_of_range += batch.out_of_range;
        counts.rejected += new_rejects as u64;
        self.last_reject = batch.rejects.last().map(|rejected| rejected.place.offset).or(self.last_reject);
        let mut rejects: Vec<(Place, Reject)> = batch
            .rejects
            .into_iter()
            .filter_map(|rejected| Some((rejected.place, rejected.reject?)))
            .collect();
        for (record, outcome) in batch.records.iter().zip(outcomes) {
            counts.add(&outcome);
            if record.shape == Shape::Mapped {
                let at = record.occurred_at.timestamp_micros();
                self.mapped_times = Some(TimeWindow::with(self.mapped_times, at));
            }
            match outcome {
                Outcome::Conflict { event_id, position } => {
                    rejects.push((record.place, Reject::Conflict { event_id, position }));
                }
                Outcome::MatchedExisting { class } => {
                    *self.twins.entry(class.as_str()).or_default() += 1;
                }
                Outcome::Imported if record.shape == Shape::New => self.has_native = true,
                Outcome::Imported => self.has_history = true,
                Outcome::AlreadyPresent | Outcome::Duplicate => {}
            }
        }
        self.in_doubt += batch.in_doubt;
        for (name, count) in batch.flags {
            *self.flags.entry(name).or_default() += count;
        }
        rejects.sort_by_key(|(place, _)| place.offset);
        for (place, reject) in rejects {
            self.rejects.add(RejectedRecord::new(&self.report.path, place, &reject));
        }
        self.texts.extend(batch.texts);
        self.texts.retain(|text| text.offset >= batch.resume.offset);
        let length: usize = self.texts.iter().map(|text| text.bytes.len()).sum();
        if length > LONGEST_END {
            self.texts.clear();
            self.has_all_texts = false;
        }
        (self.resume, self.separator) = (batch.resume, batch.separator);
        batch.records
    }

    /// It was read to its end, which has that digest. Answers how far a pass that follows may read.
    pub fn end(&mut self, digest: &SourceDigest) -> ReadTo {
        self.report.bytes = digest.bytes;
        self.report.sha256.clone_from(&digest.sha256);
        let bytes = digest.bytes;
        let is_sound = self.last_reject.is_none_or(|offset| offset < self.resume.offset);
        let end = (is_sound && self.has_all_texts)
            .then(|| LogEnd { texts: std::mem::take(&mut self.texts), digest: digest.clone() });
        ReadTo { bytes, resume: self.resume.clone(), end, has_history: self.has_history }
    }
}
