//! What is verified: what a path leads to.

use std::path::{Path, PathBuf};

use crate::application::backup::{Findings, LackingRows, Subject, Verification};
use crate::cli::error::CliError;
use crate::cli::exit_code::ExitCode;
use crate::cli::store::{OpenStore, StoreError, configured_path};
use crate::domain::event::format_timestamp;
use crate::domain::path_text::text_of;
use crate::domain::repository::RepositoryError;
use crate::durable::presence::is_present;
use crate::infrastructure::backend_at::{BackendError, backend_at};
use crate::infrastructure::backup_folder::{
    BackupFolder, EVENTS_FILE, EVENTS_FOLDER, FoundBackup, HANDLERS_FILE, find_backup,
};
use crate::infrastructure::config::{Backend, Config};
use crate::infrastructure::jsonl::{JsonlEventRepository, files_of_days, subject_of_days};
use crate::infrastructure::sqlite::{
    Database, OtherTables, is_handler_store, rows_only_in, store_size_in_bytes, subject_of_events,
    subject_of_handlers,
};
use crate::infrastructure::system_clock::present_time;

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A store.
    Store(Backend),
    /// A database of handlers.
    Handlers,
    /// A backup of a store.
    Backup(Backend),
}

/// What is verified.
#[derive(Debug, Clone)]
pub struct Found {
    path: PathBuf,
    kind: Kind,
    /// The database of handlers beside a store.
    handlers: Option<PathBuf>,
}

impl Found {
    /// What lies at a path.
    ///
    /// # Errors
    /// Nothing that can be verified.
    pub fn at(path: &Path) -> Result<Self, CliError> {
        let found = find_backup(path, present_time());
        if let FoundBackup::Backup(path) = found.map_err(|error| CliError::new(ExitCode::Storage, error))? {
            let backend = if path.join(EVENTS_FOLDER).is_dir() { Backend::Jsonl } else { Backend::Sqlite };
            return Ok(Self { path, kind: Kind::Backup(backend), handlers: None });
        }
        let backend = backend_at(path).map_err(StoreError::from)?;
        // A disk that is not mounted is an empty folder: nothing holds of that.
        if backend == Backend::Jsonl && files_of_days(path)?.is_empty() {
            let found =
                "a folder in which there is neither a backup nor a file events-YYYY-MM-DD.jsonl".to_owned();
            return Err(StoreError::from(BackendError::NotAStore { path: path.to_owned(), found }).into());
        }
        let is_of_handlers = backend == Backend::Sqlite && is_handler_store(path);
        let kind = if is_of_handlers { Kind::Handlers } else { Kind::Store(backend) };
        Ok(Self { path: path.to_owned(), kind, handlers: None })
    }

    /// The store of the settings, with the database of its handlers where there is one.
    ///
    /// # Errors
    /// It is not there.
    pub fn configured(config: &Config) -> Result<Self, CliError> {
        let backend = config.storage_backend.value;
        let path = configured_path(backend, config).to_owned();
        config.refuse_postgres(
            "verify",
            "the server has tools for that, such as pg_amcheck and pg_verifybackup",
        )?;
        let looked = |error: std::io::Error| CliError::new(ExitCode::Storage, error);
        if !is_present(&path).map_err(looked)? {
            return Err(StoreError::Missing { path }.into());
        }
        let handlers = &config.handlers_path.value;
        let handlers = is_present(handlers).map_err(looked)?.then(|| handlers.clone());
        Ok(Self { path, kind: Kind::Store(backend), handlers })
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it is of daily files.
    pub fn is_jsonl(&self) -> bool {
        matches!(self.kind, Kind::Store(Backend::Jsonl) | Kind::Backup(Backend::Jsonl))
    }

    /// About how many bytes are read of it.
    pub fn bytes(&self) -> u64 {
        store_size_in_bytes(&self.events_path()).unwrap_or(0)
    }

    /// Where its events are.
    fn events_path(&self) -> PathBuf {
        match self.kind {
            Kind::Backup(Backend::Jsonl) => self.path.join(EVENTS_FOLDER),
            Kind::Backup(_) => self.path.join(EVENTS_FILE),
            Kind::Store(_) | Kind::Handlers => self.path.clone(),
        }
    }

    /// What a backup says of itself; `None` where it is none, or where that cannot be believed, which is a finding then.
    pub fn open_backup(&self, findings: &mut Findings) -> Result<Option<BackupFolder>, CliError> {
        match self.kind {
            Kind::Backup(_) => BackupFolder::open(&self.path, findings)
                .map_err(|error| CliError::new(ExitCode::Storage, error)),
            Kind::Store(_) | Kind::Handlers => Ok(None),
        }
    }

    /// All of it, to be proved.
    pub fn subject(&self, config: &Config) -> Result<Subject, RepositoryError> {
        let zone = &config.timezone.value;
        let path = self.events_path();
        let mut subject = match self.kind {
            Kind::Handlers => return subject_of_handlers(&path),
            Kind::Store(_) | Kind::Backup(_) if self.is_jsonl() => subject_of_days(&path, zone),
            Kind::Store(_) | Kind::Backup(_) => subject_of_events(&path, zone)?,
        };
        if let Some(handlers) = self.handlers() {
            let more = subject_of_handlers(&handlers)?;
            subject.databases.extend(more.databases);
            subject.findings.extend(more.findings);
        }
        Ok(subject)
    }

    /// Its events, through the port.
    pub fn events(&self, config: &Config) -> Result<OpenStore, StoreError> {
        let path = self.events_path();
        match self.is_jsonl() {
            false => OpenStore::for_reading(Backend::Sqlite, &path, config),
            true => {
                let zone = config.timezone.value.clone();
                let store = JsonlEventRepository::open(path, zone).map_err(StoreError::Jsonl)?;
                Ok(OpenStore::Jsonl(Box::new(store)))
            }
        }
    }

    /// The database of its handlers, where one is known.
    fn handlers(&self) -> Option<PathBuf> {
        let of_backup = self.path.join(HANDLERS_FILE);
        let is_backup = matches!(self.kind, Kind::Backup(_));
        if is_backup && of_backup.exists() { Some(of_backup) } else { self.handlers.clone() }
    }

    /// The rows, beside what the port gives of events, that a later state of the same store lacks or has otherwise.
    pub fn rows_not_in(&self, later: &Self) -> Result<Vec<LackingRows>, RepositoryError> {
        let events = (!self.is_jsonl()).then(|| (self.events_path(), later.events_path()));
        let handlers = self.handlers().zip(later.handlers());
        let databases = [(Database::Events, events), (Database::Handlers, handlers)];
        let mut rows = Vec::new();
        for (database, paths) in databases {
            if let Some((earlier, later)) = paths {
                let lacking = rows_only_in(database, &earlier, &later, OtherTables::Presence);
                rows.extend(
                    lacking.map_err(|error| RepositoryError::storage("hold against a backup", error))?,
                );
            }
        }
        Ok(rows)
    }

    /// What it is, before anything is known of what it holds.
    pub fn describe(&self, backup: Option<&BackupFolder>) -> Verification {
        let manifest = backup.map(|backup| &backup.manifest);
        Verification {
            path: text_of(&self.path),
            of: match self.kind {
                Kind::Store(_) => "store",
                Kind::Handlers => "handlers",
                Kind::Backup(_) => "backup",
            },
            backend: if self.is_jsonl() { Backend::Jsonl } else { Backend::Sqlite }.to_string(),
            store: manifest.map(|manifest| manifest.store.path.clone()),
            made_at: manifest.map(|manifest| format_timestamp(manifest.made_at)),
            moment: manifest.map(|manifest| manifest.made_at),
            manifest_sha256: backup.map(|backup| backup.manifest_sha256.clone()),
            ..Verification::default()
        }
    }
}
