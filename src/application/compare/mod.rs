//! The use case that proves two logs to hold the same events, or shows every difference.

pub mod feed;
pub mod profile;
pub mod report;
pub mod settings;
