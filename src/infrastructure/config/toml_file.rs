//! Reads `mission-events.toml`: known keys, of the right TOML type, each with its line.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::ConfigError;
use super::postgres_url::without_password;
use super::source::Source;
use super::spec::{MAPPING_KEYS, POSTGRES_URL, SETTINGS};
use super::suggestions;
use super::toml_type::TomlType;

/// The keys that the text of a TOML file gives, those of `[mapping]` included.
pub(super) fn parse(path: &Path, text: &str) -> Result<BTreeMap<&'static str, Source>, ConfigError> {
    let mut reader = Reader { path, text, found: BTreeMap::new() };
    let document = DeTable::parse(text).map_err(|error| ConfigError::TomlSyntax {
        path: path.to_owned(),
        line: reader.line(error.span().unwrap_or_default()),
        message: error.message().to_owned(),
    })?;
    reader.table(None, document.get_ref())?;
    Ok(reader.found)
}

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    found: BTreeMap<&'static str, Source>,
}

impl Reader<'_> {
    fn table(&mut self, section: Option<&str>, table: &DeTable<'_>) -> Result<(), ConfigError> {
        for (name, value) in table {
            let line = self.line(name.span());
            // A quoted name that holds a dot is one name, and no setting has such a name.
            let name = match name.get_ref() {
                name if name.contains('.') => format!("{name:?}"),
                name => name.to_string(),
            };
            let key = section.map_or(name.clone(), |section| format!("{section}.{name}"));
            self.entry(key, line, value)?;
        }
        Ok(())
    }

    fn entry(&mut self, key: String, line: usize, value: &Spanned<DeValue<'_>>) -> Result<(), ConfigError> {
        if let Some(setting) = SETTINGS.iter().find(|setting| setting.key == key) {
            return self.known(setting.key, TomlType::of(setting.kind), line, value);
        }
        if let Some(mapping) = MAPPING_KEYS.iter().find(|mapping| **mapping == key) {
            return self.known(mapping, TomlType::Text("a string in quotes"), line, value);
        }
        match value.get_ref() {
            DeValue::Table(table) if is_section(&key) || !table.is_empty() => self.table(Some(&key), table),
            _ if is_section(&key) => Err(self.wrong_type(&key, "a section", line, value)),
            _ => Err(ConfigError::UnknownKey {
                hint: suggestions::hint(&key),
                key,
                path: self.path.to_owned(),
                line,
            }),
        }
    }

    fn known(
        &mut self,
        key: &'static str,
        takes: TomlType,
        line: usize,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<(), ConfigError> {
        let text = match takes.text_of(value.get_ref()) {
            Ok(text) => text,
            Err(expected) => return Err(self.wrong_type(key, expected, line, value)),
        };
        let source = Source::ConfigFile { key, value: text, path: self.path.to_owned(), line };
        self.found.insert(key, source);
        Ok(())
    }

    fn wrong_type(
        &self,
        key: &str,
        expected: &'static str,
        line: usize,
        value: &Spanned<DeValue<'_>>,
    ) -> ConfigError {
        let found = match value.get_ref() {
            DeValue::Table(_) => "a section".to_owned(),
            other => {
                let literal = self.text.get(value.span()).unwrap_or_default();
                // An array may span several lines.
                let mut literal = literal.split_whitespace().collect::<Vec<_>>().join(" ");
                if key == POSTGRES_URL.key {
                    literal = without_password(&literal);
                }
                format!("the {} {literal}", other.type_str())
            }
        };
        ConfigError::WrongType { key: key.to_owned(), expected, found, path: self.path.to_owned(), line }
    }

    /// From 1.
    fn line(&self, span: Range<usize>) -> usize {
        let before = self.text.as_bytes().iter().take(span.start);
        1 + before.filter(|&&byte| byte == b'\n').count()
    }
}

fn is_section(key: &str) -> bool {
    SETTINGS
        .iter()
        .map(|setting| setting.key)
        .chain(MAPPING_KEYS)
        .filter_map(|known| known.split_once('.'))
        .any(|(section, _)| section == key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        let path = Path::new("mission-events.toml");
        parse(path, text).unwrap_err().to_string()
    }

    #[test]
    fn every_way_to_write_a_key_gives_the_same_value() {
        for (text, line) in [
            ("storage.jsonl_dir = 'd'", 1),
            ("\u{feff}storage.jsonl_dir = 'd'", 1),
            ("# note\n[storage]\njsonl_dir = \"d\"\n", 3),
            ("\r\nstorage = { jsonl_dir = 'd' }\r\n", 2),
            ("\"storage\".'jsonl_dir' = 'd'", 1),
        ] {
            let found = parse(Path::new("m.toml"), text).unwrap();
            let expected = Source::ConfigFile {
                key: "storage.jsonl_dir",
                value: "d".to_owned(),
                path: "m.toml".into(),
                line,
            };
            assert_eq!(found["storage.jsonl_dir"], expected, "{text:?}");
        }
    }

    #[test]
    fn a_wrong_type_names_the_key_what_it_takes_what_came_and_where() {
        for (text, message) in [
            (
                "\nstorage.backend = 3",
                "storage.backend: expected the name of a backend, such as \"sqlite\", in quotes, got the integer 3 \
                 at mission-events.toml:2",
            ),
            (
                "[storage]\njsonl_dir = ['d']",
                "storage.jsonl_dir: expected a path in quotes, got the array ['d'] at mission-events.toml:2",
            ),
            (
                "[timezone]\nname = 'UTC'",
                "timezone: expected a time zone in quotes, such as \"Europe/Berlin\", got a section \
                 at mission-events.toml:1",
            ),
            (
                "parallel.secondary_timeout_ms = '250'",
                "parallel.secondary_timeout_ms: expected an integer without quotes, got the string \
                 '250' at mission-events.toml:1",
            ),
            (
                "parallel_run = 1.0",
                "parallel_run: expected true, false, 1 or 0, got the float 1.0 at mission-events.toml:1",
            ),
            (
                "mapping.event_id = 1",
                "mapping.event_id: expected a string in quotes, got the integer 1 at mission-events.toml:1",
            ),
            (
                "new_event_types = [\n  'TaskCreated',\n  1\n]",
                "new_event_types: expected an array of strings in quotes, without commas in them, such as \
                 [\"TaskCreated\"], got the array [ 'TaskCreated', 1 ] at mission-events.toml:1",
            ),
            (
                "storage = 'sqlite'",
                "storage: expected a section, got the string 'sqlite' at mission-events.toml:1",
            ),
        ] {
            assert_eq!(error(text), message);
        }
    }

    #[test]
    fn an_unknown_key_is_an_error_that_names_its_line_and_the_nearest_known_key() {
        for (text, message) in [
            (
                "[storage]\nbakend = 'sqlite'",
                "mission-events.toml:2: unknown key storage.bakend: did you mean storage.backend?",
            ),
            (
                "[storrage]\n\nbackend = 'sqlite'",
                "mission-events.toml:3: unknown key storrage.backend: did you mean storage.backend?",
            ),
            (
                "'storage.backend' = 'sqlite'",
                "mission-events.toml:1: unknown key \"storage.backend\": did you mean storage.backend?",
            ),
            (
                "[mapping]\nevent_typ = 'x'",
                "mission-events.toml:2: unknown key mapping.event_typ: did you mean mapping.event_type?",
            ),
        ] {
            assert_eq!(error(text), message);
        }
        assert!(error("[empty_section]").starts_with("mission-events.toml:1: unknown key empty_section: "));
    }

    #[test]
    fn text_that_is_not_toml_is_an_error_with_its_line() {
        let message = error("timezone = 'UTC'\nparallel_run = maybe\n");
        assert!(message.starts_with("mission-events.toml:2: not valid TOML: "), "{message}");
        let message = error("timezone = 'UTC'\ntimezone = 'UTC'\n");
        assert!(message.starts_with("mission-events.toml:2: not valid TOML: "), "{message}");
    }
}
