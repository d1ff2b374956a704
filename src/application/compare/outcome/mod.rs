//! What a comparison came to.

pub(crate) mod assemble_report;
pub(crate) mod difference_details;
pub(crate) mod field_diff;
pub(crate) mod order;
pub(crate) mod tally;
pub(crate) mod verdict;
