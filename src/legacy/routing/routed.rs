//! The answer to an event that was routed.

use std::error::Error as StdError;
use std::time::Duration;

use chrono::{DateTime, Utc};
use thiserror::Error;

use super::ports::{LegacyPlace, LegacySideError};
use crate::application::dispatch::{DispatchError, Dispatched};
use crate::application::handling::store::HandlerStoreError;
use crate::domain::event_system_mode::{EventSystemMode, Side};
use crate::domain::repository::RepositoryError;
use crate::domain::value_objects::EventId;

/// An event that the primary has, and what became of it on the other side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routed {
    /// Its id.
    pub event_id: EventId,
    /// The mode in which it was routed, whatever the mode is by now.
    pub mode: EventSystemMode,
    /// What the primary answered.
    pub answer: PrimaryAnswer,
    /// What the mirror made of it; `None` where the mode sends it to one side.
    pub mirror: Option<MirrorOutcome>,
}

impl Routed {
    /// The side that answered.
    pub fn primary(&self) -> Side {
        match self.answer {
            PrimaryAnswer::New(_) => Side::New,
            PrimaryAnswer::Legacy(_) => Side::Legacy,
        }
    }

    /// Whether the primary did all that it is to do: the mirror does not count.
    pub fn succeeded(&self) -> bool {
        match &self.answer {
            PrimaryAnswer::New(dispatched) => dispatched.succeeded(),
            PrimaryAnswer::Legacy(_) => true,
        }
    }
}

/// What the primary answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrimaryAnswer {
    /// The new side has it, and its handlers made this of it.
    New(Dispatched),
    /// The legacy log has it, here.
    Legacy(LegacyPlace),
}

/// What became of an event on the other side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MirrorOutcome {
    /// It is there.
    Done,
    /// It will be brought there; it was not waited for any longer.
    Queued {
        /// How many events are to be brought there, this one among them, as far as is known.
        behind: u64,
    },
    /// It will be brought there once the mirror goes on again.
    Trouble(MirrorTrouble),
    /// The other side refuses it for what it is. It is recorded as undecided.
    Refused {
        /// Why.
        reason: String,
    },
    /// It will not be brought there by itself: what is to bring it could not be noted. It is recorded as undecided.
    NotNoted {
        /// Why.
        reason: String,
    },
}

/// Why a mirror does not go on. It tries again by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirrorTrouble {
    /// What is wrong.
    pub reason: String,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// A mirror of this process, and how it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirrorStatus {
    /// Its name: `legacy_mirror` or `new_mirror`.
    pub name: &'static str,
    /// How many events are to be brought to the other side, as far as they were counted: 0 only where none is.
    pub behind: u64,
    /// Why it does not go on, where it does not.
    pub trouble: Option<MirrorTrouble>,
    /// Another process mirrors.
    pub is_elsewhere: bool,
}

/// Why an event was not routed, or a routing is not on. Of an event: the primary does not have it, but where an error says that
/// this is not known.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RouteError {
    /// The new side, as primary, did not take it.
    #[error(transparent)]
    New(#[from] DispatchError),
    /// The legacy side, as primary, did not take it.
    #[error("the event was not written to the legacy log")]
    Legacy(#[source] LegacySideError),
    /// It has no form in the legacy log, which is primary: nothing was written.
    #[error("the event has no form in the legacy log")]
    Shape(#[source] Box<dyn StdError + Send + Sync>),
    /// A side cannot be opened, or not be asked how far it is.
    #[error("the {side} side cannot be used")]
    Side {
        /// Which.
        side: Side,
        /// Why.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// A side did not say in time how far it is.
    #[error("the {side} side did not say within {waited:?} how far it is: the mode is as it was")]
    NoAnswer {
        /// Which.
        side: Side,
        /// How long was waited.
        waited: Duration,
    },
    /// The new side cannot say how far it is.
    #[error("the new side cannot say how far it is")]
    Heads(#[from] RepositoryError),
    /// What is known of modes cannot be read or written.
    #[error("the mode could not be recorded")]
    Modes(#[from] HandlerStoreError),
    /// A switch has waited for events that are being stored.
    #[error("events were being stored for longer than the switch waits: the mode is as it was; try again")]
    InFlight,
    /// A thread could not be started.
    #[error("a mirror could not be started")]
    Thread(#[source] std::io::Error),
    /// No event is let in any more: it is not stored.
    #[error("the event was not stored: the router is shutting down")]
    ShuttingDown,
}
