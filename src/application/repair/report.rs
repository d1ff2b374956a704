//! What a repair came to.

use serde::Serialize;

use super::line::{Action, RepairLine};
use crate::application::compare::report::Verdict;

/// What a repair came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RepairReport {
    /// What the comparison came to before it.
    pub verdict: Verdict,
    /// What can be done was done; never while an obstacle stands.
    pub applied: bool,
    /// Events that are added.
    pub add: u64,
    /// Imported events that are accepted.
    pub accept_imported: u64,
    /// Lines about which nothing is done.
    pub left: u64,
    /// There are more differences than one run looks at.
    pub truncated: bool,
    /// What keeps the next comparison from being clean: first what is no difference, then what is missing, then the rest,
    /// each by its time.
    pub lines: Vec<RepairLine>,
}

impl RepairReport {
    pub(super) fn new(verdict: Verdict, lines: Vec<RepairLine>, applied: bool, truncated: bool) -> Self {
        let of = |action| lines.iter().filter(|line| line.action == action).count() as u64;
        let (add, accept_imported, left) = (of(Action::Add), of(Action::AcceptImported), of(Action::None));
        Self { verdict, applied, add, accept_imported, left, truncated, lines }
    }

    /// Nothing keeps the next comparison from being clean any more, as far as this run has seen.
    pub fn is_clean(&self) -> bool {
        !self.truncated && self.lines.iter().all(|line| line.applied)
    }
}
