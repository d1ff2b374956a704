//! The dispatcher: one for the process, which takes events from the queue to their handlers.
//!
//! ```text
//! queue_event(event of a task) ────────> events.json
//! queue_event(event of a definition) ──> queue ──next──> handler, by its dotted name ──> log of handlers
//!                                          └── again after `retry_delay`, `max_retries` times <── failure
//! ```
//!
//! Its lines in the program's log begin with `[EventDispatcher]`.

mod background;
mod current;
mod error;
mod event_dispatcher;
mod given_event;
mod handling;
mod last_read;
mod settings;

#[cfg(test)]
mod tests;

pub use current::{GlobalDispatcherError, get_global_dispatcher, set_global_dispatcher};
pub use error::DispatcherError;
pub use event_dispatcher::EventDispatcher;
pub use given_event::InvalidLegacyEvent;
pub use handling::{DispatcherFigures, FollowUp, HandledEvent};
pub use settings::{DispatcherSettings, LegacyFiles};
