//! The dispatcher of this process.

use std::sync::{Arc, OnceLock};

use thiserror::Error;

use super::service::EventDispatcherService;

static CURRENT: OnceLock<Arc<EventDispatcherService>> = OnceLock::new();

/// Why there is no dispatcher, or no new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CurrentDispatcherError {
    /// None was set.
    #[error("there is no event dispatcher yet: set one with set_event_dispatcher where the program begins")]
    NotSet,
    /// One was set before.
    #[error("there is an event dispatcher already: it is set once, where the program begins")]
    AlreadySet,
}

/// Makes this the dispatcher of the process, once. It is not dropped at the end of the process, which is to
/// [shut it down](EventDispatcherService::shut_down) before.
///
/// # Errors
/// [`CurrentDispatcherError::AlreadySet`]: the first one stays.
pub fn set_event_dispatcher(dispatcher: Arc<EventDispatcherService>) -> Result<(), CurrentDispatcherError> {
    CURRENT.set(dispatcher).map_err(|_| CurrentDispatcherError::AlreadySet)
}

/// The dispatcher of the process.
///
/// # Errors
/// [`CurrentDispatcherError::NotSet`].
pub fn get_event_dispatcher() -> Result<Arc<EventDispatcherService>, CurrentDispatcherError> {
    CURRENT.get().cloned().ok_or(CurrentDispatcherError::NotSet)
}

#[cfg(test)]
mod tests {
    use super::super::tests::doubles::{Store, dispatcher};
    use super::*;

    #[test]
    fn there_is_no_dispatcher_until_it_is_set_and_it_is_set_once() {
        assert_eq!(get_event_dispatcher().err(), Some(CurrentDispatcherError::NotSet));
        let first = Arc::new(dispatcher(&Arc::new(Store::default())));
        set_event_dispatcher(Arc::clone(&first)).unwrap();
        let second = Arc::new(dispatcher(&Arc::new(Store::default())));
        assert_eq!(set_event_dispatcher(second), Err(CurrentDispatcherError::AlreadySet));
        assert!(Arc::ptr_eq(&get_event_dispatcher().unwrap(), &first));
    }
}
