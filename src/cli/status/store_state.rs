//! One store, as it is found.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::cli::store::{self, OpenStore, StoreError};
use crate::domain::error_chain::error_chain;
use crate::domain::event::format_timestamp;
use crate::domain::repository::{EventRepository, RepositoryError, StoredEvent};
use crate::infrastructure::config::{Backend, Config};

/// How many events are held in memory while they are counted. A page of a JSONL store is read from
/// the start of its day's file, so that small pages would read that file again and again.
const PAGE: usize = 50_000;

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
        let contents = match &store {
            OpenStore::Jsonl(store) => read_through(store, PAGE)?,
            OpenStore::Sqlite(store) => Contents {
                events: store.count()?,
                first: time_of_one(store.find_by_date_range(
                    DateTime::<Utc>::MIN_UTC,
                    DateTime::<Utc>::MAX_UTC,
                    1,
                )?),
                last: time_of_one(store.get_recent_events(1)?),
            },
        };
        if let OpenStore::Sqlite(store) = &store {
            self.last_import = store.last_import()?.map(|import| {
                let end = if import.is_finished { "" } else { ", interrupted: import it again" };
                format!("{} of {}{end}", format_timestamp(import.started_at), import.path)
            });
        }
        self.events = Some(contents.events);
        self.first_timestamp = contents.first.map(format_timestamp);
        self.last_timestamp = contents.last.map(format_timestamp);
        Ok(())
    }
}

#[derive(Default)]
struct Contents {
    events: u64,
    first: Option<DateTime<Utc>>,
    last: Option<DateTime<Utc>>,
}

fn time_of_one(found: Vec<StoredEvent>) -> Option<DateTime<Utc>> {
    found.first().map(|stored| stored.event.timestamp())
}

/// Reads the whole store, page by page: daily files hold no counts.
fn read_through(store: &dyn EventRepository, page: usize) -> Result<Contents, RepositoryError> {
    let mut contents = Contents::default();
    let mut behind = None;
    loop {
        let found = store.read_from(behind, page)?;
        let Some(end) = found.last() else {
            return Ok(contents);
        };
        behind = Some(end.position);
        contents.events += found.len() as u64;
        let times = || found.iter().map(|stored| stored.event.timestamp());
        contents.first = contents.first.into_iter().chain(times()).min();
        contents.last = contents.last.into_iter().chain(times()).max();
    }
}

/// In bytes. Looks at names and lengths alone, and opens nothing: see
/// [`backend_at`](store::backend_at).
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::DomainEvent;
    use crate::infrastructure::memory::InMemoryEventRepository;
    use crate::wire::zone::Zone;

    #[test]
    fn reading_through_counts_every_event_whatever_the_size_of_a_page() {
        let store = InMemoryEventRepository::new(Zone::utc());
        for day in [21, 20, 25, 22, 23] {
            let text = format!(
                r#"{{"event_id": "{day}", "event_type": "T", "timestamp": "2025-10-{day}T00:00:00Z"}}"#
            );
            store.save_event(&DomainEvent::from_json(&text, &Zone::utc()).unwrap()).unwrap();
        }
        for page in [1, 2, 5, 6] {
            let contents = read_through(&store, page).unwrap();
            assert_eq!(contents.events, 5);
            assert_eq!(contents.first.map(format_timestamp).as_deref(), Some("2025-10-20T00:00:00+00:00"));
            assert_eq!(contents.last.map(format_timestamp).as_deref(), Some("2025-10-25T00:00:00+00:00"));
        }
    }
}
