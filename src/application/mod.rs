//! Use cases, and the small ports that they own.

pub mod backup;
pub mod clock;
pub mod compare;
pub mod dispatch;
pub mod doctor;
pub mod duration;
pub mod entry_points;
pub mod evidence;
pub mod export;
pub mod figures;
pub mod gate;
pub mod growth;
pub mod handling;
pub mod import;
pub mod log_files;
pub mod log_source;
pub mod mode_log;
pub mod moving;
pub mod multiset_digest;
pub mod read_models;
pub mod rehearsal;
pub mod reject_list;
pub mod rejects;
pub mod repair;
pub mod stored_events;
pub mod task_handlers;
