//! Why a handler is not registered, not run, or not changed.

use thiserror::Error;

use super::registration::HandlerKind;
use super::store::HandlerStoreError;
use crate::domain::counted::counted;
use crate::domain::repository::RepositoryError;
use crate::domain::value_objects::{Position, StreamId};

/// Why a handler is not registered, not run, or not changed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HandlingError {
    /// The handler store could not be read or changed.
    #[error(transparent)]
    Store(#[from] HandlerStoreError),
    /// The event store could not be read.
    #[error(transparent)]
    Events(#[from] RepositoryError),
    /// The progress of the handler is not of this event store.
    #[error(
        "{handler} is ahead of the event store: it has handled the event at position {position}{}, and the store has \
         none or another one there, as after a restored backup; {}",
        of_stream(stream),
        remedy(*kind, handler)
    )]
    Ahead {
        /// The handler.
        handler: String,
        /// What it changes.
        kind: HandlerKind,
        /// The stream.
        stream: StreamId,
        /// The position that was handled.
        position: Position,
    },
    /// There is no handler of that name.
    #[error("there is no handler {name}: those that are registered are {}", listed(known))]
    UnknownHandler {
        /// The name that came.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// Two handlers, or two kinds of one, have one name.
    #[error("{name} cannot be registered: a handler of that name is {taken_by}")]
    NameTaken {
        /// The name.
        name: String,
        /// By what: `registered`, or `known as an effect`, of which kind it is in the handler store.
        taken_by: &'static str,
    },
    /// The event has no open failure with the handler.
    #[error(
        "event {event_id} is not among the open failures of {handler}: `handlers failures {handler}` lists them"
    )]
    NoFailure {
        /// The handler.
        handler: String,
        /// The event that came.
        event_id: String,
    },
    /// A replay of an effect would act on the world again.
    #[error(
        "{handler} is an effect: a replay would give it {} again that it may have acted on; where that is \
         wanted, confirm this number",
        counted(*events, "event", "events")
    )]
    EffectsAgain {
        /// The handler.
        handler: String,
        /// How many events it would be given.
        events: u64,
    },
    /// Too many events failed in a replay, which changed nothing.
    #[error(
        "the replay of {handler} was given up, and the state of before was kept: {} failed, the first with: {error}",
        counted(*events, "event", "events")
    )]
    ReplayFailed {
        /// The handler.
        handler: String,
        /// How many.
        events: u64,
        /// The first error with its causes.
        error: String,
    },
    /// The replay was ended before its end, and changed nothing.
    #[error("the replay of {handler} was interrupted, and the state of before was kept")]
    Interrupted {
        /// The handler.
        handler: String,
    },
    /// A projection cannot leave events out.
    #[error(
        "{handler} is a projection: from now on its read models would lack what was not handled; `handlers replay \
         {handler}` makes them anew"
    )]
    FromNow {
        /// The handler.
        handler: String,
    },
    /// The effect is run by another process, which has to end first.
    #[error("{handler} is run by another process: end that one first, or pause the handler there")]
    RunElsewhere {
        /// The handler.
        handler: String,
    },
    /// The system refused a thread.
    #[error("could not start a thread that runs handlers")]
    Thread(#[source] std::io::Error),
    /// The code that runs handlers panicked, or the code of a store.
    #[error("panicked: {message}")]
    Panicked {
        /// What the panic said.
        message: String,
    },
}

fn of_stream(stream: &StreamId) -> String {
    if *stream == StreamId::single() { String::new() } else { format!(" of {stream}") }
}

fn remedy(kind: HandlerKind, handler: &str) -> String {
    match kind {
        HandlerKind::Projection => format!("`handlers replay {handler}` makes its read models anew"),
        HandlerKind::Effect => {
            format!("`handlers resume {handler} --from-now` goes on with the next event that is stored")
        }
    }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
