//! The fields of a JSON object, taken one by one: what is left in the end is unknown.

use serde_json::{Map, Value};

use super::error::InvalidDefinition;

/// The fields of an object that were not taken yet.
pub(super) struct Fields {
    /// The path of the object, with a dot at its end.
    prefix: String,
    map: Map<String, Value>,
}

impl Fields {
    /// The fields of the definition itself.
    pub fn of_definition(map: Map<String, Value>) -> Self {
        Self { prefix: String::new(), map }
    }

    /// The fields of a field, which has to be an object.
    pub fn of_field(name: &str, value: Value, expected: &str) -> Result<Self, InvalidDefinition> {
        match value {
            Value::Object(map) => Ok(Self { prefix: format!("{name}."), map }),
            other => Err(InvalidDefinition::field(name, expected, &other)),
        }
    }

    /// Takes a field that may be absent, or `null`.
    pub fn optional(&mut self, name: &str) -> Option<Value> {
        self.map.shift_remove(name).filter(|value| !value.is_null())
    }

    /// Takes a field that has to be there.
    pub fn required(&mut self, name: &str, expected: &str) -> Result<Value, InvalidDefinition> {
        self.optional(name).ok_or_else(|| InvalidDefinition::missing(&self.path(name), expected))
    }

    /// Takes a field that may be absent, and is read by `read`.
    pub fn optional_as<T>(
        &mut self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<Option<T>, InvalidDefinition> {
        let Some(value) = self.optional(name) else { return Ok(None) };
        let read = read(&value);
        read.map(Some).ok_or_else(|| InvalidDefinition::field(&self.path(name), expected, &value))
    }

    /// Takes a field that has to be there, and is read by `read`.
    pub fn required_as<T>(
        &mut self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<T, InvalidDefinition> {
        let value = self.required(name, expected)?;
        read(&value).ok_or_else(|| InvalidDefinition::field(&self.path(name), expected, &value))
    }

    /// The field, with the path to it.
    pub fn path(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// Whether the field was not taken yet, and is there.
    pub fn has(&self, name: &str) -> bool {
        self.map.get(name).is_some_and(|value| !value.is_null())
    }

    /// The object, as far as it was not taken, for messages.
    pub fn as_value(&self) -> Value {
        Value::Object(self.map.clone())
    }

    /// What was not taken.
    pub fn left(self) -> Map<String, Value> {
        self.map
    }
}
