//! Reads `.env` without touching the process environment.
//!
//! As dotenvy does, `$NAME` outside single quotes is expanded, from the process environment first
//! and then from earlier lines of the file.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::Path;

use super::error::ConfigError;
use super::source::Source;
use super::spec::SETTINGS;
use super::suggestions::meant_variable;

/// The settings that the text of a `.env` file gives, by variable. Variables of other programs are
/// left alone, but each of their lines must be well-formed, and what looks like a slip is warned of.
pub(super) fn parse(path: &Path, text: &str) -> Result<BTreeMap<&'static str, Source>, ConfigError> {
    // dotenvy's iterator would take the mark for a part of the first name, and refuses a last line
    // that ends in a space.
    let text = format!("{}\n", text.strip_prefix('\u{feff}').unwrap_or(text));
    let lines_read = Cell::new(0);
    let entries = dotenvy::from_read_iter(LineByLine { rest: text.as_bytes(), lines_read: &lines_read });

    let mut found = BTreeMap::new();
    let mut line_of = BTreeMap::new();
    for entry in entries {
        let line = lines_read.get();
        let (name, value) = entry.map_err(|error| ConfigError::DotenvSyntax {
            path: path.to_owned(),
            line: first_line(&error, line),
        })?;
        let Some(setting) = SETTINGS.iter().find(|setting| setting.variable == name) else {
            if let Some(meant) = meant_variable(&name) {
                tracing::warn!(
                    "{}:{line}: {name} is no setting and changes nothing; did you mean {meant}?",
                    path.display()
                );
            }
            continue;
        };
        let variable = setting.variable;
        if let Some(first) = line_of.insert(variable, line) {
            return Err(ConfigError::DotenvDuplicate {
                variable,
                path: path.to_owned(),
                first,
                second: line,
            });
        }
        found.insert(variable, Source::DotenvFile { variable, value, path: path.to_owned(), line });
    }
    Ok(found)
}

/// An unclosed quote is noticed at the end of the file, but is to be repaired where its entry begins.
fn first_line(error: &dotenvy::Error, last: usize) -> usize {
    match error {
        dotenvy::Error::LineParse(entry, _) => last + 1 - entry.lines().count().clamp(1, last),
        _ => last,
    }
}

/// Hands out at most one line a read. dotenvy reports no line numbers, but reads no further than
/// the entry that it returns: so the count of lines handed out is the line of that entry.
struct LineByLine<'a> {
    rest: &'a [u8],
    lines_read: &'a Cell<usize>,
}

impl Read for LineByLine<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let line = self.rest.split_inclusive(|&byte| byte == b'\n').next();
        let line = line.unwrap_or_default();
        let (part, _) = line.split_at(line.len().min(buffer.len()));
        buffer[..part.len()].copy_from_slice(part);
        self.rest = &self.rest[part.len()..];
        if part.ends_with(b"\n") {
            self.lines_read.set(self.lines_read.get() + 1);
        }
        Ok(part.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values found, each with its line.
    fn values(text: &str) -> Vec<(String, usize)> {
        parse(Path::new(".env"), text)
            .unwrap()
            .into_values()
            .map(|source| match source {
                Source::DotenvFile { value, line, .. } => (value, line),
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn a_value_keeps_the_line_that_it_is_on() {
        let long = "x".repeat(20_000);
        for (text, value, line) in [
            ("MISSION_CONTROL_TIMEZONE=UTC", "UTC", 1),
            ("\u{feff}MISSION_CONTROL_TIMEZONE=UTC", "UTC", 1),
            ("MISSION_CONTROL_TIMEZONE=UTC ", "UTC", 1),
            ("# note\r\n\r\nMISSION_CONTROL_TIMEZONE=UTC\r\n", "UTC", 3),
            ("export MISSION_CONTROL_TIMEZONE='UTC' # note", "UTC", 1),
            ("OTHER='two\nlines'\nMISSION_CONTROL_TIMEZONE=UTC", "UTC", 3),
            (&format!("OTHER={long}\nMISSION_CONTROL_TIMEZONE=UTC"), "UTC", 2),
            ("MISSION_CONTROL_TIMEZONE=", "", 1),
        ] {
            assert_eq!(values(text), [(value.to_owned(), line)], "{text:?}");
        }
    }

    #[test]
    fn variables_of_other_programs_are_left_alone() {
        assert_eq!(values("PATH=/bin\nMISSION_CONTROL_COLOUR=red\n"), []);
    }

    #[test]
    fn a_malformed_line_is_named_but_not_repeated() {
        for (text, line) in [
            ("no equals sign", 1),
            ("A=1\n\n# note\nsecret\nB=2\n", 4),
            ("A=two words\n", 1),
            ("A=1\nB='never closed\nC=3\n\n", 2),
        ] {
            let error = parse(Path::new("there/.env"), text).unwrap_err();
            let expected = format!(
                "there/.env:{line}: expected NAME=value, with the value in quotes if it holds \
                 spaces or quotes"
            );
            assert_eq!(error.to_string(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_variable_that_is_set_twice_is_an_error_even_with_the_same_value() {
        let text = "MISSION_CONTROL_TIMEZONE=UTC\nA=1\nMISSION_CONTROL_TIMEZONE=UTC\n";
        let error = parse(Path::new(".env"), text).unwrap_err();
        assert_eq!(
            error.to_string(),
            ".env:3: MISSION_CONTROL_TIMEZONE is already set on line 1; keep one of the two"
        );
    }
}
