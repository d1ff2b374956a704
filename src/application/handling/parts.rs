//! What all threads that run handlers share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::anchor::Anchor;
use super::error::HandlingError;
use super::passed::{Passed, RunBy};
use super::reading::EventReader;
use super::registration::Registration;
use super::run::{Condition, HandlerRun};
use super::store::HandlerStore;
use crate::application::clock::Clock;
use crate::domain::repository::{EventRepository, RepositoryError, Stream};
use crate::domain::value_objects::{Position, StreamId};

/// What all threads that run handlers share.
pub(super) struct HandlingParts {
    pub events: EventReader,
    pub store: Arc<dyn HandlerStore>,
    pub clock: Arc<dyn Clock + Send + Sync>,
    /// How many events are handled in one transaction; at least one.
    pub page: usize,
    pub passed: Passed,
    stop: AtomicBool,
}

impl HandlingParts {
    pub fn new(
        events: Arc<dyn EventRepository>,
        store: Arc<dyn HandlerStore>,
        clock: Arc<dyn Clock + Send + Sync>,
        page: usize,
    ) -> Self {
        let stop = AtomicBool::new(false);
        let events = EventReader::new(events);
        Self { events, store, clock, page: page.max(1), passed: Passed::default(), stop }
    }

    /// Whether no further page is to be begun.
    pub fn is_stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
        self.passed.close();
    }

    /// Checks that what a handler has read is in the event store: each stream reaches so far, and the last event is
    /// the one that was read. Other events are checked when their streams are read on.
    pub fn check_not_ahead(
        &self,
        registration: &Registration,
        read: &[(&StreamId, &Anchor)],
        streams: &[Stream],
    ) -> Result<(), HandlingError> {
        // The heads may be older than the progress: another process can have handled what was stored since.
        if beyond(read, streams).is_some()
            && let Some((stream, anchor)) = beyond(read, &self.events.streams()?)
        {
            return Err(ahead(registration, stream, anchor));
        }
        match read.iter().max_by_key(|(_, anchor)| anchor.position) {
            Some((stream, anchor)) if !self.events.has(stream, anchor)? => {
                Err(ahead(registration, stream, anchor))
            }
            _ => Ok(()),
        }
    }
}

/// The first of the events that is beyond the head of its stream.
fn beyond<'a>(read: &[(&'a StreamId, &'a Anchor)], streams: &[Stream]) -> Option<(&'a StreamId, &'a Anchor)> {
    let is_beyond = |(stream, anchor): &&(&StreamId, &Anchor)| {
        let found = streams.iter().find(|found| found.id == **stream);
        found.is_none_or(|found| found.head < anchor.position)
    };
    read.iter().find(is_beyond).copied()
}

/// Makes known what was found about a handler: how far it is, and what runs it.
///
/// `before` is the condition that was known.
pub(super) fn announce(
    parts: &HandlingParts,
    run: &mut HandlerRun,
    before: Condition,
    streams: &[Stream],
) -> Result<(), RepositoryError> {
    if run.condition == Condition::Running {
        let read: Vec<_> = run.read().collect();
        match parts.check_not_ahead(&run.registration, &read, streams) {
            Ok(()) => {}
            Err(HandlingError::Events(error)) => return Err(error),
            Err(error) => {
                run.condition = Condition::Ahead;
                set_trouble(parts, run, error.to_string());
            }
        }
    }
    let is_running = run.condition == Condition::Running;
    let read: Vec<(StreamId, Position)> =
        run.read().map(|(stream, anchor)| (stream.clone(), anchor.position)).collect();
    parts.passed.change(run.index, |passed| {
        // What another process has done is known from the store alone.
        read.iter().for_each(|(stream, position)| passed.find(stream, *position));
        let is_replayed = run.condition == Condition::ReplayNeeded && !run.is_replay_given_up;
        passed.run_by = if is_running || is_replayed { RunBy::ThisProcess } else { RunBy::None };
        // Where it ran before, its thread says what has become of a trouble.
        if is_running && before != Condition::Running {
            passed.trouble = None;
        }
    });
    Ok(())
}

/// Makes known why a handler does not go on, and logs it where it is new.
pub(super) fn set_trouble(parts: &HandlingParts, run: &mut HandlerRun, trouble: String) {
    if run.logged_trouble.as_ref() != Some(&trouble) {
        tracing::error!("{trouble}");
        run.logged_trouble = Some(trouble.clone());
    }
    parts.passed.change(run.index, |passed| {
        passed.run_by = RunBy::None;
        passed.trouble = Some(trouble);
    });
}

pub(super) fn ahead(registration: &Registration, stream: &StreamId, anchor: &Anchor) -> HandlingError {
    HandlingError::Ahead {
        handler: registration.handler.name().to_owned(),
        kind: registration.kind,
        stream: stream.clone(),
        position: anchor.position,
    }
}
