//! The checks of files and disks.

use std::fs;
use std::path::{Path, PathBuf};

use super::subjects::{folder_of, shown, unread};
use crate::application::doctor::speed::{SyncTimes, damaged_figures, dispatch_time as timed};
use crate::application::doctor::{Check, Finding, disk, events};
use crate::application::figures::{FiguresLog, figures_by_day};
use crate::cli::outbox;
use crate::cli::store::{self, OpenStore, StoreError};
use crate::durable::directory::nearest_folder;
use crate::durable::links::hard_links as names_of;
use crate::durable::presence::is_present;
use crate::durable::space::available_bytes;
use crate::infrastructure::config::{Backend, Config};
use crate::infrastructure::dispatch_figures::JsonlDispatchFigures;
use crate::infrastructure::sqlite::{self, Database};
use crate::infrastructure::sync_probe::measure_syncs;
use crate::infrastructure::torn_tail::torn_tail;

/// So many syncs are measured.
const SYNCS: usize = 20;

/// The files that the settings name.
pub struct Files {
    /// Those that have locks or side files beside them.
    single: Vec<PathBuf>,
    /// The daily files with their lengths; or why they cannot be listed.
    days: Result<Vec<(PathBuf, u64)>, StoreError>,
}

impl Files {
    /// Finds them.
    pub fn of(config: &Config) -> Self {
        let single = vec![
            config.sqlite_path.value.clone(),
            config.handlers_path.value.clone(),
            config.legacy_events_json.value.clone(),
            config.evidence_path.value.clone(),
            config.dispatch_figures.value.clone(),
        ];
        Self { single, days: day_files(config) }
    }
}

/// The databases that the settings name.
fn databases(config: &Config) -> [(&Path, Database); 2] {
    [(&config.sqlite_path.value, Database::Events), (&config.handlers_path.value, Database::Handlers)]
}

/// Looks at a file where it is there; that this cannot be told is a finding.
fn if_present(check: Check, path: &Path, look: impl FnOnce() -> Vec<Finding>) -> Vec<Finding> {
    match is_present(path) {
        Ok(true) => look(),
        Ok(false) => Vec::new(),
        Err(error) => vec![unread(check, &shown(path), &error)],
    }
}

/// The daily files of the configured folder, with their lengths.
fn day_files(config: &Config) -> Result<Vec<(PathBuf, u64)>, StoreError> {
    match OpenStore::for_reading(Backend::Jsonl, store::configured_path(Backend::Jsonl, config), config) {
        Ok(OpenStore::Jsonl(store)) => store.day_files().map_err(StoreError::Jsonl),
        Ok(_) | Err(StoreError::Missing { .. }) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

pub fn daily_files(config: &Config, files: &Files) -> Vec<Finding> {
    match &files.days {
        Ok(files) => {
            let files: Vec<_> = files.iter().map(|(path, bytes)| (shown(path), *bytes)).collect();
            events::daily_files(&files)
        }
        Err(error) => vec![unread(Check::DailyFiles, &shown(&config.jsonl_dir.value), error)],
    }
}

pub fn dispatch_time(config: &Config) -> Vec<Finding> {
    let figures = JsonlDispatchFigures::new(&config.dispatch_figures.value);
    let place = shown(&config.dispatch_figures.value);
    let mut findings = Vec::new();
    let recorded = figures.read().unwrap_or_else(|error| {
        findings.push(unread(Check::DispatchTime, &place, &error));
        None
    });
    let recorded = recorded.unwrap_or_default();
    let store = store::configured_path(config.storage_backend.value, config);
    let wanted = if config.storage_backend.value == Backend::Jsonl { store } else { folder_of(store) };
    #[cfg(feature = "postgres")]
    if config.storage_backend.value == Backend::Postgres {
        // Its disk is the server's.
        findings.extend(damaged_figures(&place, &recorded.damage));
        return findings;
    }
    // Where there is no store yet, its disk is that of the folder in which it will be made.
    let measured = nearest_folder(wanted).and_then(|folder| Ok((folder, measure_syncs(folder, SYNCS)?)));
    match measured {
        Ok((folder, times)) => {
            if let Some(sync) = SyncTimes::of(times) {
                findings.extend(timed(&figures_by_day(&recorded.lines), &shown(folder), &sync));
            }
        }
        Err(error) => findings.push(unread(Check::DispatchTime, &shown(wanted), &error)),
    }
    findings.extend(damaged_figures(&place, &recorded.damage));
    findings
}

pub fn integrity(config: &Config, is_thorough: bool) -> Vec<Finding> {
    let of = |(path, database): (&Path, Database)| {
        if_present(Check::Integrity, path, || match sqlite::integrity(path, database, is_thorough) {
            Ok(complaints) => disk::integrity(&shown(path), &complaints),
            Err(error) => vec![unread(Check::Integrity, &shown(path), &error)],
        })
    };
    databases(config).into_iter().flat_map(of).collect()
}

/// Of daily files, the evidence, the figures and the outbox of a parallel run. The legacy log has a check of its own.
pub fn torn_tails(config: &Config, files: &Files) -> Vec<Finding> {
    let mut findings = Vec::new();
    match &files.days {
        Ok(days) => days.iter().for_each(|(path, _)| findings.extend(torn(path))),
        Err(error) => findings.push(unread(Check::TornTails, &shown(&config.jsonl_dir.value), error)),
    }
    findings.extend(torn(&config.evidence_path.value));
    findings.extend(torn(&config.dispatch_figures.value));
    findings.extend(torn(&outbox::path(config)));
    findings
}

fn torn(path: &Path) -> Option<Finding> {
    match torn_tail(path) {
        Ok(tail) => tail.map(|tail| disk::torn_tail(&shown(path), tail.offset, tail.bytes)),
        Err(error) => Some(unread(Check::TornTails, &shown(path), &error)),
    }
}

pub fn write_ahead_logs(config: &Config) -> Vec<Finding> {
    let of = |(path, _): (&Path, Database)| {
        if_present(Check::WriteAheadLogs, path, || match sqlite::write_ahead_log_bytes(path) {
            Ok(bytes) => disk::write_ahead_log(&shown(path), bytes),
            Err(error) => vec![unread(Check::WriteAheadLogs, &shown(path), &error)],
        })
    };
    databases(config).into_iter().flat_map(of).collect()
}

pub fn hard_links(files: &Files) -> Vec<Finding> {
    let of = |path: &PathBuf| {
        if_present(Check::HardLinks, path, || match fs::metadata(path) {
            // A folder in the place of a file is told by what reads it; it has several names always.
            Ok(metadata) if !metadata.is_file() => Vec::new(),
            Ok(_) => match names_of(path) {
                Ok(names) => disk::hard_links(&shown(path), names),
                Err(error) => vec![unread(Check::HardLinks, &shown(path), &error)],
            },
            Err(error) => vec![unread(Check::HardLinks, &shown(path), &error)],
        })
    };
    files.single.iter().flat_map(of).collect()
}

pub fn room(files: &Files) -> Vec<Finding> {
    let mut folders = Vec::new();
    let mut findings = Vec::new();
    for file in &files.single {
        match nearest_folder(folder_of(file)) {
            Ok(folder) if !folders.contains(&folder) => folders.push(folder),
            Ok(_) => {}
            Err(error) => findings.push(unread(Check::DiskSpace, &shown(folder_of(file)), &error)),
        }
    }
    for folder in folders {
        match available_bytes(folder) {
            Some(available) => findings.extend(disk::room(&shown(folder), available)),
            None => {
                findings.push(Finding::unread(Check::DiskSpace, shown(folder), "the system does not say"))
            }
        }
    }
    findings
}
