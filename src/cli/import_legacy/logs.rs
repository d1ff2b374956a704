//! Which logs are read.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::render::skipped_lines;
use crate::application::import::ImportError;
use crate::application::log_source::{LogList, OpenLog, SkippedFile, SourceError};
use crate::cli::error::CliError;
use crate::cli::exit_code::ExitCode;
use crate::cli::given_path::ensure_path;
use crate::cli::global::Context;
use crate::domain::path_text::path_of;
use crate::durable::presence::is_present;
use crate::infrastructure::config::Source;
use crate::infrastructure::sources::{Surroundings, list_folder};
use crate::wire::mapping::Mapping;

/// Finds every log of `paths`, or the configured ones where there are none, and opens each once: a log that
/// is missing or unreadable must show before the first record is imported. The mapping, and what opens them, are how they
/// are read.
pub fn find(
    paths: &[PathBuf],
    database: &Path,
    context: &Context,
    reading: (&Mapping, &OpenLog<'_>),
) -> Result<LogList, CliError> {
    let stores = [database, context.config.sqlite_path.value.as_path()];
    let surroundings = &Surroundings { other_side: None, stores: &stores };
    let mut logs = LogList::default();
    if paths.is_empty() {
        add_configured(&mut logs, context, reading, surroundings)?;
    }
    for path in paths {
        ensure_path(path)?;
        add(&mut logs, path, reading, surroundings)?;
    }
    let (mut seen, mut paths) = (HashSet::new(), CanonicalPaths::default());
    logs.files.retain(|log| seen.insert(paths.of(log).into_os_string()));
    // A file of a folder that is named by itself, or lies in another one that is, is read.
    logs.skipped.retain(|file| !seen.contains(paths.of(&path_of(&file.path)).as_os_str()));
    if logs.files.is_empty() {
        let message = "there is nothing to import: no log was found; name logs, or folders that hold some";
        let error = CliError::new(ExitCode::Storage, anyhow::Error::msg(message));
        return Err(error.with_details(skipped_lines(logs.skipped.iter())));
    }
    Ok(logs)
}

/// How many bytes the logs have, as they lie.
pub fn total_size(logs: &LogList) -> u64 {
    logs.files.iter().filter_map(|log| log.metadata().ok()).map(|metadata| metadata.len()).sum()
}

/// Paths that lead to files from everywhere. Most files lie in few folders, whose paths are found once.
#[derive(Default)]
struct CanonicalPaths {
    folders: HashMap<PathBuf, PathBuf>,
}

impl CanonicalPaths {
    fn of(&mut self, path: &Path) -> PathBuf {
        let is_link = path.is_symlink();
        let (Some(folder), Some(name), false) = (path.parent(), path.file_name(), is_link) else {
            return canonical(path);
        };
        let folder = if folder == Path::new("") { Path::new(".") } else { folder };
        match self.folders.get(folder) {
            Some(folder) => folder.join(name),
            None => self.folders.entry(folder.to_owned()).or_insert(canonical(folder)).join(name),
        }
    }
}

fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

fn add(
    logs: &mut LogList,
    path: &Path,
    reading @ (mapping, open): (&Mapping, &OpenLog<'_>),
    surroundings: &Surroundings<'_>,
) -> Result<(), CliError> {
    if !path.is_dir() {
        open(path, mapping).map_err(ImportError::from)?;
        logs.files.push(path.to_owned());
        return Ok(());
    }
    let listing = list_folder(path, reading, surroundings).map_err(ImportError::from)?;
    if let Some(failed) = listing.failed {
        return Err(ImportError::from(failed).into());
    }
    if listing.logs.is_empty() && listing.refused.is_empty() {
        tracing::warn!("there is no log in the folder {}", path.display());
    }
    for day in &listing.repeated_days {
        tracing::warn!(
            "more than one file in {} is of the day {day}: all of them are read, and what they have in common is stored once",
            path.display()
        );
    }
    logs.files.extend(listing.logs);
    logs.skipped.extend(listing.refused);
    logs.skipped.extend(listing.skipped);
    Ok(())
}

/// The configured logs. One that is only a default may be missing, but not both.
fn add_configured(
    logs: &mut LogList,
    context: &Context,
    reading: (&Mapping, &OpenLog<'_>),
    surroundings: &Surroundings<'_>,
) -> Result<(), CliError> {
    let config = &context.config;
    let mut missing = Vec::new();
    for setting in [&config.legacy_events_json, &config.jsonl_dir] {
        let (path, is_default) = (&setting.value, matches!(setting.source, Source::Default { .. }));
        let look_failed = |source| SourceError::Io { action: "look at", path: path.clone(), source };
        if is_default && !is_present(path).map_err(look_failed).map_err(ImportError::from)? {
            missing.push(path.display().to_string());
        } else {
            add(logs, path, reading, surroundings)?;
        }
    }
    if missing.len() == 2 {
        let message = format!(
            "there is nothing to import: neither {} nor {} exists; name the logs, or set legacy.events_json and storage.jsonl_dir",
            missing[0], missing[1]
        );
        return Err(CliError::new(ExitCode::Storage, anyhow::Error::msg(message)));
    }
    for path in missing {
        let reason = "does not exist (a default path)".to_owned();
        logs.skipped.push(SkippedFile { path, reason, holds_events: Some(false) });
    }
    Ok(())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn files_links_and_folders_reached_by_links_are_found_where_the_system_finds_them() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("deep/er")).unwrap();
        for file in ["a.jsonl", "deep/b.jsonl", "deep/er/c.jsonl"] {
            std::fs::write(at(file), "").unwrap();
        }
        symlink(at("deep/er"), at("short")).unwrap();
        symlink("../a.jsonl", at("deep/link.jsonl")).unwrap();
        symlink("nothing", at("dangling")).unwrap();
        let mut paths = CanonicalPaths::default();
        for name in [
            "a.jsonl",
            "deep/b.jsonl",
            "deep/link.jsonl",
            "short/c.jsonl",
            "short/../b.jsonl",
            "deep/er/c.jsonl",
        ] {
            assert_eq!(paths.of(&at(name)), at(name).canonicalize().unwrap(), "{name}");
        }
        assert_eq!(paths.of(&at("dangling")), at("dangling"));
        assert_eq!(paths.of(Path::new("Cargo.toml")), Path::new("Cargo.toml").canonicalize().unwrap());
    }
}
