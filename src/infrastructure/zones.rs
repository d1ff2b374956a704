//! Loads time zones: from the system's zone data, which operators keep up to date, else from the bundled copy.

use jiff::tz::{self, TimeZoneDatabase};
use thiserror::Error;

use crate::domain::zone::Zone;

/// Loads a zone by its name in the IANA database, in any case: `Europe/Berlin`, `UTC`.
///
/// # Errors
/// When neither the system nor the bundled copy knows the name.
pub fn load_zone(name: &str) -> Result<Zone, ZoneError> {
    let rules = match tz::db().get(name) {
        Ok(rules) => rules,
        // A slim container often has a zone folder with little in it.
        Err(source) => TimeZoneDatabase::bundled()
            .get(name)
            .map_err(|_| ZoneError::Unknown { name: name.to_owned(), source })?,
    };
    let name = rules.iana_name().unwrap_or(name).to_owned();
    Ok(Zone::new(name, rules))
}

/// Why a time zone could not be loaded.
#[derive(Debug, Error)]
pub enum ZoneError {
    #[error("expected the name of a time zone, such as \"Europe/Berlin\" or \"UTC\", got {name:?}")]
    Unknown { name: String, source: jiff::Error },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_found_in_any_case_and_carries_the_name_of_the_database() {
        for (name, expected) in [("UTC", "UTC"), ("utc", "UTC"), ("europe/berlin", "Europe/Berlin")] {
            assert_eq!(load_zone(name).unwrap().name(), expected);
        }
    }

    #[test]
    fn an_unknown_zone_is_refused_with_examples() {
        for name in ["", "Europe/Berln", "CET-1CEST", "/etc/localtime", "../zoneinfo/UTC", "+02:00"] {
            let error = load_zone(name).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!(
                    "expected the name of a time zone, such as \"Europe/Berlin\" or \"UTC\", got {name:?}"
                ),
            );
        }
    }
}
