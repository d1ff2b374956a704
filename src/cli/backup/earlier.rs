//! Earlier backups, as they are held against the one that was made.

use std::path::Path;

use crate::application::backup::{HeldBackups, LackingRows};
use crate::domain::repository::{EventRepository, RepositoryError};
use crate::infrastructure::backup_folder::{EVENTS_FILE, EVENTS_FOLDER, HANDLERS_FILE};
use crate::infrastructure::config::{Backend, Config};
use crate::infrastructure::jsonl::JsonlEventRepository;
use crate::infrastructure::sqlite::{Database, OtherTables, SqliteEventRepository, rows_only_in};
use crate::wire::zone::Zone;

/// Backups of the store of the settings.
pub struct StandingBackups {
    backend: Backend,
    zone: Zone,
}

impl StandingBackups {
    pub fn of(config: &Config) -> Self {
        Self { backend: config.storage_backend.value, zone: config.timezone.value.clone() }
    }
}

impl HeldBackups for StandingBackups {
    fn events(&self, folder: &Path) -> Result<Box<dyn EventRepository>, RepositoryError> {
        let (zone, action) = (self.zone.clone(), "open a backup");
        Ok(match self.backend {
            Backend::Jsonl => {
                let opened = JsonlEventRepository::open(folder.join(EVENTS_FOLDER), zone);
                Box::new(opened.map_err(|error| RepositoryError::storage(action, error))?)
            }
            _ => {
                let opened = SqliteEventRepository::open_for_reading(folder.join(EVENTS_FILE), zone);
                Box::new(opened.map_err(|error| RepositoryError::storage(action, error))?)
            }
        })
    }

    fn rows_only_in(&self, earlier: &Path, later: &Path) -> Result<Vec<LackingRows>, RepositoryError> {
        let mut rows = Vec::new();
        for (database, file) in [(Database::Events, EVENTS_FILE), (Database::Handlers, HANDLERS_FILE)] {
            let (earlier, later) = (earlier.join(file), later.join(file));
            if earlier.exists() {
                let lacking = rows_only_in(database, &earlier, &later, OtherTables::Presence);
                rows.extend(
                    lacking.map_err(|error| RepositoryError::storage("hold against a backup", error))?,
                );
            }
        }
        Ok(rows)
    }
}
