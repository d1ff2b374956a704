//! The use case that makes the next comparison of a parallel run clean, as far as a program may.
//!
//! An event that the legacy log has and the new system did not write can be added to the store: with the text that the
//! legacy log gives it, under the id that an import derives from it, and with an origin that tells it apart from what
//! the new system wrote. Everything else needs a decision of people: what was found is told with its reason and a way
//! out. Nothing is changed and nothing is removed.
//!
//! ```text
//!  compare ──> differences ──> missing: read again from the control, with their ids
//!                         │        └─ the store says what it has under each id ──> add, accept, or a reason
//!                         └─ the rest: a reason, and what to do
//! ```

mod findings;
mod line;
mod missing;
mod report;
mod store;

use std::path::Path;

use thiserror::Error;

use crate::application::compare::feed::{CompareError, FeedFacts};
use crate::application::compare::parallel_run::ParallelRun;
use crate::application::compare::report::{Class, Comparison};
use crate::domain::repository::RepositoryError;
use crate::domain::value_objects::Position;

pub use line::{LineKind, RepairLine};
pub use missing::MissingEvent;
pub use report::RepairReport;
pub use store::{Disposition, HeldEvent, HeldOrigin, RepairStore, disposition};

/// How many differences one run looks at; the earliest come first.
pub const MOST_DIFFERENCES: usize = 100_000;

/// Why there is no plan for a repair.
#[derive(Debug, Error)]
pub enum RepairError {
    /// The sides could not be compared, or the control not be read again.
    #[error(transparent)]
    Compare(#[from] CompareError),
    /// The store could not be read or added to: nothing was added.
    #[error("the store could not be repaired: nothing was added to it")]
    Store(#[from] RepositoryError),
}

/// What is repaired, and how.
pub struct Repair<'r> {
    /// The sides, and how they are compared; [`MOST_DIFFERENCES`] is the limit to list.
    pub run: ParallelRun<'r>,
    /// The candidate as a store that events can be added to; `None` where it is none.
    pub store: Option<&'r mut dyn RepairStore>,
    /// What can be added is added.
    pub apply: bool,
    /// How many events a mirror is still to bring to the candidate, looked up before it is compared; or why that is not known.
    pub unmirrored: Result<u64, String>,
    /// Gives the absolute form of a path.
    pub absolute: &'r dyn Fn(&Path) -> String,
}

impl Repair<'_> {
    /// Compares the sides and says what a repair does, or would do.
    ///
    /// # Errors
    /// What could not be read or written. Where the store failed, nothing was added to it.
    pub fn run(self) -> Result<RepairReport, RepairError> {
        let Self { run, store, apply, unmirrored, absolute } = self;
        let mut comparison = run.compare()?;
        let findings = findings::of(&comparison, &run, &unmirrored);
        let is_held_back = findings.iter().any(|line| line.kind == LineKind::Obstacle);
        let differences = std::mem::take(&mut comparison.differences);
        let (missing, rest): (Vec<_>, Vec<_>) =
            differences.into_iter().partition(|difference| difference.class == Class::Missing);
        let events = missing::read(&run, &missing, absolute)?;
        let dispositions = match store {
            None => vec![Disposition::NoStore; events.len()],
            Some(store) if apply && !is_held_back => {
                store.add(&known(&events), compared_up_to(&comparison))?
            }
            Some(store) => store.look_up(&known(&events), compared_up_to(&comparison))?,
        };
        let applies = apply && !is_held_back;
        let mut dispositions = dispositions.into_iter();
        let of_missing = missing.into_iter().zip(&events).map(|(difference, event)| match event {
            None => RepairLine::of_moved(difference),
            Some(event) => {
                let disposition = dispositions.next().unwrap_or(Disposition::NoStore);
                RepairLine::of_missing(difference, &event.event_id, disposition, applies)
            }
        });
        let mut lines: Vec<RepairLine> = findings.into_iter().chain(of_missing).collect();
        lines.extend(rest.into_iter().map(RepairLine::of_difference));
        Ok(RepairReport::new(comparison.verdict, lines, applies, comparison.differences_truncated))
    }
}

fn known(events: &[Option<MissingEvent>]) -> Vec<&MissingEvent> {
    events.iter().flatten().collect()
}

/// The last position of the store that took part in the comparison: what was saved after it is looked at again.
fn compared_up_to(comparison: &Comparison) -> Position {
    let last = comparison.candidate.files.iter().find_map(|file| match file.facts {
        FeedFacts::Store { last_position, .. } => i64::try_from(last_position).ok(),
        FeedFacts::File { .. } => None,
    });
    Position::new(last.unwrap_or_default())
}

#[cfg(test)]
mod tests;
