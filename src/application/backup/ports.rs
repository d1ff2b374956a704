//! What backups need of the outside: a store to copy, a place to put copies, and what is proved of either.

use std::error::Error as StdError;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use thiserror::Error;

use super::contents::TableDigest;
use super::event_check::{ProvedEvent, ReadLogs};
use super::findings::{Check, Findings};
use super::lacking::LackingRows;
use super::manifest::{CompressedFile, Manifest, StoreName};
use crate::application::export::ExportStore;
use crate::domain::repository::{EventRepository, RepositoryError};

/// Is told how much of long work is done, in bytes.
pub type Tell<'t> = &'t mut dyn FnMut(u64);

/// A database, as it is proved. One state of it, from the first answer to the last.
pub trait ProvableDatabase {
    /// The name of its file in a backup.
    fn name(&self) -> &str;

    /// Where it is.
    fn place(&self) -> String;

    /// The version of its schema.
    fn schema_version(&self) -> i64;

    /// What it complains of by itself: [`Check::Integrity`], [`Check::ForeignKeys`] and, of events, [`Check::Rows`].
    fn complain(&mut self, findings: &mut Findings) -> Result<(), RepositoryError>;

    /// The digests of all its tables.
    fn tables(&mut self, tell: Tell<'_>) -> Result<Vec<TableDigest>, RepositoryError>;
}

/// The events of a store, as they are proved.
pub trait ProvableEvents {
    /// Where they are.
    fn place(&self) -> String;

    /// Whether positions count from 1 on without gaps.
    fn counts_positions(&self) -> bool;

    /// How the logs were read that were imported.
    fn read_logs(&mut self) -> Result<ReadLogs, RepositoryError>;

    /// Every event, stream by stream, in the order of positions. What cannot be read is a finding of [`Check::Bodies`].
    fn each_event(
        &mut self,
        take: &mut dyn FnMut(&ProvedEvent<'_>, &mut Findings),
        findings: &mut Findings,
    ) -> Result<(), RepositoryError>;

    /// What gives the imported logs back, where there are any.
    fn provenance(&mut self) -> Option<&mut dyn ExportStore>;
}

/// What is proved: the events of a store, and the databases.
pub struct Subject {
    /// The events.
    pub events: Option<Box<dyn ProvableEvents>>,
    /// The databases, that of the events first.
    pub databases: Vec<Box<dyn ProvableDatabase>>,
    /// What was found already, as where a database could not be opened because of it.
    pub findings: Findings,
}

impl Subject {
    /// A finding for each thing in the way of opening it.
    pub fn damaged(check: Check, place: impl Into<String>, detail: impl Into<String>) -> Self {
        let mut findings = Findings::default();
        findings.add(check, place, detail);
        Self { events: None, databases: Vec::new(), findings }
    }
}

/// What was copied of a store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CopiedStore {
    /// By how many bytes the write-ahead log of the store has grown while its snapshot was held.
    pub log_growth: u64,
    /// For how many milliseconds it was held.
    pub held_ms: u64,
    /// What was left out, a sentence each: torn last lines, which are no events.
    pub left_out: Vec<String>,
    /// What was compressed.
    pub compressed: Vec<CompressedFile>,
}

/// A store that is to be copied.
pub trait StoreSnapshot {
    /// What it is.
    fn store(&self) -> StoreName;

    /// About how many bytes a copy takes.
    fn bytes(&self) -> Result<u64, RepositoryError>;

    /// Copies what handlers have done, and then the events of one moment, into a folder. Writers do not wait for it.
    fn copy_into(&mut self, folder: &Path, tell: Tell<'_>) -> Result<CopiedStore, RepositoryError>;

    /// The copy, to be proved.
    fn copied(&self, folder: &Path) -> Result<Subject, RepositoryError>;
}

/// Backups of a store that are held against each other, by their folders.
pub trait HeldBackups {
    /// The events of one.
    fn events(&self, folder: &Path) -> Result<Box<dyn EventRepository>, RepositoryError>;

    /// The rows of an earlier one, beside what the port gives of its events, that a later one lacks or has otherwise.
    fn rows_only_in(&self, earlier: &Path, later: &Path) -> Result<Vec<LackingRows>, RepositoryError>;
}

/// A backup in its folder.
#[derive(Debug, Clone, PartialEq)]
pub struct BackupPlace {
    /// The folder.
    pub path: PathBuf,
    /// What it says of itself.
    pub manifest: Manifest,
}

/// The backups in a folder.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FoundBackups {
    /// Those that say of themselves what they are, the latest first.
    pub backups: Vec<BackupPlace>,
    /// The others, and why nothing is known of them.
    pub unreadable: Vec<(PathBuf, String)>,
}

/// A backup that is being made. One that is dropped leaves nothing that is a backup.
pub trait NewBackup {
    /// The folder into which the store is copied.
    fn folder(&self) -> &Path;

    /// Hashes the files, writes the manifest, makes all of it durable and puts it in its place; answers the backup and the SHA-256 of
    /// its manifest.
    fn publish(self: Box<Self>, manifest: Manifest) -> Result<(BackupPlace, String), ShelfError>;
}

/// A folder of backups. One value of it is open at a time, over all processes.
pub trait BackupShelf {
    /// Begins a backup of that moment, for which so many bytes are needed.
    fn begin(&mut self, at: DateTime<Utc>, bytes: u64) -> Result<Box<dyn NewBackup>, ShelfError>;

    /// Its backups.
    fn backups(&self) -> Result<FoundBackups, ShelfError>;

    /// Removes a backup.
    fn remove(&mut self, backup: &BackupPlace) -> Result<(), ShelfError>;
}

/// Why a folder of backups could not be used.
#[derive(Debug, Error)]
pub enum ShelfError {
    /// It cannot be the place of backups.
    #[error("no backup can be made in {}: {reason}", path.display())]
    Refused {
        /// The folder.
        path: PathBuf,
        /// Why, and what would do.
        reason: String,
    },
    /// Another process makes a backup there.
    #[error("another process makes a backup in {}, and has for {seconds} s: run it again when that is done", path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
        /// How long was waited.
        seconds: u64,
    },
    /// There is no room.
    #[error("a backup needs about {needed} bytes in {}, and {free} are free: make room, remove earlier backups, or name a folder on another disk", path.display())]
    NoRoom {
        /// The folder.
        path: PathBuf,
        /// How much is needed.
        needed: u64,
        /// How much there is.
        free: u64,
    },
    /// Something could not be read or written.
    #[error("could not {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
}
