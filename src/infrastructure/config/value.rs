//! The types that settings have: how each is read from a source's text, and how it is shown.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::postgres_url::{PostgresUrl, SchemaName};
use crate::infrastructure::zones::load_zone;
use crate::wire::zone::Zone;

pub(super) const ZONE_EXAMPLES: &str = "an IANA time zone, such as UTC, Europe/Berlin or America/New_York";

/// A type that a setting can have. Every source's value arrives as text.
pub(super) trait SettingValue: Sized {
    /// `None` if the text is not one of the allowed values.
    fn parse(text: &str) -> Option<Self>;
    fn show(&self) -> String;
}

/// Booleans are shown as Python shows them: operators compare these lines with those of the
/// system that is being replaced.
impl SettingValue for bool {
    fn parse(text: &str) -> Option<bool> {
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        }
    }

    fn show(&self) -> String {
        if *self { "True" } else { "False" }.to_owned()
    }
}

/// In milliseconds.
impl SettingValue for Duration {
    fn parse(text: &str) -> Option<Duration> {
        text.parse().ok().map(Duration::from_millis)
    }

    fn show(&self) -> String {
        self.as_millis().to_string()
    }
}

impl SettingValue for u64 {
    fn parse(text: &str) -> Option<u64> {
        text.parse().ok()
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl SettingValue for PathBuf {
    fn parse(text: &str) -> Option<PathBuf> {
        (!text.is_empty()).then(|| PathBuf::from(text))
    }

    fn show(&self) -> String {
        self.display().to_string()
    }
}

/// What the active store is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Backend {
    /// Daily JSONL files, the reference store.
    Jsonl,
    /// One SQLite database.
    Sqlite,
    /// A schema of a PostgreSQL database.
    #[cfg(feature = "postgres")]
    Postgres,
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Backend::Jsonl => "jsonl",
            Backend::Sqlite => "sqlite",
            #[cfg(feature = "postgres")]
            Backend::Postgres => "postgres",
        })
    }
}

impl SettingValue for Backend {
    fn parse(text: &str) -> Option<Backend> {
        let backends = [
            Backend::Jsonl,
            Backend::Sqlite,
            #[cfg(feature = "postgres")]
            Backend::Postgres,
        ];
        backends.into_iter().find(|backend| text.eq_ignore_ascii_case(&backend.to_string()))
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

/// The URL of a store; none where the text is empty.
impl SettingValue for Option<PostgresUrl> {
    fn parse(text: &str) -> Option<Self> {
        if text.is_empty() { Some(None) } else { PostgresUrl::parse(text).ok().map(Some) }
    }

    fn show(&self) -> String {
        self.as_ref().map_or_else(String::new, PostgresUrl::to_string)
    }
}

impl SettingValue for SchemaName {
    fn parse(text: &str) -> Option<Self> {
        Self::new(text)
    }

    fn show(&self) -> String {
        self.as_str().to_owned()
    }
}

/// Types of events, with commas between them.
impl SettingValue for BTreeSet<String> {
    fn parse(text: &str) -> Option<Self> {
        if text.trim().is_empty() {
            return Some(Self::new());
        }
        let named = text.split(',').map(str::trim);
        named.map(|name| (!name.is_empty()).then(|| name.to_owned())).collect()
    }

    fn show(&self) -> String {
        self.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
    }
}

/// The one place where configuration asks whether a zone exists.
impl SettingValue for Zone {
    fn parse(text: &str) -> Option<Zone> {
        load_zone(text)
    }

    fn show(&self) -> String {
        self.name().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans_are_true_false_1_and_0_in_any_case_and_nothing_else() {
        for (text, expected) in [
            ("true", Some(true)),
            ("TRUE", Some(true)),
            ("tRuE", Some(true)),
            ("1", Some(true)),
            ("false", Some(false)),
            ("False", Some(false)),
            ("0", Some(false)),
            ("", None),
            ("yes", None),
            ("on", None),
            ("2", None),
            ("01", None),
            (" true", None),
        ] {
            assert_eq!(bool::parse(text), expected, "{text:?}");
        }
    }

    #[test]
    fn timeouts_are_whole_milliseconds_up_to_64_bits() {
        for (text, expected) in [
            ("0", Some(Duration::ZERO)),
            ("250", Some(Duration::from_millis(250))),
            ("18446744073709551615", Some(Duration::from_millis(u64::MAX))),
            ("18446744073709551616", None),
            ("-1", None),
            ("1.5", None),
            ("250ms", None),
            ("", None),
        ] {
            assert_eq!(Duration::parse(text), expected, "{text:?}");
        }
    }

    #[test]
    fn backends_are_jsonl_and_sqlite_in_any_case() {
        for (text, expected) in [
            ("jsonl", Some(Backend::Jsonl)),
            ("JSONL", Some(Backend::Jsonl)),
            ("SQLite", Some(Backend::Sqlite)),
            ("json", None),
            ("", None),
        ] {
            assert_eq!(Backend::parse(text), expected, "{text:?}");
        }
    }

    #[test]
    fn types_have_commas_between_them_and_none_is_empty() {
        let types = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
        for (text, expected) in [
            ("", types(&[])),
            (" ", types(&[])),
            ("TaskCreated", types(&["TaskCreated"])),
            ("B, A ,B", types(&["A", "B"])),
            ("A,", None),
            (",", None),
            ("A,,B", None),
        ] {
            assert_eq!(BTreeSet::parse(text), expected, "{text:?}");
        }
        assert_eq!(BTreeSet::parse("B,A").unwrap().show(), "A, B");
    }

    #[test]
    fn a_path_is_kept_as_it_is_written_and_is_never_empty() {
        assert_eq!(PathBuf::parse(""), None);
        assert_eq!(PathBuf::parse("a b/ü"), Some(PathBuf::from("a b/ü")));
    }

    #[test]
    fn a_zone_must_exist() {
        for known in ["UTC", "Europe/Berlin", "America/New_York"] {
            assert_eq!(Zone::parse(known).unwrap().name(), known);
        }
        for unknown in ["", "Mars/Olympus_Mons", "Berlin", "+02:00"] {
            assert!(Zone::parse(unknown).is_none(), "{unknown:?}");
        }
    }
}
