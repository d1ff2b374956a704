//! What one log came to, as far as it was read.

use std::collections::BTreeMap;

use super::outcome::Outcome;
use super::overlap::TimeWindow;
use super::record::ImportRecord;
use super::report::{RecordCounts, RejectList, RejectedRecord, SourceReport};
use super::seen_log::{LogEnd, ReadTo};
use super::target::{Batch, ImportedLog, KnownSource, Rejected, SourceText};
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
    /// The reject that was begun last: it may go on in the next batch.
    last_begun: Option<(Place, Reject)>,
}

impl LogTotals {
    /// A log of which the store has so much.
    pub fn new(path: String, format: LogFormat, known: Option<&KnownSource>) -> Self {
        let counts = known.map(|known| known.counts).unwrap_or_default();
        let mut totals = Self::of(path, format, counts);
        if let Some(known) = known {
            // The store may know it under another spelling of the path.
            totals.rejects = at(&totals.report.path, known.rejects.clone());
        }
        totals
    }

    /// A log that is what was imported last.
    pub fn unchanged(path: String, log: &ImportedLog) -> Self {
        let mut totals = Self::of(path, log.format, log.counts);
        totals.report.bytes = log.digest.bytes;
        totals.report.sha256.clone_from(&log.digest.sha256);
        totals.rejects = at(&totals.report.path, log.rejects.clone());
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
            last_begun: None,
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
        // Each with its end.
        let mut rejects: Vec<(Place, Reject, u64)> = Vec::new();
        for Rejected { place, reject, bytes } in batch.rejects {
            let end = place.offset + bytes.len() as u64;
            match (reject, rejects.last_mut()) {
                (Some(reject), _) => rejects.push((place, reject, end)),
                (None, Some((_, _, last))) => *last = end,
                (None, None) => self.go_on(end),
            }
        }
        let counts = &mut self.report.counts;
        self.last_begun =
            rejects.last().map(|(place, reject, _)| (*place, reject.clone())).or(self.last_begun.take());
        for (record, outcome) in batch.records.iter().zip(outcomes) {
            counts.add(&outcome);
            if record.shape == Shape::Mapped {
                let at = record.occurred_at.timestamp_micros();
                self.mapped_times = Some(TimeWindow::with(self.mapped_times, at));
            }
            match outcome {
                Outcome::Conflict { event_id, position } => {
                    let end = record.place.offset + record.body.len() as u64;
                    rejects.push((record.place, Reject::Conflict { event_id, position }, end));
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
        rejects.sort_by_key(|(place, ..)| place.offset);
        for (place, reject, end) in rejects {
            self.rejects.add(RejectedRecord::new(&self.report.path, place, &reject).up_to(end));
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

    /// The reject that was begun in an earlier batch ends there.
    fn go_on(&mut self, end: u64) {
        let Some((place, reject)) = &self.last_begun else { return };
        let mut listed = self.rejects.listed_mut().iter_mut().rev();
        if let Some(begun) = listed.find(|one| one.place == *place && one.reason == reject.reason()) {
            *begun = RejectedRecord::new(&self.report.path, *place, reject).up_to(end);
        }
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

/// Rejects of a log that is known under another spelling of its path.
fn at(path: &str, mut rejects: RejectList) -> RejectList {
    rejects.listed_mut().iter_mut().for_each(|reject| path.clone_into(&mut reject.path));
    rejects
}
