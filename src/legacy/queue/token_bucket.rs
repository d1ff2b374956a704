//! How often a definition may happen: bursts are allowed, and the average is limited.

use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// A bucket that holds as many tokens as there may be entries a minute, and is filled evenly. Times are those of a clock that
/// is never set back.
#[derive(Debug)]
pub(super) struct TokenBucket {
    tokens: f64,
    filled: Duration,
}

impl TokenBucket {
    /// A full one.
    pub fn full(max_per_minute: u32, now: Duration) -> Self {
        Self { tokens: f64::from(max_per_minute), filled: now }
    }

    /// Takes a token, where there is one.
    pub fn take(&mut self, max_per_minute: u32, now: Duration) -> bool {
        let most = f64::from(max_per_minute);
        let minutes = now.saturating_sub(self.filled).as_secs_f64() / MINUTE.as_secs_f64();
        // The limit of a definition may have been changed meanwhile.
        self.tokens = (self.tokens + minutes * most).min(most);
        self.filled = now.max(self.filled);
        // A token that is there but for the rounding of many small steps is there.
        let is_there = self.tokens > 1.0 - 1e-6;
        if is_there {
            self.tokens = (self.tokens - 1.0).max(0.0);
        }
        is_there
    }
}
