//! What the logs of an import came to.

use std::collections::{BTreeMap, BTreeSet};

use super::outcome::{Correction, Outcome};
use super::overlap::ClockRefusal;
use super::report::{LISTED_REJECTS, RecordCounts, RejectedRecord, SourceReport};
use crate::application::log_source::Reject;

/// What the logs of an import came to.
#[derive(Debug, Clone, Default)]
pub struct ImportTotals {
    /// Each log.
    pub sources: Vec<SourceReport>,
    /// All logs together.
    pub total: RecordCounts,
    /// Rejected records that are conflicts.
    pub conflicts: u64,
    /// Records kept although unusual, by what is.
    pub flags: BTreeMap<&'static str, u64>,
    /// Lines that damaged compressed data decodes to.
    pub in_doubt: u64,
    /// The first rejected records, by log and offset.
    pub rejects: Vec<RejectedRecord>,
    /// What was found of the same events in both systems.
    pub overlap: TwinSummary,
    /// Records that became twins, by how they differ from the event that they tell again.
    pub twins: BTreeMap<&'static str, u64>,
    /// Logs that brought events of the new system, by their place in `sources`.
    pub with_native: BTreeSet<usize>,
    /// How many events the store holds now.
    pub events: u64,
    /// The numbers that the store gave the logs.
    pub(super) source_ids: Vec<i64>,
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
        self.sources.sort_by_key(|source| paths.iter().position(|path| *path == source.path));
        self.sort_rejects();
        self
    }

    /// Corrections came last: each goes to its place.
    pub(super) fn sort_rejects(&mut self) {
        let Self { sources, rejects, .. } = self;
        rejects.sort_by_cached_key(|reject| {
            let source = sources.iter().position(|source| source.path == reject.path);
            (source, reject.place.offset)
        });
    }

    /// Adds the first of these, while there is room.
    pub(super) fn list(&mut self, rejects: impl IntoIterator<Item = RejectedRecord>) {
        let room = LISTED_REJECTS.saturating_sub(self.rejects.len());
        self.rejects.extend(rejects.into_iter().take(room));
    }

    pub(super) fn correct(&mut self, correction: Correction) {
        let Correction { source_id, place, outcome } = correction;
        let Some(index) = self.source_ids.iter().position(|&id| id == source_id) else { return };
        let report = &mut self.sources[index];
        report.counts.imported -= 1;
        report.counts.add(&outcome);
        if let Outcome::MatchedExisting { class } = &outcome {
            *self.twins.entry(class.as_str()).or_default() += 1;
        }
        if let Outcome::Conflict { event_id, position } = outcome {
            self.conflicts += 1;
            if self.rejects.len() < LISTED_REJECTS {
                let reject = Reject::Conflict { event_id, position };
                self.rejects.push(RejectedRecord::new(&report.path, place, &reject));
            }
        }
    }
}
