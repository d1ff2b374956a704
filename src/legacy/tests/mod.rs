//! What the tests of several parts need.

pub mod log;
