//! Figures of dispatching: how long dispatches took, and how many failed, a minute at a time.
//!
//! ```text
//! record(mode, latency, outcome) ──> the current minute, in memory ──> a line of the figures file, once the minute has ended
//!                                                                  └─> at once, where the primary side failed
//! ```
//! That an event was dispatched shows in the store. How long that took is known here alone: a process that is killed takes
//! the current minute with it, and no more.

mod by_day;
mod collected;
mod latencies;
mod line;
mod log;
mod recorder;
#[cfg(test)]
mod tests;

pub use by_day::{DayFigures, figures_by_day};
pub use collected::DispatchOutcome;
pub use latencies::{InvalidHistogram, Latencies};
pub use line::{FiguresLine, InvalidLine};
pub use log::{DamagedLine, FiguresError, FiguresLog, RecordedFigures};
pub use recorder::DispatchRecorder;
