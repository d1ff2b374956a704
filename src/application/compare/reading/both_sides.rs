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
    /// Where the range begins: where that is not declared, by the candidate's clock. Microseconds.
    pub since: Option<i64>,
    /// The same by the control's clock, where `since` is of the candidate's. Microseconds.
    pub beginning: Option<i64>,
}

impl BothSides {
    /// The sides of a range that begins at `since`; to be called when all types have their numbers.
    pub fn new(
        mut control: SideSummary,
        mut candidate: SideSummary,
        since: Option<i64>,
        context: &Context<'_>,
    ) -> Self {
        let settings = context.settings;
        let mut days = LocalDayCache::new(&settings.zone);
        let (of_control, of_candidate) = (&control.anchors, &candidate.anchors);
        let day_of = &mut |at| days.of(at);
        let clock = match &context.pair_log {
            None => {
                let (tolerance, max_offset) = (settings.tolerance_us(), settings.max_offset_us());
                ClockModel::estimate(of_control, of_candidate, day_of, tolerance, max_offset)
            }
            Some(log) => {
                let (clock, apart) = ClockModel::of_import(of_control, of_candidate, day_of, settings);
                log.note_clocks(apart);
                clock
            }
        };
        let (type_names, ranks) = context.types.ranked();
        control.rank_types(&ranks);
        candidate.rank_types(&ranks);
        let beginning = since
            .filter(|_| context.beginning != Beginning::Declared)
            .map(|since| since.saturating_sub(clock.offset_on(days.of(since))));
        Self { control, candidate, clock, type_names, ranks, since, beginning }
    }

    /// The sampled records of each side, control first.
    pub fn take_samples(&mut self) -> [BTreeMap<u64, String>; 2] {
        [&mut self.control, &mut self.candidate].map(|side| std::mem::take(&mut side.sample))
    }
}
