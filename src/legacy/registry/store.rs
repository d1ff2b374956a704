//! The registry as its users see it.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::definitions_file::{self, Content};
use super::error::{PATIENCE, RegistryError};
use crate::durable::directory::create_folders;
use crate::durable::links::follow_links;
use crate::durable::lock::{FileLock, LockError};
use crate::legacy::definition::Definition;

/// The definitions in a file. Each call reads it; a change is on disk when it returns.
#[derive(Debug, Clone)]
pub struct Registry {
    path: PathBuf,
}

impl Registry {
    /// The registry of a file, usually `data/events/event_definitions.json`. It need not exist yet, nor its folder.
    pub fn open(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// All definitions, in the order of the file. It is the validation of the file as well.
    ///
    /// # Errors
    /// The file cannot be read, or holds something that is no definition.
    pub fn list(&self) -> Result<Vec<Definition>, RegistryError> {
        let content = definitions_file::read(&self.file()?)?;
        Ok(content.definitions.into_iter().map(|(_, definition)| definition).collect())
    }

    /// The definition of that id.
    ///
    /// # Errors
    /// As for [`list`](Self::list).
    pub fn get(&self, id: &str) -> Result<Option<Definition>, RegistryError> {
        Ok(self.list()?.into_iter().find(|definition| definition.id == id))
    }

    /// The handler that events of that definition are for; `None` where there is none, or it is disabled.
    ///
    /// # Errors
    /// As for [`list`](Self::list).
    pub fn handler_of(&self, id: &str) -> Result<Option<String>, RegistryError> {
        let definition = self.get(id)?.filter(|definition| definition.is_enabled);
        Ok(definition.map(|definition| definition.handler))
    }

    /// Adds a definition, as the last one.
    ///
    /// # Errors
    /// Its id is taken; or as for [`list`](Self::list), or the file cannot be written.
    pub fn add(&self, definition: Definition) -> Result<(), RegistryError> {
        let added = valid(definition)?;
        self.change(|content| {
            let Definition { id, .. } = &added.1;
            if content.definitions.iter().any(|(_, there)| there.id == *id) {
                return Err(RegistryError::Taken { path: self.path.clone(), id: id.clone() });
            }
            content.definitions.push(added);
            Ok(true)
        })?;
        Ok(())
    }

    /// Puts a definition in the place of the one of its id; false where there is none.
    ///
    /// # Errors
    /// As for [`list`](Self::list), or the file cannot be written.
    pub fn update(&self, definition: Definition) -> Result<bool, RegistryError> {
        let updated = valid(definition)?;
        self.change(|content| {
            let place = content.definitions.iter_mut().find(|(_, there)| there.id == updated.1.id);
            Ok(place.map(|place| *place = updated).is_some())
        })
    }

    /// Enables or disables a definition; false where there is none of that id. All else of it stays as it is spelled.
    ///
    /// # Errors
    /// As for [`list`](Self::list), or the file cannot be written.
    pub fn set_enabled(&self, id: &str, is_enabled: bool) -> Result<bool, RegistryError> {
        self.change(|content| {
            let place = content.definitions.iter_mut().find(|(_, there)| there.id == id);
            let Some((Value::Object(spelled), _)) = place else { return Ok(false) };
            spelled.insert("enabled".to_owned(), json!(is_enabled));
            Ok(true)
        })
    }

    /// Removes a definition; false where there is none of that id.
    ///
    /// # Errors
    /// As for [`list`](Self::list), or the file cannot be written.
    pub fn remove(&self, id: &str) -> Result<bool, RegistryError> {
        self.change(|content| {
            let before = content.definitions.len();
            content.definitions.retain(|(_, there)| there.id != id);
            Ok(content.definitions.len() < before)
        })
    }

    /// Reads the file under its lock, and writes it where `change` has changed something.
    fn change(
        &self,
        change: impl FnOnce(&mut Content) -> Result<bool, RegistryError>,
    ) -> Result<bool, RegistryError> {
        let path = self.file()?;
        let folder = path.parent().unwrap_or(Path::new(""));
        create_folders(folder).map_err(RegistryError::file("make", folder))?;
        let _lock = lock(&path)?;
        let mut content = definitions_file::read(&path)?;
        let is_changed = change(&mut content)?;
        if is_changed {
            definitions_file::write(&path, content)?;
        }
        Ok(is_changed)
    }

    /// Where the path leads now: a link stays one.
    fn file(&self) -> Result<PathBuf, RegistryError> {
        follow_links(&self.path).map_err(RegistryError::file("follow", &self.path))
    }
}

/// A definition with its spelling, that is read again as it was written.
fn valid(definition: Definition) -> Result<(Value, Definition), RegistryError> {
    let value = Value::Object(definition.to_json());
    match Definition::from_value(value.clone()) {
        Ok(read) => Ok((value, read)),
        Err(source) => Err(RegistryError::Invalid { id: definition.id, source: Box::new(source) }),
    }
}

fn lock(path: &Path) -> Result<FileLock, RegistryError> {
    let lock = path.with_added_extension("lock");
    FileLock::exclusive(&lock, PATIENCE).map_err(|error| match error {
        LockError::Held => RegistryError::Busy { path: path.to_owned() },
        LockError::Open(source) => RegistryError::file("open", &lock)(source),
        LockError::Refused(source) => RegistryError::file("lock", &lock)(source),
    })
}
