//! The specification of the dispatcher and of handlers.

mod given_events;
mod handlers;
