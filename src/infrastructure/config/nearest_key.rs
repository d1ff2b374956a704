use super::spec::{MAPPING_KEYS, SETTINGS};

/// More edits than this are another word, not a slip.
const MAX_EDITS: usize = 3;

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
    fn a_key_that_resembles_none_is_answered_with_all() {
        let hint = hint("database.password");
        assert!(hint.starts_with("known keys are use_new_event_system, parallel_run, "), "{hint}");
        assert!(hint.ends_with("mapping.aggregate, mapping.records"), "{hint}");
    }
}
