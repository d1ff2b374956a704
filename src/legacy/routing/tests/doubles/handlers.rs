//! The handler store of a process that can be killed: before a transaction, or after it.

use std::sync::Arc;

use super::faults::{Faults, Part};
use crate::application::handling::memory::MemoryHandlerStore;
use crate::application::handling::store::{
    Durability, HandlerSession, HandlerStore, HandlerStoreError, HandlerTransaction, HandlerView,
};

pub struct ProcessHandlers {
    pub store: MemoryHandlerStore,
    pub faults: Arc<Faults>,
}

struct ProcessSession {
    session: Box<dyn HandlerSession>,
    faults: Arc<Faults>,
}

fn step(faults: &Faults) -> Result<(), HandlerStoreError> {
    let failed = |source| HandlerStoreError::Storage { action: "use the handler store", source };
    faults.step(Part::Handlers).map_err(failed)
}

impl HandlerStore for ProcessHandlers {
    fn session(&self, durability: Durability) -> Result<Box<dyn HandlerSession>, HandlerStoreError> {
        let session = self.store.session(durability)?;
        Ok(Box::new(ProcessSession { session, faults: Arc::clone(&self.faults) }))
    }

    fn claim(&self, handler: &str) -> Result<Option<Box<dyn Send>>, HandlerStoreError> {
        step(&self.faults)?;
        self.store.claim(handler)
    }
}

impl HandlerSession for ProcessSession {
    fn begin(&mut self) -> Result<Box<dyn HandlerTransaction + '_>, HandlerStoreError> {
        step(&self.faults)?;
        self.session.begin()
    }

    fn snapshot(&mut self) -> Result<Box<dyn HandlerView + '_>, HandlerStoreError> {
        self.session.snapshot()
    }
}
