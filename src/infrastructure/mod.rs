//! Adapters: files, databases, zone data, settings.

pub mod backend_at;
pub mod backup_folder;
pub mod compare_inputs;
pub mod config;
pub mod dispatch_figures;
pub mod event_ids;
pub mod evidence;
pub mod export_folder;
pub mod handler_store;
pub mod jsonl;
pub mod memory;
pub mod naive_times;
#[cfg(feature = "postgres")]
pub mod postgres;
pub mod rehearsal_site;
pub mod report_file;
pub mod restoring;
pub mod running;
mod side_files;
pub mod sources;
pub mod sqlite;
pub mod sync_probe;
pub mod system_clock;
pub mod torn_tail;
mod turn_file;
pub mod zones;
