//! Events that are being stored: projections handle them while the store makes them durable.
//!
//! ```text
//! writer:       gives positions │ sync . . . . . . . . . │ stored ─> answers
//! projections:                  │ handle, but for commit │ commit ─> callers that wait run
//! ```
//!
//! What is committed is of stored events alone. Where they are not stored after all, or that takes long, the transaction is
//! dropped, and what was stored is handled as events of other processes are.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::anchor::Anchor;
use crate::domain::event::DomainEvent;
use crate::domain::repository::{Saved, StoredEvent};
use crate::domain::value_objects::{Position, StreamId};

/// How long projections keep their transaction open for events that are being stored: other processes wait for it.
const PATIENCE: Duration = Duration::from_millis(100);

/// Events of a stream that are being stored, each the next one after that before it.
pub(super) struct UpcomingPage {
    pub stream: StreamId,
    /// The event before the first.
    pub after: Anchor,
    pub events: Vec<StoredEvent>,
    fate: Arc<Fate>,
}

/// Events that are being stored, to be told what has become of them. Dropped untold, they are not known to be stored.
#[must_use]
pub struct Upcoming {
    positions: Vec<Position>,
    fate: Arc<Fate>,
}

#[derive(Default)]
struct Fate {
    is_stored: Mutex<Option<bool>>,
    is_known: Condvar,
}

impl Fate {
    fn set(&self, is_stored: bool) {
        self.state().get_or_insert(is_stored);
        self.is_known.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, Option<bool>> {
        // It is set as a whole.
        self.is_stored.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UpcomingPage {
    pub fn new(stream: StreamId, after: Anchor, events: Vec<StoredEvent>) -> (Self, Upcoming) {
        let fate = Arc::new(Fate::default());
        let positions = events.iter().map(|event| event.position).collect();
        (Self { stream, after, events, fate: Arc::clone(&fate) }, Upcoming { positions, fate })
    }

    /// Waits until it is known what has become of them, but not for long: whether they are stored.
    pub fn is_stored(&self) -> bool {
        let is_open = |is_stored: &mut Option<bool>| is_stored.is_none();
        let waited = self.fate.is_known.wait_timeout_while(self.fate.state(), PATIENCE, is_open);
        let (is_stored, _) = waited.unwrap_or_else(PoisonError::into_inner);
        is_stored.unwrap_or(false)
    }
}

impl Upcoming {
    /// These events were saved. They are the ones that were expected, or none of those counts as stored.
    pub fn saved(self, events: &[(&DomainEvent, Saved)]) {
        let new = events.iter().filter(|(_, saved)| saved.is_new).map(|(_, saved)| saved.position);
        self.fate.set(new.eq(self.positions.iter().copied()));
    }
}

impl Drop for Upcoming {
    fn drop(&mut self) {
        self.fate.set(false);
    }
}
