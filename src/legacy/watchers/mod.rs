//! Watchers: what notices that something happened, in the background.
//!
//! ```text
//! files/  what the system tells, or a period ──> look: a listing, compared with the last one ──> occurrences
//! times/  the wall clock and the time elapsed, looked at every 30 s at least ──> ticks ────────> occurrences
//! ```
//! A program brings watchers of its own by the trait [`Watcher`].

mod error;
mod files;
mod needs;
mod own_paths;
#[cfg(test)]
mod tests;
mod times;
mod watcher;

use std::path::PathBuf;
use std::sync::Arc;

pub use error::{WatchError, read_sysctl};
pub use needs::{FolderNeeds, folder_needs};
pub use watcher::{Notes, Watcher, Watching};

use crate::application::clock::Clock;
use crate::legacy::definition::{Definition, Source};
use crate::wire::zone::Zone;

/// What watchers of files and times are given.
#[derive(Clone)]
pub struct WatcherPorts {
    /// Says when an occurrence was noticed, and when a time has come.
    pub clock: Arc<dyn Clock + Send + Sync>,
    /// In which times of day and weekdays are meant.
    pub zone: Zone,
    /// Folders and files of the program, which are never watched.
    pub own_paths: Vec<PathBuf>,
    /// Folders are listed every 2 seconds, instead of being told of changes by the system; the definition's own
    /// `poll_seconds` goes first.
    pub polls: bool,
}

/// The watcher for what a definition is about.
///
/// # Errors
/// [`WatchError::OwnPath`] for a path of the program's own, [`WatchError::Pattern`].
pub fn watcher_for(definition: &Definition, ports: &WatcherPorts) -> Result<Box<dyn Watcher>, WatchError> {
    let id = definition.id.clone();
    let clock = Arc::clone(&ports.clock);
    Ok(match &definition.source {
        Source::Files(source) => {
            Box::new(files::FileWatcher::new(id, source, &ports.own_paths, ports.polls, clock)?)
        }
        Source::Times(schedule) => {
            Box::new(times::TimeWatcher::new(id, schedule.clone(), ports.zone.clone(), clock))
        }
    })
}
