//! What the logs of an import came to.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

use super::log_totals::LogTotals;
use super::outcome::{Correction, Outcome};
use super::overlap::{ClockRefusal, TimeWindow};
use super::report::{
    MissingPart, RecordCounts, RejectList, RejectedRecord, ReplacedPart, SharedRecords, SourceReport,
};
use super::seen_log::SeenLog;
use super::target::SharedCounts;
use crate::application::log_source::Reject;

/// What the logs of an import came to.
#[derive(Debug, Clone, Default)]
pub struct ImportTotals {
    /// Each log.
    pub sources: Vec<SourceReport>,
    /// All logs together.
    pub total: RecordCounts,
    /// Records kept although unusual, by what is.
    pub flags: BTreeMap<&'static str, u64>,
    /// Lines that damaged compressed data decodes to.
    pub in_doubt: u64,
    /// The rejected records, by log and offset.
    pub rejects: RejectList,
    /// Records without id that several logs have, which the store has once.
    pub shared_records: Vec<SharedRecords>,
    /// Parts that were imported before and are missing among these.
    pub missing_parts: Vec<MissingPart>,
    /// Parts whose file is another one than was imported from there before.
    pub replaced_parts: Vec<ReplacedPart>,
    /// What was found of the same events in both systems.
    pub overlap: TwinSummary,
    /// Records that became twins, by how they differ from the event that they tell again.
    pub twins: BTreeMap<&'static str, u64>,
    /// Logs that brought events of the new system, by their place in `sources`.
    pub with_native: BTreeSet<usize>,
    /// From when to when the records are that were read through a mapping.
    pub mapped_times: Option<TimeWindow>,
    /// How many events the store holds now.
    pub events: u64,
    /// How far each log was read.
    pub(super) seen: HashMap<PathBuf, SeenLog>,
    /// The numbers that the store gave the logs, with the hashes of their contents where they are known.
    pub(super) source_ids: Vec<(i64, Option<String>)>,
    /// The places of the logs in `sources` by these numbers.
    places: HashMap<i64, usize>,
}

/// What was found of the same events in both systems.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TwinSummary {
    /// Records of this import lie in the time of what the other system wrote.
    pub overlap: bool,
    /// So many records of this import resemble one of the other system, and are yet events of their own.
    pub kept_apart: u64,
    /// The clocks forbid it.
    pub refused: Option<ClockRefusal>,
}

impl ImportTotals {
    /// Puts the logs into this order; they may have been read in another one.
    pub fn in_order_of(mut self, paths: &[String]) -> Self {
        let order: HashMap<&str, usize> =
            paths.iter().enumerate().map(|(index, path)| (path.as_str(), index)).collect();
        self.sources.sort_by_key(|source| order.get(source.path.as_str()).copied());
        self.sort_rejects();
        self
    }

    /// Corrections came last: each goes to its place.
    pub(super) fn sort_rejects(&mut self) {
        let Self { sources, rejects, .. } = self;
        let order: HashMap<&str, usize> =
            sources.iter().enumerate().map(|(index, source)| (source.path.as_str(), index)).collect();
        rejects.sort_by_key(|reject| (order.get(reject.path.as_str()).copied(), reject.place.offset));
    }

    /// Adds a log, with the number that the store gave it and the hash of its content.
    pub(super) fn add(&mut self, log: LogTotals, source_id: i64, content_sha256: Option<String>) {
        let LogTotals { report, flags, twins, in_doubt, rejects, has_native, mapped_times, .. } = log;
        if let Some(window) = mapped_times {
            self.mapped_times = Some(self.mapped_times.map_or(window, |known| known.hull(window)));
        }
        self.in_doubt += in_doubt;
        if has_native {
            self.with_native.insert(self.sources.len());
        }
        for (name, count) in flags {
            *self.flags.entry(name).or_default() += count;
        }
        for (class, count) in twins {
            *self.twins.entry(class).or_default() += count;
        }
        self.rejects.append(rejects);
        self.places.entry(source_id).or_insert(self.sources.len());
        self.sources.push(report);
        self.source_ids.push((source_id, content_sha256));
    }

    /// Names the pairs of logs of which one has records of the other. A copy of a log, be it compressed or in
    /// another layout, is no part of it: that it has the same records is what it is.
    pub(super) fn name_shared(&mut self, shared: &SharedCounts) {
        let logs: HashMap<i64, (&SourceReport, Option<&String>)> = self
            .source_ids
            .iter()
            .zip(&self.sources)
            .map(|((id, content), source)| (*id, (source, content.as_ref())))
            .collect();
        let events = |counts: &RecordCounts| counts.records - counts.rejected - counts.out_of_range;
        for ((first, second), &records) in shared {
            let (Some(&first), Some(&second)) = (logs.get(first), logs.get(second)) else { continue };
            let has_same_bytes = first.1.is_some() && first.1 == second.1;
            let (one, other) = (&first.0.counts, &second.0.counts);
            let brings_nothing = other.already_present + other.duplicates == events(other);
            let is_copy = has_same_bytes || (brings_nothing && events(one) == events(other));
            if !is_copy && first.0.path != second.0.path {
                let (path, first) = (second.0.path.clone(), first.0.path.clone());
                self.shared_records.push(SharedRecords { path, first, records });
            }
        }
    }

    pub(super) fn correct(&mut self, correction: Correction) {
        let Correction { source_id, place, outcome } = correction;
        let Some(&index) = self.places.get(&source_id) else { return };
        let report = &mut self.sources[index];
        report.counts.imported -= 1;
        report.counts.add(&outcome);
        if let Outcome::MatchedExisting { class } = &outcome {
            *self.twins.entry(class.as_str()).or_default() += 1;
        }
        if let Outcome::Conflict { event_id, position } = outcome {
            let reject = Reject::Conflict { event_id, position };
            self.rejects.add(RejectedRecord::new(&report.path, place, &reject));
        }
    }
}
