//! Mappings: where the envelope of an event stands in logs that other programs wrote.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::wire::unix_time::TimestampUnit;

/// How the records of a log are read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Mapping {
    /// The two shapes of `docs/contract.md`, recognised record by record.
    #[default]
    BuiltIn,
    /// Fields that were declared.
    Declared(DeclaredMapping),
}

/// Where the fields of the envelope stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredMapping {
    /// The id; `None` where records have no identity but their content.
    pub event_id: Option<FieldPath>,
    /// The type of the event.
    pub event_type: FieldPath,
    /// When it occurred.
    pub timestamp: FieldPath,
    /// How that is written.
    pub timestamp_unit: TimestampUnit,
    /// What it is about.
    pub aggregate: Option<FieldPath>,
    /// The name under which one object holds all records in an array; `None` where the log itself
    /// is an array or JSONL.
    pub records: Option<String>,
}

impl Mapping {
    /// The top-level name under which the records stand, where they do.
    pub fn records_key(&self) -> Option<&str> {
        match self {
            Self::BuiltIn => None,
            Self::Declared(declared) => declared.records.as_deref(),
        }
    }
}

/// One line, the same for the same mapping in every version: `built-in`, or each part by its name.
impl fmt::Display for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Declared(declared) = self else {
            return f.write_str("built-in");
        };
        let path = |path: &Option<FieldPath>| quoted(path.as_ref().map(FieldPath::to_string));
        write!(
            f,
            "event_id={} event_type={} timestamp={} timestamp_unit={} aggregate={} records={}",
            path(&declared.event_id),
            quoted(Some(declared.event_type.to_string())),
            quoted(Some(declared.timestamp.to_string())),
            declared.timestamp_unit,
            path(&declared.aggregate),
            quoted(declared.records.clone()),
        )
    }
}

impl Mapping {
    /// The mapping that a text of its `Display` describes, and what follows it; `None` where it describes none.
    pub fn of_description(text: &str) -> Option<(Self, &str)> {
        if let Some(rest) = text.strip_prefix("built-in") {
            return Some((Self::BuiltIn, rest));
        }
        let (event_id, rest) = described(text, "event_id=")?;
        let (event_type, rest) = described(rest, " event_type=")?;
        let (timestamp, rest) = described(rest, " timestamp=")?;
        let unit = rest.strip_prefix(" timestamp_unit=")?;
        let end = unit.find(' ')?;
        let (aggregate, rest) = described(&unit[end..], " aggregate=")?;
        let (records, rest) = described(rest, " records=")?;
        let path = |text: Option<String>| text.map(|text| text.parse::<FieldPath>()).transpose().ok();
        let declared = DeclaredMapping {
            event_id: path(event_id)?,
            event_type: event_type?.parse().ok()?,
            timestamp: timestamp?.parse().ok()?,
            timestamp_unit: unit[..end].parse().ok()?,
            aggregate: path(aggregate)?,
            records,
        };
        Some((Self::Declared(declared), rest))
    }
}

/// What stands after a key: nothing, or a text as [`quoted`] writes it; and what follows.
fn described<'t>(text: &'t str, key: &str) -> Option<(Option<String>, &'t str)> {
    let value = text.strip_prefix(key)?;
    if let Some(rest) = value.strip_prefix("none") {
        return Some((None, rest));
    }
    let mut texts = serde_json::Deserializer::from_str(value).into_iter::<String>();
    let text = texts.next()?.ok()?;
    Some((Some(text), &value[texts.byte_offset()..]))
}

/// As a JSON string, so that no name can be taken for more than itself.
fn quoted(text: Option<String>) -> String {
    text.map_or_else(|| "none".to_owned(), |text| serde_json::Value::String(text).to_string())
}

/// The names that lead from a record to one of its values, through nested objects.
///
/// Written with dots between them; `\.` is a dot and `\\` a backslash within a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldPath(Vec<String>);

impl FieldPath {
    /// The names, from the outermost on; at least one.
    pub fn names(&self) -> &[String] {
        &self.0
    }
}

/// Why a text is not a path.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FieldPathError {
    /// A name is missing: before, between or after dots.
    #[error("expected a name before, between and after dots, as in repo.name")]
    EmptyName,
    /// A backslash that escapes nothing.
    #[error("expected `\\.` (a dot within a name) or `\\\\` (a backslash), found another backslash")]
    Backslash,
}

impl FromStr for FieldPath {
    type Err = FieldPathError;

    fn from_str(text: &str) -> Result<Self, FieldPathError> {
        let mut names = vec![String::new()];
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            let part = match character {
                '.' => {
                    names.push(String::new());
                    continue;
                }
                '\\' => match characters.next() {
                    Some(escaped @ ('.' | '\\')) => escaped,
                    _ => return Err(FieldPathError::Backslash),
                },
                plain => plain,
            };
            if let Some(name) = names.last_mut() {
                name.push(part);
            }
        }
        if names.iter().any(String::is_empty) {
            return Err(FieldPathError::EmptyName);
        }
        Ok(Self(names))
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, name) in self.0.iter().enumerate() {
            let dot = if i == 0 { "" } else { "." };
            write!(f, "{dot}{}", name.replace('\\', "\\\\").replace('.', "\\."))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_at_its_dots_and_written_as_it_was_read() {
        for (text, names) in [
            ("type", vec!["type"]),
            ("repo.name", vec!["repo", "name"]),
            (r"id\.orig_h", vec!["id.orig_h"]),
            (r"a\\.b c.ü", vec![r"a\", "b c", "ü"]),
        ] {
            let path: FieldPath = text.parse().unwrap();
            assert_eq!(path.names(), names, "{text}");
            assert_eq!(path.to_string(), text);
        }
    }

    #[test]
    fn a_path_with_a_nameless_step_or_a_stray_backslash_is_refused() {
        for text in ["", ".", "a.", ".a", "a..b"] {
            assert_eq!(text.parse::<FieldPath>(), Err(FieldPathError::EmptyName), "{text}");
        }
        for text in [r"a\", r"\n", r"a.\b"] {
            assert_eq!(text.parse::<FieldPath>(), Err(FieldPathError::Backslash), "{text}");
        }
    }

    #[test]
    fn a_mapping_is_written_as_one_stable_line() {
        assert_eq!(Mapping::default().to_string(), "built-in");
        let mut declared = DeclaredMapping {
            event_id: None,
            event_type: "kind".parse().unwrap(),
            timestamp: "at.time".parse().unwrap(),
            timestamp_unit: TimestampUnit::Milliseconds,
            aggregate: None,
            records: None,
        };
        assert_eq!(
            Mapping::Declared(declared.clone()).to_string(),
            r#"event_id=none event_type="kind" timestamp="at.time" timestamp_unit=ms aggregate=none records=none"#
        );
        declared.event_id = Some("none".parse().unwrap());
        declared.aggregate = Some(r"id\.orig_h".parse().unwrap());
        declared.records = Some("a \"\n".to_owned());
        assert_eq!(
            Mapping::Declared(declared.clone()).to_string(),
            r#"event_id="none" event_type="kind" timestamp="at.time" timestamp_unit=ms aggregate="id\\.orig_h" records="a \"\n""#
        );
        let none = DeclaredMapping { event_id: None, aggregate: None, records: None, ..declared.clone() };
        for mapping in [Mapping::BuiltIn, Mapping::Declared(declared), Mapping::Declared(none)] {
            let text = format!("{mapping} since=2025");
            assert_eq!(Mapping::of_description(&text), Some((mapping, " since=2025")));
        }
        for text in ["", "event_id=none", "event_id=\"a event_type=none", "other"] {
            assert_eq!(Mapping::of_description(text), None, "{text}");
        }
    }
}
