//! The gate before a cutover: a list of criteria over recorded evidence and what is there, each with what was found, what has to
//! be found, and what came of it.

mod name;
mod report;

pub use name::CriterionName;
pub use report::{Criterion, CriterionVerdict, DayState, Gate, GateDay, GateReport, GateVerdict};
