//! Loads time zones: from the system's zone data, which operators keep up to date, else from the
//! bundled copy.

use jiff::tz::{self, TimeZoneDatabase};

use crate::wire::zone::Zone;

/// Loads a zone by its name in the IANA database, in any case: `Europe/Berlin`, `UTC`. `None` where
/// neither the system nor the bundled copy knows the name.
pub fn load_zone(name: &str) -> Option<Zone> {
    if name.eq_ignore_ascii_case("Etc/Unknown") {
        // The name that stands for an unknown zone must not read as UTC.
        return None;
    }
    // A slim container often has a zone folder with little in it.
    let rules = tz::db().get(name).or_else(|_| TimeZoneDatabase::bundled().get(name)).ok()?;
    let name = rules.iana_name().unwrap_or(name).to_owned();
    Some(Zone::new(name, rules))
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
    fn an_unknown_zone_is_not_guessed() {
        for name in
            ["", "Europe/Berln", "CET-1CEST", "/etc/localtime", "../zoneinfo/UTC", "+02:00", "Etc/Unknown"]
        {
            assert!(load_zone(name).is_none(), "{name:?}");
        }
    }
}
