//! Records as logs write them: JSON with its exact bytes, its canonical form, timestamps in their zone,
//! and the mapping that says where type, id and time stand.
//!
//! Below `domain`: events are made of what is read here, and nothing here knows an event.

pub mod instant;
pub mod json;
pub mod local_time;
pub mod mapping;
pub mod record;
pub mod timestamp;
pub mod unix_time;
pub mod zone;
