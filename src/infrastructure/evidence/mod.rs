//! Evidence on disk: the file that records it, and what the inputs of a record are today.

pub mod inputs;
pub mod log;
