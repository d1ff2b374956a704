//! Handling: every stored event reaches every handler that is registered for its type.
//!
//! ```text
//! dispatch ──> store ──> acknowledged, position
//!                 └─ wake ─> runner: reads the store after a handler's progress, in pages
//!                              per event: handler.handle(event)
//!                              end of the page: state and progress, one transaction of the handler store
//! ```
//!
//! The event that was dispatched is only the trigger: what is handled is a page of the store. So live handling,
//! catching up and replay are one, and a crash loses nothing. Only where a page comes from differs: what this process has
//! just saved after the last event that was read is still in memory. A handler is *behind* by the events that it has not
//! handled.

mod anchor;
mod attempt;
mod effect;
pub mod error;
pub mod failure;
mod failures;
mod given_event;
pub mod handler;
pub mod memory;
pub mod operations;
mod page;
mod page_transaction;
mod parts;
mod passed;
mod projections;
mod reading;
mod recent;
pub mod registration;
pub mod replay;
pub mod retry;
mod run;
mod run_operations;
pub mod runner;
mod start;
pub mod status;
pub mod store;
mod thread;
mod worker;

#[cfg(test)]
mod tests;

#[cfg(feature = "legacy")]
pub(crate) use attempt::panic_message;
pub use error::HandlingError;
pub(crate) use given_event::GivenEvent;
pub use handler::{EventHandler, Handled, HandlerContext, HandlerError};
pub use operations::HandlerOperations;
pub use registration::{EventTypes, HandlerKind, PositionInterval, Registration, RetryPolicy, StartFrom};
pub use runner::{Outcome, Runner, RunnerSettings};
#[cfg(any(test, feature = "legacy"))]
pub use status::Behind;
pub use status::HandlerStatus;
