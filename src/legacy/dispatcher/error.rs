//! Why the dispatcher did not do what it was asked for.

use std::io;

use thiserror::Error;

use super::given_event::InvalidLegacyEvent;
use crate::legacy::events_json::EventsJsonError;
use crate::legacy::handlers::HandlerLogError;
use crate::legacy::queue::QueueError;
use crate::legacy::registry::RegistryError;

/// Why the dispatcher did not do what it was asked for.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DispatcherError {
    /// What was given is no event; nothing was stored.
    #[error(transparent)]
    Invalid(#[from] InvalidLegacyEvent),
    /// The event is of a definition that the registry does not have; nothing was stored.
    #[error("`definition_id`: expected the id of a definition, found {id:?}; {}", known_definitions(.known))]
    UnknownDefinition {
        /// What the event says.
        id: String,
        /// The ids in the registry.
        known: Vec<String>,
    },
    /// The definition of the event is not enabled; nothing was stored.
    #[error("the definition {id:?} is disabled: `mission-events legacy definitions enable {id}` enables it")]
    DisabledDefinition {
        /// Its id.
        id: String,
    },
    /// The legacy log was not written.
    #[error(transparent)]
    EventsJson(#[from] EventsJsonError),
    /// The system gave no thread to process events with.
    #[error("could not start a thread: the number of processes or threads is limited, or memory is short")]
    Thread(#[source] io::Error),
    /// The queue was not read or written.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The definitions were not read.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A handler has run, and its log was not written.
    #[error(transparent)]
    HandlerLog(#[from] HandlerLogError),
}

fn known_definitions(known: &[String]) -> String {
    if known.is_empty() {
        return "there are none: `mission-events legacy definitions add` adds one".to_owned();
    }
    format!("known definitions: {}", known.join(", "))
}
