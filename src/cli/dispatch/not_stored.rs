//! An event that is not stored.

use super::answer_line::code_of;
use crate::application::dispatch::DispatchError;
use crate::cli::exit_code::ExitCode;

/// Why an event is not stored, and what scripts are told of that.
pub struct NotStored {
    /// Why.
    pub error: anyhow::Error,
    /// The exit code.
    pub code: ExitCode,
}

impl From<DispatchError> for NotStored {
    fn from(error: DispatchError) -> Self {
        Self { code: code_of(&error), error: error.into() }
    }
}
