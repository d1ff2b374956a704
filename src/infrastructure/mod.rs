//! Adapters: files, databases, zone data, settings.

pub mod memory;
pub mod zones;
