//! What the whole configuration promises. Each source's own rules are tested beside its reader.

mod errors;
mod precedence;

use crate::infrastructure::config::legacy_values::RetryDelay;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;

use super::spec::{Kind, SettingSpec};
use super::*;
use crate::domain::event_system_mode::{EventSystemMode, Side};
use crate::wire::mapping::Mapping;

/// A working directory, an environment and a command line, all private to one test.
struct World {
    directory: TempDir,
    environment: BTreeMap<&'static str, OsString>,
    flags: Flags,
    legacy_built: bool,
}

impl World {
    fn new() -> World {
        World {
            directory: tempfile::tempdir().unwrap(),
            environment: BTreeMap::new(),
            flags: Flags::default(),
            legacy_built: true,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn file(self, name: &str, text: impl AsRef<[u8]>) -> World {
        fs::write(self.path(name), text).unwrap();
        self
    }

    fn environment(mut self, variable: &'static str, value: impl Into<OsString>) -> World {
        self.environment.insert(variable, value.into());
        self
    }

    fn flag(mut self, setting: &'static SettingSpec, value: &str) -> World {
        self.flags.set(setting, "--flag", value);
        self
    }

    fn without_legacy(mut self) -> World {
        self.legacy_built = false;
        self
    }

    fn load(self) -> Result<Config, ConfigError> {
        self.load_with(None)
    }

    fn load_with(self, config_file: Option<PathBuf>) -> Result<Config, ConfigError> {
        ConfigLoader {
            config_file,
            directory: self.directory.path().to_owned(),
            environment: &|name| self.environment.get(name).cloned(),
            flags: self.flags,
            legacy_built: self.legacy_built,
        }
        .load()
    }

    /// The error's message, with the private directory left out of it.
    fn error(self) -> String {
        let directory = format!("{}/", self.directory.path().display());
        let error = self.load().unwrap_err();
        error.to_string().replace(&directory, "")
    }
}

#[test]
fn without_any_source_every_setting_has_its_default() {
    let config = World::new().load().unwrap();
    let shown: Vec<_> = config.settings().map(|s| (s.spec.key, s.value, s.source.to_string())).collect();
    let expected = [
        ("use_new_event_system", "False"),
        ("parallel_run", "False"),
        ("new_event_types", ""),
        ("parallel.secondary_timeout_ms", "250"),
        ("parallel.behind_warn", "1000"),
        ("storage.backend", "jsonl"),
        ("storage.jsonl_dir", "data/events"),
        ("storage.sqlite_path", "data/events.db"),
        ("storage.postgres_url", ""),
        ("storage.postgres_schema", "mission_events"),
        ("storage.postgres_require_standby", "False"),
        ("legacy.events_json", "data/events.json"),
        ("legacy.writer", "this"),
        ("legacy.watcher", "native"),
        ("legacy.max_retries", "3"),
        ("legacy.retry_delay_seconds", "300"),
        ("evidence.path", "data/evidence.jsonl"),
        ("evidence.dispatch_figures", "data/dispatch-figures.jsonl"),
        ("handlers.path", "data/handlers.db"),
        ("handlers.wait_ms", "1000"),
        ("handlers.shutdown_ms", "5000"),
        ("handlers.behind_warn", "1000"),
        ("cutover.backup_hours", "24"),
        ("timezone", "UTC"),
    ]
    .map(|(key, value)| (key, value.to_owned(), format!("Default ({value})")));
    assert_eq!(shown, expected);
    assert_eq!(config.mapping.mapping().unwrap(), Mapping::BuiltIn);
}

#[test]
fn scripts_can_rely_on_the_names_of_the_variables() {
    let names = spec::SETTINGS.map(|setting| (setting.key, setting.variable));
    assert_eq!(
        names,
        [
            ("use_new_event_system", "MISSION_CONTROL_USE_NEW_EVENT_SYSTEM"),
            ("parallel_run", "MISSION_CONTROL_PARALLEL_RUN"),
            ("new_event_types", "MISSION_CONTROL_NEW_EVENT_TYPES"),
            ("parallel.secondary_timeout_ms", "MISSION_CONTROL_SECONDARY_TIMEOUT_MS"),
            ("parallel.behind_warn", "MISSION_CONTROL_PARALLEL_BEHIND_WARN"),
            ("storage.backend", "MISSION_CONTROL_STORAGE_BACKEND"),
            ("storage.jsonl_dir", "MISSION_CONTROL_EVENTS_DIR"),
            ("storage.sqlite_path", "MISSION_CONTROL_SQLITE_PATH"),
            ("storage.postgres_url", "MISSION_CONTROL_POSTGRES_URL"),
            ("storage.postgres_schema", "MISSION_CONTROL_POSTGRES_SCHEMA"),
            ("storage.postgres_require_standby", "MISSION_CONTROL_POSTGRES_REQUIRE_STANDBY"),
            ("legacy.events_json", "MISSION_CONTROL_LEGACY_EVENTS"),
            ("legacy.writer", "MISSION_CONTROL_LEGACY_WRITER"),
            ("legacy.watcher", "MISSION_CONTROL_LEGACY_WATCHER"),
            ("legacy.max_retries", "MISSION_CONTROL_LEGACY_MAX_RETRIES"),
            ("legacy.retry_delay_seconds", "MISSION_CONTROL_LEGACY_RETRY_DELAY_SECONDS"),
            ("evidence.path", "MISSION_CONTROL_EVIDENCE"),
            ("evidence.dispatch_figures", "MISSION_CONTROL_DISPATCH_FIGURES"),
            ("handlers.path", "MISSION_CONTROL_HANDLERS"),
            ("handlers.wait_ms", "MISSION_CONTROL_HANDLERS_WAIT_MS"),
            ("handlers.shutdown_ms", "MISSION_CONTROL_HANDLERS_SHUTDOWN_MS"),
            ("handlers.behind_warn", "MISSION_CONTROL_HANDLERS_BEHIND_WARN"),
            ("cutover.backup_hours", "MISSION_CONTROL_CUTOVER_BACKUP_HOURS"),
            ("timezone", "MISSION_CONTROL_TIMEZONE"),
        ]
    );
}

#[test]
fn settings_are_shown_in_the_order_of_the_list_and_none_is_left_out() {
    let config = World::new().load().unwrap();
    let shown = config.settings().map(|setting| setting.spec.key);
    let listed = spec::SETTINGS.iter().map(|setting| setting.key);
    assert!(shown.eq(listed));
}

#[test]
fn each_field_has_the_value_of_its_own_key() {
    let config = World::new()
        .file(
            "mission-events.toml",
            "use_new_event_system = true\nparallel_run = true\ntimezone = 'Europe/Berlin'\n\
             new_event_types = ['B', 'A']\n[parallel]\nsecondary_timeout_ms = 5\nbehind_warn = 6\n\
             [storage]\nbackend = 'SQLite'\njsonl_dir = 'j'\nsqlite_path = 's'\n\
             postgres_url = 'postgres://p/d'\npostgres_schema = 'q'\npostgres_require_standby = true\n\
             [legacy]\nevents_json = 'l'\nwriter = 'other'\nwatcher = 'poll'\nmax_retries = 4\n\
             retry_delay_seconds = 5\n[evidence]\npath = 'e'\ndispatch_figures = 'f'\n\
             [handlers]\npath = 'h'\nwait_ms = 1\nshutdown_ms = 2\nbehind_warn = 3\n\
             [cutover]\nbackup_hours = 7\n",
        )
        .load()
        .unwrap();
    assert!(config.use_new_event_system.value);
    assert!(config.parallel_run.value);
    assert_eq!(config.mode, EventSystemMode::ParallelEvents);
    assert_eq!(config.new_event_types.value, BTreeSet::from(["A".to_owned(), "B".to_owned()]));
    assert_eq!(config.secondary_timeout.value, Duration::from_millis(5));
    assert_eq!(config.parallel_behind_warn.value, 6);
    assert_eq!(config.storage_backend.value, Backend::Sqlite);
    assert_eq!(config.jsonl_dir.value, PathBuf::from("j"));
    assert_eq!(config.sqlite_path.value, PathBuf::from("s"));
    assert_eq!(config.postgres_url.value.unwrap().as_str(), "postgres://p/d?schema=q");
    assert_eq!(config.postgres_schema.value.as_str(), "q");
    assert!(config.postgres_require_standby.value);
    assert_eq!(config.legacy_events_json.value, PathBuf::from("l"));
    assert_eq!(config.legacy_writer.value, legacy_values::LegacyWriter::Other);
    assert_eq!(config.legacy_watcher.value, legacy_values::LegacyWatcher::Poll);
    assert_eq!(config.legacy_max_retries.value, 4);
    assert_eq!(config.legacy_retry_delay_seconds.value, RetryDelay(Duration::from_secs(5)));
    assert_eq!(config.evidence_path.value, PathBuf::from("e"));
    assert_eq!(config.dispatch_figures.value, PathBuf::from("f"));
    assert_eq!(config.handlers_path.value, PathBuf::from("h"));
    assert_eq!(config.handlers_wait.value, Duration::from_millis(1));
    assert_eq!(config.handlers_shutdown.value, Duration::from_millis(2));
    assert_eq!(config.handlers_behind_warn.value, 3);
    assert_eq!(config.cutover_backup_hours.value, 7);
    assert_eq!(config.timezone.value.name(), "Europe/Berlin");
}

#[test]
fn the_mapping_section_is_kept_as_it_was_written() {
    let config = World::new()
        .file(
            "mission-events.toml",
            "[mapping]\nevent_id = 'none'\nevent_type = 'type'\ntimestamp = 'at'\n\
             timestamp_unit = 'ms'\naggregate = 'repo.name'\nrecords = 'Records'\n",
        )
        .load()
        .unwrap();
    let kept: Vec<_> = config.mapping.0.iter().map(|(key, setting)| (*key, setting.value.as_str())).collect();
    assert_eq!(
        kept,
        [
            ("mapping.aggregate", "repo.name"),
            ("mapping.event_id", "none"),
            ("mapping.event_type", "type"),
            ("mapping.records", "Records"),
            ("mapping.timestamp", "at"),
            ("mapping.timestamp_unit", "ms"),
        ]
    );
}

#[test]
fn startup_says_which_system_runs_and_why() {
    let lines = World::new().load().unwrap().startup_lines();
    assert_eq!(
        lines,
        [
            "[config] Configuration loaded:",
            "[config]   USE_NEW_EVENT_SYSTEM = False",
            "[config]   Event system mode: legacy_events",
            "[config]   Source: Default (False)",
        ]
    );
}

#[test]
fn startup_of_a_parallel_run_says_where_that_came_from_too() {
    let world = World::new()
        .flag(&spec::USE_NEW_EVENT_SYSTEM, "1")
        .environment("MISSION_CONTROL_PARALLEL_RUN", "TRUE");
    assert_eq!(
        world.load().unwrap().startup_lines(),
        [
            "[config] Configuration loaded:",
            "[config]   USE_NEW_EVENT_SYSTEM = True",
            "[config]   Event system mode: parallel_events",
            "[config]   Source: Flag (--flag 1)",
            "[config]   PARALLEL_RUN = True, from Environment (MISSION_CONTROL_PARALLEL_RUN=TRUE)",
        ]
    );
}

#[test]
fn types_on_the_new_system_are_told_where_the_legacy_one_is_primary_and_else_warned_of() {
    let types = || World::new().environment("MISSION_CONTROL_NEW_EVENT_TYPES", "TaskUpdated, TaskCreated");
    let config = types().load().unwrap();
    let line = "[config]   Event types on the new system: TaskCreated, TaskUpdated";
    assert_eq!(config.startup_lines()[4..], [line]);
    assert_eq!(config.warnings(), Vec::<String>::new());
    let route = config.routing().route("TaskCreated");
    assert_eq!((route.primary, config.routing().route("TaskDeleted").primary), (Side::New, Side::Legacy));

    let config = types().flag(&spec::USE_NEW_EVENT_SYSTEM, "true").load().unwrap();
    assert_eq!(config.startup_lines().len(), 4);
    let [warning] = &config.warnings()[..] else { panic!("{:?}", config.warnings()) };
    assert!(
        warning.starts_with("new_event_types says nothing while use_new_event_system is true"),
        "{warning}"
    );
}

#[test]
fn a_flag_that_python_reads_otherwise_is_warned_of() {
    const VARIABLE: &str = "MISSION_CONTROL_USE_NEW_EVENT_SYSTEM";
    for (world, said) in [
        (
            World::new().environment(VARIABLE, "1"),
            Some("and reads this as false: write MISSION_CONTROL_USE_NEW_EVENT_SYSTEM=true"),
        ),
        (
            World::new().file(".env", "MISSION_CONTROL_USE_NEW_EVENT_SYSTEM=1\n"),
            Some("and reads this as false"),
        ),
        (World::new().environment(VARIABLE, "0"), Some("write MISSION_CONTROL_USE_NEW_EVENT_SYSTEM=false")),
        (World::new().environment(VARIABLE, "True"), None),
        (World::new().environment(VARIABLE, "false"), None),
        // Python does not read these.
        (World::new().file("mission-events.toml", "use_new_event_system = 1\n"), None),
        (World::new().flag(&spec::USE_NEW_EVENT_SYSTEM, "1"), None),
    ] {
        let warnings = world.load().unwrap().warnings();
        assert_eq!(warnings.len(), usize::from(said.is_some()), "{warnings:?}");
        assert!(warnings.iter().all(|warning| warning.contains(said.unwrap())), "{warnings:?}");
    }
}

#[test]
fn without_the_legacy_system_the_new_one_is_the_default() {
    let lines = World::new().without_legacy().load().unwrap().startup_lines();
    assert_eq!(
        lines[1..],
        [
            "[config]   USE_NEW_EVENT_SYSTEM = True",
            "[config]   Event system mode: new_events",
            "[config]   Source: Default (True)",
        ]
    );
}
