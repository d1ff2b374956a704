//! An event on its way: what is known of it step by step.

use std::sync::Arc;
use std::time::Duration;

use super::legacy_primary::{AppendedRecord, Line};
use super::mirror_state::MirrorState;
use super::outbox_progress::{line_position, outbox_stream};
use super::routed::{MirrorOutcome, PrimaryAnswer, RouteError, Routed};
use crate::application::dispatch::{PendingDispatch, StoredDispatch};
use crate::domain::event_system_mode::EventSystemMode;
use crate::domain::repository::EventRepository;
use crate::domain::value_objects::{EventId, Position, StreamId};

/// An event that its primary stores. Dropped, it is stored and mirrored all the same, and what becomes of it is not told.
pub struct PendingRoute {
    pub(super) pending: Pending,
    pub(super) mirroring: Mirroring,
}

pub(super) enum Pending {
    New(PendingDispatch),
    Legacy(EventId, AppendedRecord),
}

/// How an event is routed beside its primary.
#[derive(Clone)]
pub(super) struct Mirroring {
    /// The mode that it is routed in.
    pub mode: EventSystemMode,
    /// `None` where it goes to one side.
    pub mirror: Option<Arc<MirrorState>>,
    /// Where the new side's events are.
    pub events: Option<Arc<dyn EventRepository>>,
    /// How long is waited.
    pub limit: Duration,
}

/// What is waited for.
enum Awaited {
    Mirrored(StreamId, Position),
    NotNoted(String),
    /// It will be mirrored, and is not waited for.
    Unplaced,
}

impl PendingRoute {
    /// The mode in which it is routed.
    pub fn mode(&self) -> EventSystemMode {
        self.mirroring.mode
    }

    /// Waits until the primary has it, and then for its handlers and for the mirror, as
    /// [`dispatch`](super::router::Router::dispatch) does.
    ///
    /// # Errors
    /// As there.
    pub fn routed(self) -> Result<Routed, RouteError> {
        match self.pending {
            Pending::New(pending) => Ok(new_routed(pending.stored()?, &self.mirroring)),
            Pending::Legacy(event_id, appended) => Ok(legacy_routed(event_id, appended, &self.mirroring)),
        }
    }
}

/// The answer to an event that the new side, as primary, has stored.
pub(super) fn new_routed(stored: StoredDispatch, mirroring: &Mirroring) -> Routed {
    let (event_id, saved) = (stored.event_id().clone(), stored.saved());
    if let Some(mirror) = &mirroring.mirror {
        mirror.give(Some(saved.position));
    }
    let dispatched = stored.handled();
    let mirror = mirroring.mirror.as_ref().map(|mirror| {
        let stream = mirroring.events.as_ref().and_then(|events| events.stream_of(saved.position).ok());
        let awaited = match stream.flatten() {
            Some(stream) => Awaited::Mirrored(stream, saved.position),
            None => Awaited::Unplaced,
        };
        // What was stored before is mirrored if it was stored in this mode: it is not waited for.
        outcome(mirror, awaited, if saved.is_new { mirroring.limit } else { Duration::ZERO })
    });
    Routed { event_id, mode: mirroring.mode, answer: PrimaryAnswer::New(dispatched), mirror }
}

/// The answer to an event that the legacy side, as primary, has taken.
pub(super) fn legacy_routed(event_id: EventId, appended: AppendedRecord, mirroring: &Mirroring) -> Routed {
    let AppendedRecord { place, line } = appended;
    let awaited = match line {
        Line::None => None,
        Line::Number(number) => Some(Awaited::Mirrored(outbox_stream(), line_position(number))),
        Line::NotNoted(reason) => Some(Awaited::NotNoted(reason)),
    };
    let mirror = mirroring.mirror.as_ref().zip(awaited);
    let mirror = mirror.map(|(mirror, awaited)| outcome(mirror, awaited, mirroring.limit));
    Routed { event_id, mode: mirroring.mode, answer: PrimaryAnswer::Legacy(place), mirror }
}

fn outcome(mirror: &MirrorState, awaited: Awaited, limit: Duration) -> MirrorOutcome {
    match awaited {
        Awaited::Mirrored(stream, position) => mirror.wait(&stream, position, limit),
        Awaited::NotNoted(reason) => MirrorOutcome::NotNoted { reason },
        Awaited::Unplaced => MirrorOutcome::Queued { behind: 1 },
    }
}
