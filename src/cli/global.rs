//! The options of every command, and what they make of the configuration.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};
use tracing::level_filters::LevelFilter;

use super::error::CliError;
use super::given_path::ensure_store;
use super::output::{self, Format};
use super::store::StoreError;
use super::store::configured_path;
use crate::durable::links::resolved;
use crate::infrastructure::backend_at::{BackendError, backend_at};
use crate::infrastructure::config::{
    Backend, Config, Flags, PostgresUrl, Source, load_for_process, meant_variable, spec,
};

const STORE_FLAG: &str = "--store";

/// The options of every command; they may stand before or after it.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub struct GlobalOptions {
    /// Read settings from FILE instead of ./mission-events.toml
    ///
    /// The file must exist. Flags, the environment and .env win over it.
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,

    /// Use the store at PATH: a SQLite file or a folder of daily JSONL files
    ///
    /// What it is shows in its content. It overrides storage.backend and the path that belongs to it.
    #[arg(long, value_name = "PATH", global = true, value_parser = NonEmptyStringValueParser::new())]
    store: Option<String>,

    /// The form of the result
    #[arg(long, value_name = "FORMAT", global = true, value_enum, default_value_t)]
    format: Format,

    /// Show errors only: no warnings, no [config] lines
    #[arg(short, long, global = true)]
    quiet: bool,

    /// Show more of what is done, and the [config] lines
    #[arg(short, long, global = true)]
    verbose: bool,

    /// When to use colour; auto: on a terminal, unless NO_COLOR is set
    #[arg(long, value_name = "WHEN", global = true, value_enum, default_value_t)]
    color: ColorWhen,
}

/// When the `[config]` lines are shown without `-v`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartupLines {
    /// The command runs or explains the event system: always, but not with `-q`.
    Always,
    /// Any other command: only with `-v`.
    WhenVerbose,
}

/// What it means that nothing lies where `--store` points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingStore {
    /// The path is wrong.
    IsAnError,
    /// The command makes it: a SQLite store.
    WillBeMade,
}

/// What commands run with.
#[derive(Debug)]
pub struct Context {
    /// The settings, the global options applied.
    pub config: Config,
    /// The form of the result.
    pub format: Format,
    /// Only errors are wanted on stderr.
    pub is_quiet: bool,
    #[cfg(feature = "legacy")]
    reload: Reload,
}

/// What settings are read again by.
#[cfg(feature = "legacy")]
#[derive(Debug)]
struct Reload {
    options: GlobalOptions,
    missing: MissingStore,
}

impl Context {
    /// The settings as they are now, by the same options.
    #[cfg(feature = "legacy")]
    pub(super) fn read_settings_again(&self) -> Result<Config, CliError> {
        self.reload.options.load_config(self.reload.missing)
    }

    /// Where the SQLite store is, for a command that works on no other but one in PostgreSQL: also while the active one is daily
    /// files.
    pub(super) fn sqlite_path(&self, command: &str) -> Result<&Path, CliError> {
        let backend = &self.config.storage_backend;
        if backend.value == Backend::Jsonl && matches!(backend.source, Source::Flag { .. }) {
            return Err(CliError::usage(format!(
                "{command} reads a SQLite store, and --store names a JSONL folder: name the database"
            )));
        }
        #[cfg(feature = "postgres")]
        if backend.value == Backend::Postgres {
            return Ok(configured_path(Backend::Postgres, &self.config));
        }
        Ok(&self.config.sqlite_path.value)
    }

    /// Where the JSONL store is, for a command that works on no other: also while the active one is not it.
    pub(super) fn jsonl_folder(&self, command: &str) -> Result<&Path, CliError> {
        let backend = &self.config.storage_backend;
        if backend.value == Backend::Sqlite && matches!(backend.source, Source::Flag { .. }) {
            return Err(CliError::usage(format!(
                "{command} works on a JSONL store, and --store names a database: name the folder"
            )));
        }
        Ok(&self.config.jsonl_dir.value)
    }
}

impl GlobalOptions {
    /// Checks what the parser cannot see, since the two may stand on either side of the command.
    pub(super) fn check(&self) -> Result<(), CliError> {
        if self.quiet && self.verbose {
            return Err(CliError::usage("--quiet and --verbose exclude each other: give one of them"));
        }
        Ok(())
    }

    /// What is shown of the log; `default` where neither -q nor -v is given.
    pub(super) fn log_level(&self, default: LevelFilter) -> LevelFilter {
        match (self.quiet, self.verbose) {
            (true, _) => LevelFilter::ERROR,
            (false, true) => LevelFilter::DEBUG,
            (false, false) => default,
        }
    }

    /// Loads the configuration, and shows it where that is due.
    pub(super) fn context(self, startup_lines: StartupLines) -> Result<Context, CliError> {
        self.context_where(startup_lines, MissingStore::IsAnError)
    }

    /// The same for a command that may make its store.
    pub(super) fn context_where(
        self,
        startup_lines: StartupLines,
        missing: MissingStore,
    ) -> Result<Context, CliError> {
        let config = self.load_config(missing)?;
        warn_of_slips();
        config.warnings().iter().for_each(|warning| tracing::warn!("{warning}"));
        if self.verbose || (startup_lines == StartupLines::Always && !self.quiet) {
            for line in config.startup_lines() {
                output::log_line(&line);
            }
        }
        Ok(Context {
            config,
            format: self.format,
            is_quiet: self.quiet,
            #[cfg(feature = "legacy")]
            reload: Reload { options: self, missing },
        })
    }

    fn load_config(&self, missing: MissingStore) -> Result<Config, CliError> {
        let mut flags = Flags::default();
        if let Some(path) = &self.store {
            ensure_store(Path::new(path))?;
            if PostgresUrl::is_meant(path) {
                return self.load_postgres(path);
            }
            let backend = match backend_at(Path::new(path)) {
                Err(BackendError::Missing { .. }) if missing == MissingStore::WillBeMade => Backend::Sqlite,
                found => found.map_err(StoreError::from)?,
            };
            let place = match backend {
                Backend::Jsonl => &spec::JSONL_DIR,
                _ => &spec::SQLITE_PATH,
            };
            flags.set(&spec::STORAGE_BACKEND, STORE_FLAG, &backend.to_string());
            flags.set(place, STORE_FLAG, path);
        }
        let mut config = load_for_process(self.config.clone(), flags)?;
        if let Some(path) = &self.store {
            // The settings' own store is that of the settings, however its path is written.
            if let Ok(own) = load_for_process(self.config.clone(), Flags::default())
                && own.storage_backend.value == config.storage_backend.value
                && resolved(configured_path(own.storage_backend.value, &own)) == resolved(Path::new(path))
            {
                config.storage_backend.source = own.storage_backend.source;
                return Ok(config);
            }
            // The backend was read off the store: what the operator wrote is the path.
            config.storage_backend.source = Source::Flag { flag: STORE_FLAG.to_owned(), value: path.clone() };
        }
        Ok(config)
    }
}

/// The settings with the store in PostgreSQL that --store names.
impl GlobalOptions {
    fn load_postgres(&self, url: &str) -> Result<Config, CliError> {
        let mut flags = Flags::default();
        flags.set(&spec::STORAGE_BACKEND, STORE_FLAG, "postgres");
        flags.set(&spec::POSTGRES_URL, STORE_FLAG, url);
        let mut config = load_for_process(self.config.clone(), flags)?;
        config.storage_backend.source = Source::Flag { flag: STORE_FLAG.to_owned(), value: url.to_owned() };
        Ok(config)
    }
}

impl Config {
    /// Refuses a command that does not work on a store in PostgreSQL, where that is the active one, with what does instead.
    ///
    /// # Errors
    /// It is.
    pub(super) fn refuse_postgres(&self, command: &str, instead: &str) -> Result<(), CliError> {
        #[cfg(feature = "postgres")]
        if self.storage_backend.value == Backend::Postgres {
            let message = format!("{command} does not work on a store in PostgreSQL: {instead}");
            return Err(CliError::usage(message));
        }
        let _ = (command, instead);
        Ok(())
    }
}

/// Warns of variables whose names are nearly those of settings: they change nothing.
fn warn_of_slips() {
    let mut names: Vec<String> =
        std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect();
    names.sort();
    for name in names {
        if let Some(meant) = meant_variable(&name) {
            tracing::warn!(
                "the environment variable {name} is no setting and changes nothing; did you mean {meant}?"
            );
        }
    }
}

/// When colour is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ColorWhen {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl ColorWhen {
    /// What the arguments ask for. Looked up before they are parsed, because the parser itself
    /// prints: help, and what it refuses.
    pub(super) fn asked_for_by(arguments: impl Iterator<Item = OsString>) -> Self {
        let mut asked = Self::default();
        let mut arguments = arguments.filter_map(|argument| argument.into_string().ok()).peekable();
        while let Some(argument) = arguments.next() {
            let value = match argument.strip_prefix("--color") {
                Some("") => arguments.peek().map(String::as_str),
                Some(value) => value.strip_prefix('='),
                None => None,
            };
            if let Some(when) = value.and_then(|value| Self::from_str(value, false).ok()) {
                asked = when;
            }
        }
        asked
    }

    /// From now on, for all that is printed.
    pub(super) fn apply(self) {
        match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }
}
