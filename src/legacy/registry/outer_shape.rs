//! The shapes in which a file can hold its definitions.

use serde_json::{Map, Value};

/// What a file holds, whatever its shape.
#[derive(Debug, Default)]
pub(super) struct OuterShape {
    /// The definitions, in the order of the file, as they are spelled.
    pub definitions: Vec<Value>,
    /// What stands beside `events` in an object.
    pub beside: Map<String, Value>,
}

impl OuterShape {
    /// Takes a file apart.
    ///
    /// # Errors
    /// It holds something else, which is named.
    pub fn of(value: Value) -> Result<Self, &'static str> {
        let found = match value {
            Value::Array(definitions) => return Ok(Self { definitions, beside: Map::new() }),
            Value::Object(mut object) => {
                // One whose id is `events` is an object, in a file by id.
                if let Some(Value::Array(definitions)) = object.get_mut("events") {
                    let definitions = std::mem::take(definitions);
                    object.shift_remove("events");
                    return Ok(Self { definitions, beside: object });
                }
                let definitions = object.into_iter().map(with_id).collect();
                return Ok(Self { definitions, beside: Map::new() });
            }
            Value::Null => "null",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::String(_) => "a text",
        };
        Err(found)
    }
}

/// A definition of a file by id, in which it need not repeat its id.
fn with_id((id, definition): (String, Value)) -> Value {
    match definition {
        Value::Object(fields) if !fields.contains_key("id") => {
            let mut definition = Map::from_iter([("id".to_owned(), Value::from(id))]);
            definition.extend(fields);
            Value::Object(definition)
        }
        other => other,
    }
}
