//! What a comparison came to: counts, order, the differences that are listed, the verdict, the report.

pub(crate) mod about_beginning;
pub(crate) mod assemble_report;
pub(crate) mod counts;
pub(crate) mod difference_details;
pub(crate) mod field_diff;
mod listed;
pub(crate) mod order;
mod order_count;
mod pair_diff;
pub(crate) mod placed_pair;
mod range;
mod rank_set;
mod spilled_order;
pub(crate) mod tally;
mod unmatched;
mod unused_rules;
mod verdict;

use crate::application::compare::context::Context;
use crate::application::compare::feed::CompareError;
use crate::application::compare::input::Input;
use crate::application::compare::read_logs::MatchedAlready;
use crate::application::compare::reading::both_sides::BothSides;

use assemble_report::Outcome;
use order::reordered;
use tally::Tally;

/// Adds up what shortcuts and stages have matched, and reads the texts of the listed differences.
pub(crate) fn add_up<'t>(
    context: &'t Context<'t>,
    sides: &'t BothSides,
    matched: MatchedAlready,
    tallies: Vec<Tally<'t>>,
    inputs: &mut [Input; 2],
) -> Result<Outcome, CompareError> {
    let mut total = Tally::new(context, sides, 0);
    total.counts.add(matched.counts);
    let orders: Vec<_> = tallies.into_iter().map(|tally| total.add(tally)).collect::<Result<_, _>>()?;
    let beginning = total.settle_beginning()?;
    let order = reordered(&orders, matched.pairs.as_ref(), context)?;
    let (counts, listed) = total.into_parts();
    let limit = context.settings.limit;
    let mut differences = difference_details::differences(listed, limit, &sides.type_names, inputs)?;
    let more_differences = differences.split_off(limit.min(differences.len()));
    Ok(Outcome { counts, order, differences, more_differences, beginning })
}
