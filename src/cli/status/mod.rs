//! What is configured, why, and what lies where the settings point.

mod render;
mod store_state;

use std::fs;
use std::io;
use std::path::Path;

use serde::Serialize;

use super::error::CliError;
use super::exit_code::ExitCode;
use super::global::Context;
use super::output::{self, Format};
use crate::infrastructure::config::{Backend, Config};
use store_state::StoreState;

pub const EXAMPLES: &str = "\
Examples:
  mission-events status
  mission-events --store copy.db status
  mission-events status --format json | jq .store.events

Sizes are in bytes, times are RFC 3339 in UTC. A store that does not exist yet is no error.

Exit codes: 4 where a store or the legacy log is there and cannot be read; the rest is shown all
the same.";

/// The whole answer; its keys are stable.
#[derive(Debug, Serialize)]
struct Status {
    mode: String,
    backend: String,
    settings: Vec<SettingState>,
    /// The active store.
    store: StoreState,
    /// The configured store of the other backend.
    other_store: StoreState,
    legacy_log: FileState,
}

#[derive(Debug, Serialize)]
struct SettingState {
    key: &'static str,
    value: String,
    source: String,
}

#[derive(Debug, Serialize)]
struct FileState {
    path: String,
    exists: bool,
    bytes: Option<u64>,
    error: Option<String>,
}

pub fn run(context: &Context) -> Result<ExitCode, CliError> {
    let status = Status::of(&context.config);
    match context.format {
        Format::Human => output::result(|stdout| render::print(&status, stdout))?,
        Format::Json => output::json_document(&status)?,
        Format::Jsonl => {
            return Err(CliError::usage("status is one document and no list: use --format json"));
        }
    }
    Ok(status.exit_code())
}

impl Status {
    fn of(config: &Config) -> Self {
        let active = config.storage_backend.value;
        let other = match active {
            Backend::Jsonl => Backend::Sqlite,
            Backend::Sqlite => Backend::Jsonl,
        };
        let settings = config.settings().map(|setting| SettingState {
            key: setting.spec.key,
            value: setting.value,
            source: setting.source.to_string(),
        });
        Self {
            mode: config.mode.to_string(),
            backend: active.to_string(),
            settings: settings.collect(),
            store: StoreState::of(active, config),
            other_store: StoreState::of(other, config),
            legacy_log: FileState::of(&config.legacy_events_json.value),
        }
    }

    fn exit_code(&self) -> ExitCode {
        let errors = [&self.store.error, &self.other_store.error, &self.legacy_log.error];
        if errors.into_iter().any(Option::is_some) { ExitCode::Storage } else { ExitCode::Done }
    }
}

impl FileState {
    fn of(path: &Path) -> Self {
        let (exists, bytes, error) = match fs::metadata(path) {
            Ok(metadata) if metadata.is_file() => (true, Some(metadata.len()), None),
            Ok(_) => (true, None, Some("expected a file, found something else".to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => (false, None, None),
            Err(error) => (true, None, Some(error.to_string())),
        };
        Self { path: path.display().to_string(), exists, bytes, error }
    }
}
