//! The read models of tasks: what their handlers write, and what is asked of them.

pub mod memory;
pub mod port;

pub use port::{ReadModelError, TaskChange, TaskReadModels};
