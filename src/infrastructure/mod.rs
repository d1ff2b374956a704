//! Adapters: files, databases, zone data, settings.

pub mod compare_profile;
pub mod config;
pub mod evidence_inputs;
pub mod evidence_log;
pub mod export_folder;
pub mod feeds;
mod folders;
pub mod jsonl;
pub mod memory;
pub mod sources;
pub mod sqlite;
pub mod zones;
