//! Where a dispatcher has its files, and how it works.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::legacy::events_json::LegacyWriter;
use crate::wire::zone::Zone;

/// The files of the legacy system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegacyFiles {
    /// The legacy log.
    pub events_json: PathBuf,
    /// The definitions.
    pub definitions: PathBuf,
    /// The folder of the queue and of the log of handlers.
    pub folder: PathBuf,
}

impl LegacyFiles {
    /// The files that belong to a legacy log and a folder of daily events: `event_definitions.json` in that folder, and
    /// the folder `legacy` beside the log.
    pub fn beside(events_json: &Path, events_folder: &Path) -> Self {
        Self {
            events_json: events_json.to_owned(),
            definitions: events_folder.join("event_definitions.json"),
            folder: events_json.parent().unwrap_or(Path::new("")).join("legacy"),
        }
    }

    /// The queue.
    pub fn queue(&self) -> PathBuf {
        self.folder.join("queue.jsonl")
    }

    /// The log of handlers.
    pub fn handler_log(&self) -> PathBuf {
        self.folder.join("handlers.jsonl")
    }
}

/// How a dispatcher works.
#[derive(Debug, Clone)]
pub struct DispatcherSettings {
    /// Which program writes the legacy log.
    pub writer: LegacyWriter,
    /// How often an event is tried again that its handler has failed on.
    pub max_retries: u64,
    /// After how long it is.
    pub retry_delay: Duration,
    /// For how long `EventDispatcher::stop` goes on with what is due.
    pub stop_patience: Duration,
    /// In which zone naive times of task events are read, when they are checked.
    pub zone: Zone,
}

impl Default for DispatcherSettings {
    /// This program writes; 3 retries after 300 seconds; 5 seconds for the rest; UTC.
    fn default() -> Self {
        Self {
            writer: LegacyWriter::This,
            max_retries: 3,
            retry_delay: Duration::from_secs(300),
            stop_patience: Duration::from_secs(5),
            zone: Zone::utc(),
        }
    }
}
