//! The specification of the dispatcher and of handlers.

mod fixture;
mod given_events;
mod handlers;
mod in_background;
mod processing;
mod queueing;
