//! The file, read as a whole and put in place as a whole.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use chrono::Utc;
use serde_json::{Map, Value};

use super::backups;
use super::error::RegistryError;
use super::outer_shape::OuterShape;
use super::python_text::python_text;
use crate::durable::plain_file::file_if_present;
use crate::legacy::definition::Definition;
use crate::legacy::exact_json;
use crate::legacy::replace::replace;

/// What the file holds.
#[derive(Debug, Default)]
pub(super) struct Content {
    /// The bytes; `None` where there is no file.
    bytes: Option<Vec<u8>>,
    /// What stands beside `events` in an object, and is written back.
    beside: Map<String, Value>,
    /// The definitions as they are spelled, and as they are read; in the order of the file.
    pub definitions: Vec<(Value, Definition)>,
}

/// Reads the file; no file holds no definitions.
pub(super) fn read(path: &Path) -> Result<Content, RegistryError> {
    if file_if_present(path).map_err(RegistryError::file("read", path))?.is_none() {
        return Ok(Content::default());
    }
    let bytes = fs::read(path).map_err(RegistryError::file("read", path))?;
    let backup = || backups::newest_good(path, is_good);
    let value = exact_json::read(&bytes).map_err(|inexact| {
        let exact_json::Inexact { line, byte, reason } = inexact;
        RegistryError::Damaged { path: path.to_owned(), line, byte, reason, backup: backup() }
    })?;
    let OuterShape { definitions: values, beside } = OuterShape::of(value)
        .map_err(|found| RegistryError::Shape { path: path.to_owned(), found, backup: backup() })?;
    let definitions = definitions(values, path)?;
    Ok(Content { bytes: Some(bytes), beside, definitions })
}

fn definitions(values: Vec<Value>, path: &Path) -> Result<Vec<(Value, Definition)>, RegistryError> {
    let mut definitions = Vec::new();
    let mut numbers = HashMap::new();
    for (number, value) in (1..).zip(values) {
        let path = path.to_owned();
        let definition = match Definition::from_value(value.clone()) {
            Ok(definition) => definition,
            Err(reason) => {
                let id = value.get("id").and_then(Value::as_str).map(str::to_owned);
                return Err(RegistryError::Definition { path, number, id, reason: Box::new(reason) });
            }
        };
        if let Some(first) = numbers.insert(definition.id.clone(), number) {
            return Err(RegistryError::Twice { path, number, first, id: definition.id });
        }
        definitions.push((value, definition));
    }
    Ok(definitions)
}

/// Whether a backup could take the place of the file.
fn is_good(bytes: &[u8]) -> bool {
    let shape = exact_json::read(bytes).ok().and_then(|value| OuterShape::of(value).ok());
    shape
        .is_some_and(|shape| shape.definitions.into_iter().all(|value| Definition::from_value(value).is_ok()))
}

/// Puts a new file in the place of the old one, of which a backup is kept. The lock is held.
pub(super) fn write(path: &Path, content: Content) -> Result<(), RegistryError> {
    let Content { bytes, mut beside, definitions } = content;
    let definitions: Value = definitions.into_iter().map(|(value, _)| value).collect();
    let value = if beside.is_empty() {
        definitions
    } else {
        beside.insert("events".to_owned(), definitions);
        Value::Object(beside)
    };
    if let Some(bytes) = bytes {
        backups::keep(path, &bytes, Utc::now()).map_err(RegistryError::file("keep a backup of", path))?;
    }
    replace(path, python_text(&value).as_bytes()).map_err(RegistryError::file("write", path))?;
    // The change is there, and one backup more does no harm.
    if let Err(error) = backups::remove_oldest(path) {
        tracing::warn!("could not remove the oldest backup of {}: {error}", path.display());
    }
    Ok(())
}
