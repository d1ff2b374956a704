//! `mission-events.toml`, and after a line of `%` the `.env` beside it.

use std::cell::OnceCell;
use std::ffi::OsString;

use mission_events::internals::infrastructure::config::{Config, ConfigError, ConfigLoader, Flags, Source};
use tempfile::TempDir;

use super::{parts, place};

/// Panics where the files are read otherwise than they should be.
pub fn check(bytes: &[u8]) {
    thread_local! {
        static FOLDER: OnceCell<TempDir> = const { OnceCell::new() };
    }
    FOLDER.with(|folder| {
        let folder = folder.get_or_init(place::folder).path();
        let parts = parts(bytes);
        place::write(&folder.join("mission-events.toml"), parts[0]);
        place::write(&folder.join(".env"), parts.get(1).copied().unwrap_or_default());
        let load = |variable: Option<(&str, &str)>| -> Result<Config, ConfigError> {
            let environment = |name: &str| {
                variable.filter(|(variable, _)| *variable == name).map(|(_, value)| OsString::from(value))
            };
            ConfigLoader {
                config_file: None,
                directory: folder.to_owned(),
                environment: &environment,
                flags: Flags::default(),
                legacy_built: true,
            }
            .load()
        };
        match load(None) {
            Err(error) => assert!(!error.to_string().is_empty()),
            Ok(config) => {
                let path = &config.sqlite_path;
                match &path.source {
                    Source::Default { value } => assert_eq!(value, &path.value.display().to_string()),
                    Source::DotenvFile { value, line, .. } => {
                        assert_eq!(std::path::Path::new(value), path.value);
                        assert_line(parts[1], *line);
                    }
                    Source::ConfigFile { value, line, .. } => {
                        assert_eq!(std::path::Path::new(value), path.value);
                        assert_line(parts[0], *line);
                    }
                    other => panic!("neither flag nor variable is given: {other:?}"),
                }
                // The environment wins over both files, and changes nothing else.
                let given =
                    load(Some(("MISSION_CONTROL_SQLITE_PATH", "given.db"))).expect("it loads as before");
                assert_eq!(given.sqlite_path.value, std::path::Path::new("given.db"));
                assert_eq!(given.jsonl_dir, config.jsonl_dir);
                assert_eq!(given.mapping, config.mapping);
            }
        }
    });
}

/// There is such a line, and something stands on it.
fn assert_line(file: &[u8], line: usize) {
    let found = file.split(|byte| *byte == b'\n').nth(line - 1);
    assert!(found.is_some_and(|line| !line.trim_ascii().is_empty()), "line {line}");
}
