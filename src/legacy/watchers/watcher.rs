//! What every watcher is: started once, told to a sink, ended by dropping.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use crate::legacy::occurrence::OccurrenceSink;
use crate::legacy::watchers::error::WatchError;

/// Notices what a definition is about. For files and times there are two; others are brought by their own programs.
pub trait Watcher: Send {
    /// Begins to watch in the background, and tells `sink` what happens until the answer is dropped, which ends its
    /// threads. What happens after this has returned is told.
    ///
    /// # Errors
    /// It cannot be watched, and what helps.
    fn start(self: Box<Self>, sink: Arc<dyn OccurrenceSink>) -> Result<Watching, WatchError>;
}

/// What is being watched, until it is dropped.
pub struct Watching {
    notes: Notes,
    _until_dropped: Box<dyn Send>,
}

impl Watching {
    /// Lasts as long as `until_dropped`, whose drop ends the threads of the watcher.
    pub fn new(until_dropped: impl Send + 'static) -> Self {
        Self::noting(until_dropped, Notes::default())
    }

    /// As [`new`](Self::new); the watcher keeps the other copy of `notes`.
    pub fn noting(until_dropped: impl Send + 'static, notes: Notes) -> Self {
        Self { notes, _until_dropped: Box::new(until_dropped) }
    }

    /// What is worth knowing of how it is watched at present, each a sentence; empty where all is as usual.
    pub fn notes(&self) -> Vec<String> {
        self.notes.present()
    }
}

/// Sentences about how something is watched. Copies share them.
#[derive(Debug, Clone, Default)]
pub struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    /// Takes the place of what was noted.
    pub fn replace(&self, notes: Vec<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = notes;
    }

    /// What is noted now.
    pub fn present(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A thread that is asked to end when this is dropped, and then waited for.
pub(super) struct BackgroundThread {
    ask_to_end: Box<dyn Fn() + Send>,
    thread: Option<JoinHandle<()>>,
}

impl BackgroundThread {
    /// Starts `work`, which ends soon after `ask_to_end` was called.
    pub(super) fn start(
        work: impl FnOnce() + Send + 'static,
        ask_to_end: impl Fn() + Send + 'static,
    ) -> Result<Self, WatchError> {
        let thread = thread::Builder::new()
            .name("watcher".to_owned())
            .spawn(work)
            .map_err(|source| WatchError::Thread { source })?;
        Ok(Self { ask_to_end: Box::new(ask_to_end), thread: Some(thread) })
    }
}

impl Drop for BackgroundThread {
    fn drop(&mut self) {
        (self.ask_to_end)();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("[EventDispatcher] a thread of a watcher had panicked before it was ended");
        }
    }
}
