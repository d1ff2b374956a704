//! The outbox as a file.
