//! What the sides of a comparison are read from: log files; and the temporary file of a comparison.

mod log;
mod scratch;

pub use crate::infrastructure::compare_inputs::log::LogFeed;
pub use crate::infrastructure::compare_inputs::scratch::TempScratch;
