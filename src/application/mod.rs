//! Use cases, and the small ports that they own.

pub mod import;
