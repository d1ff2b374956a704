//! What the sides of a comparison are read from: log files; and the temporary file of a comparison.

mod log;
mod scratch;

pub use log::LogFeed;
pub use scratch::TempScratch;
