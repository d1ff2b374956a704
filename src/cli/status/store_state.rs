//! One store, as it is found.

use serde::Serialize;

use crate::application::moving::Standing;
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
    /// Of these, the write-ahead log of a database.
    pub log_bytes: Option<u64>,
    /// The time of the earliest event.
    pub first_timestamp: Option<String>,
    /// The time of the latest event.
    pub last_timestamp: Option<String>,
    /// The log that was imported last, and when; a SQLite store knows it.
    pub last_import: Option<String>,
    /// That it was moved, or is a copy, and of or to which place; none for a store that takes events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stands_as: Option<String>,
    /// The server of a store that has one: what it is, and what it means that it has acknowledged an event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// Why it cannot be read, with all causes.
    pub error: Option<String>,
}

impl StoreState {
    /// Looks at the store that is configured for this backend, and gives it, opened, where it is there.
    pub fn of(backend: Backend, config: &Config) -> (Self, Option<OpenStore>) {
        let path = store::configured_path(backend, config);
        let mut state = Self {
            backend: backend.to_string(),
            path: path.display().to_string(),
            exists: true,
            events: None,
            bytes: None,
            log_bytes: None,
            first_timestamp: None,
            last_timestamp: None,
            last_import: None,
            stands_as: None,
            server: None,
            error: None,
        };
        let opened = match OpenStore::for_reading(backend, path, config) {
            Err(StoreError::Missing { .. }) => {
                state.exists = false;
                return (state, None);
            }
            Err(error) => {
                state.error = Some(error_chain(&error));
                return (state, None);
            }
            Ok(store) => store,
        };
        if let Err(error) = state.look(&opened) {
            state.error = Some(error_chain(error.as_ref()));
        }
        (state, Some(opened))
    }

    fn look(&mut self, store: &OpenStore) -> anyhow::Result<()> {
        self.bytes = Some(match store {
            OpenStore::Jsonl(store) => store.size_in_bytes()?,
            OpenStore::Sqlite(store) => store.size_in_bytes()?,
            #[cfg(feature = "postgres")]
            OpenStore::Postgres(store) => store.size_in_bytes()?,
        });
        let standing = store.standing()?;
        self.stands_as = (standing != Standing::Own).then(|| standing.to_string());
        let summary = store.repository().summary()?;
        if let OpenStore::Sqlite(store) = store {
            self.log_bytes = Some(store.log_size_in_bytes()?);
            self.last_import = store.last_import()?.map(|import| {
                let end = if import.is_finished { "" } else { ", interrupted: import it again" };
                format!("{} of {}{end}", format_timestamp(import.started_at), import.path)
            });
        }
        #[cfg(feature = "postgres")]
        if let OpenStore::Postgres(store) = store {
            self.server = Some(store.server()?.to_string());
        }
        self.events = Some(summary.events);
        self.first_timestamp = summary.first.map(format_timestamp);
        self.last_timestamp = summary.last.map(format_timestamp);
        Ok(())
    }
}
