//! The dispatcher of this process.

use std::sync::{Arc, OnceLock};

use thiserror::Error;

use super::event_dispatcher::EventDispatcher;

static CURRENT: OnceLock<Arc<EventDispatcher>> = OnceLock::new();

/// Why there is no global dispatcher, or no new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GlobalDispatcherError {
    /// None was set.
    #[error("there is no legacy dispatcher yet: set one with set_global_dispatcher where the program begins")]
    NotSet,
    /// One was set before.
    #[error("there is a legacy dispatcher already: it is set once, where the program begins")]
    AlreadySet,
}

/// Makes this the legacy dispatcher of the process, once. It is not dropped at the end of the process, which is to
/// [stop](EventDispatcher::stop) it before.
///
/// # Errors
/// [`GlobalDispatcherError::AlreadySet`]: the first one stays.
pub fn set_global_dispatcher(dispatcher: Arc<EventDispatcher>) -> Result<(), GlobalDispatcherError> {
    CURRENT.set(dispatcher).map_err(|_| GlobalDispatcherError::AlreadySet)
}

/// The legacy dispatcher of the process.
///
/// # Errors
/// [`GlobalDispatcherError::NotSet`].
pub fn get_global_dispatcher() -> Result<Arc<EventDispatcher>, GlobalDispatcherError> {
    CURRENT.get().cloned().ok_or(GlobalDispatcherError::NotSet)
}
