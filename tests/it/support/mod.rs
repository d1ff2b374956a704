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
