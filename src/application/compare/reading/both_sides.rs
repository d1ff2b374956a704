//! Both sides once they were read, and what they are together.

use std::collections::BTreeMap;

use crate::application::compare::clock::local_day_cache::LocalDayCache;
use crate::application::compare::clock::model::ClockModel;
use crate::application::compare::context::Context;
use crate::application::compare::input::Beginning;

use super::side_summary::SideSummary;

/// Both sides once they were read, and what they are together.
pub(crate) struct BothSides {
    pub control: SideSummary,
    pub candidate: SideSummary,
    pub clock: ClockModel,
    /// The names of the types, sorted.
    pub type_names: Vec<String>,
    /// The place of each type's number among them.
    pub ranks: Vec<u32>,
    /// Where the range begins by the control's clock, where that was read off the candidate: then pairs
    /// belong to it by the candidate's time. Microseconds.
    pub beginning: Option<i64>,
}

impl BothSides {
    /// To be called when all types have their numbers.
    pub fn new(mut control: SideSummary, mut candidate: SideSummary, context: &Context<'_>) -> Self {
        let settings = context.settings;
        let mut days = LocalDayCache::new(&settings.zone);
        let clock = ClockModel::estimate(
            &control.anchors,
            &candidate.anchors,
            &mut |at| days.of(at),
            settings.tolerance_us(),
            settings.max_offset_us(),
        );
        let (type_names, ranks) = context.types.ranked();
        control.rank_types(&ranks);
        candidate.rank_types(&ranks);
        let since = settings.since.map(|since| since.timestamp_micros());
        let beginning = since
            .filter(|_| context.beginning == Beginning::FirstOfCandidate)
            .map(|since| since - clock.offset_on(days.of(since)));
        Self { control, candidate, clock, type_names, ranks, beginning }
    }

    /// The sampled records of each side, control first.
    pub fn take_samples(&mut self) -> [BTreeMap<u64, String>; 2] {
        [&mut self.control, &mut self.candidate].map(|side| std::mem::take(&mut side.sample))
    }
}
