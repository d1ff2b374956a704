//! Why a command did not end well, and with which exit code.

use std::io;

use super::exit_code::ExitCode;
use super::output::{self, OutputError};
use super::store::StoreError;
use crate::domain::repository::RepositoryError;
use crate::infrastructure::config::ConfigError;

/// Why a command ended without its result.
#[derive(Debug)]
pub enum CliError {
    /// The command line asks for help or the version, or is wrong. It has a form of its own to be
    /// printed in.
    CommandLine(clap::Error),
    /// The reader of the result is gone, as `head` is when it has enough.
    ReaderGone,
    /// Anything else.
    Failed {
        /// What scripts are told.
        code: ExitCode,
        /// What people are told.
        error: anyhow::Error,
    },
}

impl CliError {
    /// A failure with this code.
    pub fn new(code: ExitCode, error: impl Into<anyhow::Error>) -> Self {
        Self::Failed { code, error: error.into() }
    }

    /// The command line cannot be followed, for a reason that only the command itself sees.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ExitCode::Usage, anyhow::Error::msg(message.into()))
    }

    /// What was asked for does not exist.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ExitCode::Negative, anyhow::Error::msg(message.into()))
    }

    /// What the process exits with. A reader that has gone got all that it wanted.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::CommandLine(error) if error.use_stderr() => ExitCode::Usage,
            Self::CommandLine(_) | Self::ReaderGone => ExitCode::Done,
            Self::Failed { code, .. } => *code,
        }
    }

    /// Tells people, on stderr: the error, then each of its causes on a line of its own. Help and
    /// version, which were asked for, go to stdout.
    pub fn report(&self) {
        match self {
            // Where this cannot be printed, there is nothing left to say so on.
            Self::CommandLine(error) => drop(error.print()),
            Self::ReaderGone => {}
            Self::Failed { error, .. } => output::report_error(error),
        }
    }
}

impl From<clap::Error> for CliError {
    fn from(error: clap::Error) -> Self {
        Self::CommandLine(error)
    }
}

impl From<OutputError> for CliError {
    fn from(error: OutputError) -> Self {
        match error.0.kind() {
            io::ErrorKind::BrokenPipe => Self::ReaderGone,
            _ => Self::new(ExitCode::Storage, error),
        }
    }
}

impl From<ConfigError> for CliError {
    fn from(error: ConfigError) -> Self {
        Self::new(ExitCode::Usage, error)
    }
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
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
