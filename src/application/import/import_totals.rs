//! What the logs of an import came to.

use std::collections::{BTreeMap, BTreeSet};

use crate::application::import::report::{Counts, LISTED_REJECTS, RejectedRecord, SourceReport};
use crate::application::import::target::{Correction, Outcome};
use crate::application::import::twin_matching::Paired;
use crate::application::log_source::Reject;

/// What the logs of an import came to; the caller adds what only it knows to make a report of it.
#[derive(Debug, Clone, Default)]
pub struct Imported {
    /// Each log.
    pub sources: Vec<SourceReport>,
    /// All logs together.
    pub total: Counts,
    /// Rejected records that are conflicts.
    pub conflicts: u64,
    /// Records kept although unusual, by what is.
    pub flags: BTreeMap<&'static str, u64>,
    /// The first rejected records.
    pub rejects: Vec<RejectedRecord>,
    /// What was found of one life in both systems.
    pub paired: Paired,
    /// Records that became twins, by how they differ from the event that they tell again.
    pub twins: BTreeMap<&'static str, u64>,
    /// Logs that brought events of the new system, by their place in `sources`.
    pub with_native: BTreeSet<usize>,
    /// How many events the store holds now.
    pub events: u64,
    /// The numbers that the store gave the logs.
    pub(super) source_ids: Vec<i64>,
}

impl Imported {
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
