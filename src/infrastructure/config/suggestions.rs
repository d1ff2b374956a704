//! What was meant by a name that is not known.

use crate::infrastructure::config::spec::{MAPPING_KEYS, SETTINGS};

/// More edits than this are another word, not a slip.
const MAX_EDITS: usize = 3;
/// The same for variables, which may be others' as well.
const MAX_EDITS_OF_VARIABLE: usize = 2;
/// What the names of all variables begin with, those of the application included.
const PREFIX: &str = "MISSION_CONTROL_";

/// The known key that an unknown one was probably meant to be, or else all of them.
pub(super) fn hint(unknown: &str) -> String {
    let known = || {
        let settings = SETTINGS.iter().map(|setting| setting.key);
        settings.chain(MAPPING_KEYS)
    };
    let nearest =
        known().map(|key| (edits(unknown, key), key)).filter(|(edits, _)| *edits <= MAX_EDITS).min();
    match nearest {
        Some((_, key)) => format!("did you mean {key}?"),
        None => {
            let keys: Vec<_> = known().collect();
            format!("known keys are {}", keys.join(", "))
        }
    }
}

/// The variable that an unknown one was probably meant to be. Most of what begins like a setting
/// belongs to the application, and is left alone.
pub fn meant_variable(unknown: &str) -> Option<&'static str> {
    let upper = unknown.to_ascii_uppercase();
    let name = upper.strip_prefix(PREFIX)?;
    if SETTINGS.iter().any(|setting| setting.variable == unknown) {
        return None;
    }
    let distance = |variable: &str| {
        variable.strip_prefix(PREFIX).map_or(usize::MAX, |known| strsim::osa_distance(name, known))
    };
    let nearest = SETTINGS.iter().map(|setting| (distance(setting.variable), setting.variable)).min()?;
    (nearest.0 <= MAX_EDITS_OF_VARIABLE).then_some(nearest.1)
}

/// Slips of the keyboard between two keys; naming the wrong section, or none, counts as one slip.
fn edits(unknown: &str, known: &str) -> usize {
    let whole = strsim::osa_distance(unknown, known);
    let last = strsim::osa_distance(last_segment(unknown), last_segment(known));
    whole.min(last + 1)
}

fn last_segment(key: &str) -> &str {
    key.rsplit_once('.').map_or(key, |(_, last)| last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_and_wrong_sections_lead_to_the_key_that_was_meant() {
        for (unknown, expected) in [
            ("storage.bakcend", "storage.backend"),
            ("backend", "storage.backend"),
            ("storage.timezone", "timezone"),
            ("TimeZone", "timezone"),
            ("parallel.run", "parallel_run"),
            ("events_json", "legacy.events_json"),
        ] {
            assert_eq!(hint(unknown), format!("did you mean {expected}?"), "{unknown}");
        }
    }

    #[test]
    fn a_variable_that_is_nearly_a_setting_was_meant_to_be_one() {
        for (unknown, expected) in [
            ("MISSION_CONTROL_TIMEZON", Some("MISSION_CONTROL_TIMEZONE")),
            ("MISSION_CONTROL_TIME_ZONE", Some("MISSION_CONTROL_TIMEZONE")),
            ("MISSION_CONTROL_Timezone", Some("MISSION_CONTROL_TIMEZONE")),
            ("MISSION_CONTROL_STORAGE_BAKCEND", Some("MISSION_CONTROL_STORAGE_BACKEND")),
            ("MISSION_CONTROL_USE_NEW_EVENTS_SYSTEM", Some("MISSION_CONTROL_USE_NEW_EVENT_SYSTEM")),
            ("MISSION_CONTROL_TIMEZONE", None),
            ("MISSION_CONTROL_COLOUR", None),
            ("MISSION_CONTROL_DATABASE_URL", None),
            ("MISSION_CONTROL_", None),
            ("TIMEZON", None),
            ("é", None),
        ] {
            assert_eq!(meant_variable(unknown), expected, "{unknown}");
        }
    }

    #[test]
    fn a_key_that_resembles_none_is_answered_with_all() {
        let hint = hint("database.password");
        assert!(hint.starts_with("known keys are use_new_event_system, parallel_run, "), "{hint}");
        assert!(hint.ends_with("mapping.aggregate, mapping.records"), "{hint}");
    }
}
