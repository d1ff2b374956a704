//! Both logs once they were read.

use super::outcome::counts::Counts;
use super::reading::both_sides::BothSides;
use super::shortcuts::joined_pairs::JoinedPairs;
use super::spill::partitions::Partitions;

/// Both logs once they were read: what they are, and the events that have no partner yet.
pub(crate) struct ReadLogs {
    pub sides: BothSides,
    /// The events that wait for the stages, control first.
    pub unmatched: [Partitions; 2],
    pub matched: MatchedAlready,
}

/// What a shortcut has matched already, and taken out of the events that wait for the stages.
#[derive(Default)]
pub(crate) struct MatchedAlready {
    /// What its pairs came to.
    pub counts: Counts,
    /// The pairs themselves, where the order of events is to be analysed.
    pub pairs: Option<JoinedPairs>,
    /// Some of them have an id in common.
    pub ids_are_shared: bool,
}
