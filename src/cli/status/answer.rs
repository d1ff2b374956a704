//! What `status` answers.

use std::path::Path;

use serde::Serialize;

use super::handlers_state::HandlersState;
use super::parts::{
    DispatchDay, Growth, LastComparison, MirrorState, ModeSwitch, Parts, ProcessState, Sides,
};
use super::store_state::StoreState;
use crate::cli::exit_code::ExitCode;
use crate::durable::presence::metadata_if_present;
use crate::infrastructure::config::{Backend, Config, Source};

/// The whole answer; its keys are stable.
#[derive(Debug, Serialize)]
pub struct Status {
    pub mode: String,
    /// Why it is the mode: the settings that select it, each with its source.
    pub why: String,
    pub sides: Sides,
    pub backend: String,
    pub settings: Vec<SettingState>,
    /// The active store.
    pub store: StoreState,
    /// The configured store of the other backend.
    pub other_store: StoreState,
    pub legacy_log: FileState,
    /// The handlers of events.
    pub handlers: HandlersState,
    /// The mirrors that a parallel run has or had.
    pub mirrors: Vec<MirrorState>,
    /// How both stores have grown, where they are there.
    pub growth: Vec<Growth>,
    /// What was dispatched on each of the last 14 days.
    pub dispatching: Vec<DispatchDay>,
    pub last_comparison: Option<LastComparison>,
    /// The processes that dispatch, and those that were killed.
    pub processes: Vec<ProcessState>,
    /// The last switches of the mode, the latest last.
    pub mode_changes: Vec<ModeSwitch>,
    /// What of this could not be looked at, and why.
    pub problems: Vec<String>,
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
            #[cfg(feature = "postgres")]
            Backend::Postgres => Backend::Sqlite,
        };
        let settings = config.settings().map(|setting| SettingState {
            key: setting.spec.key,
            value: setting.value,
            source: setting.source.to_string(),
        });
        let (store, of_active) = StoreState::of(active, config);
        let (other_store, of_other) = StoreState::of(other, config);
        let opened = [(active, of_active), (other, of_other)];
        let Parts { growth, dispatching, last_comparison, mirrors, processes, mode_changes, problems } =
            Parts::of(config, &opened);
        Self {
            mode: config.mode.to_string(),
            why: why(config),
            sides: Sides::of(&config.routing()),
            backend: active.to_string(),
            settings: settings.collect(),
            store,
            other_store,
            legacy_log: FileState::of(&config.legacy_events_json.value),
            handlers: HandlersState::of(config),
            mirrors,
            growth,
            dispatching,
            last_comparison,
            processes,
            mode_changes,
            problems,
        }
    }

    /// What the command exits with.
    pub fn exit_code(&self) -> ExitCode {
        let errors =
            [&self.store.error, &self.other_store.error, &self.legacy_log.error, &self.handlers.error];
        if errors.into_iter().any(Option::is_some) || !self.problems.is_empty() {
            ExitCode::Storage
        } else {
            ExitCode::Done
        }
    }
}

/// The settings that select the mode, with what they are and why.
fn why(config: &Config) -> String {
    let selecting = ["use_new_event_system", "parallel_run", "new_event_types"];
    let settings = config.settings().filter(|setting| selecting.contains(&setting.spec.key));
    let given = settings.filter(|setting| {
        setting.spec.key == selecting[0] || !matches!(setting.source, Source::Default { .. })
    });
    given
        .map(|setting| format!("{} = {}, by {}", setting.spec.key, setting.value, setting.source))
        .collect::<Vec<_>>()
        .join("; ")
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
