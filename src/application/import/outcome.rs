//! What became of a record.

use crate::application::compare::report::Class;
use crate::application::log_source::Place;
use crate::domain::value_objects::{EventId, Position};

/// What became of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is a new event of the store.
    Imported,
    /// The store has it, and not from this log.
    AlreadyPresent,
    /// The store has the event from the other system: it is the twin of that.
    MatchedExisting {
        /// How they differ, if at all.
        class: Class,
    },
    /// An earlier record of this log has its id and its content.
    Duplicate,
    /// Its id belongs to an event with other content.
    Conflict {
        /// The id.
        event_id: EventId,
        /// Where the event is that has it.
        position: Position,
    },
}

/// A record that turned out, when the load was finished, to be no new event after all.
#[derive(Debug)]
pub struct Correction {
    /// The number of its log, as `begin_source` answered it.
    pub source_id: i64,
    /// Where in it.
    pub place: Place,
    /// What became of it.
    pub outcome: Outcome,
}
