//! Earlier backups of the store of which one was made: which of them go, and which stay because the new one does not stand for them.

use std::path::Path;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::against::first_missing;
use super::findings::Findings;
use super::lacking::in_words;
use super::manifest::StoreName;
use super::ports::{BackupPlace, BackupShelf, FoundBackups, HeldBackups, ShelfError};
use crate::domain::error_chain::error_chain;
use crate::domain::path_text::text_of;
use crate::domain::repository::RepositoryError;

/// How many sentences of what is wrong are told.
const TOLD: usize = 3;

/// Another backup of the store, which the new one does not stand for, or of which nothing is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftBackup {
    /// Its folder.
    pub backup: String,
    /// Why it was.
    pub reason: String,
}

/// The earlier backups of a store.
pub struct EarlierBackups {
    /// Those that were made before, the latest first.
    earlier: Vec<BackupPlace>,
    /// How many of these stay; `None`: all of them.
    keep: Option<usize>,
    /// The others, which stay.
    left: Vec<LeftBackup>,
}

impl EarlierBackups {
    /// Those of `store` before `made_at`.
    pub fn of(store: &StoreName, made_at: DateTime<Utc>, found: FoundBackups, keep: Option<usize>) -> Self {
        let FoundBackups { backups, unreadable } = found;
        let unreadable = unreadable.iter().map(|(path, why)| {
            left(
                path,
                format!("nothing is known of it: {why}; `verify` it, and remove it where it is of no use"),
            )
        });
        let mut all_left: Vec<LeftBackup> = unreadable.filter(|_| keep.is_some()).collect();
        let is_of_the_store = |backup: &BackupPlace| {
            let other = &backup.manifest.store;
            (&other.path, &other.backend) == (&store.path, &store.backend)
        };
        let (later, earlier): (Vec<_>, Vec<_>) =
            backups.into_iter().filter(is_of_the_store).partition(|other| other.manifest.made_at >= made_at);
        for backup in later {
            let reason = "it is of a later time than the one that was made now: a clock was wrong, or is";
            all_left.push(left(&backup.path, reason.to_owned()));
        }
        Self { earlier, keep, left: all_left }
    }

    /// Whether one of them goes, where the new one stands for it.
    pub fn has_some_to_remove(&self) -> bool {
        self.keep.is_some_and(|keep| self.earlier.len() > keep)
    }

    /// Removes those that the new one stands for, but for so many as stay; answers what was removed, and what was left and why. The last one before
    /// it is held against it whether it stays or not: what the store has lost since is told. For one that is not whole, none goes.
    pub fn remove(
        self,
        shelf: &mut dyn BackupShelf,
        backups: &dyn HeldBackups,
        new: &BackupPlace,
        findings: &Findings,
    ) -> Result<(Vec<String>, Vec<LeftBackup>), ShelfError> {
        let (mut removed, mut all_left) = (Vec::new(), self.left);
        for (number, backup) in self.earlier.iter().enumerate() {
            let stays = self.keep.is_none_or(|keep| number < keep);
            if stays && number > 0 {
                continue;
            }
            let reason = reason_to_leave(backups, new, backup).unwrap_or_else(|error| {
                let why = error_chain(&error);
                Some(format!(
                    "it could not be held against the one that was made now: {why}; `verify` it, and remove it where it is of no use"
                ))
            });
            match reason {
                Some(reason) => all_left.push(left(&backup.path, reason)),
                None if stays => {}
                None if findings.is_empty() => {
                    shelf.remove(backup)?;
                    removed.push(text_of(&backup.path));
                }
                None => {
                    let reason = format!(
                        "the one that was made now is not whole, and neither is the store: {}; `verify` says all, and where this one is to go, remove it",
                        findings.sentences(TOLD).join("; ")
                    );
                    all_left.push(left(&backup.path, reason));
                }
            }
        }
        Ok((removed, all_left))
    }
}

fn left(path: &Path, reason: String) -> LeftBackup {
    LeftBackup { backup: text_of(path), reason }
}

/// Why the new one does not stand for an earlier backup: the first event that it lacks or has otherwise, else rows; `None` where it does.
fn reason_to_leave(
    backups: &dyn HeldBackups,
    new: &BackupPlace,
    earlier: &BackupPlace,
) -> Result<Option<String>, RepositoryError> {
    let (had, has) = (&earlier.manifest.contents, &new.manifest.contents);
    let ranges = had.other_ranges_than(has);
    let events = |path: &Path| backups.events(path);
    if !ranges.is_empty()
        && let Some(missing) = first_missing(&*events(&new.path)?, &*events(&earlier.path)?, &ranges)?
    {
        return Ok(Some(lost(&missing)));
    }
    if had.has_handlers() && !has.has_handlers() {
        let reason = "it has what handlers have done, and the one that was made now has nothing of it: `handlers.path` led to no database, or --store \
             named another store than the settings. Where this one is to go, make a backup with that database, or remove it";
        return Ok(Some(reason.to_owned()));
    }
    if had.tables == has.tables {
        return Ok(None);
    }
    let rows = backups.rows_only_in(&earlier.path, &new.path)?;
    Ok((!rows.is_empty()).then(|| lost(&in_words(&rows))))
}

fn lost(missing: &str) -> String {
    format!(
        "it has what the one that was made now lacks or has otherwise, {missing}: the store has lost it since, unless it was restored from an earlier \
         backup; `verify --against` this one says all, and where it is to go, remove it"
    )
}
