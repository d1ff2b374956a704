use std::error::Error;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

use super::postgres_url::without_password;
use super::source::Source;
use super::spec::{Kind, SettingSpec};

/// The value that a source gives, without a password that may stand in it.
fn shown(setting: &SettingSpec, origin: &Source) -> String {
    match setting.kind {
        Kind::PostgresUrl => without_password(origin.value()),
        _ => origin.value().to_owned(),
    }
}

/// Why there is no configuration. Nothing may run on any of these.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A configuration file could not be read, or the one asked for does not exist.
    #[error("cannot read the configuration file {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },

    /// A line of `.env` that gives a setting is malformed. Its text is not repeated: it may hold a secret.
    #[error(
        "{}:{line}: expected NAME=value, with the value in quotes if it holds spaces or quotes",
        path.display()
    )]
    DotenvSyntax {
        /// The file.
        path: PathBuf,
        /// The line on which the malformed entry begins, from 1.
        line: usize,
    },

    /// A line of `.env` that gives a setting is not UTF-8.
    #[error("{}:{line}: expected text in UTF-8", path.display())]
    DotenvNotUtf8 {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },

    /// `.env` sets one variable twice. Programs disagree on which line wins, so neither does.
    #[error("{}:{second}: {variable} is already set on line {first}; keep one of the two", path.display())]
    DotenvDuplicate {
        /// The variable's name.
        variable: &'static str,
        /// The file.
        path: PathBuf,
        /// The earlier line, from 1.
        first: usize,
        /// The later line, from 1.
        second: usize,
    },

    /// The file is not TOML.
    #[error("{}:{line}: not valid TOML: {message}", path.display())]
    TomlSyntax {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What the parser expected.
        message: String,
    },

    /// The file has a key that no setting has.
    #[error("{}:{line}: unknown key {key}: {hint}", path.display())]
    UnknownKey {
        /// The dotted key.
        key: String,
        /// The nearest known key, or all of them.
        hint: String,
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },

    /// A value has a TOML type that its key does not take.
    #[error("{key}: expected {expected}, got {found} at {}:{line}", path.display())]
    WrongType {
        /// The dotted key.
        key: String,
        /// The type that the key takes.
        expected: &'static str,
        /// The type and value that came.
        found: String,
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },

    /// A value is not one of the allowed ones. It is refused even where a higher source overrides
    /// it: it would take effect, unseen, on the day that source goes away.
    #[error("{}: expected {}, got {:?} {}", setting.key, setting.kind.allowed(), shown(setting, origin), origin.place())]
    BadValue {
        /// The setting.
        setting: &'static SettingSpec,
        /// The value and where it came from.
        origin: Source,
    },

    /// An environment variable does not hold UTF-8.
    #[error("{key}: expected text in UTF-8, got {value:?} from the environment ({variable})")]
    NotUtf8 {
        /// The dotted key.
        key: &'static str,
        /// The variable's name.
        variable: &'static str,
        /// What it holds.
        value: OsString,
    },

    /// The setting asks for the legacy system in a program that was built without it.
    #[error(
        "{}: expected {only}, since this program was built without the legacy event system \
         (cargo feature `legacy`), got {:?} {}",
        setting.key, origin.value(), origin.place()
    )]
    LegacyNotBuilt {
        /// The setting.
        setting: &'static SettingSpec,
        /// The only value that such a program takes.
        only: bool,
        /// The value and where it came from.
        origin: Source,
    },

    /// The setting asks for PostgreSQL in a program that was built without it.
    #[error(
        "{}: this program was built without PostgreSQL: build it with `cargo install --path . --features postgres`, or use another store; got {:?} {}",
        setting.key, origin.value(), origin.place()
    )]
    PostgresNotBuilt {
        /// The setting.
        setting: &'static SettingSpec,
        /// The value and where it came from.
        origin: Source,
    },

    /// The PostgreSQL store is active, and nothing says where it is.
    #[error("{}: expected {}, since storage.backend is postgres, got nothing", setting.key, setting.kind.allowed())]
    NoPostgresUrl {
        /// The setting.
        setting: &'static SettingSpec,
    },

    /// A part of a mapping is not what its key takes.
    #[error("{key}: cannot take {:?} {}", origin.value(), origin.place())]
    BadMapping {
        /// The dotted key.
        key: &'static str,
        /// The text and where it came from.
        origin: Source,
        /// What was expected.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },

    /// A mapping is declared that no record could be read by.
    #[error("a mapping needs {missing} too (or {flag}), given is only: {given}")]
    IncompleteMapping {
        /// The dotted key that is missing.
        missing: &'static str,
        /// The flag that gives it too.
        flag: &'static str,
        /// What is given, and where.
        given: String,
    },
}
