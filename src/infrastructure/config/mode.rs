//! Which event systems run.

use std::fmt;

use super::error::ConfigError;
use super::source::Setting;
use super::spec::{PARALLEL_RUN, USE_NEW_EVENT_SYSTEM};

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
    /// The mode that the two settings select.
    ///
    /// `legacy_built` says whether the program contains the legacy system
    /// (`cfg!(feature = "legacy")`); a mode that needs it is an error otherwise.
    pub fn select(
        use_new_event_system: &Setting<bool>,
        parallel_run: &Setting<bool>,
        legacy_built: bool,
    ) -> Result<EventSystemMode, ConfigError> {
        if !legacy_built {
            if parallel_run.value {
                return Err(ConfigError::LegacyNotBuilt {
                    setting: &PARALLEL_RUN,
                    only: false,
                    origin: parallel_run.source.clone(),
                });
            }
            if !use_new_event_system.value {
                return Err(ConfigError::LegacyNotBuilt {
                    setting: &USE_NEW_EVENT_SYSTEM,
                    only: true,
                    origin: use_new_event_system.source.clone(),
                });
            }
        }
        Ok(match (parallel_run.value, use_new_event_system.value) {
            (true, _) => EventSystemMode::ParallelEvents,
            (false, true) => EventSystemMode::NewEvents,
            (false, false) => EventSystemMode::LegacyEvents,
        })
    }
}

impl fmt::Display for EventSystemMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            EventSystemMode::LegacyEvents => "legacy_events",
            EventSystemMode::NewEvents => "new_events",
            EventSystemMode::ParallelEvents => "parallel_events",
        })
    }
}

/// The default of `use_new_event_system`: a program without the legacy system has only the new one.
pub(super) fn default_of_use_new(legacy_built: bool) -> &'static str {
    if legacy_built { USE_NEW_EVENT_SYSTEM.default } else { "true" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infrastructure::config::Source;

    fn flag(value: bool) -> Setting<bool> {
        Setting { value, source: Source::Flag { flag: "--some-flag".to_owned(), value: value.to_string() } }
    }

    #[test]
    fn the_two_settings_select_the_mode() {
        for (use_new, parallel, expected) in [
            (false, false, "legacy_events"),
            (true, false, "new_events"),
            (false, true, "parallel_events"),
            (true, true, "parallel_events"),
        ] {
            let mode = EventSystemMode::select(&flag(use_new), &flag(parallel), true).unwrap();
            assert_eq!(mode.to_string(), expected);
        }
    }

    #[test]
    fn without_the_legacy_system_only_the_new_one_can_be_selected() {
        let mode = EventSystemMode::select(&flag(true), &flag(false), false).unwrap();
        assert_eq!(mode, EventSystemMode::NewEvents);

        for (use_new, parallel, message) in [
            (
                false,
                false,
                "use_new_event_system: expected true, since this program was built without the \
                 legacy event system (cargo feature `legacy`), got \"false\" from the flag --some-flag",
            ),
            (
                true,
                true,
                "parallel_run: expected false, since this program was built without the \
                 legacy event system (cargo feature `legacy`), got \"true\" from the flag --some-flag",
            ),
        ] {
            let error = EventSystemMode::select(&flag(use_new), &flag(parallel), false).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }
}
