//! Adapters: files, databases, zone data, settings.

pub mod config;
pub mod jsonl;
pub mod memory;
pub mod sqlite;
pub mod zones;
