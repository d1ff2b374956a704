//! Events, and the port that stores them. Pure: no I/O, no clock, no SQL, no printing.

pub mod counted;
pub mod error_chain;
pub mod event;
pub mod event_draft;
pub mod event_system_mode;
pub mod legacy_shape;
pub mod path_text;
pub mod query;
pub mod recorded_fields;
pub mod recorded_task_event;
pub mod repository;
pub mod save_each;
pub mod task_events;
pub mod value_objects;
