//! What tests of every kind build on: events, questions to a store, folders that vanish.

mod events;
mod queries;
pub mod test_dir;

pub use events::{berlin, edited, event, imported, instant, live, live_in, utc};
pub use queries::{Query, everything, ids, one_of_each_query};
