//! All settings together.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use super::legacy_values::{LegacyWatcher, LegacyWriter, RetryDelay};
use super::mapping::MappingSettings;
use super::postgres_url::{PostgresUrl, SchemaName};
use super::source::{Setting, Source};
use super::spec::{self, SettingSpec};
use super::value::{Backend, SettingValue};
use crate::domain::event_system_mode::{EventSystemMode, Routing, Side};
use crate::wire::zone::Zone;

/// All settings. Relative paths are relative to the working directory.
#[derive(Debug, Clone)]
pub struct Config {
    /// Whether the new event system is primary.
    pub use_new_event_system: Setting<bool>,
    /// Whether both event systems run side by side.
    pub parallel_run: Setting<bool>,
    /// The types of events that go to the new system while the legacy one is primary: they alone, where there is one.
    pub new_event_types: Setting<BTreeSet<String>>,
    /// How long a parallel run waits for the secondary side.
    pub secondary_timeout: Setting<Duration>,
    /// How many events a mirror of a parallel run may be behind before that is a finding.
    pub parallel_behind_warn: Setting<u64>,
    /// The active store's backend.
    pub storage_backend: Setting<Backend>,
    /// The folder of the daily JSONL files.
    pub jsonl_dir: Setting<PathBuf>,
    /// The SQLite store's file.
    pub sqlite_path: Setting<PathBuf>,
    /// The PostgreSQL store, its schema included.
    pub postgres_url: Setting<Option<PostgresUrl>>,
    /// The schema of the store where a URL names none.
    pub postgres_schema: Setting<SchemaName>,
    /// Whether nothing is appended while the server has no synchronous standby.
    pub postgres_require_standby: Setting<bool>,
    /// The legacy system's log.
    pub legacy_events_json: Setting<PathBuf>,
    /// Which program writes it.
    pub legacy_writer: Setting<LegacyWriter>,
    /// How the legacy system notices changes of files.
    pub legacy_watcher: Setting<LegacyWatcher>,
    /// How often the legacy system tries an event again that a handler has failed on.
    pub legacy_max_retries: Setting<u64>,
    /// How long it waits before that.
    pub legacy_retry_delay_seconds: Setting<RetryDelay>,
    /// The file of recorded comparisons.
    pub evidence_path: Setting<PathBuf>,
    /// The file of what dispatching took, by minute.
    pub dispatch_figures: Setting<PathBuf>,
    /// The database of handlers: their progress, failures and read models.
    pub handlers_path: Setting<PathBuf>,
    /// How long a dispatch waits for the handlers of its event.
    pub handlers_wait: Setting<Duration>,
    /// How long the end of the program waits for handlers.
    pub handlers_shutdown: Setting<Duration>,
    /// How many events a handler may be behind before that is a finding.
    pub handlers_behind_warn: Setting<u64>,
    /// How many hours old a verified backup may be at a cutover; 0: none is asked for.
    pub cutover_backup_hours: Setting<u64>,
    /// The zone in which naive timestamps are read.
    pub timezone: Setting<Zone>,
    /// Which event systems run, as the first two settings select.
    pub mode: EventSystemMode,
    /// The `[mapping]` section; flags may add to it.
    pub mapping: MappingSettings,
}

/// One setting in effect, ready to be shown.
#[derive(Debug)]
pub struct SettingInEffect<'a> {
    /// Its entry in the list of settings.
    pub spec: &'static SettingSpec,
    /// Its value; booleans as `True` and `False`, durations in milliseconds.
    pub value: String,
    /// Where the value came from.
    pub source: &'a Source,
}

impl Config {
    /// Every setting, in the order of [`spec::SETTINGS`].
    pub fn settings(&self) -> impl Iterator<Item = SettingInEffect<'_>> {
        [
            shown(&spec::USE_NEW_EVENT_SYSTEM, &self.use_new_event_system),
            shown(&spec::PARALLEL_RUN, &self.parallel_run),
            shown(&spec::NEW_EVENT_TYPES, &self.new_event_types),
            shown(&spec::SECONDARY_TIMEOUT, &self.secondary_timeout),
            shown(&spec::PARALLEL_BEHIND_WARN, &self.parallel_behind_warn),
            shown(&spec::STORAGE_BACKEND, &self.storage_backend),
            shown(&spec::JSONL_DIR, &self.jsonl_dir),
            shown(&spec::SQLITE_PATH, &self.sqlite_path),
            shown(&spec::POSTGRES_URL, &self.postgres_url),
            shown(&spec::POSTGRES_SCHEMA, &self.postgres_schema),
            shown(&spec::POSTGRES_REQUIRE_STANDBY, &self.postgres_require_standby),
            shown(&spec::LEGACY_EVENTS_JSON, &self.legacy_events_json),
            shown(&spec::LEGACY_WRITER, &self.legacy_writer),
            shown(&spec::LEGACY_WATCHER, &self.legacy_watcher),
            shown(&spec::LEGACY_MAX_RETRIES, &self.legacy_max_retries),
            shown(&spec::LEGACY_RETRY_DELAY, &self.legacy_retry_delay_seconds),
            shown(&spec::EVIDENCE_PATH, &self.evidence_path),
            shown(&spec::DISPATCH_FIGURES, &self.dispatch_figures),
            shown(&spec::HANDLERS_PATH, &self.handlers_path),
            shown(&spec::HANDLERS_WAIT, &self.handlers_wait),
            shown(&spec::HANDLERS_SHUTDOWN, &self.handlers_shutdown),
            shown(&spec::HANDLERS_BEHIND_WARN, &self.handlers_behind_warn),
            shown(&spec::CUTOVER_BACKUP_HOURS, &self.cutover_backup_hours),
            shown(&spec::TIMEZONE, &self.timezone),
        ]
        .into_iter()
    }

    /// Where events go.
    pub fn routing(&self) -> Routing {
        let types = self.new_event_types.value.clone();
        Routing::of(self.use_new_event_system.value, self.parallel_run.value, types)
    }

    /// The lines to log at start-up, without line ends.
    ///
    /// `Source:` is that of `use_new_event_system`. A parallel run adds a line with its own source, and so do types of
    /// events that go to the new system while the legacy one is primary.
    pub fn startup_lines(&self) -> Vec<String> {
        let mut lines = vec![
            "[config] Configuration loaded:".to_owned(),
            format!("[config]   USE_NEW_EVENT_SYSTEM = {}", self.use_new_event_system.value.show()),
            format!("[config]   Event system mode: {}", self.mode),
            format!("[config]   Source: {}", self.use_new_event_system.source),
        ];
        if self.parallel_run.value {
            lines.push(format!(
                "[config]   PARALLEL_RUN = {}, from {}",
                self.parallel_run.value.show(),
                self.parallel_run.source
            ));
        }
        let types = self.new_event_types_in_effect();
        if !types.is_empty() {
            lines.push(format!("[config]   Event types on the new system: {}", types.show()));
        }
        lines
    }

    /// What is allowed and yet not as it seems, a sentence each.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if let Source::Environment { variable, value } | Source::DotenvFile { variable, value, .. } =
            &self.use_new_event_system.source
            && matches!(value.as_str(), "0" | "1")
        {
            let meant = value == "1";
            let python = if meant { ", and reads this as false" } else { "" };
            warnings.push(format!(
                "{variable}={value} is {meant} here, and the Python side takes only the text \"true\" for \
                 true{python}: write {variable}={meant}"
            ));
        }
        if self.new_event_types_in_effect() != self.new_event_types.value {
            warnings.push(
                "new_event_types says nothing while use_new_event_system is true: events of all types go to the new \
                 system"
                    .to_owned(),
            );
        }
        warnings
    }

    /// The types of events that alone go to the new system, or are mirrored to it; none where those of all types are, or none are.
    pub fn new_event_types_in_effect(&self) -> BTreeSet<String> {
        let Routing { primary, new_event_types, .. } = self.routing();
        if primary == Side::Legacy { new_event_types } else { BTreeSet::new() }
    }
}

fn shown<'a, T: SettingValue>(spec: &'static SettingSpec, setting: &'a Setting<T>) -> SettingInEffect<'a> {
    SettingInEffect { spec, value: setting.value.show(), source: &setting.source }
}
