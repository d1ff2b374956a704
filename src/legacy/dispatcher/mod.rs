//! The dispatcher: one for the process, which takes events from the queue to their handlers.

mod given_event;
#[cfg(test)]
mod tests;
