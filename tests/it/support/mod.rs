//! What tests of every kind build on: the program, events, questions to a store, folders that vanish.

pub mod changing;
pub mod cli;
pub mod imports;
pub mod tampering;
pub mod test_dir;

pub use cli::{cli, write};
pub use mission_events::conformance::events::{berlin, edited, event, imported, instant, live, live_in, utc};
pub use mission_events::conformance::questions::{Question, everything, ids};
pub use tampering::tamper;

/// At how many moments, spread over its work, a program is killed. The environment variable `KILL_MOMENTS` says
/// it, for the long tier; each takes a second or more.
pub fn kill_moments() -> u64 {
    std::env::var("KILL_MOMENTS").map_or(6, |count| count.parse().unwrap())
}
