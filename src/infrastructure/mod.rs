//! Adapters: files, databases, zone data, settings.

pub mod jsonl;
pub mod memory;
pub mod zones;
