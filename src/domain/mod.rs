//! Events, and the port that stores them. Pure: no I/O, no clock, no SQL, no printing.

pub mod event;
pub mod json;
pub mod local_clock;
pub mod mapping;
pub mod record;
pub mod repository;
pub mod task_events;
pub mod timestamp;
pub mod unix_time;
pub mod value_objects;
pub mod zone;
