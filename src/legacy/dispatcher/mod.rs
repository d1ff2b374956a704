//! The dispatcher: one for the process, which takes events from the queue to their handlers.
