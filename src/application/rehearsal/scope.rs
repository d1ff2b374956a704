//! Which steps a rehearsal makes.

use super::step::StepName;

/// Which steps a rehearsal makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RehearsalScope {
    /// All of them.
    Migration,
    /// The way back alone.
    Rollback,
    /// The states of tasks alone.
    State,
}

impl RehearsalScope {
    /// The steps, in their order.
    pub fn steps(self) -> &'static [StepName] {
        use StepName::{Compare, Copy, Import, Integrity, Replay, Rollback, State};
        match self {
            Self::Migration => &[Copy, Import, Compare, Rollback, Replay, State, Integrity],
            Self::Rollback => &[Copy, Import, Rollback, Integrity],
            Self::State => &[Copy, Import, Replay, State, Integrity],
        }
    }
}
