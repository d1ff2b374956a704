//! Dispatch: an event is stored, acknowledged, and handled.
//!
//! ```text
//! dispatch(event) ──> queue ──> writer: save_each, one sync for all that has come ──> acknowledged
//!                                  └─ wakes the runner of the handlers, for which dispatch then waits
//! ```

mod current;
mod dispatched;
mod gathering;
mod pending;
mod ports;
mod queue;
mod report;
mod request;
mod service;
#[cfg(test)]
mod tests;
mod writer;

pub use current::{CurrentDispatcherError, get_event_dispatcher, set_event_dispatcher};
pub use dispatched::{DispatchError, Dispatched, Timing};
pub use pending::{PendingDispatch, StoredDispatch};
pub use ports::{EventIds, StoreTurn, Turn};
pub use service::{DispatchPorts, DispatchSettings, EventDispatcherService};
