//! The use case that proves two logs to hold the same events, or shows every difference.
//!
//! ```text
//!  control     candidate
//!      |           |
//!   reading/    a record becomes a packed event; counts, digests and anchors of each side
//!      |           |         \
//!      |           |        shortcuts/   take pairs out that are surely matched, where that is faster
//!    spill/     events wait in partitions, within the cap on memory
//!      |           |
//!    clock/     anchors show how far the clocks are apart, day by day
//!       \         /
//!    stages/    by id, same content, across keys, changed fields: what one leaves goes to the next
//!         |     each asks rules/ what is the same
//!    outcome/   counts, order, the texts of the differences, the verdict, the report
//! ```
//!
//! Every event of each side ends in exactly one class, and the classes of a side add up to its total;
//! where they do not, there is no report but an error. The result does not depend on the order of
//! either input, order information and places apart.

pub mod class;
mod clock;
mod context;
mod difference;
pub mod feed;
mod history;
mod import_coverage;
mod input;
pub(crate) mod memory_side;
mod outcome;
mod pair_log;
pub mod parallel_run;
pub mod profile;
mod read_logs;
mod reading;
mod record_location;
pub mod report;
mod rules;
mod self_test;
pub mod settings;
mod shortcuts;
mod spill;
mod stages;

use std::collections::BTreeMap;

use crate::wire::mapping::Mapping;

use context::Context;
use feed::{CompareError, Scratch};
use import_coverage::ImportCoverage;
use outcome::assemble_report::assemble_report;
use pair_log::PairLog;
use read_logs::ReadLogs;
use reading::read_range::ReadRange;
use report::{Comparison, SelfTest};
use settings::Settings;
use stages::{RESEMBLANCES, STAGES, match_events};

pub use clock::clocks_apart::ClocksApart;
pub use input::{Beginning, Input};
pub use pair_log::{FoundPair, PlacedEvent};

/// How many records a self-test is made with at most.
const SAMPLE: usize = 2000;

/// A few records of each side, control first, by their hashes.
type Samples = [BTreeMap<u64, String>; 2];

/// Compares two sides.
///
/// # Errors
/// What could not be read; and [`CompareError::Conservation`], [`CompareError::Digests`] or
/// [`CompareError::SelfTest`], where the comparison caught itself being wrong.
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
    let context = Context { beginning, sample: SAMPLE, ..Context::new(settings, scratch)? };
    run_and_test(&context, [control, candidate])
}

/// Compares a log with what was imported from it. Events of the log that `coverage` takes for later ones are
/// out of range.
///
/// # Errors
/// As [`compare`].
fn compare_import(
    coverage: &ImportCoverage,
    settings: &Settings,
    log: Input,
    imported: Input,
    scratch: Box<dyn Scratch>,
) -> Result<Comparison, CompareError> {
    // What a shortcut takes out is not noted, and records without ids have nothing that it could take out.
    let settings = Settings { shortcuts: false, ..settings.clone() };
    let context = Context { coverage: Some(coverage), sample: SAMPLE, ..Context::new(&settings, scratch)? };
    run_and_test(&context, [log, imported])
}

/// A comparison with its self-test.
fn run_and_test(context: &Context<'_>, sides: [Input; 2]) -> Result<Comparison, CompareError> {
    let mappings = sides.each_ref().map(|side| side.mapping.clone());
    let (mut comparison, samples) = run(context, sides)?;
    comparison.self_test = Some(test_itself(context.settings, mappings, samples, &comparison)?);
    Ok(comparison)
}

/// Compares two sides and gives every pair to `take`, in no particular order.
///
/// # Errors
/// As [`compare`], and whatever `take` answers with.
pub fn pairs(
    settings: &Settings,
    control: Input,
    candidate: Input,
    scratch: Box<dyn Scratch>,
    take: &mut dyn FnMut(FoundPair) -> Result<(), CompareError>,
) -> Result<Option<ClocksApart>, CompareError> {
    // A pair that a shortcut takes out is not noted.
    let settings = Settings { shortcuts: false, ..settings.clone() };
    let mut context = Context::new(&settings, scratch)?;
    context.pair_log = Some(PairLog::new(context.budget.pair_log()));
    run(&context, [control, candidate])?;
    let Some(log) = &context.pair_log else { return Ok(None) };
    log.pairs(&context.scratch, take)?;
    Ok(log.clocks())
}

/// The picture above, from top to bottom.
fn run(context: &Context<'_>, mut inputs: [Input; 2]) -> Result<(Comparison, Samples), CompareError> {
    let ReadLogs { mut sides, unmatched, matched } = read_logs(context, &mut inputs)?;
    let samples = sides.take_samples();
    let mut stages = STAGES.to_vec();
    if context.pair_log.is_some() {
        stages.extend(RESEMBLANCES);
    }
    let tallies = match_events(&stages, context, &sides, unmatched, matched.ids_are_shared)?;
    let outcome = outcome::add_up(context, &sides, matched, tallies, &mut inputs)?;
    let comparison = assemble_report(context, inputs, sides, outcome)?;
    Ok((comparison, samples))
}

/// Reads both sides, again where the range turns out to be another one.
fn read_logs(context: &Context<'_>, inputs: &mut [Input; 2]) -> Result<ReadLogs, CompareError> {
    let mut range = ReadRange::new(context.settings);
    loop {
        let read = match shortcuts::read(context, range, inputs)? {
            Some(read) => read,
            None => reading::read(context, range, inputs)?,
        };
        match range.to_read_again(&read.sides, context.beginning) {
            None => return Ok(read),
            Some(other) => range = other,
        }
    }
}

/// The self-test on records of the control, or of the candidate where the control has none.
fn test_itself(
    settings: &Settings,
    [control, candidate]: [Mapping; 2],
    [of_control, of_candidate]: Samples,
    comparison: &Comparison,
) -> Result<SelfTest, CompareError> {
    let (sample, mapping) =
        if of_control.is_empty() { (of_candidate, candidate) } else { (of_control, control) };
    // A thousandth of the records: the test stays a small part of the run.
    let events = comparison.control.events + comparison.candidate.events;
    let records = (events / 1000).clamp(20, SAMPLE as u64) as usize;
    let sample = sample.into_values().take(records).collect();
    self_test::run(settings, &mapping, sample, &|settings, sides, scratch| {
        Ok(run(&Context::new(settings, scratch)?, sides)?.0)
    })
}

#[cfg(test)]
mod tests;
