//! Which event systems run.

use std::fmt;

/// Which event systems run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::enum_variant_names, reason = "the names are those of the contract")]
pub enum EventSystemMode {
    /// The legacy system alone.
    LegacyEvents,
    /// The new system alone.
    NewEvents,
    /// Both; the setting `use_new_event_system` says which side is primary.
    ParallelEvents,
}

impl EventSystemMode {
    /// The mode that the settings `use_new_event_system` and `parallel_run` select.
    pub fn of(use_new_event_system: bool, parallel_run: bool) -> Self {
        match (parallel_run, use_new_event_system) {
            (true, _) => Self::ParallelEvents,
            (false, true) => Self::NewEvents,
            (false, false) => Self::LegacyEvents,
        }
    }
}

impl fmt::Display for EventSystemMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LegacyEvents => "legacy_events",
            Self::NewEvents => "new_events",
            Self::ParallelEvents => "parallel_events",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_settings_select_the_mode() {
        for (use_new, parallel, expected) in [
            (false, false, "legacy_events"),
            (true, false, "new_events"),
            (false, true, "parallel_events"),
            (true, true, "parallel_events"),
        ] {
            assert_eq!(EventSystemMode::of(use_new, parallel).to_string(), expected);
        }
    }
}
