//! Collects what each source gives, and lets the highest one win.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::dotenv;
use super::error::ConfigError;
use super::mapping::MappingSettings;
use super::mode::{default_of_use_new, select_mode};
use super::postgres_url::{PostgresUrl, SchemaName};
use super::settings::Config;
use super::settings_file::{content_of, text_of, text_of_given};
use super::source::{Setting, Source};
use super::spec::{self, MAPPING_KEYS, SettingSpec};
use super::toml_file;
use super::value::{Backend, SettingValue};
use crate::durable::presence::metadata_if_present;

/// Settings given on the command line.
#[derive(Debug, Default)]
pub struct Flags(BTreeMap<&'static str, Source>);

impl Flags {
    /// Records that `flag` (with its dashes) gives `setting` the text `value`. The last call for a
    /// setting wins.
    pub fn set(&mut self, setting: &'static SettingSpec, flag: &str, value: &str) {
        let source = Source::Flag { flag: flag.to_owned(), value: value.to_owned() };
        self.0.insert(setting.key, source);
    }
}

/// Where configuration is looked for. Nothing is read from anywhere else, with one exception:
/// `$NAME` in `.env` is expanded from the process environment.
pub struct ConfigLoader<'a> {
    /// A TOML file that must exist. `None`: `mission-events.toml` in `directory`, if it is there.
    pub config_file: Option<PathBuf>,
    /// The folder of `.env` and of the default `mission-events.toml`. Its parents are not searched.
    pub directory: PathBuf,
    /// The value of an environment variable.
    pub environment: &'a dyn Fn(&str) -> Option<OsString>,
    /// Settings given on the command line.
    pub flags: Flags,
    /// Whether the program contains the legacy system: `cfg!(feature = "legacy")`.
    pub legacy_built: bool,
}

impl ConfigLoader<'_> {
    /// Reads all sources and checks every value that they give.
    ///
    /// # Errors
    /// The first of: an unreadable or malformed file, an unknown key, a wrong TOML type, a value
    /// that is not allowed, a mode that this program was built without.
    pub fn load(self) -> Result<Config, ConfigError> {
        let config_file = match &self.config_file {
            Some(path) => {
                let text = text_of_given(path).map_err(|source| unreadable(path, source))?;
                toml_file::parse(path, &text)?
            }
            None => {
                let path = self.directory.join("mission-events.toml");
                let text = text_of(&path).map_err(|source| unreadable(&path, source))?;
                text.map_or_else(|| Ok(Found::new()), |text| toml_file::parse(&path, &text))?
            }
        };
        let sources = Sources {
            dotenv_file: parse_dotenv(&self.directory.join(".env"))?,
            config_file,
            environment: self.environment,
            flags: self.flags,
        };

        let storage_backend = sources.backend()?;
        let postgres_schema: Setting<SchemaName> = sources.setting(&spec::POSTGRES_SCHEMA)?;
        let mut postgres_url: Setting<Option<PostgresUrl>> = sources.setting(&spec::POSTGRES_URL)?;
        postgres_url.value = postgres_url.value.map(|url| url.in_schema(postgres_schema.value.as_str()));
        #[cfg(feature = "postgres")]
        if storage_backend.value == Backend::Postgres && postgres_url.value.is_none() {
            return Err(ConfigError::NoPostgresUrl { setting: &spec::POSTGRES_URL });
        }
        let use_new_event_system =
            sources.setting_or(&spec::USE_NEW_EVENT_SYSTEM, default_of_use_new(self.legacy_built))?;
        let parallel_run = sources.setting(&spec::PARALLEL_RUN)?;
        Ok(Config {
            new_event_types: sources.setting(&spec::NEW_EVENT_TYPES)?,
            mode: select_mode(&use_new_event_system, &parallel_run, self.legacy_built)?,
            use_new_event_system,
            parallel_run,
            secondary_timeout: sources.setting(&spec::SECONDARY_TIMEOUT)?,
            parallel_behind_warn: sources.setting(&spec::PARALLEL_BEHIND_WARN)?,
            storage_backend,
            jsonl_dir: sources.setting(&spec::JSONL_DIR)?,
            sqlite_path: sources.setting(&spec::SQLITE_PATH)?,
            postgres_url,
            postgres_schema,
            postgres_require_standby: sources.setting(&spec::POSTGRES_REQUIRE_STANDBY)?,
            legacy_events_json: sources.setting(&spec::LEGACY_EVENTS_JSON)?,
            legacy_writer: sources.setting(&spec::LEGACY_WRITER)?,
            legacy_watcher: sources.setting(&spec::LEGACY_WATCHER)?,
            legacy_max_retries: sources.setting(&spec::LEGACY_MAX_RETRIES)?,
            legacy_retry_delay_seconds: sources.setting(&spec::LEGACY_RETRY_DELAY)?,
            evidence_path: sources.setting(&spec::EVIDENCE_PATH)?,
            dispatch_figures: sources.setting(&spec::DISPATCH_FIGURES)?,
            handlers_path: sources.setting(&spec::HANDLERS_PATH)?,
            handlers_wait: sources.setting(&spec::HANDLERS_WAIT)?,
            handlers_shutdown: sources.setting(&spec::HANDLERS_SHUTDOWN)?,
            handlers_behind_warn: sources.setting(&spec::HANDLERS_BEHIND_WARN)?,
            cutover_backup_hours: sources.setting(&spec::CUTOVER_BACKUP_HOURS)?,
            timezone: sources.setting(&spec::TIMEZONE)?,
            mapping: sources.mapping()?,
        })
    }
}

struct Sources<'a> {
    flags: Flags,
    environment: &'a dyn Fn(&str) -> Option<OsString>,
    /// By variable.
    dotenv_file: BTreeMap<&'static str, Source>,
    /// By key.
    config_file: BTreeMap<&'static str, Source>,
}

impl Sources<'_> {
    fn setting<T: SettingValue>(&self, spec: &'static SettingSpec) -> Result<Setting<T>, ConfigError> {
        self.setting_or(spec, spec.default)
    }

    fn setting_or<T: SettingValue>(
        &self,
        spec: &'static SettingSpec,
        default: &str,
    ) -> Result<Setting<T>, ConfigError> {
        let given = [
            self.flags.0.get(spec.key).cloned(),
            self.environment_value(spec)?,
            self.dotenv_file.get(spec.variable).cloned(),
            self.config_file.get(spec.key).cloned(),
        ];
        let mut highest = None;
        for source in given.into_iter().flatten() {
            let setting = parse_setting(spec, source)?;
            highest.get_or_insert(setting);
        }
        match highest {
            Some(setting) => Ok(setting),
            None => default_setting(spec, default),
        }
    }

    /// The backend. That a program was built without PostgreSQL is told as that.
    fn backend(&self) -> Result<Setting<Backend>, ConfigError> {
        let setting = &spec::STORAGE_BACKEND;
        self.setting(setting).map_err(|error| match error {
            ConfigError::BadValue { origin, .. }
                if cfg!(not(feature = "postgres")) && origin.value().eq_ignore_ascii_case("postgres") =>
            {
                ConfigError::PostgresNotBuilt { setting, origin }
            }
            error => error,
        })
    }

    fn environment_value(&self, spec: &'static SettingSpec) -> Result<Option<Source>, ConfigError> {
        let Some(value) = (self.environment)(spec.variable) else {
            return Ok(None);
        };
        match value.into_string() {
            Ok(value) => Ok(Some(Source::Environment { variable: spec.variable, value })),
            Err(value) => Err(ConfigError::NotUtf8 { key: spec.key, variable: spec.variable, value }),
        }
    }

    fn mapping(&self) -> Result<MappingSettings, ConfigError> {
        let mut mapping = MappingSettings::default();
        for key in MAPPING_KEYS {
            if let Some(source) = self.config_file.get(key) {
                mapping.set_from(key, source.clone());
            }
        }
        mapping.check().map(|()| mapping)
    }
}

fn parse_setting<T: SettingValue>(
    setting: &'static SettingSpec,
    source: Source,
) -> Result<Setting<T>, ConfigError> {
    match T::parse(source.value()) {
        Some(value) => Ok(Setting { value, source }),
        None => Err(ConfigError::BadValue { setting, origin: source }),
    }
}

/// The default is spelled as a source would spell it, but its source shows the value itself.
fn default_setting<T: SettingValue>(
    spec: &'static SettingSpec,
    default: &str,
) -> Result<Setting<T>, ConfigError> {
    let spelled = Source::Default { value: default.to_owned() };
    let Setting { value, .. } = parse_setting::<T>(spec, spelled)?;
    let source = Source::Default { value: value.show() };
    Ok(Setting { value, source })
}

type Found = BTreeMap<&'static str, Source>;

fn unreadable(path: &Path, source: io::Error) -> ConfigError {
    ConfigError::Read { path: path.to_owned(), source }
}

/// The settings of a `.env`. A folder of that name, as other programs make them, has none.
fn parse_dotenv(path: &Path) -> Result<Found, ConfigError> {
    let found = metadata_if_present(path).map_err(|source| unreadable(path, source))?;
    if found.is_some_and(|found| found.is_dir()) {
        return Ok(Found::new());
    }
    match content_of(path) {
        Ok(content) => content.map_or_else(|| Ok(Found::new()), |content| dotenv::parse(path, &content)),
        // What is no file, or has megabytes, is not written for this program.
        Err(error) if error.raw_os_error().is_none() => {
            tracing::warn!("no setting is read from {}: {error}", path.display());
            Ok(Found::new())
        }
        Err(error) => Err(unreadable(path, error)),
    }
}
