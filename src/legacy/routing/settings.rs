//! What a router and its mirrors are told by the settings.

use std::time::Duration;

/// How long a router waits, and when it warns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RouterSettings {
    /// How long a caller waits for the mirror: `parallel.secondary_timeout_ms`.
    pub secondary_timeout: Duration,
    /// A mirror that is behind by more events than this is warned of: `parallel.behind_warn`.
    pub behind_warn: u64,
}

impl Default for RouterSettings {
    /// 1 second, 1,000 events.
    fn default() -> Self {
        Self { secondary_timeout: Duration::from_secs(1), behind_warn: 1_000 }
    }
}
