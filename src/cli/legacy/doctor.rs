//! The checks of `doctor` of the legacy side.

use std::path::Path;

use super::system;
use crate::application::doctor::{Check, Diagnosis, Finding};
use crate::domain::error_chain::error_chain;
use crate::infrastructure::config::{Config, LegacyWatcher, LegacyWriter};
use crate::legacy::doctor as decided;
use crate::legacy::events_json::inspect;
use crate::legacy::registry::Registry;
use crate::legacy::watchers::{folder_needs, read_sysctl};

/// Adds them.
pub fn add(diagnosis: &mut Diagnosis, config: &Config) {
    let log = &config.legacy_events_json.value;
    let writes = config.legacy_writer.value == LegacyWriter::This;
    let found = match inspect(log) {
        Ok(found) => decided::events_json(&shown(log), found, writes),
        Err(error) => vec![unread(Check::EventsJson, &shown(log), &error)],
    };
    diagnosis.add(Check::EventsJson, found);

    let definitions = system::files(config).definitions;
    match Registry::open(&definitions).list() {
        Ok(list) => {
            let needs = folder_needs(&list, config.legacy_watcher.value == LegacyWatcher::Poll);
            diagnosis.add(Check::WatchedFolders, decided::watched_folders(&needs));
            let limits =
                if cfg!(target_os = "linux") { decided::inotify(&needs, read_sysctl) } else { Vec::new() };
            diagnosis.add(Check::Inotify, limits);
        }
        Err(error) => {
            for check in [Check::WatchedFolders, Check::Inotify] {
                diagnosis.add(check, vec![unread(check, &shown(&definitions), &error)]);
            }
        }
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn unread(check: Check, subject: &str, error: &(dyn std::error::Error + 'static)) -> Finding {
    Finding::unread(check, subject, error_chain(error))
}
