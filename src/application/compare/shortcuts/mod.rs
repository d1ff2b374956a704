//! Ways to take matched pairs out before the stages, where that is faster.
//!
//! A shortcut decides nothing of its own: it takes out only pairs that [`rules`](super::rules) match, or
//! events of the same bytes, each of which is its own partner; no other pairing could match more, so that the report is the same without it. `Settings::shortcuts`
//! switches all of them off.

mod identical_inputs;
mod join_buffer;
pub(crate) mod joined_pair;
pub(crate) mod joined_pairs;
mod read_throttle;
pub(crate) mod streaming_join;

use super::context::Context;
use super::feed::CompareError;
use super::input::Input;
use super::read_logs::{MatchedAlready, ReadLogs};
use super::reading::both_sides::BothSides;
use super::reading::packed_event::Side;
use super::reading::read_range::ReadRange;
use super::reading::side_reader::SideReader;
use super::spill::partitions::Partitions;
use super::spill::threads::in_parallel;
use crate::application::log_source::SourceError;

use streaming_join::StreamingJoin;

/// Reads both sides by a shortcut; `None` where none can be taken, and everything has to be read from the
/// beginning.
pub(crate) fn read(
    context: &Context<'_>,
    range: ReadRange,
    inputs: &mut [Input; 2],
) -> Result<Option<ReadLogs>, CompareError> {
    if !context.settings.shortcuts {
        return Ok(None);
    }
    match read_identical(context, range, inputs)? {
        None => read_joined(context, range, inputs),
        read => Ok(read),
    }
}

/// Reads sides that are the same bytes: every event is its own partner.
fn read_identical(
    context: &Context<'_>,
    range: ReadRange,
    inputs: &mut [Input; 2],
) -> Result<Option<ReadLogs>, CompareError> {
    if !identical_inputs::are_copies(inputs)? {
        return Ok(None);
    }
    let [original, _] = inputs;
    let reader = SideReader { context, mapping: &original.mapping, range };
    let control = identical_inputs::count(&reader, &mut original.feeds)?;
    // They could have been written to meanwhile.
    if control.changing.is_some() || !identical_inputs::are_copies(inputs)? {
        return Ok(None);
    }
    let candidate = identical_inputs::as_copy(&control, inputs);
    let sides = BothSides::new(control, candidate, range.since, context);
    let counts = identical_inputs::counts(&sides);
    let matched = MatchedAlready { counts, ..MatchedAlready::default() };
    Ok(Some(ReadLogs { sides, unmatched: [(); 2].map(|()| Partitions::new(0)), matched }))
}

/// Reads sides whose events are joined while they are read; `None` where one of them changes meanwhile or
/// too many joined pairs turn out to be none.
fn read_joined(
    context: &Context<'_>,
    range: ReadRange,
    inputs: &mut [Input; 2],
) -> Result<Option<ReadLogs>, CompareError> {
    let [control, candidate] = inputs;
    let join = StreamingJoin::new(context);
    let readers = [&*control, &*candidate].map(|input| input.mapping.clone());
    let readers = readers.each_ref().map(|mapping| SideReader { context, mapping, range });
    let [one, other] = [join.input(Side::Control), join.input(Side::Candidate)];
    let read = in_parallel(
        || readers[0].join(&mut control.feeds, one),
        || readers[1].join(&mut candidate.feeds, other),
    );
    let (one, other) = match read {
        Err(CompareError::Source(SourceError::Changing { .. })) => return Ok(None),
        read => read?,
    };
    let (mut unmatched, mut pairs) = join.end()?;
    let sides = BothSides::new(one, other, range.since, context);
    let Some(confirmation) = pairs.confirm(context, &sides)? else { return Ok(None) };
    for (side, input) in [control, candidate].into_iter().enumerate() {
        let events = &confirmation.rejected[side];
        if !readers[side].reread(&mut input.feeds, events, &mut unmatched[side])? {
            return Ok(None);
        }
    }
    let ids_are_shared = confirmation.matched > 0;
    let matched = MatchedAlready { counts: confirmation.counts, pairs: Some(pairs), ids_are_shared };
    Ok(Some(ReadLogs { sides, unmatched, matched }))
}
