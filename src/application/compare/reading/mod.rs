//! From a feed to packed events: what an event says, and what is known of a side once it was read.

pub(crate) mod both_sides;
pub(crate) mod canonical_values;
pub(crate) mod content;
pub(crate) mod packed_event;
pub(crate) mod read_range;
mod scalars;
pub(crate) mod side_reader;
pub(crate) mod side_summary;
pub(crate) mod times;
pub(crate) mod type_numbers;

use super::context::Context;
use super::feed::CompareError;
use super::input::Input;
use super::read_logs::{MatchedAlready, ReadLogs};
use super::spill::threads::in_parallel;

use both_sides::BothSides;
use read_range::ReadRange;
use side_reader::SideReader;

/// Reads both sides, and keeps all their events for the stages.
pub(crate) fn read(
    context: &Context<'_>,
    range: ReadRange,
    inputs: &mut [Input; 2],
) -> Result<ReadLogs, CompareError> {
    let [control, candidate] = inputs;
    let read =
        |input: &mut Input| SideReader { context, mapping: &input.mapping, range }.read(&mut input.feeds);
    let ((one, of_control), (other, of_candidate)) = in_parallel(|| read(control), || read(candidate))?;
    let sides = BothSides::new(one, other, range.since, context);
    Ok(ReadLogs { sides, unmatched: [of_control, of_candidate], matched: MatchedAlready::default() })
}
