//! The mapping that `[mapping]` and flags declare together.

use std::collections::BTreeMap;
use std::error::Error;
use std::str::FromStr;

use super::error::ConfigError;
use super::source::{Setting, Source};
use super::spec::{
    MAPPING_AGGREGATE, MAPPING_EVENT_ID, MAPPING_EVENT_TYPE, MAPPING_RECORDS, MAPPING_TIMESTAMP,
    MAPPING_TIMESTAMP_UNIT,
};
use crate::wire::mapping::{DeclaredMapping, FieldPath, Mapping};
use crate::wire::unix_time::TimestampUnit;

/// What declares that records have no id.
const NO_ID: &str = "none";

/// What is declared about the fields of another system's log, by key. Empty: the built-in shapes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MappingSettings(pub(super) BTreeMap<&'static str, Setting<String>>);

impl MappingSettings {
    /// Records that a source gives `key` a text; it replaces what another source gave it.
    pub(super) fn set_from(&mut self, key: &'static str, source: Source) {
        let value = source.value().to_owned();
        self.0.insert(key, Setting { value, source });
    }

    /// Records that `flag` (with its dashes) gives `key` (of [`MAPPING_KEYS`](super::spec::MAPPING_KEYS))
    /// the text `value`: it wins over the configuration file.
    pub fn set(&mut self, key: &'static str, flag: &str, value: &str) {
        self.set_from(key, Source::Flag { flag: flag.to_owned(), value: value.to_owned() });
    }

    /// The mapping.
    ///
    /// # Errors
    /// A text is no path or no unit, or something is declared and type or time are not.
    pub fn mapping(&self) -> Result<Mapping, ConfigError> {
        self.check()?;
        if self.0.is_empty() {
            return Ok(Mapping::BuiltIn);
        }
        let event_id = match self.0.get(MAPPING_EVENT_ID) {
            Some(setting) if setting.value == NO_ID => None,
            _ => self.read(MAPPING_EVENT_ID)?,
        };
        Ok(Mapping::Declared(DeclaredMapping {
            event_id,
            event_type: self.required(MAPPING_EVENT_TYPE, "--event-type")?,
            timestamp: self.required(MAPPING_TIMESTAMP, "--timestamp")?,
            timestamp_unit: self.read(MAPPING_TIMESTAMP_UNIT)?.unwrap_or_default(),
            aggregate: self.read(MAPPING_AGGREGATE)?,
            records: self.0.get(MAPPING_RECORDS).map(|setting| setting.value.clone()),
        }))
    }

    /// Checks each text on its own: what is missing may still be given by a flag.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        for key in [MAPPING_EVENT_ID, MAPPING_EVENT_TYPE, MAPPING_TIMESTAMP, MAPPING_AGGREGATE] {
            self.read::<FieldPath>(key)?;
        }
        self.read::<TimestampUnit>(MAPPING_TIMESTAMP_UNIT).map(drop)
    }

    fn required(&self, key: &'static str, flag: &'static str) -> Result<FieldPath, ConfigError> {
        self.read(key)?.ok_or_else(|| ConfigError::IncompleteMapping {
            missing: key,
            flag,
            given: self.0.values().map(|setting| setting.source.to_string()).collect::<Vec<_>>().join(", "),
        })
    }

    fn read<T: FromStr>(&self, key: &'static str) -> Result<Option<T>, ConfigError>
    where
        T::Err: Error + Send + Sync + 'static,
    {
        let Some(setting) = self.0.get(key) else {
            return Ok(None);
        };
        setting.value.parse().map(Some).map_err(|source: T::Err| ConfigError::BadMapping {
            key,
            origin: setting.source.clone(),
            source: Box::new(source),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(flags: &[(&'static str, &str, &str)]) -> Result<String, String> {
        let mut settings = MappingSettings::default();
        for (key, flag, value) in flags {
            settings.set(key, flag, value);
        }
        settings.mapping().map(|mapping| mapping.to_string()).map_err(|error| match error.source() {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        })
    }

    #[test]
    fn nothing_declared_is_the_built_in_mapping() {
        assert_eq!(given(&[]).unwrap(), "built-in");
    }

    #[test]
    fn each_key_declares_its_own_part() {
        assert_eq!(
            given(&[
                (MAPPING_EVENT_ID, "--event-id", "i"),
                (MAPPING_EVENT_TYPE, "--event-type", "e"),
                (MAPPING_TIMESTAMP, "--timestamp", "t"),
                (MAPPING_TIMESTAMP_UNIT, "--timestamp-unit", "us"),
                (MAPPING_AGGREGATE, "--aggregate", "a.b"),
                (MAPPING_RECORDS, "--records", "R.x"),
            ])
            .unwrap(),
            r#"event_id="i" event_type="e" timestamp="t" timestamp_unit=us aggregate="a.b" records="R.x""#
        );
    }

    #[test]
    fn records_have_no_id_where_none_is_declared_or_left_out() {
        let needed = [(MAPPING_EVENT_TYPE, "--event-type", "e"), (MAPPING_TIMESTAMP, "--timestamp", "t")];
        let without = given(&needed).unwrap();
        assert!(without.starts_with("event_id=none "), "{without}");
        let none = [&needed[..], &[(MAPPING_EVENT_ID, "--event-id", "none")]].concat();
        assert_eq!(given(&none).unwrap(), without);
    }

    #[test]
    fn a_mapping_without_type_or_time_says_which_is_missing_and_how_to_give_it() {
        assert_eq!(
            given(&[(MAPPING_RECORDS, "--records", "R")]).unwrap_err(),
            "a mapping needs mapping.event_type too (or --event-type), given is only: Flag (--records R)"
        );
        assert_eq!(
            given(&[(MAPPING_EVENT_TYPE, "--event-type", "e"), (MAPPING_RECORDS, "--records", "R")])
                .unwrap_err(),
            "a mapping needs mapping.timestamp too (or --timestamp), given is only: Flag (--event-type e), Flag (--records R)"
        );
    }

    #[test]
    fn a_bad_text_names_its_key_where_it_came_from_and_what_was_expected() {
        assert_eq!(
            given(&[(MAPPING_TIMESTAMP_UNIT, "--timestamp-unit", "sec")]).unwrap_err(),
            "mapping.timestamp_unit: cannot take \"sec\" from the flag --timestamp-unit: expected iso, s, ms, us or ns"
        );
        assert_eq!(
            given(&[(MAPPING_AGGREGATE, "--aggregate", "a..b")]).unwrap_err(),
            "mapping.aggregate: cannot take \"a..b\" from the flag --aggregate: expected a name before, between and after dots, as in repo.name"
        );
    }
}
