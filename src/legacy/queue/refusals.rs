//! What was refused of a definition: counted, and told at most once a minute.

use std::time::Duration;

const PAUSE: Duration = Duration::from_secs(60);

/// The refused entries of one definition.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    count: u64,
    untold: u64,
    /// When it was told last, by the clock that is never set back.
    told: Option<Duration>,
    max_per_minute: u32,
}

impl Refusals {
    /// Counts one, and tells it where none was told for a minute.
    pub fn add(&mut self, definition_id: &str, max_per_minute: u32, now: Duration) {
        self.count += 1;
        self.untold += 1;
        self.max_per_minute = max_per_minute;
        self.tell(definition_id, now);
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Tells what was not told yet, where nothing was told for a minute.
    pub fn tell(&mut self, definition_id: &str, now: Duration) {
        if self.told.is_none_or(|told| now.saturating_sub(told) >= PAUSE) && self.untold > 0 {
            self.told = Some(now);
            self.tell_rest(definition_id);
        }
    }

    /// Tells what was not told yet.
    pub fn tell_rest(&mut self, definition_id: &str) {
        if self.untold > 0 {
            tracing::warn!(
                "[EventDispatcher] {definition_id}: {} refused, beyond {} a minute ({} since the start); kept in the queue as rate_limited",
                self.untold,
                self.max_per_minute,
                self.count
            );
            self.untold = 0;
        }
    }
}
