//! Sides in memory, that outlast the processes which use them; processes that are killed at any step, and sides that hang or fail.

mod faults;
mod handlers;
mod legacy_file;
mod mode_list;
mod new_store;
mod outbox_file;
mod world;

pub use faults::{Fault, Faults, Part};
pub use world::{LONG, Process, SetClock, World, event, event_of, named, routing, wait_until};
