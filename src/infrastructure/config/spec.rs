//! The uniform list of settings. Parsing, errors, `status` and the README's table are all driven by it.

use super::value::ZONE_EXAMPLES;

/// One setting: how each source names it, its default, and what it may be.
#[derive(Debug)]
pub struct SettingSpec {
    /// Dotted key, as in `mission-events.toml`.
    pub key: &'static str,
    /// Name in the environment and in `.env`.
    pub variable: &'static str,
    /// Default, spelled as a source would spell it.
    pub default: &'static str,
    /// What values are allowed.
    pub kind: Kind,
}

/// What a setting's value may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Yes or no.
    Boolean,
    /// A span of time in whole milliseconds.
    Milliseconds,
    /// A span of time in whole seconds.
    Seconds,
    /// A number of things.
    Count,
    /// The name of a [`Backend`](super::Backend).
    Backend,
    /// Which program writes the legacy log.
    LegacyWriter,
    /// How the legacy system notices changes.
    LegacyWatcher,
    /// A file or folder; it need not exist yet.
    Path,
    /// A URL of PostgreSQL, or nothing.
    PostgresUrl,
    /// The name of a schema.
    Schema,
    /// The name of a time zone.
    TimeZone,
    /// Types of events.
    EventTypes,
}

impl Kind {
    /// What is allowed, in words that complete "expected ...".
    pub fn allowed(self) -> &'static str {
        match self {
            Kind::Boolean => "true, false, 1 or 0, in any case",
            Kind::Milliseconds => "a whole number of milliseconds, 0 or more",
            Kind::Seconds => "a whole number of seconds, from 0 to 3155760000 (100 years)",
            Kind::Count => "a whole number, 0 or more",
            Kind::Backend => "jsonl, sqlite or, in a program that was built with it, postgres, in any case",
            Kind::LegacyWriter => "this or other, in any case",
            Kind::LegacyWatcher => "native or poll, in any case",
            Kind::Path => "a path that is not empty",
            Kind::PostgresUrl => "postgres://USER@HOST:PORT/DATABASE without a password, or nothing",
            Kind::Schema => "the name of a schema: 1 to 63 bytes that do not begin with pg_",
            Kind::TimeZone => ZONE_EXAMPLES,
            Kind::EventTypes => "types of events with commas between them, or nothing",
        }
    }
}

/// Whether the new event system is primary.
pub static USE_NEW_EVENT_SYSTEM: SettingSpec = SettingSpec {
    key: "use_new_event_system",
    variable: "MISSION_CONTROL_USE_NEW_EVENT_SYSTEM",
    default: "false",
    kind: Kind::Boolean,
};

/// Whether both event systems run side by side.
pub static PARALLEL_RUN: SettingSpec = SettingSpec {
    key: "parallel_run",
    variable: "MISSION_CONTROL_PARALLEL_RUN",
    default: "false",
    kind: Kind::Boolean,
};

/// How long a parallel run waits for the secondary side.
pub static SECONDARY_TIMEOUT: SettingSpec = SettingSpec {
    key: "parallel.secondary_timeout_ms",
    variable: "MISSION_CONTROL_SECONDARY_TIMEOUT_MS",
    default: "250",
    kind: Kind::Milliseconds,
};

/// Which types of events go to the new system while the legacy one is primary.
pub static NEW_EVENT_TYPES: SettingSpec = SettingSpec {
    key: "new_event_types",
    variable: "MISSION_CONTROL_NEW_EVENT_TYPES",
    default: "",
    kind: Kind::EventTypes,
};

/// How many events a mirror of a parallel run may be behind before that is a finding.
pub static PARALLEL_BEHIND_WARN: SettingSpec = SettingSpec {
    key: "parallel.behind_warn",
    variable: "MISSION_CONTROL_PARALLEL_BEHIND_WARN",
    default: "1000",
    kind: Kind::Count,
};

/// The active store's backend.
pub static STORAGE_BACKEND: SettingSpec = SettingSpec {
    key: "storage.backend",
    variable: "MISSION_CONTROL_STORAGE_BACKEND",
    default: "jsonl",
    kind: Kind::Backend,
};

/// The folder of the daily JSONL files.
pub static JSONL_DIR: SettingSpec = SettingSpec {
    key: "storage.jsonl_dir",
    variable: "MISSION_CONTROL_EVENTS_DIR",
    default: "data/events",
    kind: Kind::Path,
};

/// The SQLite store's file.
pub static SQLITE_PATH: SettingSpec = SettingSpec {
    key: "storage.sqlite_path",
    variable: "MISSION_CONTROL_SQLITE_PATH",
    default: "data/events.db",
    kind: Kind::Path,
};

/// The server and the database of the PostgreSQL store.
pub static POSTGRES_URL: SettingSpec = SettingSpec {
    key: "storage.postgres_url",
    variable: "MISSION_CONTROL_POSTGRES_URL",
    default: "",
    kind: Kind::PostgresUrl,
};

/// The schema of the PostgreSQL store, where the URL names none.
pub static POSTGRES_SCHEMA: SettingSpec = SettingSpec {
    key: "storage.postgres_schema",
    variable: "MISSION_CONTROL_POSTGRES_SCHEMA",
    default: "mission_events",
    kind: Kind::Schema,
};

/// Whether nothing is appended to it while its server has no synchronous standby.
pub static POSTGRES_REQUIRE_STANDBY: SettingSpec = SettingSpec {
    key: "storage.postgres_require_standby",
    variable: "MISSION_CONTROL_POSTGRES_REQUIRE_STANDBY",
    default: "false",
    kind: Kind::Boolean,
};

/// The legacy system's log.
pub static LEGACY_EVENTS_JSON: SettingSpec = SettingSpec {
    key: "legacy.events_json",
    variable: "MISSION_CONTROL_LEGACY_EVENTS",
    default: "data/events.json",
    kind: Kind::Path,
};

/// Which program writes the legacy system's log.
pub static LEGACY_WRITER: SettingSpec = SettingSpec {
    key: "legacy.writer",
    variable: "MISSION_CONTROL_LEGACY_WRITER",
    default: "this",
    kind: Kind::LegacyWriter,
};

/// How the legacy system notices changes of files.
pub static LEGACY_WATCHER: SettingSpec = SettingSpec {
    key: "legacy.watcher",
    variable: "MISSION_CONTROL_LEGACY_WATCHER",
    default: "native",
    kind: Kind::LegacyWatcher,
};

/// How often the legacy system tries an event again that a handler has failed on.
pub static LEGACY_MAX_RETRIES: SettingSpec = SettingSpec {
    key: "legacy.max_retries",
    variable: "MISSION_CONTROL_LEGACY_MAX_RETRIES",
    default: "3",
    kind: Kind::Count,
};

/// How long the legacy system waits before it does so.
pub static LEGACY_RETRY_DELAY: SettingSpec = SettingSpec {
    key: "legacy.retry_delay_seconds",
    variable: "MISSION_CONTROL_LEGACY_RETRY_DELAY_SECONDS",
    default: "300",
    kind: Kind::Seconds,
};

/// The file of recorded comparisons.
pub static EVIDENCE_PATH: SettingSpec = SettingSpec {
    key: "evidence.path",
    variable: "MISSION_CONTROL_EVIDENCE",
    default: "data/evidence.jsonl",
    kind: Kind::Path,
};

/// The file of what dispatching took, by minute.
pub static DISPATCH_FIGURES: SettingSpec = SettingSpec {
    key: "evidence.dispatch_figures",
    variable: "MISSION_CONTROL_DISPATCH_FIGURES",
    default: "data/dispatch-figures.jsonl",
    kind: Kind::Path,
};

/// The database of handlers: their progress, failures and read models.
pub static HANDLERS_PATH: SettingSpec = SettingSpec {
    key: "handlers.path",
    variable: "MISSION_CONTROL_HANDLERS",
    default: "data/handlers.db",
    kind: Kind::Path,
};

/// How long a dispatch waits for the handlers of its event.
pub static HANDLERS_WAIT: SettingSpec = SettingSpec {
    key: "handlers.wait_ms",
    variable: "MISSION_CONTROL_HANDLERS_WAIT_MS",
    default: "1000",
    kind: Kind::Milliseconds,
};

/// How long the end of the program waits for handlers.
pub static HANDLERS_SHUTDOWN: SettingSpec = SettingSpec {
    key: "handlers.shutdown_ms",
    variable: "MISSION_CONTROL_HANDLERS_SHUTDOWN_MS",
    default: "5000",
    kind: Kind::Milliseconds,
};

/// How many events a handler may be behind before that is a finding.
pub static HANDLERS_BEHIND_WARN: SettingSpec = SettingSpec {
    key: "handlers.behind_warn",
    variable: "MISSION_CONTROL_HANDLERS_BEHIND_WARN",
    default: "1000",
    kind: Kind::Count,
};

/// How many hours old a verified backup may be at a cutover; 0: none is asked for.
pub static CUTOVER_BACKUP_HOURS: SettingSpec = SettingSpec {
    key: "cutover.backup_hours",
    variable: "MISSION_CONTROL_CUTOVER_BACKUP_HOURS",
    default: "24",
    kind: Kind::Count,
};

/// The zone in which naive timestamps are read.
pub static TIMEZONE: SettingSpec = SettingSpec {
    key: "timezone",
    variable: "MISSION_CONTROL_TIMEZONE",
    default: "UTC",
    kind: Kind::TimeZone,
};

/// Every setting, in the order in which they are documented and shown.
pub static SETTINGS: [&SettingSpec; 24] = [
    &USE_NEW_EVENT_SYSTEM,
    &PARALLEL_RUN,
    &NEW_EVENT_TYPES,
    &SECONDARY_TIMEOUT,
    &PARALLEL_BEHIND_WARN,
    &STORAGE_BACKEND,
    &JSONL_DIR,
    &SQLITE_PATH,
    &POSTGRES_URL,
    &POSTGRES_SCHEMA,
    &POSTGRES_REQUIRE_STANDBY,
    &LEGACY_EVENTS_JSON,
    &LEGACY_WRITER,
    &LEGACY_WATCHER,
    &LEGACY_MAX_RETRIES,
    &LEGACY_RETRY_DELAY,
    &EVIDENCE_PATH,
    &DISPATCH_FIGURES,
    &HANDLERS_PATH,
    &HANDLERS_WAIT,
    &HANDLERS_SHUTDOWN,
    &HANDLERS_BEHIND_WARN,
    &CUTOVER_BACKUP_HOURS,
    &TIMEZONE,
];

/// Where the id stands, or `none`.
pub const MAPPING_EVENT_ID: &str = "mapping.event_id";
/// Where the type stands.
pub const MAPPING_EVENT_TYPE: &str = "mapping.event_type";
/// Where the time stands.
pub const MAPPING_TIMESTAMP: &str = "mapping.timestamp";
/// How the time is written.
pub const MAPPING_TIMESTAMP_UNIT: &str = "mapping.timestamp_unit";
/// Where the aggregate stands.
pub const MAPPING_AGGREGATE: &str = "mapping.aggregate";
/// Under which top-level name the records stand.
pub const MAPPING_RECORDS: &str = "mapping.records";

/// The keys of the `[mapping]` section, which only `mission-events.toml` and flags can set.
pub static MAPPING_KEYS: [&str; 6] = [
    MAPPING_EVENT_ID,
    MAPPING_EVENT_TYPE,
    MAPPING_TIMESTAMP,
    MAPPING_TIMESTAMP_UNIT,
    MAPPING_AGGREGATE,
    MAPPING_RECORDS,
];
