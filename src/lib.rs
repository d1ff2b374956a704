//! placeholder
pub mod domain;
pub mod infrastructure;
