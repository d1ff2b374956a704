//! The use case that proves two logs to hold the same events, or shows every difference.
//!
//! ```text
//! feeds --> scan --> entries in partitions --> matching, stage by stage --> tally --> report
//!             \--> anchors --> clock model ----^
//! ```
//!
//! Every event of each side ends in exactly one class, and the classes of a side add up to its total;
//! where they do not, there is no report but an error. The result does not depend on the order of
//! either input, order information and places apart.

pub mod class;
mod clock;
pub mod feed;
mod input;
pub(crate) mod memory_side;
mod outcome;
mod pair_log;
pub mod parallel_run;
pub mod profile;
mod reading;
mod record_location;
pub mod report;
mod rules;
pub mod self_test;
pub mod settings;
mod shortcuts;
mod spill;
mod stages;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::thread;

use crate::application::log_source::SourceError;
use crate::wire::json::canonical_form;
use crate::wire::mapping::Mapping;

use crate::application::compare::clock::local_day_cache::LocalDayCache;
use crate::application::compare::clock::model::ClockModel;
use crate::application::compare::outcome::assemble_report::{BothRead, Findings};
use crate::application::compare::outcome::difference_details;
use crate::application::compare::outcome::order::reordered;
use crate::application::compare::outcome::tally::Tally;
use crate::application::compare::pair_log::PairLog;
use crate::application::compare::reading::content::Fields;
use crate::application::compare::reading::packed_event::Side;
use crate::application::compare::reading::side_reader::SideReader;
use crate::application::compare::reading::side_summary::{SideSummary, Types};
use crate::application::compare::shortcuts::identical_inputs;
use crate::application::compare::shortcuts::joined_pairs::JoinedPairs;
use crate::application::compare::shortcuts::streaming_join::StreamingJoin;
use crate::application::compare::spill::partitions::{Partitions, SharedScratch};
use crate::application::compare::stages::group::Windows;
use crate::application::compare::stages::matching::{BothSides, Matcher};
use feed::{CompareError, Scratch};
use report::Comparison;
use settings::Settings;

pub use crate::application::compare::input::{Beginning, Input};
pub use crate::application::compare::pair_log::{ClocksApart, FoundPair, PlacedEvent, pairs};

/// How many records a self-test is made with at most.
const SAMPLE: usize = 2000;

/// Compares two sides.
///
/// # Errors
/// What could not be read; and [`CompareError::Conservation`], where the comparison caught itself being
/// wrong.
pub fn compare(
    settings: &Settings,
    control: Input,
    candidate: Input,
    scratch: Box<dyn Scratch>,
) -> Result<Comparison, CompareError> {
    compare_from(Beginning::Declared, settings, control, candidate, scratch)
}

/// As [`compare`], with a beginning.
///
/// # Errors
/// As [`compare`].
pub fn compare_from(
    beginning: Beginning,
    settings: &Settings,
    control: Input,
    candidate: Input,
    scratch: Box<dyn Scratch>,
) -> Result<Comparison, CompareError> {
    let mappings = [control.mapping.clone(), candidate.mapping.clone()];
    let run = Run { beginning, ..Run::new(settings, scratch, SAMPLE, 64)? };
    let (mut comparison, samples) = run.compare(control, candidate)?;
    let [one, other] = samples;
    let side = if one.is_empty() { (other, &mappings[1]) } else { (one, &mappings[0]) };
    // A thousandth of the records: the test stays a small part of the run.
    let events = comparison.control.events + comparison.candidate.events;
    let records = (events / 1000).clamp(20, SAMPLE as u64) as usize;
    let sample = side.0.into_values().take(records).collect();
    let tested = self_test::run(settings, side.1, sample)?;
    comparison.self_test = Some(tested);
    Ok(comparison)
}

/// One run of the comparison.
struct Run<'r> {
    settings: &'r Settings,
    fields: Fields,
    scratch: SharedScratch,
    sample: usize,
    hash_bits: u32,
    beginning: Beginning,
    /// Events of both sides may meet while they are read.
    joins: bool,
    /// Where every pair is noted, if anybody wants to know.
    found: Option<PairLog>,
}

/// A few records of each side, control first.
type Samples = [BTreeMap<u64, String>; 2];

impl<'r> Run<'r> {
    fn new(
        settings: &'r Settings,
        scratch: Box<dyn Scratch>,
        sample: usize,
        hash_bits: u32,
    ) -> Result<Self, CompareError> {
        for expected in &settings.profile.one_sided {
            if let Some(default) = &expected.default {
                canonical_form(default.as_bytes())
                    .map_err(|source| CompareError::Default { field: expected.field.clone(), source })?;
            }
        }
        let fields = Fields::new(&settings.profile)
            .map_err(|source| CompareError::Default { field: settings.profile.name.clone(), source })?;
        Ok(Self {
            settings,
            fields,
            scratch: Mutex::new(scratch),
            sample,
            hash_bits,
            beginning: Beginning::Declared,
            joins: true,
            found: None,
        })
    }

    fn compare(
        &self,
        mut control: Input,
        mut candidate: Input,
    ) -> Result<(Comparison, Samples), CompareError> {
        let types = Types::default();
        if self.found.is_none() && identical_inputs::are_copies(&control, &mut candidate)? {
            let one = identical_inputs::count(&self.scan(&control.mapping, &types), &mut control.feeds)?;
            // They could have been written to meanwhile.
            if one.changing.is_none() && identical_inputs::are_copies(&control, &mut candidate)? {
                let other = identical_inputs::copied(&one, &control, &candidate);
                let read = self.both(one, other, &types);
                let counts = identical_inputs::counts(&read.control);
                return self.report(control, candidate, read, Findings { counts, ..Findings::default() });
            }
        }
        let met = if self.joins { self.compare_joining(&mut control, &mut candidate, &types)? } else { None };
        let (read, findings) = match met {
            Some(compared) => compared,
            None => self.compare_apart(&mut control, &mut candidate, &types)?,
        };
        self.report(control, candidate, read, findings)
    }

    /// Compares sides whose events meet while they are read; `None` where they have to be compared apart,
    /// as one of them changes meanwhile or too many pairs that met were none.
    fn compare_joining(
        &self,
        control: &mut Input,
        candidate: &mut Input,
        types: &Types,
    ) -> Result<Option<(BothRead, Findings)>, CompareError> {
        let join = StreamingJoin::new(self.settings.memory, self.hash_bits, &self.scratch);
        let scans = [self.scan(&control.mapping, types), self.scan(&candidate.mapping, types)];
        let [one, other] = [join.input(Side::Control), join.input(Side::Candidate)];
        let read = in_parallel(
            || scans[0].meet(&mut control.feeds, one),
            || scans[1].meet(&mut candidate.feeds, other),
        );
        let read = match read {
            Err(CompareError::Source(SourceError::Changing { .. })) => return Ok(None),
            read => read?,
        };
        let (mut partitions, mut met) = join.end()?;
        let read = self.both(read.0, read.1, types);
        let mut tallies = self.tallies(&read);
        let most = self.settings.memory / 16 / JoinedPairs::REJECTED;
        let confirmed = met.confirm(self.settings, &read.clock, &mut tallies, most, &self.scratch)?;
        let Some(confirmed) = confirmed else { return Ok(None) };
        for (side, feeds) in [&mut control.feeds, &mut candidate.feeds].into_iter().enumerate() {
            if !scans[side].again(feeds, &confirmed.rejected[side], &mut partitions[side])? {
                return Ok(None);
            }
        }
        let findings =
            self.matched(&read, partitions, tallies, Some((&met, confirmed.matched)), control, candidate)?;
        Ok(Some((read, findings)))
    }

    /// Compares sides whose events are all put aside first.
    fn compare_apart(
        &self,
        control: &mut Input,
        candidate: &mut Input,
        types: &Types,
    ) -> Result<(BothRead, Findings), CompareError> {
        let scans = [self.scan(&control.mapping, types), self.scan(&candidate.mapping, types)];
        let (mut one, mut other) =
            in_parallel(|| scans[0].side(&mut control.feeds), || scans[1].side(&mut candidate.feeds))?;
        let partitions =
            [&mut one, &mut other].map(|side| std::mem::replace(&mut side.partitions, Partitions::new(0)));
        let read = self.both(one, other, types);
        let tallies = self.tallies(&read);
        let findings = self.matched(&read, partitions, tallies, None, control, candidate)?;
        Ok((read, findings))
    }

    fn scan<'s>(&'s self, mapping: &'s Mapping, types: &'s Types) -> SideReader<'s> {
        SideReader {
            settings: self.settings,
            mapping,
            fields: &self.fields,
            types,
            scratch: &self.scratch,
            budget: self.settings.memory / 8,
            sample: self.sample,
        }
    }

    fn tallies<'t>(&'t self, read: &'t BothRead) -> Vec<Tally<'t>> {
        let workers = workers();
        (0..workers).map(|_| self.tally(read, self.settings.memory / 32 / workers)).collect()
    }

    fn tally<'t>(&'t self, read: &'t BothRead, order_budget: usize) -> Tally<'t> {
        let (ranks, found) = (&read.ranks, self.found.as_ref());
        Tally::new(self.settings, &self.fields, &self.scratch, ranks, found, order_budget, read.beginning)
    }

    /// Finds the partners of all events that are in the partitions; others have `met` already, and that
    /// many of them are matched.
    fn matched<'t>(
        &'t self,
        read: &'t BothRead,
        partitions: BothSides,
        mut tallies: Vec<Tally<'t>>,
        met: Option<(&JoinedPairs, u64)>,
        control: &mut Input,
        candidate: &mut Input,
    ) -> Result<Findings, CompareError> {
        let tolerance = micros(self.settings.tolerance);
        let matcher = Matcher {
            settings: self.settings,
            fields: &self.fields,
            clock: &read.clock,
            windows: Windows { tolerance, max_shift: micros(self.settings.max_shift).max(tolerance) },
            scratch: &self.scratch,
            budget: self.settings.memory / 16,
            load: self.settings.memory / 8,
            hash_bits: self.hash_bits,
            ids_are_shared: AtomicBool::new(met.is_some_and(|(_, matched)| matched > 0)),
        };
        matcher.run(partitions, [read.control.with_id > 0, read.candidate.with_id > 0], &mut tallies)?;
        if let Some(found) = &self.found {
            found.note_clock(&read.clock);
        }
        let mut total = self.tally(read, 0);
        let mut orders = Vec::new();
        for tally in tallies {
            let (counts, listed, order) = tally.into_parts();
            total.add(counts, listed);
            orders.push(order);
        }
        let beginning = total.settle_beginning();
        let order = reordered(&orders, met.map(|(met, _)| met), &self.scratch)?;
        let (counts, listed, _) = total.into_parts();
        let listed = listed.into_sorted_vec();
        let differences =
            difference_details::differences(listed, &read.names, &mut control.feeds, &mut candidate.feeds)?;
        let beginning = beginning.and_then(chrono::DateTime::from_timestamp_micros);
        Ok(Findings { counts, order, differences, beginning })
    }

    /// What both sides come to that were read.
    fn both(&self, mut control: SideSummary, mut candidate: SideSummary, types: &Types) -> BothRead {
        let clock = self.clock(&control, &candidate);
        let (names, ranks) = types.ranked();
        control.rank_types(&ranks);
        candidate.rank_types(&ranks);
        let since = self.settings.since.map(|since| since.timestamp_micros());
        let beginning = since
            .filter(|_| self.beginning == Beginning::FirstOfCandidate)
            .map(|since| since - clock.offset_on(LocalDayCache::new(&self.settings.zone).of(since)));
        BothRead { control, candidate, clock, names, ranks, beginning }
    }

    fn clock(&self, one: &SideSummary, other: &SideSummary) -> ClockModel {
        let mut days = LocalDayCache::new(&self.settings.zone);
        ClockModel::estimate(
            &one.anchors,
            &other.anchors,
            &mut |at| days.of(at),
            micros(self.settings.tolerance),
            micros(self.settings.max_offset),
        )
    }
}

/// How many threads work at once.
fn workers() -> usize {
    thread::available_parallelism().map_or(1, |threads| threads.get().min(4))
}

/// Does two things at once, and answers with both.
fn in_parallel<T: Send>(
    one: impl FnOnce() -> Result<T, CompareError> + Send,
    other: impl FnOnce() -> Result<T, CompareError>,
) -> Result<(T, T), CompareError> {
    thread::scope(|scope| {
        let one = scope.spawn(one);
        let other = other();
        let one = one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        Ok((one?, other?))
    })
}

fn micros(duration: chrono::TimeDelta) -> i64 {
    duration.num_microseconds().unwrap_or(i64::MAX / 4)
}

#[cfg(test)]
mod tests;
