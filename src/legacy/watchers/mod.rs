//! Watchers: what notices that something happened, in the background.

use std::sync::Arc;

use super::occurrence::OccurrenceSink;

/// Notices what a definition is about. For files and times there are two; others are brought by their own programs.
pub trait Watcher: Send {
    /// Begins to watch in the background, and tells `sink` what happens until the answer is dropped, which ends its threads.
    ///
    /// # Errors
    /// It cannot be watched, and what helps.
    fn start(self: Box<Self>, sink: Arc<dyn OccurrenceSink>) -> Result<Watching, WatchError>;
}

/// What is being watched, until it is dropped.
pub struct Watching {
    _until_dropped: Box<dyn Send>,
}

/// Why something cannot be watched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WatchError {}
