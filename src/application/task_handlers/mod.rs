//! The handlers of tasks that every installation has: projections, which keep the read models of tasks.
//!
//! Each has its own read models, so that each can be replayed alone. None fails on what an event says: a word that is
//! not known is kept as text, a field that is missing is nothing, and an event about no task changes nothing but the
//! count of its day.

mod completed;
mod created;
mod deleted;
mod error;
mod recorded_values;
#[cfg(test)]
pub(crate) mod tests;
mod updated;

use std::collections::BTreeSet;
use std::sync::Arc;

pub use self::completed::TaskCompletedHandler;
pub use self::created::TaskCreatedHandler;
pub use self::deleted::TaskDeletedHandler;
pub use self::updated::TaskUpdatedHandler;
use super::handling::{EventHandler, EventTypes, HandlerKind, Registration, RetryPolicy, StartFrom};
use crate::wire::zone::Zone;

const CREATED: &str = "TaskCreated";
const UPDATED: &str = "TaskUpdated";
const COMPLETED: &str = "TaskCompleted";
const DELETED: &str = "TaskDeleted";

/// The four handlers, each for the types of events that its read models are made of. A date of completion without
/// an offset is read in `zone`.
pub fn default_registrations(zone: &Zone) -> Vec<Registration> {
    let every_type = [CREATED, UPDATED, COMPLETED, DELETED];
    vec![
        projection(TaskCreatedHandler, &every_type),
        projection(TaskCompletedHandler::new(zone.clone()), &[CREATED, COMPLETED]),
        projection(TaskDeletedHandler::new(zone.clone()), &every_type),
        projection(TaskUpdatedHandler, &[UPDATED]),
    ]
}

/// The version of the read models here. Another one has them made anew.
const VERSION: u32 = 1;

fn projection(handler: impl EventHandler + 'static, event_types: &[&str]) -> Registration {
    let names: BTreeSet<String> = event_types.iter().map(|name| (*name).to_owned()).collect();
    Registration {
        handler: Arc::new(handler),
        event_types: EventTypes::Named(names),
        kind: HandlerKind::Projection,
        start: StartFrom::Beginning,
        retry: RetryPolicy::default(),
        version: VERSION,
        intervals: Vec::new(),
    }
}
