//! Why a command did not end well, and with which exit code.

use std::fmt;

use super::exit_code::ExitCode;
use super::output;
use super::store::StoreError;
use crate::domain::error_chain::error_chain;
use crate::domain::repository::RepositoryError;
use crate::infrastructure::config::ConfigError;
#[cfg(feature = "postgres")]
use crate::infrastructure::postgres::PostgresError;

/// Why a command ended without its result.
#[derive(Debug)]
pub enum CliError {
    /// The command line is wrong. It has a form of its own to be printed in.
    CommandLine(clap::Error),
    /// Anything else.
    Failed {
        /// What scripts are told.
        code: ExitCode,
        /// What people are told.
        error: anyhow::Error,
        /// What else they have to know, a line each.
        details: Vec<String>,
    },
}

impl CliError {
    /// A failure with this code.
    pub fn new(code: ExitCode, error: impl Into<anyhow::Error>) -> Self {
        Self::Failed { code, error: error.into(), details: Vec::new() }
    }

    /// The command line cannot be followed, for a reason that only the command itself sees.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ExitCode::Usage, anyhow::Error::msg(message.into()))
    }

    /// What was asked for does not exist.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ExitCode::Negative, anyhow::Error::msg(message.into()))
    }

    /// The same, with lines that are shown after it.
    #[must_use]
    pub fn with_details(mut self, more: impl IntoIterator<Item = String>) -> Self {
        if let Self::Failed { details, .. } = &mut self {
            details.extend(more);
        }
        self
    }

    /// What the process exits with.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::CommandLine(_) => ExitCode::Usage,
            Self::Failed { code, .. } => *code,
        }
    }

    /// Tells people, on stderr: the error, then each of its causes on a line of its own, then the details.
    pub fn report(&self) {
        match self {
            Self::CommandLine(error) => output::report_command_line(error),
            Self::Failed { error, details, .. } => output::report_error(error, details),
        }
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CommandLine(error) => error.fmt(f),
            Self::Failed { error, .. } => f.write_str(&error_chain(error.as_ref())),
        }
    }
}

impl From<clap::Error> for CliError {
    fn from(error: clap::Error) -> Self {
        Self::CommandLine(error)
    }
}

impl From<ConfigError> for CliError {
    fn from(error: ConfigError) -> Self {
        Self::new(ExitCode::Usage, error)
    }
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        #[cfg(feature = "postgres")]
        if matches!(error, StoreError::Postgres(PostgresError::Address(_) | PostgresError::Tls(_))) {
            return Self::new(ExitCode::Usage, error);
        }
        Self::new(ExitCode::Storage, error)
    }
}

impl From<RepositoryError> for CliError {
    fn from(error: RepositoryError) -> Self {
        let code = match error {
            RepositoryError::Conflict { .. } | RepositoryError::NotLive { .. } => ExitCode::Negative,
            _ => ExitCode::Storage,
        };
        Self::new(code, error)
    }
}
