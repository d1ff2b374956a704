//! What tests of every kind build on: the program, events, questions to a store, folders that vanish.

pub mod changing;
pub mod cli;
mod events;
mod queries;
pub mod test_dir;

pub use cli::{cli, write};
pub use events::{berlin, edited, event, imported, instant, live, live_in, utc};
pub use queries::{Query, everything, ids, one_of_each_query};
