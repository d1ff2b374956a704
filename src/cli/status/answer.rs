//! What `status` answers.

use std::path::Path;

use serde::Serialize;

use super::handlers_state::HandlersState;
use super::store_state::StoreState;
use crate::cli::exit_code::ExitCode;
use crate::durable::presence::metadata_if_present;
use crate::infrastructure::config::{Backend, Config};

/// The whole answer; its keys are stable.
#[derive(Debug, Serialize)]
pub struct Status {
    pub mode: String,
    pub backend: String,
    pub settings: Vec<SettingState>,
    /// The active store.
    pub store: StoreState,
    /// The configured store of the other backend.
    pub other_store: StoreState,
    pub legacy_log: FileState,
    /// The handlers of events.
    pub handlers: HandlersState,
}

#[derive(Debug, Serialize)]
pub struct SettingState {
    pub key: &'static str,
    pub value: String,
    pub source: String,
}

#[derive(Debug, Serialize)]
pub struct FileState {
    pub path: String,
    pub exists: bool,
    pub bytes: Option<u64>,
    pub error: Option<String>,
}

impl Status {
    /// Looks at the settings, the stores and the legacy log.
    pub fn of(config: &Config) -> Self {
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
            handlers: HandlersState::of(config),
        }
    }

    /// What the command exits with.
    pub fn exit_code(&self) -> ExitCode {
        let errors =
            [&self.store.error, &self.other_store.error, &self.legacy_log.error, &self.handlers.error];
        if errors.into_iter().any(Option::is_some) { ExitCode::Storage } else { ExitCode::Done }
    }
}

impl FileState {
    fn of(path: &Path) -> Self {
        let (exists, bytes, error) = match metadata_if_present(path) {
            Ok(Some(metadata)) if metadata.is_file() => (true, Some(metadata.len()), None),
            Ok(Some(_)) => (true, None, Some("expected a file, found something else".to_owned())),
            Ok(None) => (false, None, None),
            Err(error) => (true, None, Some(error.to_string())),
        };
        Self { path: path.display().to_string(), exists, bytes, error }
    }
}
