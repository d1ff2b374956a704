//! What is watched, how often it may happen, and which handler it is for: one element of `event_definitions.json`.
//!
//! ```json
//! {"id": "file_changed_briefings", "name": "Briefing File Changed", "type": "file_system",
//!  "source": {"path": "data/briefings", "events": ["created", "modified"], "patterns": ["*.md"]},
//!  "handler": "handlers.briefing_updated.run", "enabled": true,
//!  "rate_limit": {"max_per_minute": 10, "batch_window_seconds": 30},
//!  "metadata": {"created": "2025-10-16T09:00:00", "created_by": "system"}}
//! ```
//!
//! `name` (then the id), `enabled` (true), `rate_limit` (10 a minute, 30 seconds) and `metadata` may be absent, as may
//! `patterns` and `poll_seconds` of a source of files. A source of times is `{"interval": "30m"}`, `{"time": "09:00"}` or
//! `{"days": ["monday"], "time": "09:00"}`; the spellings of the scheduler, with `"type": "interval"`, `"daily"` or
//! `"weekly"`, are read as well.

mod error;
mod fields;
mod model;
mod name_pattern;
mod reading;
mod schedule;
mod writing;

#[cfg(test)]
mod tests;

pub use self::error::InvalidDefinition;
pub use self::model::{Definition, FileChange, FileSource, RateLimit, Schedule, Source, UnknownKeys};
pub use self::name_pattern::name_pattern;
