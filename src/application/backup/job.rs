//! A backup: copied, proved, described, put in its place; only then are earlier ones removed.

use std::path::Path;

use chrono::{DateTime, Utc};
use serde::Serialize;
use thiserror::Error;

use super::against::first_missing;
use super::contents::Contents;
use super::findings::Findings;
use super::manifest::{BackedUpFile, Manifest};
use super::ports::{BackupPlace, BackupShelf, FoundBackups, OpenBackup, ShelfError, StoreSnapshot, Tell};
use super::proof::{Depth, Proof, prove};
use crate::application::clock::Clock;
use crate::domain::error_chain::error_chain;
use crate::domain::event::format_timestamp;
use crate::domain::path_text::text_of;
use crate::domain::repository::RepositoryError;
use crate::wire::zone::Zone;

/// How many sentences of what is wrong are told.
const TOLD: usize = 5;

/// What is asked of a backup.
#[derive(Debug, Clone)]
pub struct BackupSettings {
    /// How many earlier backups of the store stay; `None`: all of them.
    pub keep: Option<usize>,
    /// The zone of naive times.
    pub zone: Zone,
}

/// Why no backup was made. Earlier ones are as they were.
#[derive(Debug, Error)]
pub enum BackupError {
    /// The folder of backups could not be used.
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    /// The store could not be copied, or the copy not be read.
    #[error(transparent)]
    Store(#[from] RepositoryError),
    /// The copy is not whole, and no backup.
    #[error(
        "the copy of {path} is not whole, and was removed; the store is likely to be damaged in the same way: `mission-events verify` says where. \
         Earlier backups were left as they are, and `mission-events restore` makes a store of one. {}", findings.sentences(TOLD).join("; ")
    )]
    NotProved {
        /// The store.
        path: String,
        /// What is wrong.
        findings: Findings,
    },
}

/// Another backup of the store, which the new one does not stand for, or of which nothing is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftBackup {
    /// Its folder.
    pub backup: String,
    /// Why it was.
    pub reason: String,
}

/// What a backup came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BackupReport {
    /// The store.
    pub store: String,
    /// Which backend it is of.
    pub backend: String,
    /// The folder of the backup.
    pub backup: String,
    /// All that was acknowledged before is in it.
    pub made_at: String,
    /// The same, as a time.
    #[serde(skip)]
    pub moment: DateTime<Utc>,
    /// How many events it has.
    pub events: u64,
    /// The position of the last one.
    pub last_position: Option<i64>,
    /// Of all events.
    pub digest: String,
    /// Its files but for the manifest.
    pub files: Vec<BackedUpFile>,
    /// The SHA-256 of its manifest.
    pub manifest_sha256: String,
    /// By how much the write-ahead log of the store grew meanwhile.
    pub log_growth_bytes: u64,
    /// For how long it could not begin anew.
    pub snapshot_held_ms: u64,
    /// What is no event and was left out, a sentence each.
    pub left_out: Vec<String>,
    /// Earlier backups that were removed.
    pub removed: Vec<String>,
    /// Other ones that were left, and are to be looked at.
    pub left: Vec<LeftBackup>,
}

impl BackupReport {
    fn new(backup: &BackupPlace, manifest_sha256: String) -> Self {
        let Manifest { made_at, store, contents, files, .. } = &backup.manifest;
        let Contents { events, last_position, digest, .. } = contents;
        Self {
            store: store.path.clone(),
            backend: store.backend.clone(),
            backup: text_of(&backup.path),
            made_at: format_timestamp(*made_at),
            moment: *made_at,
            events: *events,
            last_position: *last_position,
            digest: digest.clone(),
            files: files.clone(),
            manifest_sha256,
            log_growth_bytes: 0,
            snapshot_held_ms: 0,
            left_out: Vec::new(),
            removed: Vec::new(),
            left: Vec::new(),
        }
    }
}

/// Makes a backup.
///
/// # Errors
/// None was made, and earlier ones are as they were; or an earlier one could not be removed.
pub fn back_up(
    settings: &BackupSettings,
    store: &mut dyn StoreSnapshot,
    shelf: &mut dyn BackupShelf,
    open: OpenBackup<'_>,
    clock: &dyn Clock,
    tell: Tell<'_>,
) -> Result<BackupReport, BackupError> {
    let made_at = clock.now();
    let new = shelf.begin(made_at, store.bytes()?)?;
    let copied = store.copy_into(new.folder(), tell)?;
    let Proof { contents, findings } =
        prove(store.copied(new.folder())?, Depth::Copy, &settings.zone, &mut |_| {})?;
    let name = store.store();
    if !findings.is_empty() {
        return Err(BackupError::NotProved { path: name.path, findings });
    }
    let mut manifest = Manifest::new(made_at, name, contents);
    manifest.compressed = copied.compressed;
    let (backup, manifest_sha256) = new.publish(manifest)?;
    let mut report = BackupReport::new(&backup, manifest_sha256);
    report.log_growth_bytes = copied.log_growth;
    report.snapshot_held_ms = copied.held_ms;
    report.left_out = copied.left_out;
    (report.removed, report.left) = remove_earlier(shelf, open, &backup, settings.keep)?;
    Ok(report)
}

/// Removes earlier backups of the same store, but for so many, all where that is not said; and but for those that the new one does not stand
/// for. The last one before it is held against it whether it stays or not: what the store has lost since is told.
fn remove_earlier(
    shelf: &mut dyn BackupShelf,
    open: OpenBackup<'_>,
    new: &BackupPlace,
    keep: Option<usize>,
) -> Result<(Vec<String>, Vec<LeftBackup>), BackupError> {
    let FoundBackups { backups, unreadable } = shelf.backups()?;
    let left = |path: &Path, reason: String| LeftBackup { backup: text_of(path), reason };
    let unreadable = unreadable.iter().map(|(path, why)| {
        left(path, format!("nothing is known of it: {why}; `verify` it, and remove it where it is of no use"))
    });
    let mut all_left: Vec<LeftBackup> = unreadable.filter(|_| keep.is_some()).collect();
    let (mut removed, name) = (Vec::new(), &new.manifest.store);
    let is_of_the_store = |backup: &&BackupPlace| {
        let other = &backup.manifest.store;
        backup.path != new.path && (&other.path, &other.backend) == (&name.path, &name.backend)
    };
    let (later, earlier): (Vec<_>, Vec<_>) = backups
        .iter()
        .filter(is_of_the_store)
        .partition(|other| other.manifest.made_at >= new.manifest.made_at);
    for backup in later {
        let reason = "it is of a later time than the one that was made now: a clock was wrong, or is";
        all_left.push(left(&backup.path, reason.to_owned()));
    }
    for (number, backup) in earlier.into_iter().enumerate() {
        let stays = keep.is_none_or(|keep| number < keep);
        if stays && number > 0 {
            continue;
        }
        match first_missing_from(open, new, backup) {
            Some(difference) => {
                let reason = format!(
                    "it has what the one that was made now lacks or has otherwise, {difference}: the store has lost it since, unless it was restored from an earlier \
                     backup; `verify --against` this one says all, and where it is to go, remove it"
                );
                all_left.push(left(&backup.path, reason));
            }
            None if stays => {}
            None => {
                shelf.remove(backup)?;
                removed.push(text_of(&backup.path));
            }
        }
    }
    Ok((removed, all_left))
}

/// The first event of an earlier backup that the new one lacks or has otherwise, or why it is not known whether there is one.
fn first_missing_from(open: OpenBackup<'_>, new: &BackupPlace, earlier: &BackupPlace) -> Option<String> {
    let ranges = earlier.manifest.contents.other_ranges_than(&new.manifest.contents);
    if ranges.is_empty() {
        return None;
    }
    let held = || first_missing(&*open(&new.path)?, &*open(&earlier.path)?, &ranges);
    held().unwrap_or_else(|error| Some(format!("or cannot be read ({})", error_chain(&error))))
}
