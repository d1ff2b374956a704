//! Reads `.env` without touching the process environment.
//!
//! The file is that of another program as often as of this one: a line that gives no setting is no concern of
//! ours, however it is written, and is never repeated. As dotenvy does, `$NAME` outside single quotes is expanded,
//! from the process environment first and then from earlier lines of the file, as far as it can read them.

use std::collections::BTreeMap;
use std::path::Path;

use super::dotenv_entries::{Entry, entries};
use super::error::ConfigError;
use super::source::Source;
use super::spec::SETTINGS;
use super::suggestions::meant_variable;

/// What every variable of this program begins with.
const PREFIX: &str = "MISSION_CONTROL_";

/// The settings that a `.env` file gives, by variable. What looks like a slip is warned of.
pub(super) fn parse(path: &Path, content: &[u8]) -> Result<BTreeMap<&'static str, Source>, ConfigError> {
    if matches!(content, [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..]) {
        tracing::warn!("{} is UTF-16: no setting is read from it; expected UTF-8", path.display());
        return Ok(BTreeMap::new());
    }
    let mut found = BTreeMap::new();
    let mut line_of = BTreeMap::new();
    // What an expansion may need.
    let mut earlier = String::new();
    for entry in entries(content) {
        let Entry { line, ref text, name, is_utf8 } = entry;
        let is_ours = name.starts_with(PREFIX);
        if is_ours && !is_utf8 {
            return Err(ConfigError::DotenvNotUtf8 { path: path.to_owned(), line });
        }
        let Some(value) = value_of(&earlier, text).filter(|_| is_utf8) else {
            if is_ours {
                return Err(ConfigError::DotenvSyntax { path: path.to_owned(), line });
            }
            if text.contains(PREFIX) {
                tracing::warn!(
                    "{}:{line}: the line has the name of a setting, and sets none: expected NAME=value",
                    path.display()
                );
            }
            continue;
        };
        earlier.push_str(text.trim_end());
        earlier.push('\n');
        let Some(setting) = SETTINGS.iter().find(|setting| setting.variable == name) else {
            if let Some(meant) = meant_variable(name) {
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

/// The value of an entry, expanded by the entries before it; `None` where dotenvy does not read it as one entry.
fn value_of(earlier: &str, entry: &str) -> Option<String> {
    // Of the others, few refer to anything, and what they come to is not looked at.
    let earlier = if entry.contains('$') && entry.contains(PREFIX) { earlier } else { "" };
    // dotenvy refuses a last line that ends in a space.
    let text = format!("{earlier}{}\n", entry.trim_end());
    let read = |text: &str| dotenvy::from_read_iter(text.as_bytes()).collect::<Result<Vec<_>, _>>().ok();
    let (mut all, before) = (read(&text)?, if earlier.is_empty() { 0 } else { read(earlier)?.len() });
    let (_, value) = all.pop()?;
    (all.len() == before).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values found, each with its line.
    fn values(text: &str) -> Vec<(String, usize)> {
        parse(Path::new(".env"), text.as_bytes())
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
    fn lines_of_other_programs_are_no_concern_however_they_are_written() {
        let setting = "MISSION_CONTROL_TIMEZONE=UTC";
        for foreign in [
            "no equals sign",
            "A=two words",
            "A={\"a\": 1, \"b\": [2]}",
            "A={\n  \"a\": 1\n}",
            "MOTD=don't panic",
            "A='never closed",
            "A=\"never closed",
            "A='one\nMISSION_CONTROL_TIMEZONE=Mars\ntwo'",
            "KEY=\"-----BEGIN KEY-----\nabc=\n-----END KEY-----\"",
            "a.b-c=1\n=2\n: 3\n[section]\nexport\nexport A\nset -e",
            "A=${B:-$(hostname)}",
            "A=`date`",
            "A=\\",
            "PASSWORD=pa$$w0rd#'\"",
            "export A = 1",
        ] {
            for text in [format!("{foreign}\n{setting}\n"), format!("{setting}\n{foreign}\n")] {
                let found: Vec<String> = values(&text).into_iter().map(|(value, _)| value).collect();
                assert_eq!(found, ["UTC"], "{text:?}");
            }
        }
        let latin1 = parse(Path::new(".env"), b"NAME=Z\xFCrich\nMISSION_CONTROL_TIMEZONE=UTC\n").unwrap();
        assert_eq!(latin1.len(), 1);
        assert_eq!(parse(Path::new(".env"), b"\xFF\xFEA\0=\x001\0").unwrap().len(), 0);
    }

    #[test]
    fn a_setting_may_refer_to_what_stands_before_it_where_that_can_be_read() {
        let text = "B=bad line\nZONE='Europe/Berlin'\nMISSION_CONTROL_TIMEZONE=\"${ZONE}\"\n";
        assert_eq!(values(text), [("Europe/Berlin".to_owned(), 3)]);
    }

    #[test]
    fn a_malformed_setting_is_named_but_not_repeated() {
        for (text, line) in [
            ("MISSION_CONTROL_TIMEZONE", 1),
            ("A=1\n\n# note\nMISSION_CONTROL_TIMEZONE: UTC\nB=2\n", 4),
            ("MISSION_CONTROL_TIMEZONE=two words\n", 1),
            ("A=1\nexport MISSION_CONTROL_TIMEZONE='never closed\nC=3\n\n", 2),
        ] {
            let error = parse(Path::new("there/.env"), text.as_bytes()).unwrap_err();
            let expected = format!(
                "there/.env:{line}: expected NAME=value, with the value in quotes if it holds \
                 spaces or quotes"
            );
            assert_eq!(error.to_string(), expected, "{text:?}");
        }
        let error = parse(Path::new(".env"), b"A=1\nMISSION_CONTROL_TIMEZONE=\xFF\n").unwrap_err();
        assert_eq!(error.to_string(), ".env:2: expected text in UTF-8");
    }

    #[test]
    fn a_variable_that_is_set_twice_is_an_error_even_with_the_same_value() {
        let text = "MISSION_CONTROL_TIMEZONE=UTC\nA=1\nMISSION_CONTROL_TIMEZONE=UTC\n";
        let error = parse(Path::new(".env"), text.as_bytes()).unwrap_err();
        assert_eq!(
            error.to_string(),
            ".env:3: MISSION_CONTROL_TIMEZONE is already set on line 1; keep one of the two"
        );
    }
}
