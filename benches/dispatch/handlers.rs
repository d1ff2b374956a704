//! The handlers that are waited for.

use std::sync::Arc;

use mission_events::EventRepository;
use mission_events::dispatch::{
    HandlerSession, HandlerStore, HandlerStoreError, Runner, RunnerSettings, SystemClock,
};

struct NoHandlers;

impl HandlerStore for NoHandlers {
    fn session(&self) -> Result<Box<dyn HandlerSession>, HandlerStoreError> {
        Err(HandlerStoreError::Corrupt { detail: "no handler is run".to_owned() })
    }

    fn claim(&self, _: &str) -> Result<Option<Box<dyn Send>>, HandlerStoreError> {
        Ok(None)
    }
}

/// A runner of no handlers.
pub fn none(events: Arc<dyn EventRepository>) -> Arc<Runner> {
    let clock = Arc::new(SystemClock::default());
    Arc::new(Runner::new(events, Arc::new(NoHandlers), clock, RunnerSettings::default()))
}
