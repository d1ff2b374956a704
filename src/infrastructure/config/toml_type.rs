//! Which TOML types each setting takes, and the text that they become.

use toml::de::DeValue;

use super::spec::Kind;

const TEXT_LIST: &str = "an array of strings in quotes, without commas in them, such as [\"TaskCreated\"]";

/// The TOML types that a key takes.
pub(super) enum TomlType {
    /// A boolean, an integer or a string: their text is checked as any other source's.
    Boolean,
    Integer,
    /// A string, described for messages about values of other types.
    Text(&'static str),
    /// Strings without commas.
    TextList,
}

impl TomlType {
    pub(super) fn of(kind: Kind) -> TomlType {
        match kind {
            Kind::Boolean => TomlType::Boolean,
            Kind::Milliseconds | Kind::Seconds | Kind::Count => TomlType::Integer,
            Kind::Backend => TomlType::Text("the name of a backend, such as \"sqlite\", in quotes"),
            Kind::LegacyWriter => TomlType::Text("\"this\" or \"other\", in quotes"),
            Kind::LegacyWatcher => TomlType::Text("\"native\" or \"poll\", in quotes"),
            Kind::Path => TomlType::Text("a path in quotes"),
            Kind::PostgresUrl => TomlType::Text("a URL in quotes"),
            Kind::Schema => TomlType::Text("the name of a schema in quotes"),
            Kind::TimeZone => TomlType::Text("a time zone in quotes, such as \"Europe/Berlin\""),
            Kind::EventTypes => TomlType::TextList,
        }
    }

    /// The value as the other sources would spell it, or else what the key takes.
    pub(super) fn text_of(&self, value: &DeValue<'_>) -> Result<String, &'static str> {
        match (self, value) {
            (TomlType::Boolean, DeValue::Boolean(value)) => Ok(value.to_string()),
            (TomlType::Boolean | TomlType::Integer, DeValue::Integer(value)) => {
                let decimal = i64::from_str_radix(value.as_str(), value.radix());
                Ok(decimal.map_or_else(|_| value.to_string(), |decimal| decimal.to_string()))
            }
            (TomlType::Boolean | TomlType::Text(_), DeValue::String(value)) => Ok(value.to_string()),
            (TomlType::TextList, DeValue::Array(values)) => {
                let texts = values.iter().map(|value| value.get_ref().as_str());
                let texts: Option<Vec<&str>> =
                    texts.map(|text| text.filter(|text| !text.contains(','))).collect();
                texts.map(|texts| texts.join(",")).ok_or(TEXT_LIST)
            }
            (TomlType::TextList, _) => Err(TEXT_LIST),
            (TomlType::Boolean, _) => Err("true, false, 1 or 0"),
            (TomlType::Integer, _) => Err("an integer without quotes"),
            (TomlType::Text(expected), _) => Err(expected),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepted_types_become_the_text_that_other_sources_would_give() {
        for (kind, toml, text) in [
            (Kind::Boolean, "true", "true"),
            (Kind::Boolean, "1", "1"),
            (Kind::Boolean, "0x1", "1"),
            (Kind::Boolean, "'TRUE'", "TRUE"),
            (Kind::Milliseconds, "1_000", "1000"),
            (Kind::Milliseconds, "0x10", "16"),
            (Kind::Milliseconds, "-5", "-5"),
            (Kind::Milliseconds, "99999999999999999999", "99999999999999999999"),
            (Kind::Path, "'a b'", "a b"),
            (Kind::EventTypes, "['A', \"B\"]", "A,B"),
            (Kind::EventTypes, "[]", ""),
        ] {
            let value = DeValue::parse(toml).unwrap();
            let given = TomlType::of(kind).text_of(value.get_ref());
            assert_eq!(given, Ok(text.to_owned()), "{toml}");
        }
    }

    #[test]
    fn other_types_are_refused() {
        for (kind, toml) in [
            (Kind::Boolean, "1.0"),
            (Kind::Boolean, "[true]"),
            (Kind::Milliseconds, "'250'"),
            (Kind::Milliseconds, "true"),
            (Kind::Backend, "3"),
            (Kind::Path, "3"),
            (Kind::Path, "true"),
            (Kind::TimeZone, "2025-01-01"),
            (Kind::EventTypes, "'A'"),
            (Kind::EventTypes, "['A', 1]"),
            (Kind::EventTypes, "['A,B']"),
        ] {
            let value = DeValue::parse(toml).unwrap();
            let given = TomlType::of(kind).text_of(value.get_ref());
            assert!(given.is_err(), "{toml}");
        }
    }
}
