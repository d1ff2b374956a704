//! The clock of the system.

use std::time::{Duration, Instant, SystemTime};

use chrono::{DateTime, Utc};
use thiserror::Error;

use crate::application::clock::Clock;

/// The present time. Unlike `Utc::now`, it is one before 1970 as well.
pub fn present_time() -> DateTime<Utc> {
    SystemTime::now().into()
}

/// That the clock of the system shows a time at which nothing was ever logged.
#[derive(Debug, Error)]
#[error("the clock of the system shows {}, a time before 1970: set it", .0.format("%Y-%m-%d %H:%M:%S UTC"))]
pub struct ClockNotSet(DateTime<Utc>);

/// Whether the clock was set; by the time that it shows.
///
/// # Errors
/// It was not: ids of new events, which are ordered by time, could not be made.
pub fn ensure_set(now: SystemTime) -> Result<(), ClockNotSet> {
    if now < SystemTime::UNIX_EPOCH { Err(ClockNotSet(now.into())) } else { Ok(()) }
}

/// The clock of the system, which runs from when this was made.
pub struct SystemClock {
    started: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self { started: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        present_time()
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    fn wait(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_not_set_is_told_and_one_that_was_is_not() {
        let epoch = SystemTime::UNIX_EPOCH;
        let before = epoch - Duration::from_millis(1);
        let error = ensure_set(before).unwrap_err().to_string();
        assert_eq!(
            error,
            "the clock of the system shows 1969-12-31 23:59:59 UTC, a time before 1970: set it"
        );
        ensure_set(epoch).unwrap();
        ensure_set(SystemTime::now()).unwrap();
    }
}
