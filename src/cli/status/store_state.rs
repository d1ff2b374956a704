//! One store, as it is found.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;

use serde::Serialize;

use crate::cli::store::{self, OpenStore, StoreError};
use crate::domain::error_chain::error_chain;
use crate::domain::event::format_timestamp;
use crate::infrastructure::config::{Backend, Config};

/// What is known of a store without changing it. Absent is what could not be found out.
#[derive(Debug, Serialize)]
pub struct StoreState {
    pub backend: String,
    pub path: String,
    pub exists: bool,
    pub events: Option<u64>,
    /// The database with its write-ahead log, or the daily files together.
    pub bytes: Option<u64>,
    /// The time of the earliest event.
    pub first_timestamp: Option<String>,
    /// The time of the latest event.
    pub last_timestamp: Option<String>,
    /// The log that was imported last, and when; a SQLite store knows it.
    pub last_import: Option<String>,
    /// Why it cannot be read, with all causes.
    pub error: Option<String>,
}

impl StoreState {
    /// Looks at the store that is configured for this backend.
    pub fn of(backend: Backend, config: &Config) -> Self {
        let path = store::configured_path(backend, config);
        let mut state = Self {
            backend: backend.to_string(),
            path: path.display().to_string(),
            exists: true,
            events: None,
            bytes: None,
            first_timestamp: None,
            last_timestamp: None,
            last_import: None,
            error: None,
        };
        if let Err(error) = state.look(backend, path, config) {
            state.error = Some(error_chain(error.as_ref()));
        }
        state
    }

    fn look(&mut self, backend: Backend, path: &Path, config: &Config) -> anyhow::Result<()> {
        let store = match OpenStore::for_reading(backend, path, config) {
            Err(StoreError::Missing { .. }) => {
                self.exists = false;
                return Ok(());
            }
            other => other?,
        };
        self.bytes = Some(size(backend, path)?);
        let summary = store.repository().summary()?;
        if let OpenStore::Sqlite(store) = &store {
            self.last_import = store.last_import()?.map(|import| {
                let end = if import.is_finished { "" } else { ", interrupted: import it again" };
                format!("{} of {}{end}", format_timestamp(import.started_at), import.path)
            });
        }
        self.events = Some(summary.events);
        self.first_timestamp = summary.first.map(format_timestamp);
        self.last_timestamp = summary.last.map(format_timestamp);
        Ok(())
    }
}

/// In bytes. Looks at names and lengths alone, and opens nothing: see
/// [`backend_at`](crate::infrastructure::backend_at::backend_at).
fn size(backend: Backend, path: &Path) -> io::Result<u64> {
    match backend {
        Backend::Sqlite => {
            let mut log: OsString = path.into();
            log.push("-wal");
            match fs::metadata(log) {
                Ok(log) => Ok(fs::metadata(path)?.len() + log.len()),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(fs::metadata(path)?.len()),
                Err(error) => Err(error),
            }
        }
        Backend::Jsonl => {
            let mut bytes = 0;
            for entry in fs::read_dir(path)? {
                let entry = entry?;
                let name = entry.file_name();
                let name = name.to_string_lossy();
                if name.starts_with("events-") && name.ends_with(".jsonl") {
                    bytes += entry.metadata()?.len();
                }
            }
            Ok(bytes)
        }
    }
}
