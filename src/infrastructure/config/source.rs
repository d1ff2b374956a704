//! A value together with where it came from.

use std::fmt;
use std::path::PathBuf;

/// A value and its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value in effect.
    pub value: T,
    /// The source that it came from: the highest one that gives the setting.
    pub source: Source,
}

/// Where a value came from, with its text as it was given there.
///
/// Displays as the `Source:` line at start-up shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// No source gives the setting.
    Default {
        /// The default, as it is shown.
        value: String,
    },
    /// The process environment.
    Environment {
        /// The variable's name.
        variable: &'static str,
        /// The text given.
        value: String,
    },
    /// The file `.env`.
    DotenvFile {
        /// The variable's name.
        variable: &'static str,
        /// The text given, after expansion.
        value: String,
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// `mission-events.toml`, or the file given in its place.
    ConfigFile {
        /// The dotted key.
        key: &'static str,
        /// The text given, strings without their quotes.
        value: String,
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// The command line.
    Flag {
        /// The flag with its dashes.
        flag: String,
        /// The text given.
        value: String,
    },
}

impl Source {
    /// The value's text as this source gives it.
    pub fn value(&self) -> &str {
        match self {
            Source::Default { value }
            | Source::Environment { value, .. }
            | Source::DotenvFile { value, .. }
            | Source::ConfigFile { value, .. }
            | Source::Flag { value, .. } => value,
        }
    }

    /// The place to go to in order to change the value, for error messages.
    pub(super) fn place(&self) -> String {
        match self {
            Source::Default { .. } => "as the built-in default".to_owned(),
            Source::Environment { variable, .. } => format!("from the environment ({variable})"),
            Source::DotenvFile { variable, path, line, .. } => {
                format!("from {variable} at {}:{line}", path.display())
            }
            Source::ConfigFile { path, line, .. } => format!("at {}:{line}", path.display()),
            Source::Flag { flag, .. } => format!("from the flag {flag}"),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Default { value } => write!(f, "Default ({value})"),
            Source::Environment { variable, value } => {
                write!(f, "Environment ({variable}={value})")
            }
            Source::DotenvFile { variable, value, path, line } => {
                write!(f, ".env file ({variable}={value} at {}:{line})", path.display())
            }
            Source::ConfigFile { key, value, path, line } => {
                write!(f, "mission-events.toml ({key} = {value} at {}:{line})", path.display())
            }
            Source::Flag { flag, value } => write!(f, "Flag ({flag} {value})"),
        }
    }
}
