//! Dispatch: an event is stored, acknowledged, and handled.

pub mod dispatched;
pub mod ports;

pub use dispatched::{DispatchError, Dispatched, Timing};
pub use ports::{EventIds, StoreTurn, Turn};
