//! Where a report may be written.

use std::path::Path;

use crate::cli::error::CliError;
use crate::cli::exit_code::ExitCode;
use crate::infrastructure::config::Config;
use crate::infrastructure::report_file::{ReportFile, ReportFileError, ReservedPlaces};

/// Begins a report at `path`, outside of what is configured and of the logs that it is about.
///
/// # Errors
/// It has no place there, or cannot be written there.
pub fn begin(path: &Path, config: &Config, logs: &[&Path]) -> Result<ReportFile, CliError> {
    let configured = [&config.legacy_events_json, &config.jsonl_dir, &config.dispatch_figures];
    let reserved = ReservedPlaces {
        databases: vec![&config.sqlite_path.value, &config.handlers_path.value],
        evidence: Some(&config.evidence_path.value),
        logs: configured
            .map(|setting| setting.value.as_path())
            .into_iter()
            .chain(logs.iter().copied())
            .collect(),
    };
    Ok(ReportFile::begin(path, &reserved)?)
}

impl From<ReportFileError> for CliError {
    fn from(error: ReportFileError) -> Self {
        let code = match error {
            ReportFileError::Refused { .. } => ExitCode::Usage,
            ReportFileError::Write { .. } => ExitCode::Storage,
        };
        Self::new(code, error)
    }
}
