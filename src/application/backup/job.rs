//! A backup: copied, proved, described, put in its place; only then are earlier ones removed.

use std::path::Path;

use chrono::{DateTime, Utc};
use serde::Serialize;
use thiserror::Error;

use super::contents::Contents;
use super::earlier::{EarlierBackups, LeftBackup};
use super::findings::{Finding, Findings};
use super::manifest::{BackedUpFile, Manifest};
use super::ports::{BackupPlace, BackupShelf, HeldBackups, ShelfError, StoreSnapshot, Tell};
use super::proof::{Depth, Proof, prove};
use crate::application::clock::Clock;
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
    /// What is wrong with it beside what shows that it is whole as a copy, up to 20 of each check. It is looked for where earlier ones are to go.
    pub findings: Vec<Finding>,
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
            findings: Vec::new(),
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
    backups: &dyn HeldBackups,
    clock: &dyn Clock,
    tell: Tell<'_>,
) -> Result<BackupReport, BackupError> {
    let made_at = clock.now();
    let name = store.store();
    let earlier = EarlierBackups::of(&name, made_at, shelf.backups()?, settings.keep);
    let new = shelf.begin(made_at, store.bytes()?)?;
    let copied = store.copy_into(new.folder(), tell)?;
    let depth = if earlier.has_some_to_remove() { Depth::Everything } else { Depth::Copy };
    let Proof { contents, findings } = prove_copy(&*store, new.folder(), depth, &settings.zone)?;
    let mut manifest = Manifest::new(made_at, name, contents);
    manifest.compressed = copied.compressed;
    let (backup, manifest_sha256) = new.publish(manifest)?;
    let mut report = BackupReport::new(&backup, manifest_sha256);
    report.log_growth_bytes = copied.log_growth;
    report.snapshot_held_ms = copied.held_ms;
    report.left_out = copied.left_out;
    (report.removed, report.left) = earlier.remove(shelf, backups, &backup, &findings)?;
    report.findings = findings.told;
    Ok(report)
}

/// Proves a copy; where more is found wrong with it than what shows that it is no copy, that is as the store is, and no reason to have none.
fn prove_copy(
    store: &dyn StoreSnapshot,
    folder: &Path,
    depth: Depth,
    zone: &Zone,
) -> Result<Proof, BackupError> {
    let proof = prove(store.copied(folder)?, depth, zone, &mut |_| {})?;
    if proof.findings.is_empty() {
        return Ok(proof);
    }
    let of_copy = match depth {
        Depth::Copy => proof.findings,
        Depth::Everything => {
            let findings = prove(store.copied(folder)?, Depth::Copy, zone, &mut |_| {})?.findings;
            if findings.is_empty() {
                return Ok(proof);
            }
            findings
        }
    };
    Err(BackupError::NotProved { path: store.store().path, findings: of_copy })
}
