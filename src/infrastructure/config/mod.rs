//! Typed configuration that remembers where each value came from.
//!
//! Precedence: flag > environment > `.env` > `mission-events.toml` > default. Every value that any
//! source gives is checked, also where a higher source overrides it.

pub mod compare_profile;
mod dotenv;
mod dotenv_entries;
mod error;
mod legacy_values;
mod loader;
mod mapping;
mod mode;
mod postgres_url;
mod settings;
mod settings_file;
mod source;
pub mod spec;
mod suggestions;
mod toml_file;
mod toml_type;
mod value;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

pub use self::error::ConfigError;
#[cfg(feature = "legacy")]
pub use self::legacy_values::{LegacyWatcher, LegacyWriter};
pub use self::loader::{ConfigLoader, Flags};
pub use self::mapping::MappingSettings;
pub use self::postgres_url::PostgresUrl;
#[cfg(feature = "postgres")]
pub use self::postgres_url::{BadPostgresUrl, SchemaName, decoded};
pub use self::settings::Config;
pub use self::source::{Setting, Source};
pub use self::suggestions::meant_variable;
pub use self::value::Backend;

/// The settings of this process: its flags, its environment, and the files of its working directory, or `config_file` in the place of
/// `mission-events.toml`.
///
/// # Errors
/// As [`ConfigLoader::load`].
pub fn load_for_process(config_file: Option<PathBuf>, flags: Flags) -> Result<Config, ConfigError> {
    let loader = ConfigLoader {
        config_file,
        directory: PathBuf::new(),
        environment: &|name| std::env::var_os(name),
        flags,
        legacy_built: cfg!(feature = "legacy"),
    };
    loader.load()
}
