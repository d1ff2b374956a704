//! Which mode the settings select.

use super::error::ConfigError;
use super::source::Setting;
use super::spec::{PARALLEL_RUN, USE_NEW_EVENT_SYSTEM};
use crate::domain::event_system_mode::EventSystemMode;

/// The mode that the two settings select.
///
/// `legacy_built` says whether the program contains the legacy system (`cfg!(feature = "legacy")`).
///
/// # Errors
/// The mode needs the legacy system, and the program does not contain it.
pub(super) fn select_mode(
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
    Ok(EventSystemMode::of(use_new_event_system.value, parallel_run.value))
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
    fn with_the_legacy_system_every_mode_can_be_selected() {
        for (use_new, parallel) in [(false, false), (true, false), (false, true), (true, true)] {
            let mode = select_mode(&flag(use_new), &flag(parallel), true).unwrap();
            assert_eq!(mode, EventSystemMode::of(use_new, parallel));
        }
    }

    #[test]
    fn without_the_legacy_system_only_the_new_one_can_be_selected() {
        let mode = select_mode(&flag(true), &flag(false), false).unwrap();
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
            let error = select_mode(&flag(use_new), &flag(parallel), false).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }
}
