//! What a failure of the read models is to a handler.

use crate::application::handling::HandlerError;
use crate::application::read_models::ReadModelError;

/// The read models were not changed; a later attempt may find the database free.
pub fn not_recorded(error: ReadModelError) -> HandlerError {
    HandlerError::Transient(Box::new(error))
}
