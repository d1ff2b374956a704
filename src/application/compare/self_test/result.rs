//! What a self-test came to.

use std::fmt;

use serde::{Serialize, Serializer};

/// What the self-test came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SelfTest {
    /// Every check held.
    pub passed: bool,
    /// How many sampled records it was made on.
    pub sampled: usize,
    /// And how many synthetic ones.
    pub synthetic: usize,
    /// Each check, in the order in which they were made.
    pub checks: Vec<Check>,
}

/// A check, written as its name and its outcome: `["a log equals itself", "held"]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What had to be found.
    pub name: &'static str,
    /// What came of it.
    pub outcome: CheckOutcome,
}

/// What came of a check; where one fails, there is no report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckOutcome {
    /// It was found.
    Held,
    /// The records have nothing that it could be tried on, for this reason.
    NotApplicable(&'static str),
}

impl fmt::Display for CheckOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held => f.write_str("held"),
            Self::NotApplicable(why) => write!(f, "not applicable: {why}"),
        }
    }
}

impl Serialize for Check {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.name, self.outcome.to_string()).serialize(serializer)
    }
}
