//! Why something is no definition.

use serde_json::Value;
use thiserror::Error;

use crate::legacy::exact_json::shown;

/// Why something is no definition.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum InvalidDefinition {
    /// It is no JSON, or JSON that would be changed by writing it back.
    #[error("expected a definition as a JSON object: {0}")]
    Syntax(String),
    /// It is JSON, and no object.
    #[error("expected a definition as a JSON object, found {0}")]
    NotAnObject(String),
    /// A field that has to be there is not.
    #[error("`{field}` is missing: expected {expected}")]
    Missing {
        /// Its name; dotted, where it is a field of a field.
        field: String,
        /// What is allowed.
        expected: String,
    },
    /// A field is not what it may be.
    #[error("`{field}`: expected {expected}, found {found}")]
    Field {
        /// Its name; dotted, where it is a field of a field.
        field: String,
        /// What is allowed.
        expected: String,
        /// The JSON text of what came.
        found: String,
    },
}

impl InvalidDefinition {
    pub(super) fn missing(field: &str, expected: impl Into<String>) -> Self {
        Self::Missing { field: field.to_owned(), expected: expected.into() }
    }

    pub(super) fn field(field: &str, expected: impl Into<String>, found: &Value) -> Self {
        Self::Field { field: field.to_owned(), expected: expected.into(), found: shown(found) }
    }

    /// What is there, and is no object.
    pub(super) fn not_an_object(found: &Value) -> Self {
        Self::NotAnObject(shown(found))
    }
}
