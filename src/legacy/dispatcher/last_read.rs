//! The definitions while their file is damaged.

use std::sync::{Arc, Mutex, PoisonError};

use crate::legacy::definition::Definition;
use crate::legacy::registry::{Registry, RegistryError};

/// The definitions of a registry; where they cannot be read, as they were read last.
pub(super) struct LastReadDefinitions {
    registry: Arc<Registry>,
    last: Mutex<Option<Vec<Definition>>>,
}

impl LastReadDefinitions {
    /// Those of this registry.
    pub fn new(registry: Arc<Registry>) -> Self {
        let last = Mutex::new(registry.list().ok());
        Self { registry, last }
    }

    /// The definition of that id.
    ///
    /// # Errors
    /// They cannot be read, and never could.
    pub fn get(&self, id: &str) -> Result<Option<Definition>, RegistryError> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match self.registry.list() {
            Ok(definitions) => *last = Some(definitions),
            Err(error) if last.is_none() => return Err(error),
            Err(_) => {}
        }
        Ok(last.iter().flatten().find(|definition| definition.id == id).cloned())
    }
}
