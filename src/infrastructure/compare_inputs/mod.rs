//! What the sides of a comparison are read from: what lies at a path, and log files; and the temporary file of
//! a comparison.

mod found_side;
mod log;
mod scratch;

pub use crate::infrastructure::compare_inputs::found_side::{FeedWrapper, FoundSide, SideError};
pub use crate::infrastructure::compare_inputs::log::LogFeed;
pub use crate::infrastructure::compare_inputs::scratch::TempScratch;
