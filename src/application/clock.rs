//! The port to the clock.

use std::time::Duration;

use chrono::{DateTime, Utc};

/// Tells the time, and waits.
pub trait Clock {
    /// The present time. It may be set back between two calls.
    fn now(&self) -> DateTime<Utc>;

    /// How long this clock has run; never less than in an earlier call.
    fn elapsed(&self) -> Duration;

    /// Returns after `duration`.
    fn wait(&self, duration: Duration);
}
