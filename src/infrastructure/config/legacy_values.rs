//! What settings of the legacy system may be.

use std::fmt;
use std::time::Duration;

use super::value::SettingValue;

/// Which program writes the legacy log, `events.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LegacyWriter {
    /// This one.
    This,
    /// Another one: this one only reads it.
    Other,
}

/// How the legacy system notices changes of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LegacyWatcher {
    /// The system tells of them.
    Native,
    /// Folders are listed again and again.
    Poll,
}

/// How long the legacy system waits before it tries again: whole seconds, and not so many that times could not be reckoned with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryDelay(pub Duration);

/// 36,525 days: a hundred years.
const LONGEST_DELAY: u64 = 3_155_760_000;

impl SettingValue for RetryDelay {
    fn parse(text: &str) -> Option<Self> {
        let seconds = text.parse().ok().filter(|seconds| *seconds <= LONGEST_DELAY)?;
        Some(Self(Duration::from_secs(seconds)))
    }

    fn show(&self) -> String {
        self.0.as_secs().to_string()
    }
}

impl fmt::Display for LegacyWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LegacyWriter::This => "this",
            LegacyWriter::Other => "other",
        })
    }
}

impl fmt::Display for LegacyWatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LegacyWatcher::Native => "native",
            LegacyWatcher::Poll => "poll",
        })
    }
}

impl SettingValue for LegacyWriter {
    fn parse(text: &str) -> Option<Self> {
        named(text, [LegacyWriter::This, LegacyWriter::Other])
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl SettingValue for LegacyWatcher {
    fn parse(text: &str) -> Option<Self> {
        named(text, [LegacyWatcher::Native, LegacyWatcher::Poll])
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

fn named<T: fmt::Display>(text: &str, values: [T; 2]) -> Option<T> {
    values.into_iter().find(|value| text.eq_ignore_ascii_case(&value.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_are_whole_seconds_up_to_a_hundred_years() {
        for (text, seconds) in [
            ("0", Some(0)),
            ("300", Some(300)),
            ("3155760000", Some(3_155_760_000)),
            ("3155760001", None),
            ("18446744073709551615", None),
            ("18446744073709551616", None),
            ("-1", None),
            ("1.5", None),
            ("", None),
        ] {
            assert_eq!(RetryDelay::parse(text).map(|delay| delay.0.as_secs()), seconds, "{text:?}");
        }
    }

    #[test]
    fn writers_and_watchers_are_named_in_any_case_and_there_are_no_others() {
        for (text, writer, watcher) in [
            ("this", Some(LegacyWriter::This), None),
            ("OTHER", Some(LegacyWriter::Other), None),
            ("native", None, Some(LegacyWatcher::Native)),
            ("Poll", None, Some(LegacyWatcher::Poll)),
            ("", None, None),
            ("python", None, None),
        ] {
            assert_eq!(
                (LegacyWriter::parse(text), LegacyWatcher::parse(text)),
                (writer, watcher),
                "{text:?}"
            );
        }
    }
}
